/// What is done to text before it is cut, as `normalizer` in tokenizer.json says.
struct Normalizer: Sendable {
    enum Step: Sendable {
        /// Text that is not empty gets this in front.
        case prepend([UInt8])
        case replace([UInt8], with: [UInt8])
        case unicode(UnicodeNormalization)
        case lowercase
        /// White space at the ends.
        case strip(left: Bool, right: Bool)
    }

    let steps: [Step]

    /// Hands the normalized text to `body`. `keepsStart`: nothing was cut off in front.
    func normalize(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, _ keepsStart: Bool) -> Void)
    {
        run(0, text, true, body)
    }

    func normalized(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        text.withUnsafeBufferPointer { normalize($0) { normalized, _ in out = Array(normalized) } }
        return out
    }

    private func run(
        _ index: Int,
        _ text: UnsafeBufferPointer<UInt8>,
        _ keepsStart: Bool,
        _ body: (UnsafeBufferPointer<UInt8>, Bool) -> Void
    ) {
        guard index < steps.count else { return body(text, keepsStart) }
        func goOn(_ new: [UInt8]?) {
            guard let new else { return run(index + 1, text, keepsStart, body) }
            new.withUnsafeBufferPointer { run(index + 1, $0, keepsStart, body) }
        }
        switch steps[index] {
        case .prepend(let prefix): goOn(text.isEmpty ? nil : prefix + text)
        case .replace(let pattern, let content): goOn(text.replacing(pattern, with: content))
        case .unicode(let form): goOn(form.normalized(text))
        case .lowercase: goOn(Self.lowercased(text))
        case .strip(let left, let right):
            var range = 0..<text.count
            func isSpace(_ index: Int) -> Bool { text.scalar(at: index).scalar.properties.isWhitespace }
            while left, !range.isEmpty, isSpace(range.lowerBound) {
                range = range.lowerBound + text.scalar(at: range.lowerBound).length..<range.upperBound
            }
            while right, !range.isEmpty, case let last = text.scalarStart(before: range.upperBound), isSpace(last) {
                range = range.lowerBound..<last
            }
            run(index + 1, UnsafeBufferPointer(rebasing: text[range]), keepsStart && range.lowerBound == 0, body)
        }
    }

    /// Scalar by scalar, as Rust does it: a final sigma is like any other.
    private static func lowercased(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            if scalar.value < 0x80 {
                out.append(
                    text[index] >= UInt8(ascii: "A") && text[index] <= UInt8(ascii: "Z")
                        ? text[index] | 0x20 : text[index]
                )
            } else {
                out.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
            index += length
        }
        return out
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// With `content` for every `pattern` (not empty), leftmost first; nil where there is none.
    func replacing(_ pattern: [UInt8], with content: [UInt8]) -> [UInt8]? {
        guard var match = firstRange(of: pattern, from: 0) else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(count + count / 4 * Swift.max(content.count - pattern.count, 0))
        var copied = 0
        while true {
            out.append(contentsOf: self[copied..<match.lowerBound])
            out.append(contentsOf: content)
            copied = match.upperBound
            guard let next = firstRange(of: pattern, from: copied) else { break }
            match = next
        }
        out.append(contentsOf: self[copied...])
        return out
    }
}

/// How text is cut into words before BPE, as `pre_tokenizer` in tokenizer.json says. Merges never cross a cut.
enum PreTokenizer: Sendable, Equatable {
    /// The ByteLevel pre-tokenizer with its own pattern, that of GPT-2:
    ///
    ///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    ///
    /// `addsPrefixSpace`: a piece of text that does not start with a space gets one.
    case gpt2(addsPrefixSpace: Bool)

    /// Hands every word of `text[range]` (valid UTF-8) to `body`, in order; together they are the whole range.
    func split(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        switch self {
        case .gpt2(let addsPrefixSpace):
            guard !range.isEmpty else { return }
            let piece = UnsafeBufferPointer(rebasing: text[range])
            if addsPrefixSpace && piece[0] != UInt8(ascii: " ") {
                let prefixed = [UInt8(ascii: " ")] + piece
                prefixed.withUnsafeBufferPointer { Self.splitGPT2($0, body) }
            } else {
                Self.splitGPT2(piece, body)
            }
        }
    }

    private static func splitGPT2(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var start = 0
        while start < text.count {
            let end = endOfWord(text, start)
            body(UnsafeBufferPointer(rebasing: text[start..<end]))
            start = end
        }
    }

    /// The alternatives of the pattern in their order; the first that matches wins.
    private static func endOfWord(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        if text[start] == UInt8(ascii: "'"), let length = contraction(text, start) { return start + length }

        // " ?" and then a run of one class.
        let first = text[start] == UInt8(ascii: " ") && start + 1 < text.count ? start + 1 : start
        let (scalar, _) = text.scalar(at: first)
        let kind = ScalarClass(scalar)
        if kind != .space { return endOfRun(of: kind, text, first).end }

        // White space: all of it at the end of the text; else all but the last scalar, which goes to the next word;
        // else (just one, before something else) that one.
        let run = endOfRun(of: .space, text, start)
        if run.end == text.count || run.lastStart == start { return run.end }
        return run.lastStart
    }

    private static func endOfRun(of kind: ScalarClass, _ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> (end: Int, lastStart: Int) {
        var end = start, last = start
        while end < text.count {
            let (scalar, length) = text.scalar(at: end)
            guard ScalarClass(scalar) == kind else { break }
            last = end
            end += length
        }
        return (end, last)
    }

    /// Bytes of 's 't 're 've 'm 'll 'd at an apostrophe.
    private static func contraction(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        guard start + 1 < text.count else { return nil }
        let next = start + 2 < text.count ? text[start + 2] : 0
        switch (text[start + 1], next) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _): return 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")): return 3
        case (UInt8(ascii: "m"), _): return 2
        case (UInt8(ascii: "l"), UInt8(ascii: "l")): return 3
        case (UInt8(ascii: "d"), _): return 2
        default: return nil
        }
    }
}

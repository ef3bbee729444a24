extension SplitPattern {
    /// Hands every match in `text` (valid UTF-8) to `body`, in order; together they are the whole text.
    @inline(__always)
    func split(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        let matcher = SplitMatcher(text: text, classes: .shared)
        var start = 0
        @inline(__always) func emit(_ end: Int) {
            body(UnsafeBufferPointer(start: text.baseAddress! + start, count: end - start))
            start = end
        }
        switch self {
        case .gpt2: while start < text.count { emit(matcher.endOfGPT2Word(start)) }
        case .words(let digits): while start < text.count { emit(matcher.endOfWord(start, digits: digits)) }
        }
    }
}

/// The patterns by hand: alternatives in their order, the first that matches wins.
private struct SplitMatcher {
    let text: UnsafeBufferPointer<UInt8>
    let classes: ScalarClasses

    func endOfGPT2Word(_ start: Int) -> Int {
        if text[start] == UInt8(ascii: "'"), let end = contraction(start, ignoringCase: false) { return end }
        // " ?" and then a run of one class.
        let first = text[start] == UInt8(ascii: " ") && start + 1 < text.count ? start + 1 : start
        let (kind, length) = classified(first)
        return kind == .space ? endOfSpace(start, cutsAfterNewlines: false) : endOfRun(kind, first + length)
    }

    func endOfWord(_ start: Int, digits: Int) -> Int {
        let (kind, length) = classified(start)
        let next = start + length
        switch kind {
        case .letter: return endOfRun(.letter, next)
        case .number:
            var end = next
            for _ in 1..<digits {
                guard end < text.count, case let (another, length) = classified(end), another == .number else { break }
                end += length
            }
            return end
        case .space, .other:
            let byte = text[start]
            if byte == UInt8(ascii: "'"), let end = contraction(start, ignoringCase: true) { return end }
            if next < text.count, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") {
                let (following, length) = classified(next)
                if following == .letter { return endOfRun(.letter, next + length) }
                if following == .other, byte == UInt8(ascii: " ") {
                    return endOfNewlines(endOfRun(.other, next + length))
                }
            }
            return kind == .other ? endOfNewlines(endOfRun(.other, next)) : endOfSpace(start, cutsAfterNewlines: true)
        }
    }

    @inline(__always) private func classified(_ index: Int) -> (ScalarClass, length: Int) {
        let byte = text[index]
        if byte < 0x80 { return (classes.of(ascii: byte), 1) }
        let (value, length) = text.scalarValue(at: index)
        return (classes.of(value), length)
    }

    /// The end of the run of a class that continues at `start`.
    @inline(__always) private func endOfRun(_ kind: ScalarClass, _ start: Int) -> Int {
        var end = start
        while end < text.count {
            let (another, length) = classified(end)
            guard another == kind else { break }
            end += length
        }
        return end
    }

    private func endOfNewlines(_ start: Int) -> Int {
        var end = start
        while end < text.count, text[end] == UInt8(ascii: "\n") || text[end] == UInt8(ascii: "\r") { end += 1 }
        return end
    }

    /// White space from `start`. `\s*[\r\n]+`: up to the last newline of it, where there is one. `\s+(?!\S)|\s+`: all
    /// of it at the end of the text; else all but the last scalar, which goes to the next word; else (just one, before
    /// something else) that one.
    private func endOfSpace(_ start: Int, cutsAfterNewlines: Bool) -> Int {
        var end = start, last = start, afterNewline = start
        while end < text.count {
            let (kind, length) = classified(end)
            guard kind == .space else { break }
            last = end
            end += length
            if text[last] == UInt8(ascii: "\n") || text[last] == UInt8(ascii: "\r") { afterNewline = end }
        }
        if cutsAfterNewlines, afterNewline > start { return afterNewline }
        return end == text.count || last == start ? end : last
    }

    /// The end of 's 't 're 've 'm 'll 'd at an apostrophe. With the case ignored, U+017F (ſ) is an s.
    private func contraction(_ start: Int, ignoringCase: Bool) -> Int? {
        @inline(__always) func letter(_ index: Int) -> UInt8 {
            guard index < text.count else { return 0 }
            return ignoringCase && text[index] < 0x80 ? text[index] | 0x20 : text[index]
        }
        switch (letter(start + 1), letter(start + 2)) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
            return start + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        case (0xC5, 0xBF): return ignoringCase ? start + 3 : nil
        default: return nil
        }
    }
}

/// How text is cut into words before BPE, as `pre_tokenizer` in tokenizer.json says: steps, each of which cuts what the
/// one before left. Merges never cross a cut.
struct PreTokenizer: Sendable {
    enum Step: Sendable {
        case pattern(SplitPattern)
        /// At every place of this text.
        case literal([UInt8], SplitBehavior)
        /// At every digit of any script.
        case digits(SplitBehavior)
        /// A piece that does not start with a space gets one.
        case prefixSpace
        case metaspace(Metaspace)
    }

    /// SentencePiece's way: spaces become a visible character, which begins a word.
    struct Metaspace: Sendable {
        enum Prepending: String, Sendable {
            /// A piece that does not start with the character gets one: each, only the one at the start of the text, or
            /// none.
            case always, first, never
        }

        var replacement: [UInt8]
        var prepending: Prepending
        var splits: Bool
    }

    /// What becomes of a match when text is split at it.
    enum SplitBehavior: String, Sendable {
        case isolated = "Isolated", removed = "Removed", contiguous = "Contiguous"
        case mergedWithPrevious = "MergedWithPrevious", mergedWithNext = "MergedWithNext"
    }

    let steps: [Step]

    /// Hands every word of a piece of text (valid UTF-8) to `body`, in order.
    ///
    /// - Parameter startsText: the piece begins where the text does.
    @inline(__always)
    func split(_ piece: UnsafeBufferPointer<UInt8>, startsText: Bool, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        if steps.count == 1, case .pattern(let pattern) = steps[0] {
            pattern.split(piece, body)
        } else {
            run(0, piece, startsText, body)
        }
    }

    private func run(
        _ index: Int,
        _ piece: UnsafeBufferPointer<UInt8>,
        _ startsText: Bool,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard !piece.isEmpty else { return }
        guard index < steps.count else { return body(piece) }
        let isLast = index + 1 == steps.count
        func goOn(_ word: UnsafeBufferPointer<UInt8>) {
            if isLast {
                body(word)
            } else {
                run(index + 1, word, startsText && word.baseAddress == piece.baseAddress, body)
            }
        }
        switch steps[index] {
        case .pattern(let pattern): isLast ? pattern.split(piece, body) : pattern.split(piece) { goOn($0) }
        case .literal(let text, let behavior):
            behavior.split(piece, goOn) { start in piece.firstRange(of: text, from: start) }
        case .digits(let behavior):
            behavior.split(piece, goOn) { piece.firstDigit(from: $0) }
        case .prefixSpace:
            if piece[0] == UInt8(ascii: " ") { return goOn(piece) }
            ([UInt8(ascii: " ")] + piece).withUnsafeBufferPointer { run(index + 1, $0, startsText, body) }
        case .metaspace(let metaspace):
            var text = piece.replacing([UInt8(ascii: " ")], with: metaspace.replacement) ?? Array(piece)
            if metaspace.prepending == .always || (metaspace.prepending == .first && startsText),
                !text.starts(with: metaspace.replacement)
            {
                text.insert(contentsOf: metaspace.replacement, at: 0)
            }
            text.withUnsafeBufferPointer { text in
                guard metaspace.splits else { return run(index + 1, text, startsText, body) }
                SplitBehavior.mergedWithNext.split(
                    text,
                    { run(index + 1, $0, startsText && $0.baseAddress == text.baseAddress, body) },
                    nextMatch: { text.firstRange(of: metaspace.replacement, from: $0) }
                )
            }
        }
    }
}

extension PreTokenizer.SplitBehavior {
    /// Cuts `text` at the matches that `nextMatch` finds from a place on (none empty).
    fileprivate func split(
        _ text: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void,
        nextMatch: (Int) -> Range<Int>?
    ) {
        func emit(_ start: Int, _ end: Int) {
            if start < end { body(UnsafeBufferPointer(rebasing: text[start..<end])) }
        }
        var start = 0  // of what is not yet handed on
        var covered = 0  // by matches, and what is before them
        while let match = nextMatch(covered) {
            switch self {
            case .isolated:
                emit(start, match.lowerBound)
                emit(match.lowerBound, match.upperBound)
                start = match.upperBound
            case .removed:
                emit(start, match.lowerBound)
                start = match.upperBound
            case .contiguous:
                // Only where a run of matches begins, and where it ends.
                if covered < match.lowerBound {
                    emit(start, covered)
                    emit(covered, match.lowerBound)
                    start = match.lowerBound
                }
            case .mergedWithPrevious:
                // A match right after another is a piece of its own.
                emit(start, match.upperBound)
                start = match.upperBound
            case .mergedWithNext:
                emit(start, match.lowerBound)
                start = match.lowerBound
            }
            covered = match.upperBound
        }
        if self == .contiguous, start < covered {
            emit(start, covered)
            start = covered
        }
        emit(start, text.count)
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func firstDigit(from start: Int) -> Range<Int>? {
        var index = start
        while index < count {
            let byte = self[index]
            if byte < 0x80 {
                if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { return index..<index + 1 }
                index += 1
            } else {
                let (scalar, length) = scalar(at: index)
                if scalar.isNumeric { return index..<index + length }
                index += length
            }
        }
        return nil
    }
}

import ModelFiles

/// Turns tokens into text as they come: whole characters only, and never what may yet become a stop text.
public struct AnswerText: Sendable {
    private var stream: TextStream
    private let stop: [String]
    /// Special tokens that are stop texts: they end an answer though they are no part of its text.
    private let stopIDs: Set<Int>
    /// Of the end of the answer: everything before it was told. Emptied whenever nothing is held back, so that a long
    /// answer costs no more per token than a short one.
    private var bytes: [UInt8] = []
    /// Scalars of `bytes` that were told.
    private var told = 0
    /// A stop text was found: the answer ends before it.
    public private(set) var isStopped = false

    public init(tokenizer: Tokenizer, stop: [String]) {
        stream = tokenizer.textStream(skippingSpecialTokens: true)
        self.stop = stop
        stopIDs = Set(stop.compactMap(tokenizer.id(of:)).filter(tokenizer.isSpecial))
    }

    /// - Parameter isLast: nothing more comes, so nothing is held back.
    /// - Returns: the text that is new.
    public mutating func add(_ id: Int?, isLast: Bool) -> String {
        let isEnd = id.map(stopIDs.contains) == true, isLast = isLast || isEnd
        if isEnd { isStopped = true }
        if let id { bytes += stream.append(id) }
        if isLast { bytes += stream.finish() }
        var text = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        let complete = text.count
        if let end = stop.compactMap({ Self.position(of: Array($0.unicodeScalars), in: text) }).min() {
            text.removeSubrange(end...)
            isStopped = true
        } else if !isLast {
            while text.last == "\u{FFFD}" { text.removeLast() }  // bytes of a character that is not complete
            text.removeLast(heldBack(text))
        }
        defer {
            told = max(told, text.count)
            if text.count == complete { (bytes, told) = ([], 0) }
        }
        return text.count > told ? String(String.UnicodeScalarView(text[told...])) : ""
    }

    /// Scalars at the end that could be the beginning of a stop text.
    private func heldBack(_ text: [Unicode.Scalar]) -> Int {
        stop.map { stop in
            let stop = Array(stop.unicodeScalars)
            return (1..<max(stop.count, 1)).reversed().first {
                $0 <= text.count && text.suffix($0).elementsEqual(stop.prefix($0))
            } ?? 0
        }.max() ?? 0
    }

    private static func position(of part: [Unicode.Scalar], in text: [Unicode.Scalar]) -> Int? {
        guard part.count <= text.count else { return nil }
        return (0...(text.count - part.count)).first { text[$0..<($0 + part.count)].elementsEqual(part) }
    }
}

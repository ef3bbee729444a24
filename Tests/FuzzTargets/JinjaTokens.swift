import LocalLM

/// A template cut into words, numbers, strings, tags and single characters, so that mutations fall on what Jinja reads
/// as one.
struct JinjaTokens {
    private var tokens: [[UInt8]] = []

    init(_ source: String) {
        let bytes = Array(source.utf8)
        func isWord(_ byte: UInt8) -> Bool {
            (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
                || byte == 0x5F || byte >= 0x80
        }
        var start = 0
        while start < bytes.count {
            var end = start + 1
            if isWord(bytes[start]) {
                while end < bytes.count && isWord(bytes[end]) { end += 1 }
            } else if bytes[start] == UInt8(ascii: "'") || bytes[start] == UInt8(ascii: "\"") {
                let close = bytes[end...].firstIndex(of: bytes[start])
                end = close.map { $0 + 1 } ?? end
            } else if end < bytes.count,
                ["{%", "{{", "{#", "%}", "}}", "#}", "==", "!=", "<=", ">="].contains(
                    String(decoding: bytes[start...end], as: UTF8.self)
                )
            {
                end += 1
            }
            tokens.append(Array(bytes[start..<end]))
            start = end
        }
    }

    var bytes: [UInt8] { Array(tokens.joined()) }

    mutating func mutate(with other: JinjaTokens, _ words: [[UInt8]], _ random: inout RandomStream) {
        for _ in 0..<random.small() { mutateOnce(other, words, &random) }
    }

    private mutating func mutateOnce(_ other: JinjaTokens, _ words: [[UInt8]], _ random: inout RandomStream) {
        guard !tokens.isEmpty else { return tokens = [random.element(of: words)] }
        let at = random.integer(below: tokens.count), end = min(tokens.count, at + 1 + random.integer(below: 16))
        switch random.integer(below: 20) {
        case 0..<3: tokens.remove(at: at)
        case 3..<5: tokens[at] = random.element(of: words)
        case 5..<9: insertInTag(random.element(of: words), near: at)
        case 9..<11: tokens.swapAt(at, random.integer(below: tokens.count))
        case 11: tokens.removeSubrange(at..<end)
        case 12: tokens.insert(contentsOf: tokens[at..<end], at: random.integer(below: tokens.count))
        case 13:
            // One construct many times: loops in loops, sums of sums.
            let part = Array(tokens[at..<end])
            for _ in 0..<random.element(of: [2, 8, 64]) { tokens.insert(contentsOf: part, at: at) }
        case 14: replaceNumber(near: at, &random)
        case 15..<17:
            guard !other.tokens.isEmpty else { return }
            let from = random.integer(below: other.tokens.count),
                to = min(other.tokens.count, from + 1 + random.integer(below: 32))
            tokens.insert(contentsOf: other.tokens[from..<to], at: at)
        case 17: tokens.append(random.element(of: words))
        default: tokens[at] = tokens[random.integer(below: tokens.count)]
        }
    }

    /// Before the next end of a tag, where an operator or filter means something.
    private mutating func insertInTag(_ word: [UInt8], near at: Int) {
        let place = tokens[at...].firstIndex { $0 == Array("}}".utf8) || $0 == Array("%}".utf8) } ?? at
        tokens.insert(word, at: place)
    }

    private mutating func replaceNumber(near at: Int, _ random: inout RandomStream) {
        guard let place = tokens[at...].firstIndex(where: { $0.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }) else {
            return
        }
        tokens[place] = Array(random.element(of: Mutator.edgeNumbers).utf8)
    }
}

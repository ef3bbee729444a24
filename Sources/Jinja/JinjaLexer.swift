/// A piece of a template's source.
struct JinjaToken {
    enum Kind: Equatable {
        case data([UInt8]), string([UInt8])
        case name(String), symbol(String)
        case integer(Int), float(Double)
        case variableBegin, variableEnd, blockBegin, blockEnd, end
    }

    let kind: Kind
    let line: Int

    /// The text of a name or of a string.
    var word: String? {
        switch kind {
        case .name(let name): name
        case .string(let text): String(decoding: text, as: UTF8.self)
        default: nil
        }
    }
}

/// Cuts a template into tokens as jinja2's `lexer.py` does with `trim_blocks` and `lstrip_blocks`: a newline after a
/// block or a comment goes, so do blanks before one that begins its line; `-` takes all white space on its side, `+`
/// leaves it.
struct JinjaLexer {
    private let source: [UInt8]
    private var position = 0
    private var line = 1
    private var tokens: [JinjaToken] = []
    /// Whether the following text is at the beginning of a line.
    private var isLineStart = true

    static func tokens(_ source: [UInt8]) throws -> [JinjaToken] {
        var lexer = JinjaLexer(source)
        do { try lexer.run() } catch let failure as JinjaFailure { throw failure.error(line: lexer.line) }
        return lexer.tokens
    }

    private init(_ text: [UInt8]) {
        var source: [UInt8] = []
        source.reserveCapacity(text.count)
        for (index, byte) in text.enumerated() {
            if byte == Ascii.carriageReturn {
                source.append(Ascii.newline)
            } else if byte != Ascii.newline || index == 0 || text[index - 1] != Ascii.carriageReturn {
                source.append(byte)
            }
        }
        if source.last == Ascii.newline { source.removeLast() }  // keep_trailing_newline is off
        self.source = source
    }

    private func byte(_ offset: Int) -> UInt8 { offset < source.count ? source[offset] : 0 }
    private func matches(_ text: StaticString, at offset: Int) -> Bool {
        guard offset + text.utf8CodeUnitCount <= source.count else { return false }
        return text.withUTF8Buffer { source[offset..<(offset + $0.count)].elementsEqual($0) }
    }
    private func afterSpace(_ offset: Int) -> Int { PythonText.skipSpace(source, from: offset) }

    private mutating func add(_ kind: JinjaToken.Kind) { tokens.append(JinjaToken(kind: kind, line: line)) }

    /// Moves on, counting lines.
    private mutating func advance(to end: Int) {
        for offset in position..<max(position, end) where source[offset] == Ascii.newline { line += 1 }
        if end > position { isLineStart = source[end - 1] == Ascii.newline }
        position = end
    }

    // MARK: Text

    private mutating func run() throws {
        while position < source.count {
            var open = position
            while open + 1 < source.count, !(source[open] == Ascii.openBrace && "%{#".utf8.contains(source[open + 1])) {
                open += 1
            }
            guard open + 1 < source.count else {
                add(.data(Array(source[position...])))
                advance(to: source.count)
                break
            }
            let kind = source[open + 1]
            let sign = byte(open + 2)
            let isSigned = sign == Ascii.minus || sign == Ascii.plus
            addText(position..<open, sign: isSigned ? sign : 0, isVariable: kind == Ascii.openBrace)
            let inside = open + (isSigned ? 3 : 2)
            switch kind {
            case UInt8(ascii: "#"): try skipComment(inside)
            case Ascii.openBrace:
                advance(to: inside)
                add(.variableBegin)
                try tag(isBlock: false)
            default:
                if let body = rawBody(inside) {
                    try raw(body)
                } else {
                    advance(to: inside)
                    add(.blockBegin)
                    try tag(isBlock: true)
                }
            }
        }
        add(.end)
    }

    private mutating func addText(_ range: Range<Int>, sign: UInt8, isVariable: Bool) {
        var end = range.upperBound
        if sign == Ascii.minus {
            end = PythonText.trimmedEnd(source, range)
        } else if sign != Ascii.plus && !isVariable {
            var start = range.upperBound
            while start > range.lowerBound, source[start - 1] != Ascii.newline { start -= 1 }
            if start > range.lowerBound || isLineStart,
                PythonText.skipSpace(source, from: start, to: range.upperBound) == range.upperBound
            {
                end = start
            }
        }
        if end > range.lowerBound { add(.data(Array(source[range.lowerBound..<end]))) }
        advance(to: range.upperBound)
    }

    private mutating func skipComment(_ start: Int) throws {
        var end = start
        while !matches("#}", at: end) {
            end += 1
            guard end < source.count else { throw JinjaFailure.python("missing end of comment tag") }
        }
        let sign = end > start ? source[end - 1] : 0
        closeTag(at: end + 2, sign: sign, trims: true)
    }

    /// Moves past a tag's end and the white space that goes with it.
    private mutating func closeTag(at end: Int, sign: UInt8, trims: Bool) {
        var end = end
        if sign == Ascii.minus {
            end = afterSpace(end)
        } else if sign != Ascii.plus, trims, byte(end) == Ascii.newline {
            end += 1
        }
        // What decides is the last character of the tag: a tag that ends with a newline begins a line.
        advance(to: end)
    }

    /// Where the text of a raw block begins, if this is one.
    private func rawBody(_ start: Int) -> Int? {
        var offset = afterSpace(start)
        guard matches("raw", at: offset) else { return nil }
        offset = afterSpace(offset + 3)
        if matches("-%}", at: offset) { return afterSpace(offset + 3) }
        return matches("%}", at: offset) ? offset + 2 : nil
    }

    private mutating func raw(_ body: Int) throws {
        advance(to: body)
        var open = body
        while open < source.count {
            if matches("{%", at: open) {
                let sign = byte(open + 2)
                let isSigned = sign == Ascii.minus || sign == Ascii.plus
                var end = afterSpace(open + (isSigned ? 3 : 2))
                if matches("endraw", at: end) {
                    end = afterSpace(end + 6)
                    let closing = byte(end)
                    let isClosingSigned = closing == Ascii.minus || closing == Ascii.plus
                    if isClosingSigned { end += 1 }
                    if matches("%}", at: end) {
                        addText(body..<open, sign: isSigned ? sign : 0, isVariable: false)
                        closeTag(at: end + 2, sign: isClosingSigned ? closing : 0, trims: true)
                        return
                    }
                }
            }
            open += 1
        }
        throw JinjaFailure.python("missing end of raw directive")
    }

    // MARK: Tags

    private mutating func tag(isBlock: Bool) throws {
        var open: [UInt8] = []
        while true {
            advance(to: afterSpace(position))
            guard position < source.count else { throw JinjaFailure.python("a tag that does not end") }
            if open.isEmpty, closes(isBlock: isBlock) { return }
            let byte = source[position]
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""): try string()
            case UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
            case _ where Ascii.isWord(byte):
                var end = position
                while end < source.count, Ascii.isWord(source[end]) { end += 1 }
                guard end == source.count || source[end] < 0x80 else {
                    throw JinjaFailure.unsupported("a name that is not ASCII")
                }
                add(.name(String(decoding: source[position..<end], as: UTF8.self)))
                advance(to: end)
            default:
                guard let symbol = symbol() else {
                    throw JinjaFailure.python(
                        "unexpected character \"\(String(decoding: source[position..<min(position + 4, source.count)], as: UTF8.self))\""
                    )
                }
                switch byte {
                case UInt8(ascii: "("): open.append(UInt8(ascii: ")"))
                case UInt8(ascii: "["): open.append(UInt8(ascii: "]"))
                case UInt8(ascii: "{"): open.append(UInt8(ascii: "}"))
                case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                    guard open.popLast() == byte else { throw JinjaFailure.python("unexpected '\(symbol)'") }
                default: break
                }
                add(.symbol(symbol))
                advance(to: position + symbol.utf8.count)
            }
        }
    }

    private mutating func closes(isBlock: Bool) -> Bool {
        let sign = source[position]
        let isSigned = sign == Ascii.minus || (isBlock && sign == Ascii.plus)
        let end = position + (isSigned ? 1 : 0)
        guard isBlock ? matches("%}", at: end) : matches("}}", at: end) else { return false }
        add(isBlock ? .blockEnd : .variableEnd)
        closeTag(at: end + 2, sign: isSigned ? sign : 0, trims: isBlock)
        return true
    }

    private static let symbols: Set<String> = [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";",
    ]

    private func symbol() -> String? {
        for length in [2, 1] where position + length <= source.count {
            let text = String(decoding: source[position..<(position + length)], as: UTF8.self)
            if Self.symbols.contains(text) { return text }
        }
        return nil
    }

    /// `1`, `1_000`, `0x1f`, `1.5`, `1e3`; a digit that follows a dot is not a fraction of its own.
    private mutating func number() throws {
        func digits(_ start: Int) -> Int {
            var end = start
            while Ascii.isDigit(byte(end))
                || (byte(end) == UInt8(ascii: "_") && end > start && Ascii.isDigit(byte(end + 1)))
            { end += 1 }
            return end
        }
        func text(_ end: Int) -> String {
            String(decoding: source[position..<end].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        }
        let whole = digits(position)
        if position == 0 || source[position - 1] != UInt8(ascii: ".") {
            var end = whole
            if byte(end) == UInt8(ascii: "."), Ascii.isDigit(byte(end + 1)) { end = digits(end + 1) }
            if byte(end) | 0x20 == UInt8(ascii: "e") {
                let start = end + (byte(end + 1) == Ascii.plus || byte(end + 1) == Ascii.minus ? 2 : 1)
                if Ascii.isDigit(byte(start)) { end = digits(start) }
            }
            if end > whole {
                guard let value = Double(text(end)), value.isFinite else {
                    throw JinjaFailure.unsupported("the number \(text(end).prefix(40))")
                }
                add(.float(value))
                advance(to: end)
                return
            }
        }
        if byte(position) == UInt8(ascii: "0") {
            if "box".utf8.contains(byte(position + 1) | 0x20), Ascii.isWord(byte(position + 2)) {
                throw JinjaFailure.unsupported("a number that is not decimal")
            }
            var end = position + 1
            while byte(end) == UInt8(ascii: "0") { end += 1 }
            add(.integer(0))
            advance(to: end)
            return
        }
        guard let value = Int(text(whole)) else {
            throw JinjaFailure.unsupported("the number \(text(whole).prefix(40)), which takes more than 64 bits")
        }
        add(.integer(value))
        advance(to: whole)
    }

    private mutating func string() throws {
        let quote = source[position]
        var end = position + 1
        var text: [UInt8] = []
        while true {
            guard end < source.count else { throw JinjaFailure.python("a string that does not end") }
            if source[end] == quote { break }
            guard source[end] == UInt8(ascii: "\\") else {
                text.append(source[end])
                end += 1
                continue
            }
            guard end + 1 < source.count else { throw JinjaFailure.python("a string that does not end") }
            end = try escape(end + 1, into: &text)
        }
        add(.string(text))
        advance(to: end + 1)
    }

    /// One of Python's escapes; anything else stays unchanged.
    private func escape(_ offset: Int, into text: inout [UInt8]) throws -> Int {
        func scalar(_ digits: Int) throws -> Int {
            let end = offset + 1 + digits
            guard end <= source.count,
                let value = UInt32(String(decoding: source[(offset + 1)..<end], as: UTF8.self), radix: 16),
                Ascii.isWord(source[offset + 1])
            else { throw JinjaFailure.python("truncated escape in a string") }
            guard let scalar = Unicode.Scalar(value) else {
                throw JinjaFailure.unsupported("a string with half of a surrogate pair")
            }
            text += UTF8.encode(scalar)!
            return end
        }
        switch source[offset] {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "a"): text.append(0x07)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "v"): text.append(0x0B)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(source[offset])
        case Ascii.newline: break
        case UInt8(ascii: "x"): return try scalar(2)
        case UInt8(ascii: "u"): return try scalar(4)
        case UInt8(ascii: "U"): return try scalar(8)
        case UInt8(ascii: "N"): throw JinjaFailure.unsupported("a character by its name in a string")
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            var value: UInt32 = 0
            var end = offset
            while end < offset + 3, end < source.count, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(source[end]) {
                value = value * 8 + UInt32(source[end] - UInt8(ascii: "0"))
                end += 1
            }
            text += UTF8.encode(Unicode.Scalar(value)!)!
            return end
        default: text += [UInt8(ascii: "\\"), source[offset]]
        }
        return offset + 1
    }
}

enum Ascii {
    static let newline = UInt8(ascii: "\n"), carriageReturn = UInt8(ascii: "\r"), space = UInt8(ascii: " ")
    static let minus = UInt8(ascii: "-"), plus = UInt8(ascii: "+"), openBrace = UInt8(ascii: "{")

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }
    static func isWord(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) || byte == 0x5F }
}

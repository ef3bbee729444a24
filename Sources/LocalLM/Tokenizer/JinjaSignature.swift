/// A Jinja template reduced to what it does, so that two spellings of one template compare equal: spaces inside of tags, kinds of
/// quotes, `m.role` for `m['role']`, an escape for the character, and one string literal cut into a sum do not count.
///
/// Text between tags is trimmed as transformers has Jinja trim it (`trim_blocks`, `lstrip_blocks`, `-`).
struct JinjaSignature: Equatable {
    private enum Piece: Equatable {
        case text([UInt8])
        case statement([Token])
        case expression([Token])
    }

    private enum Token: Equatable {
        case string([UInt8])
        case word([UInt8])
        case symbol([UInt8])
    }

    private var pieces: [Piece] = []

    /// Nil where this is no template that could be taken apart: an open tag, a comment, an unknown character.
    init?(_ source: String) {
        var bytes = Array(source.utf8)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }  // keep_trailing_newline is off
        var position = 0
        var trimsNext = false, dropsNewline = false
        while position < bytes.count {
            var end = position
            while end + 1 < bytes.count, !(bytes[end] == UInt8(ascii: "{") && "{%#".utf8.contains(bytes[end + 1])) { end += 1 }
            let opens = end + 1 < bytes.count
            var text = bytes[position..<(opens ? end : bytes.count)]
            let isStatement = opens && bytes[end + 1] == UInt8(ascii: "%")
            let trimsThis = opens && end + 2 < bytes.count && bytes[end + 2] == UInt8(ascii: "-")
            if trimsNext { text = text.drop(while: Self.isSpace) } else if dropsNewline, text.first == UInt8(ascii: "\n") { text = text.dropFirst() }
            if trimsThis {
                while let last = text.last, Self.isSpace(last) { text.removeLast() }
            } else if isStatement {
                var stripped = text
                while let last = stripped.last, last == 0x20 || last == 0x09 { stripped.removeLast() }
                if stripped.isEmpty ? (position == 0 || dropsNewline) : stripped.last == UInt8(ascii: "\n") { text = stripped }
            }
            if !text.isEmpty { pieces.append(.text(Array(text))) }
            guard opens else { return }
            guard bytes[end + 1] != UInt8(ascii: "#") else { return nil }
            guard let tag = Self.tag(bytes, end + (trimsThis ? 3 : 2), closing: isStatement ? "%}" : "}}") else { return nil }
            pieces.append(isStatement ? .statement(tag.tokens) : .expression(tag.tokens))
            position = tag.end
            trimsNext = tag.trims
            dropsNewline = isStatement
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }

    /// The tokens of a tag up to its closing, where it ends, and whether it trims what follows.
    private static func tag(_ bytes: [UInt8], _ start: Int, closing: String) -> (tokens: [Token], end: Int, trims: Bool)? {
        var tokens: [Token] = []
        var position = start
        var depth = 0
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case _ where isSpace(byte): position += 1
            case _ where depth == 0 && bytes[position...].starts(with: closing.utf8):
                return (canonical(tokens), position + 2, false)
            case _ where depth == 0 && bytes[position...].starts(with: ("-" + closing).utf8):
                return (canonical(tokens), position + 3, true)
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                guard let (text, end) = string(bytes, position) else { return nil }
                tokens.append(.string(text))
                position = end
            case _ where isWordByte(byte):
                let end = bytes[position...].firstIndex { !isWordByte($0) } ?? bytes.count
                tokens.append(.word(Array(bytes[position..<end])))
                position = end
            default:
                guard "+-=!<>.,:()[]{}|~".utf8.contains(byte) else { return nil }
                if "{[(".utf8.contains(byte) { depth += 1 }
                if "}])".utf8.contains(byte) { depth -= 1 }
                tokens.append(.symbol([byte]))
                position += 1
            }
        }
        return nil
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A) || byte == 0x5F
    }

    private static func string(_ bytes: [UInt8], _ start: Int) -> (text: [UInt8], end: Int)? {
        var text: [UInt8] = []
        var position = start + 1
        while position < bytes.count {
            switch bytes[position] {
            case bytes[start]: return (text, position + 1)
            case UInt8(ascii: "\\"):
                guard position + 1 < bytes.count else { return nil }
                switch bytes[position + 1] {
                case UInt8(ascii: "n"): text.append(0x0A)
                case UInt8(ascii: "t"): text.append(0x09)
                case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(bytes[position + 1])
                default: return nil
                }
                position += 2
            default:
                text.append(bytes[position])
                position += 1
            }
        }
        return nil
    }

    /// `.name` as `['name']`, and adjacent literals of a sum joined.
    private static func canonical(_ tokens: [Token]) -> [Token] {
        var out: [Token] = []
        var index = 0
        while index < tokens.count {
            let token = tokens[index]
            if token == .symbol([UInt8(ascii: ".")]), index + 1 < tokens.count, case .word(let name) = tokens[index + 1] {
                out += [.symbol([UInt8(ascii: "[")]), .string(name), .symbol([UInt8(ascii: "]")])]
                index += 2
                continue
            }
            if case .string(let text) = token, out.count >= 2, out[out.count - 1] == .symbol([UInt8(ascii: "+")]),
                case .string(let before) = out[out.count - 2]
            {
                out.removeLast(2)
                out.append(.string(before + text))
            } else {
                out.append(token)
            }
            index += 1
        }
        return out
    }
}

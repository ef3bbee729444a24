import Foundation

/// Any value as JSON on one line, for people's terminals, other programs and HTTP: sorted keys, and no character that a
/// reader may take for the end of a line (`JSONValue` escapes the same ones).
public enum JSONLine {
    /// - Throws: what encoding the value throws.
    public static func bytes(
        _ value: some Encodable,
        dates: JSONEncoder.DateEncodingStrategy = .deferredToDate
    ) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = dates
        return escaped([UInt8](try encoder.encode(value)))
    }

    /// U+0085, U+2028 and U+2029, which the encoder leaves as they are, and which stand inside of strings alone.
    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [], position = 0
        out.reserveCapacity(bytes.count)
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0xC2 || byte == 0xE2,
                let (sign, escape) = escapes.first(where: { bytes[position...].starts(with: $0.sign) })
            {
                out += escape.utf8
                position += sign.count
            } else {
                out.append(bytes[position])
                position += 1
            }
        }
        return out
    }

    private static let escapes: [(sign: [UInt8], escape: String)] = [
        ([0xC2, 0x85], "\\u0085"), ([0xE2, 0x80, 0xA8], "\\u2028"), ([0xE2, 0x80, 0xA9], "\\u2029"),
    ]
}

import Foundation

/// Any value as JSON on one line, for people's terminals, other programs and HTTP: sorted keys, times in ISO 8601, and
/// no character that a reader may take for the end of a line, or that would steer a terminal.
public enum JSONLine {
    /// - Throws: what encoding the value throws.
    public static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return escaped([UInt8](try encoder.encode(value)))
    }

    /// Control characters, ends of lines and marks of direction beyond ASCII, which the encoder leaves as they are,
    /// which stand inside of strings alone, and which would steer a terminal.
    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [], position = 0
        out.reserveCapacity(bytes.count)
        while position < bytes.count {
            if let (length, scalar) = steering(bytes, position) {
                out += "\\u\(String(scalar + 0x10000, radix: 16).dropFirst())".utf8
                position += length
            } else {
                out.append(bytes[position])
                position += 1
            }
        }
        return out
    }

    /// The length of such a character's UTF-8 that begins here, and its scalar value.
    private static func steering(_ bytes: [UInt8], _ start: Int) -> (length: Int, scalar: Int)? {
        func byte(_ offset: Int) -> Int { start + offset < bytes.count ? Int(bytes[start + offset]) : 0 }
        switch (byte(0), byte(1)) {
        case (0xC2, 0x80..<0xA0): return (2, byte(1))
        case (0xD8, 0x9C): return (2, 0x61C)
        case (0xE2, 0x80), (0xE2, 0x81):
            let scalar = 0x2000 + (byte(1) & 1) << 6 + byte(2) & 0x3F
            switch scalar {
            case 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: return (3, scalar)
            default: return nil
            }
        default: return nil
        }
    }
}

import Crypto
import Foundation

/// SHA-256, as 64 lower-case hexadecimal digits: the name of every dataset and prompt.
public enum ContentDigest {
    public static func sha256(_ data: Data) -> String { hexadecimal(SHA256.hash(data: data)) }

    public static func sha256(_ text: String) -> String { sha256(Data(text.utf8)) }

    static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        var text = ""
        text.reserveCapacity(64)
        for byte in digest {
            text.append(Character(UnicodeScalar(digit(byte >> 4))))
            text.append(Character(UnicodeScalar(digit(byte & 15))))
        }
        return text
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}

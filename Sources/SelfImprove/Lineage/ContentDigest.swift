import Crypto
import Foundation
import ModelFiles

/// SHA-256, as 64 lower-case hexadecimal digits: the name of every dataset and prompt.
public enum ContentDigest {
    public static func sha256(_ data: Data) -> String { SHA256.hash(data: data).hexadecimal }

    static let digits = 64

    /// Whether a text may be a digest, or the beginning of one that people have shortened.
    static func mayBegin(with text: String) -> Bool {
        (4...digits).contains(text.count) && text.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }

    public static func sha256(_ text: String) -> String { sha256(Data(text.utf8)) }
}

import Crypto
import Foundation
import ModelFiles

/// SHA-256, as 64 lower-case hexadecimal digits: the name of every dataset and prompt.
public enum ContentDigest {
    public static func sha256(_ data: Data) -> String { SHA256.hash(data: data).hexadecimal }

    public static func sha256(_ text: String) -> String { sha256(Data(text.utf8)) }
}

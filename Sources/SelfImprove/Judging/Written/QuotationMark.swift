import Foundation

/// A code that tells quotations from the words around them: no quoted text contains it, whatever somebody wrote to look
/// like the end of a quotation.
///
/// It depends on the quoted texts alone, so that the same question is the same prompt; and by their SHA-256, so that
/// nobody can write a text that contains its own code.
enum QuotationMark {
    private static let digits = 8

    static func code(for texts: [String]) -> String {
        var bytes = Data()
        for text in texts {
            bytes.append(contentsOf: "\(text.utf8.count):".utf8)
            bytes.append(contentsOf: text.utf8)
        }
        var digest = ContentDigest.sha256(bytes)
        while contains(bytes, Array(digest.utf8.prefix(digits))) { digest = ContentDigest.sha256(digest) }
        return String(digest.prefix(digits))
    }

    private static func contains(_ bytes: Data, _ code: [UInt8]) -> Bool {
        bytes.range(of: Data(code)) != nil
    }
}

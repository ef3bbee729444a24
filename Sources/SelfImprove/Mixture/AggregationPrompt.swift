import Foundation
import ModelFiles

/// How a mixture shows its candidates to the aggregator: "Aggregate-and-Synthesize" (MoA, arXiv 2406.04692, table 1).
///
/// The words are a file of `Prompts/Files`: what comes before the line `---` is said once, what follows it once per
/// candidate, with `{number}` and `{answer}` filled in and `\n` for a newline.
public struct AggregationPrompt: Sendable, Equatable {
    public let name: String
    /// SHA-256 of the file.
    public let digest: String
    /// Of its words, roughly: a token for four bytes.
    let tokens: Int
    private let head: String
    /// What stands between the placeholders of a candidate's line.
    private let pieces: [Piece]

    private enum Piece: Sendable, Equatable { case text(String), number, answer }

    /// The file's text; nil for those of this program.
    private let words: String?

    /// The paper's.
    public static let moa = known("moa", PackageResources.moa_txt)
    /// For nursery models, which read candidates between separators.
    public static let nursery = known("nursery", PackageResources.nursery_txt)

    public static let all = [moa, nursery]

    private static func known(_ name: String, _ bytes: [UInt8]) -> AggregationPrompt {
        do {
            return try AggregationPrompt(name, String(decoding: bytes, as: UTF8.self), isOwn: true)
        } catch { preconditionFailure("\(error)") }
    }

    /// Words of a person's own.
    /// - Parameter name: of the file.
    /// - Throws: `.configuration` with what is wrong with them.
    public init(name: String, words: String) throws {
        try self.init(name, KeptWords.plain(words), isOwn: false)
    }

    private init(_ name: String, _ file: String, isOwn: Bool) throws {
        func fault(_ what: String) -> SelfImproveError { SelfImproveError(.configuration, what, context: name) }
        self.name = name
        words = isOwn ? nil : file
        digest = ContentDigest.sha256(file)
        tokens = file.utf8.count / 4
        let parts = file.hasPrefix("---\n") ? ["", String(file.dropFirst(4))] : file.components(separatedBy: "\n---\n")
        guard parts.count == 2 else {
            throw fault("needs one line --- between what is said once and what is said per candidate")
        }
        head = parts[0]
        var pieces: [Piece] = []
        var rest = parts[1].trimmingCharacters(in: .newlines).replacingOccurrences(of: "\\n", with: "\n")[...]
        while let open = rest.firstIndex(of: "{") {
            pieces.append(.text(String(rest[..<open])))
            let isNumber = rest[open...].hasPrefix("{number}")
            guard isNumber || rest[open...].hasPrefix("{answer}") else {
                throw fault("has a { that begins neither {number} nor {answer}")
            }
            pieces.append(isNumber ? .number : .answer)
            rest = rest[rest.index(open, offsetBy: 8)...]
        }
        self.pieces = pieces + [.text(String(rest))]
        guard pieces.filter({ $0 == .answer }).count == 1 else {
            throw fault("must hold {answer} once: every candidate is in the prompt exactly once")
        }
    }

    /// What it says itself, piece by piece.
    var ownTexts: [String] {
        [head] + pieces.compactMap { if case .text(let text) = $0 { text } else { nil } }
    }

    /// The conversation with the candidates in its system message. One that is there already is appended to, and
    /// everything else stays as it is; the caller's messages are not changed.
    public func messages(_ conversation: [Message], candidates: [String]) -> [Message] {
        var text = head
        for (index, candidate) in candidates.enumerated() {
            for piece in pieces {
                switch piece {
                case .text(let fixed): text += fixed
                case .number: text += String(index + 1)
                case .answer: text += candidate
                }
            }
        }
        guard let first = conversation.first, first.role == "system" else {
            return [Message(role: "system", content: text)] + conversation
        }
        return [Message(role: "system", content: first.content + "\n\n" + text)] + conversation.dropFirst()
    }
}

extension AggregationPrompt: Codable {
    public init(from decoder: any Decoder) throws {
        switch try KeptWords(from: decoder) {
        case .own(let name, let words): try self.init(name: name, words: words)
        case .known(let name):
            guard let known = Self.all.first(where: { $0.name == name }) else {
                throw DecodingError.dataCorrupted(
                    .init(
                        codingPath: decoder.codingPath,
                        debugDescription: "there is no aggregation prompt \"\(name)\""
                    )
                )
            }
            self = known
        }
    }

    public func encode(to encoder: any Encoder) throws { try KeptWords(name, words).encode(to: encoder) }
}

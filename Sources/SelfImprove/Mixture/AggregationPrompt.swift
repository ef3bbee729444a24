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
    private let head: String
    /// What stands between the placeholders of a candidate's line.
    private let pieces: [Piece]

    private enum Piece: Sendable, Equatable { case text(String), number, answer }

    /// The paper's.
    public static let moa = AggregationPrompt("moa", PackageResources.moa_txt)
    /// For nursery models, which read candidates between separators.
    public static let nursery = AggregationPrompt("nursery", PackageResources.nursery_txt)

    public static let all = [moa, nursery]

    private init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        digest = ContentDigest.sha256(Data(bytes))
        let file = String(decoding: bytes, as: UTF8.self)
        let parts = file.hasPrefix("---\n") ? ["", String(file.dropFirst(4))] : file.components(separatedBy: "\n---\n")
        precondition(parts.count == 2, "\(name): one line --- between what is said once and what is said per candidate")
        head = parts[0]
        var pieces: [Piece] = []
        var rest = parts[1].trimmingCharacters(in: .newlines).replacingOccurrences(of: "\\n", with: "\n")[...]
        while let open = rest.firstIndex(of: "{") {
            pieces.append(.text(String(rest[..<open])))
            let isNumber = rest[open...].hasPrefix("{number}")
            precondition(
                isNumber || rest[open...].hasPrefix("{answer}"),
                "\(name): {number} and {answer} are the placeholders"
            )
            pieces.append(isNumber ? .number : .answer)
            rest = rest[rest.index(open, offsetBy: 8)...]
        }
        self.pieces = pieces + [.text(String(rest))]
        precondition(
            pieces.filter { $0 == .answer }.count == 1,
            "\(name): every candidate stands in the prompt exactly once"
        )
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

import Foundation
import ModelFiles

/// How a model is shown prompts, and asked for one more of their kind (Self-Instruct, arXiv 2212.10560, table 5).
///
/// The words are a file of `Prompts/Files`, or one of the user's own. What comes before the line `---` is one message
/// of the user, which every template takes, with `{tasks}` once and `{count}` anywhere; what follows it is said per
/// task, with `{task}` once and `{number}` anywhere; tasks are an empty line apart. All other braces are words, and
/// what is put in a place is never read again.
public struct InstructionPrompt: Sendable, Equatable {
    public let name: String
    /// SHA-256 of the file.
    public let digest: String
    /// The file's text; nil for this program's.
    private let words: String?
    private let message: [Piece]
    private let task: [Piece]

    private enum Piece: Sendable, Equatable { case words(String), place(Place) }
    private enum Place: String, CaseIterable { case tasks, count, task, number }

    /// The wording is ours.
    public static let standard: InstructionPrompt = {
        let file = String(decoding: PackageResources.self_instruct_txt, as: UTF8.self)
        do { return try InstructionPrompt("self_instruct", file, isOwn: true) } catch {
            preconditionFailure("\(error)")
        }
    }()

    /// Words of a person's own.
    /// - Parameter name: of the file.
    /// - Throws: `.configuration` with what is wrong with them.
    public init(name: String, words: String) throws(SelfImproveError) {
        try self.init(name, KeptWords.plain(words), isOwn: false)
    }

    private init(_ name: String, _ file: String, isOwn: Bool) throws(SelfImproveError) {
        let parts = file.components(separatedBy: "\n---\n")
        guard parts.count == 2 else {
            throw SelfImproveError(
                .configuration,
                "needs one line --- between what is said once and what is said per task",
                context: name
            )
        }
        self.name = name
        words = isOwn ? nil : file
        digest = ContentDigest.sha256(file)
        message = try Self.pieces(parts[0], .tasks, .count, name)
        task = try Self.pieces(parts[1], .task, .number, name)
    }

    /// - Parameters:
    ///   - needed: once.
    ///   - also: any number of times.
    private static func pieces(_ text: String, _ needed: Place, _ also: Place, _ name: String)
        throws(SelfImproveError) -> [Piece]
    {
        var pieces: [Piece] = [], words = "", rest = text.trimmingCharacters(in: .newlines)[...]
        while let open = rest.firstIndex(of: "{") {
            words += rest[..<open]
            rest = rest[open...]
            guard let place = [needed, also].first(where: { rest.hasPrefix("{\($0.rawValue)}") }) else {
                words.append(rest.removeFirst())
                continue
            }
            pieces += [.words(words), .place(place)]
            words = ""
            rest = rest.dropFirst(place.rawValue.count + 2)
        }
        pieces.append(.words(words + rest))
        guard pieces.count(where: { $0 == .place(needed) }) == 1 else {
            throw SelfImproveError(
                .configuration,
                "must hold {\(needed.rawValue)} once \(needed == .tasks ? "before" : "after") its line ---",
                context: name
            )
        }
        return pieces
    }

    /// What it says itself, piece by piece.
    var ownTexts: [String] { (message + task).compactMap { if case .words(let text) = $0 { text } else { nil } } }

    /// The question for one more.
    func message(showing tasks: [String]) -> Message {
        let shown = tasks.enumerated().map { index, text in
            Self.text(task, [.task: text, .number: "\(index + 1)"])
        }
        let content = Self.text(message, [.tasks: shown.joined(separator: "\n\n"), .count: "\(tasks.count)"])
        return Message(role: "user", content: content)
    }

    private static func text(_ pieces: [Piece], _ values: [Place: String]) -> String {
        pieces.reduce(into: "") { text, piece in
            switch piece {
            case .words(let words): text += words
            case .place(let place): text += values[place] ?? ""
            }
        }
    }
}

extension InstructionPrompt: Codable {
    public init(from decoder: any Decoder) throws {
        switch try KeptWords(from: decoder) {
        case .own(let name, let words): try self.init(name: name, words: words)
        case .known(let name):
            guard let known = [Self.standard].first(where: { $0.name == name }) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "there are no such words: \"\(name)\"")
                )
            }
            self = known
        }
    }

    public func encode(to encoder: any Encoder) throws { try KeptWords(name, words).encode(to: encoder) }
}

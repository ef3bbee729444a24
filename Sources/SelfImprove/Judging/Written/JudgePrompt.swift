import Foundation
import ModelFiles

/// How a judge is asked: one message of the user, which every template takes, with the texts to be judged quoted in it.
///
/// The words are a file of `Prompts/Files/judging`, or one of the user's own. Its parts are separated by lines `---`:
/// the message, with `{conversation}`, `{criteria}`, `{first}`, `{second}` and `{evaluations}` as its part needs them;
/// what is said per turn of the conversation, with `{role}` and `{text}`; and, for a verdict, what is said per
/// evaluation, with `{number}` and `{evaluation}`. Quotations are told from words by `{mark}`, a code that no quoted
/// text contains (`QuotationMark`). All other braces are words.
public struct JudgePrompt: Sendable, Equatable {
    /// What the judge is asked for.
    public enum Part: String, Sendable, CaseIterable {
        /// Three criteria for a conversation.
        case criteria
        /// An evaluation of two answers, in words.
        case evaluation
        /// A verdict from evaluations.
        case verdict
        /// A verdict without any.
        case single
    }

    public let part: Part
    public let name: String
    /// SHA-256 of the file.
    public let digest: String
    private let message: Template
    private let turn: Template
    private let evaluation: Template?

    public static let criteria = JudgePrompt(.criteria, own: PackageResources.criteria_txt)
    public static let evaluation = JudgePrompt(.evaluation, own: PackageResources.evaluation_txt)
    public static let verdict = JudgePrompt(.verdict, own: PackageResources.verdict_txt)
    public static let single = JudgePrompt(.single, own: PackageResources.single_txt)

    /// - Parameters:
    ///   - bytes: of the file.
    ///   - name: what errors call it.
    /// - Throws: `.configuration` where the file is not UTF-8, or lacks or repeats something.
    public init(_ part: Part, file bytes: [UInt8], name: String) throws(SelfImproveError) {
        func fault(_ what: String) -> SelfImproveError {
            SelfImproveError(
                .configuration,
                what,
                context: name,
                hint: "see the files of Prompts/Files/judging for what a judge's prompt has"
            )
        }
        guard bytes.count <= 1 << 20, let text = String(validating: bytes, as: UTF8.self) else {
            throw fault("is not UTF-8, or longer than 1 MiB")
        }
        let parts = text.replacing("\r\n", with: "\n").components(separatedBy: "\n---\n")
        guard parts.count == (part == .verdict ? 3 : 2) else {
            throw fault("has \(parts.count) parts between lines ---, not \(part == .verdict ? 3 : 2)")
        }
        self.part = part
        self.name = name
        digest = ContentDigest.sha256(Data(bytes))
        var needed: [Placeholder] = [.conversation, .criteria]
        if part != .criteria { needed += [.first, .second] }
        if part == .verdict { needed.append(.evaluations) }
        message = Template(parts[0])
        turn = Template(parts[1])
        evaluation = part == .verdict ? Template(parts[2]) : nil
        let faults =
            message.faults(once: needed) + turn.faults(once: [.role, .text], severalTimes: true)
            + (evaluation?.faults(once: [.evaluation], severalTimes: true) ?? [])
        if !faults.isEmpty { throw fault(faults.joined(separator: "; ")) }
    }

    private init(_ part: Part, own bytes: [UInt8]) {
        do { try self.init(part, file: bytes, name: part.rawValue) } catch { preconditionFailure("\(error)") }
    }

    /// The question as a message.
    /// - Parameter criteria: one line each.
    func message(
        _ question: JudgeQuestion,
        criteria: String,
        evaluations: [String] = []
    ) -> Message {
        let turns = question.conversation.map { (role: Self.role($0), text: $0.plain?.content ?? $0.json.text()) }
        let quoted = turns.map(\.text) + [question.first, question.second] + evaluations
        let mark = QuotationMark.code(for: quoted)
        let conversation = turns.map { turn.text([.role: $0.role, .text: $0.text, .mark: mark]) }
        let written = evaluations.enumerated().compactMap { index, text in
            evaluation?.text([.number: String(index + 1), .evaluation: text, .mark: mark])
        }
        return Message(
            role: "user",
            content: message.text([
                .conversation: conversation.joined(separator: "\n"), .criteria: criteria, .first: question.first,
                .second: question.second, .evaluations: written.joined(separator: "\n\n"), .mark: mark,
            ])
        )
    }

    /// Roles are words of the prompt, not quoted: only known ones are taken over.
    private static func role(_ message: Message) -> String {
        ["system", "user", "assistant", "tool"].contains(message.role) ? message.role : "other"
    }
}

// MARK: Placeholders

extension JudgePrompt {
    enum Placeholder: String, CaseIterable {
        case conversation, criteria, first, second, evaluations, mark, role, text, number, evaluation
    }

    /// Words with placeholders. What is put in their places is never read again.
    struct Template: Sendable, Equatable {
        private enum Piece: Sendable, Equatable { case words(String), place(Placeholder) }
        private var pieces: [Piece] = []

        init(_ file: String) {
            var rest = file.trimmingCharacters(in: .newlines)[...], words = ""
            while let open = rest.firstIndex(of: "{") {
                words += rest[..<open]
                rest = rest[open...]
                guard let place = Placeholder.allCases.first(where: { rest.hasPrefix("{\($0.rawValue)}") }) else {
                    words.append(rest.removeFirst())
                    continue
                }
                pieces += [.words(words), .place(place)]
                words = ""
                rest = rest.dropFirst(place.rawValue.count + 2)
            }
            pieces.append(.words(words + rest))
        }

        func text(_ values: [Placeholder: String]) -> String {
            var text = ""
            for piece in pieces {
                switch piece {
                case .words(let words): text += words
                case .place(let place): text += values[place] ?? ""
                }
            }
            return text
        }

        /// What is missing, more than once, or means nothing here.
        /// - Parameter severalTimes: for the frame of a quotation, which may repeat what is not the quoted text.
        func faults(once needed: [Placeholder], severalTimes: Bool = false) -> [String] {
            let places = pieces.compactMap { if case .place(let place) = $0 { place } else { nil } }
            let framing: Set<Placeholder> = severalTimes ? [.mark, .role, .number] : [.mark]
            var faults: [String] = []
            for place in needed + [.mark] {
                let count = places.count { $0 == place }
                if count == 0 { faults.append("{\(place.rawValue)} is missing") }
                if count > 1, !framing.contains(place) { faults.append("{\(place.rawValue)} is there \(count) times") }
            }
            for place in Placeholder.allCases
            where places.contains(place) && !needed.contains(place) && !framing.contains(place) {
                faults.append("{\(place.rawValue)} means nothing here")
            }
            return faults
        }
    }
}

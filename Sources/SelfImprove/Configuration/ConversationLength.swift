import Foundation
import LocalLM
import ModelFiles

/// How many tokens conversations take for a model: decides whether they fit, and what a plan prices.
struct ConversationLength {
    private let tokenizer: Tokenizer
    private let template: ChatTemplate
    /// The most that the model reads.
    let positions: Int

    /// - Returns: nil for a model without a chat template.
    /// - Throws: what reading the model's files throws; its weights are not read.
    init?(_ model: ModelReference) throws {
        switch model {
        case .nursery:
            tokenizer = try Nursery.tokenizer()
            template = .nursery
            positions = try Nursery.architecture().maximumPositions
        case .directory(let path):
            let inspected = try Checkpoint.inspect(URL(fileURLWithPath: path))
            guard let template = inspected.template else { return nil }
            self.template = template
            tokenizer = inspected.tokenizer
            positions = inspected.configuration.maximumPositions
        case .digest, .endpoint: return nil
        }
    }

    /// Of a conversation up to where the model answers.
    /// - Throws: what the template refuses.
    func tokens(_ conversation: [Message]) throws -> Int {
        tokenizer.encode(try template.renderComposed(conversation)).count
    }

    /// Tokens that a model reads before it writes in the user's place; 0 where its template writes nothing there.
    /// - Throws: what `ChatTemplate.userTurn` throws.
    func openingTokens() throws -> Int { tokenizer.encode(try template.userTurn().opening).count }

    /// - Throws: what the template says to a conversation that somebody else wrote, which is trained on as it is.
    func check(_ conversation: [Message]) throws {
        _ = try template.render(conversation, addGenerationPrompt: true)
    }

    /// Tokens of a conversation that does not fit, nil of one that does. The text decides most: a token has a byte.
    func excess(_ conversation: [Message]) throws -> Int? {
        guard conversation.reduce(Self.longestFrame, { $0 + $1.content.utf8.count }) >= positions else { return nil }
        let tokens = try tokens(conversation)
        return tokens >= positions ? tokens : nil
    }

    /// Of what templates write around the messages, in tokens: longer ones are not seen by `excess`.
    private static let longestFrame = 512

    /// Of everything that a context puts before prompts: once for each task that it has examples of.
    func tokens(_ context: ParticipantContext) throws -> Int {
        if context.isEmpty { return 0 }
        let question = [Message(role: "user", content: "")]
        return try context.everyTask.reduce(0) { try $0 + tokens(context.applied(to: question, task: $1)) }
    }
}

/// One for every model that is asked for: proposers share models, whose tokenizers are long to read.
final class ConversationLengths {
    private var known: [ModelReference: ConversationLength?] = [:]

    func of(_ model: ModelReference) throws -> ConversationLength? {
        if let length = known[model] { return length }
        let length = try ConversationLength(model)
        known[model] = length
        return length
    }
}

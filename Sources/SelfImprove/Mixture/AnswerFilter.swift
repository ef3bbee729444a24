import Foundation
import ModelFiles

/// Keeps bad targets out of training. Each answer that is dropped has its reason, which is recorded and counted.
public struct AnswerFilter: Sendable {
    public enum Reason: String, Sendable, Codable, CaseIterable {
        /// The prompt is too long for every proposer, or the drafts for the aggregator.
        case unanswered
        /// Fewer drafts than `minimum_drafts`.
        case quorum
        case empty
        /// The length limit ended it, not the model.
        case truncated
        /// It repeats the instruction.
        case echo
        case refusal
        /// It talks about the candidates that the aggregator was shown, or repeats the words in which it was.
        case leak
        /// More tokens than `longest`.
        case overLong = "over_long"
        /// It repeats itself.
        case repetition
        /// It is in another language than the question.
        case language
        /// Nothing can be extracted from it.
        case unparsable
        /// The most confident draft is not confident enough.
        case confidence
        /// The aggregator says something else than the most confident draft.
        case disagreement
        /// Too few of the drafts say it.
        case share
    }

    public var filters: CampaignConfiguration.Mixture.Filters
    private let leak: PromptLeak?

    /// - Parameter shown: the words in which a model was shown the candidates; nil where none was.
    public init(_ filters: CampaignConfiguration.Mixture.Filters, shown: AggregationPrompt? = nil) {
        self.filters = filters
        leak = shown.map(PromptLeak.init)
    }

    /// Why an answer is no target, or nil.
    /// - Parameters:
    ///   - best: the draft that the mixture puts first.
    ///   - share: of the drafts that say what it says.
    ///   - extraction: of its task.
    public func reason(
        _ answer: Answer,
        to messages: [Message],
        best: Draft,
        share: Double,
        _ extraction: AnswerExtraction
    ) -> Reason? {
        if let reason = Self.unusable(answer, to: messages, refusals: filters.refusals) { return reason }
        if let leak, leak.isIn(answer.text, to: messages) { return .leak }
        if let longest = filters.longest, answer.tokens > longest { return .overLong }
        if filters.repetition, Repetition.isExcessive(answer.text) { return .repetition }
        if filters.language, TextLanguage.mismatch(answer.text, to: messages) != nil { return .language }
        if extraction.statement(of: answer.text) == nil { return .unparsable }
        if let least = filters.minimumConfidence, (best.confidence ?? -.infinity) < least {
            return .confidence
        }
        if filters.agreement, !extraction.agree(answer.text, best.answer.text) { return .disagreement }
        if let least = filters.minimumShare, share < least { return .share }
        return nil
    }

    /// Why no conversation should be trained on this answer, whatever it says; nil where one may be.
    /// - Parameter refusals: languages (ISO 639-1) in which it may decline.
    static func unusable(_ answer: Answer, to messages: [Message], refusals: [String]) -> Reason? {
        let text = answer.text.trimmingCharacters(in: .whitespacesAndNewlines)
        if answer.finishReason == .length { return .truncated }
        if text.isEmpty { return .empty }
        if let question = messages.last?.content, echoes(text, question) { return .echo }
        if Refusal.opens(text, in: refusals) { return .refusal }
        let lowercased = text.lowercased()
        if leaks.contains(where: lowercased.contains) || namesACandidate(lowercased) { return .leak }
        return nil
    }

    private static func echoes(_ text: String, _ question: String) -> Bool {
        let question = question.trimmingCharacters(in: .whitespacesAndNewlines)
        return question.count >= 12 && text.contains(question)
    }

    /// How aggregators betray what they were shown.
    private static let leaks = [
        "responses above", "the provided responses", "the given responses", "responses provided",
        "the candidate answers",
        "responses from models", "previous responses", "<|sep|>", "<|aggregate|>", "<|im_start|>", "<|im_end|>",
    ]

    /// "Response 1" is the first candidate; "response 100" is not.
    private static func namesACandidate(_ text: String) -> Bool {
        let words = Refusal.words(text)
        return zip(words, words.dropFirst()).contains { $0 == "response" && $1 == "1" }
    }
}

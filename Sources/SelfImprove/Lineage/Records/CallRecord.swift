import Foundation

/// One call of an endpoint: one answer to one conversation, or why there is none.
public struct CallRecord: LineageRecord, Equatable {
    public static let databaseTableName = "calls"

    public var campaign: String
    /// SHA-256 of endpoint, model, body and sample, in hexadecimal: the same call has the same digest in every process.
    public var digest: String
    /// Of the step that asked last.
    public var round: Int
    public var step: StepName
    public var peer: String
    /// The base of its URL.
    public var endpoint: String
    /// As the endpoint was asked for it.
    public var model: String
    /// Nil: there is no answer.
    public var text: String?
    public var finishReason: String?
    /// As the endpoint counts; estimated from bytes where it does not.
    public var promptTokens: Int
    public var completionTokens: Int
    /// Sum of the answer's natural logprobs, where the endpoint was asked for them and says them.
    public var logprob: Double?
    public var money: Double
    /// Of the try that was answered; of a call without an answer from its beginning to its end.
    public var seconds: Double
    /// HTTP requests, all of the digest's calls together; one more than the retries.
    public var tries: Int
    /// Why there is no answer, fit to be shown.
    public var failure: String?
    /// What the endpoint had refused by then (`LearntParameters`); nil: nothing.
    public var learnt: JSONText?
    public var at: Date

    public var cost: CallCost {
        CallCost(promptTokens: promptTokens, completionTokens: completionTokens, money: money)
    }
}

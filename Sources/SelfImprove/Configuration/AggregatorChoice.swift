import Foundation

/// Who turns the drafts of the last layer into one answer.
public enum AggregatorChoice: Sendable, Hashable {
    case participant(Participant)
    case rule(AggregationRule)

    public var participant: Participant? { if case .participant(let participant) = self { participant } else { nil } }
    public var rule: AggregationRule? { if case .rule(let rule) = self { rule } else { nil } }
}

/// A rule in the aggregator's place: it chooses one of the drafts.
public enum AggregationRule: String, Sendable, Codable, CaseIterable {
    /// The draft of the highest confidence.
    case mostConfident = "most_confident"
    /// The draft of the proposer whose drafts have the highest confidence on the average over all prompts of the task
    /// that are answered together: who knows a task is told from many prompts better than from one.
    case surestOfTask = "surest_of_task"
    /// What most drafts say.
    case plurality

    /// Whether it goes by confidences.
    public var needsConfidence: Bool { self != .plurality }

    /// For people, and the name of its evaluations.
    public var words: String { rawValue.replacingOccurrences(of: "_", with: " ") }
}

/// A word in configurations: a rule's, `champion`, `initial`, or a peer's name.
extension AggregatorChoice: Codable {
    public init(_ text: String) {
        self = AggregationRule(rawValue: text).map(Self.rule) ?? .participant(Participant(text))
    }

    public init(from decoder: any Decoder) throws {
        let participant = try Participant(from: decoder)
        self = AggregationRule(rawValue: participant.name).map(Self.rule) ?? .participant(participant)
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .participant(let participant): try participant.encode(to: encoder)
        case .rule(let rule): try rule.encode(to: encoder)
        }
    }
}

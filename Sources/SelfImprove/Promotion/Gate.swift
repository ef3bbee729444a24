import Foundation
import LocalLM

/// Decides whether a challenger takes the champion's place, by what both answered to the same held-out prompts.
///
/// Promoted: the interval of the mean difference lies above 0, and no slice is worse than its margin allows (the
/// one-sided 95% lower bound of every slice's difference lies above -margin: non-inferiority). Rejected: the interval
/// lies below 0, or a slice is worse by more than the margin. Otherwise inconclusive. Where the better of several
/// candidates is the challenger, the interval is wider (Bonferroni), so that a comparison of equals promotes at most
/// (1 - confidence) of the time.
public struct Gate: Sendable {
    /// What a model's answer to one prompt is worth.
    public struct Mark: Sendable {
        public var id: String
        public var slice: String
        /// 0 to 1.
        public var value: Double
        /// Prompts that are drawn together; nil: this one alone.
        public var cluster: String?

        public init(id: String, slice: String, value: Double, cluster: String? = nil) {
            self.id = id
            self.slice = slice
            self.value = value
            self.cluster = cluster
        }

        public init(id: String, slice: String, correct: Bool) {
            self.init(id: id, slice: slice, value: correct ? 1 : 0)
        }
    }

    public struct Ruling: Sendable, Equatable {
        public var outcome: RoundOutcome
        /// In words, with the figures.
        public var reason: String
        /// Of the challenger's accuracy over the champion's, -1 to 1.
        public var difference: Interval
    }

    public var configuration: CampaignConfiguration.Gate
    public var seed: UInt64

    public init(_ configuration: CampaignConfiguration.Gate, seed: UInt64) {
        self.configuration = configuration
        self.seed = seed
    }

    /// - Parameter candidates: how many models the challenger was picked from, by these same answers.
    /// - Precondition: both answered the same prompts.
    public func rule(challenger: [Mark], champion: [Mark], candidates: Int) -> Ruling {
        let before = Dictionary(champion.map { ($0.id, $0.value) }, uniquingKeysWith: { first, _ in first })
        let pairs = challenger.map { mark in
            guard let old = before[mark.id] else { preconditionFailure("the champion never answered \(mark.id)") }
            return (slice: mark.slice, difference: mark.value - old, cluster: mark.cluster ?? mark.id)
        }
        let hasClusters = challenger.contains { $0.cluster != nil }
        let bootstrap = PairedBootstrap(resamples: configuration.resamples, seed: seed)
        let interval = bootstrap.interval(
            pairs.map(\.difference),
            clusters: hasClusters ? pairs.map(\.cluster) : nil,
            confidence: 1 - (1 - configuration.confidence) / Double(max(candidates, 1))
        )
        let figures = interval.differenceWords
        guard configuration.enabled else {
            return Ruling(
                outcome: .promoted,
                reason: "\(figures); the gate is off, so every challenger is promoted",
                difference: interval
            )
        }

        var worse: [String] = [], uncertain: [String] = []
        for (slice, members) in Dictionary(grouping: pairs, by: \.slice).sorted(by: { $0.key < $1.key }) {
            let differences = members.map(\.difference)
            let estimate = differences.reduce(0, +) / Double(differences.count)
            let bound = PairedBootstrap(resamples: configuration.resamples, seed: RandomKey.derive(seed, slice))
                .lowerBound(differences, clusters: hasClusters ? members.map(\.cluster) : nil, confidence: 0.95)
            if estimate < -configuration.sliceMargin {
                worse.append("\(slice) \(Self.points(estimate))")
            } else if bound <= -configuration.sliceMargin {
                uncertain.append("\(slice) \(Self.points(estimate)), perhaps \(Self.points(bound))")
            }
        }
        let margin = Self.points(-configuration.sliceMargin)
        if interval.high < 0 { return Ruling(outcome: .rejected, reason: "worse by \(figures)", difference: interval) }
        if !worse.isEmpty {
            return Ruling(
                outcome: .rejected,
                reason: "\(figures), but worse than \(margin) points in \(worse.joined(separator: ", "))",
                difference: interval
            )
        }
        if interval.low <= 0 {
            return Ruling(outcome: .inconclusive, reason: "\(figures): the interval holds 0", difference: interval)
        }
        if !uncertain.isEmpty {
            return Ruling(
                outcome: .inconclusive,
                reason:
                    "\(figures), but \(margin) points or worse cannot be ruled out in \(uncertain.joined(separator: "; "))",
                difference: interval
            )
        }
        return Ruling(
            outcome: .promoted,
            reason: "\(figures); no slice worse than \(margin) points",
            difference: interval
        )
    }

    private static func points(_ fraction: Double) -> String { String(format: "%+.1f", 100 * fraction) }
}

extension Gate.Ruling: Encodable {
    private enum CodingKeys: CodingKey { case outcome, reason, difference }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(outcome, forKey: .outcome)
        try container.encode(reason, forKey: .reason)
        try difference.encode(difference: .difference, to: &container)
    }
}

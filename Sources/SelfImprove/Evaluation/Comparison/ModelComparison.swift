import LocalLM

/// Two models on the same prompts: how much better the second is, in which tasks, whether chance would do as much, and
/// how small a difference would have been found.
public struct ModelComparison: Sendable, Encodable {
    /// A power, and the smallest true difference that is found with it.
    public struct Power: Sendable, Encodable {
        public var smallest80: Double
        public var smallest95: Double

        private enum CodingKeys: String, CodingKey {
            case smallest80 = "smallest_80"
            case smallest95 = "smallest_95"
        }
    }

    /// Mean marks of both.
    public var first: Double
    public var second: Double
    /// Of the second over the first, with the interval of the gate's confidence.
    public var difference: Interval
    /// The same of each task.
    public var tasks: [String: Interval]
    /// nil where marks are not all 0 or 1.
    public var mcNemar: Double?
    public var power: Power
    /// What the gate of a campaign would say of the second as a challenger of the first.
    public var ruling: Gate.Ruling
    /// Prompts that only one of them answered, which are left out.
    public var leftOut: Int
    /// Groups that were drawn as wholes; nil: each prompt is one.
    public var clusters: Int?

    /// - Parameters:
    ///   - confidence: of the intervals, and of the gate.
    ///   - margin: how much worse a task may be for the gate to promote.
    ///   - isCommonEnough: whether prompts that only one side answered are left out; else they are a fault.
    /// - Throws: `.input` where the two have not answered the same prompts.
    public init(
        _ first: [Gate.Mark],
        _ second: [Gate.Mark],
        confidence: Double,
        margin: Double,
        resamples: Int,
        seed: UInt64,
        isCommonEnough: Bool
    ) throws {
        let gate = CampaignConfiguration.Gate(
            enabled: true,
            confidence: confidence,
            resamples: resamples,
            sliceMargin: margin,
            marks: .strict
        )
        let before = Dictionary(first.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let common = second.filter { before[$0.id] != nil }
        leftOut = first.count + second.count - 2 * common.count
        guard !common.isEmpty else {
            throw SelfImproveError(
                .input,
                "the two have no prompt in common",
                hint: "ids tell prompts apart: they must be the same in both"
            )
        }
        guard leftOut == 0 || isCommonEnough else {
            throw SelfImproveError(
                .input,
                "\(first.count - common.count) prompts of the first and \(second.count - common.count) of the second have no partner",
                hint: "--common compares the \(common.count) that both answered"
            )
        }
        let old = common.map { before[$0.id]! }
        let differences = zip(common, old).map { $0.value - $1.value }
        let hasClusters = common.contains { $0.cluster != nil }
        let groups = hasClusters ? common.map { $0.cluster ?? $0.id } : nil
        let spread = ClusteredMean(differences, clusters: groups)
        clusters = hasClusters ? spread.sums.count : nil
        func mean(_ marks: [Gate.Mark]) -> Double { marks.reduce(0) { $0 + $1.value } / Double(marks.count) }
        self.first = mean(old)
        self.second = mean(common)
        ruling = Gate(gate, seed: seed).rule(challenger: common, champion: old, candidates: 1)
        difference = ruling.difference
        var tasks: [String: Interval] = [:]
        for (task, members) in Dictionary(grouping: common.indices, by: { common[$0].slice }) {
            tasks[task] = PairedBootstrap(resamples: resamples, seed: RandomKey.derive(seed, task)).interval(
                members.map { differences[$0] },
                clusters: groups.map { groups in members.map { groups[$0] } },
                confidence: confidence
            )
        }
        self.tasks = tasks
        let isRightOrWrong = (old + common).allSatisfy { $0.value == 0 || $0.value == 1 }
        mcNemar =
            isRightOrWrong
            ? McNemar.pValue(onlyFirst: differences.count { $0 < 0 }, onlySecond: differences.count { $0 > 0 }) : nil
        let needed = NormalDistribution.quantile(1 - (1 - confidence) / 2)
        func smallest(_ power: Double) -> Double {
            (needed + NormalDistribution.quantile(power)) * spread.standardError
        }
        self.power = Power(smallest80: smallest(0.8), smallest95: smallest(0.95))
    }

    private enum CodingKeys: String, CodingKey {
        case first = "a"
        case second = "b"
        case difference, tasks
        case mcNemar = "mcnemar_p"
        case power, outcome, reason
        case leftOut = "left_out"
        case clusters
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(first, forKey: .first)
        try container.encode(second, forKey: .second)
        try difference.encode(difference: .difference, to: &container)
        var tasks = container.nestedContainer(keyedBy: TaskKey.self, forKey: .tasks)
        for (task, interval) in self.tasks { try interval.encode(difference: TaskKey(stringValue: task), to: &tasks) }
        try container.encode(mcNemar, forKey: .mcNemar)
        try container.encode(power, forKey: .power)
        try container.encode(ruling.outcome, forKey: .outcome)
        try container.encode(ruling.reason, forKey: .reason)
        try container.encode(leftOut, forKey: .leftOut)
        try container.encodeIfPresent(clusters, forKey: .clusters)
    }

    private struct TaskKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

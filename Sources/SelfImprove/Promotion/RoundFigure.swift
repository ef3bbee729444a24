/// A number that every round with a challenger records about itself, for people and for stop criteria.
public struct RoundFigure: Sendable {
    public let key: String
    /// What it is, and a bound that it might have.
    public let words: String
    /// nil where the round has nothing to measure.
    let measure: @Sendable (RoundEvidence) -> Double?
    /// What a configuration lacks, so that no round has anything to measure; nil where nothing is missing.
    let missing: @Sendable (CampaignConfiguration) -> (message: String, hint: String)?

    private init(
        _ key: String,
        _ words: String,
        missing: @escaping @Sendable (CampaignConfiguration) -> (message: String, hint: String)? = { _ in nil },
        _ measure: @escaping @Sendable (RoundEvidence) -> Double?
    ) {
        self.key = key
        self.words = words
        self.missing = missing
        self.measure = measure
    }

    /// Of figures that are measured on general conversations.
    @Sendable private static func lacksGeneral(_ c: CampaignConfiguration) -> (message: String, hint: String)? {
        guard c.sft.general?.heldOut ?? 0 == 0 else { return nil }
        return ("is measured on general conversations, of which none is held out", "set sft.general, see nursery.yaml")
    }

    /// Every figure. Each is a stop criterion too.
    public static let all: [RoundFigure] = [
        RoundFigure("gain", "the challenger's score on the gate set minus its parent's: below -0.05") { $0.gain },
        // Length creeping up is how preference training cheats.
        RoundFigure("length_ratio", "length of the challenger's answers by its parent's: above 1.5") { round in
            guard let length = round.challenger?.meanTokens, let before = round.parent?.meanTokens, before > 0 else {
                return nil
            }
            return length / before
        },
        // A fall is collapse.
        RoundFigure("distinct_1", "different words in the challenger's answers by all of them: below 0.1") {
            DistinctNGrams.share($0.outputs, n: 1)
        },
        RoundFigure("distinct_2", "different pairs of words in its answers by all of them: below 0.1") {
            DistinctNGrams.share($0.outputs, n: 2)
        },
        RoundFigure("self_similarity", "mean ROUGE-L of pairs of its answers: above 0.5") {
            SelfSimilarity.mean($0.outputs)
        },
        // At the mixture's last evaluation: what is left to learn from it.
        RoundFigure("headroom", "the mixture's score on the report set minus the parent's: below 0.01") { round in
            guard let mixture = round.mixture, let parent = round.parentReport else { return nil }
            return mixture.value - parent.value
        },
        RoundFigure("kept", "share of the mixture's answers that passed the filters: below 0.1") { round in
            guard !round.answers.isEmpty else { return nil }
            return Double(round.answers.count(where: \.kept)) / Double(round.answers.count)
        },
        RoundFigure("pairs", "preference pairs: below 100") { Double($0.pairs) },
        // A judge that goes by the place, and not by the answer, says the opposite once the order is swapped.
        RoundFigure("flip_rate", "share of the pairs whose verdict flips with the order: above 0.3") {
            $0.judging.flipRate
        },
        RoundFigure("unparsable_rate", "share of the pairs with a verdict that cannot be read: above 0.1") {
            $0.judging.unparsableRate
        },
        RoundFigure("tie_rate", "share of the pairs of which a judge says that they are alike: above 0.8") {
            $0.judging.tieRate
        },
        RoundFigure("prefers_longer", "share of the preferences that are for the longer answer: above 0.7") {
            $0.judging.prefersLonger
        },
        RoundFigure("prefers_first", "share of the verdicts that are for the answer shown first: above 0.7") {
            $0.judging.prefersFirst
        },
        // DPO can widen the margin by unlearning both answers.
        RoundFigure("chosen_logprob", "change of the chosen answers' mean logprob in DPO, in nats: below -5") { round in
            guard let first = round.preferences?.firstChosenLogprob, let last = round.preferences?.lastChosenLogprob
            else { return nil }
            return last - first
        },
        // A student that only learns short answers forgets how to talk.
        RoundFigure(
            "general_length",
            "length of its answers to general prompts by the initial model's: below 0.85",
            missing: lacksGeneral
        ) {
            guard let (challenger, initial) = $0.general, initial.length > 0 else { return nil }
            return challenger.length / initial.length
        },
        RoundFigure(
            "general_loss",
            "its loss on the initial model's general answers minus that model's own: above 0.5",
            missing: lacksGeneral
        ) {
            $0.general.map { $0.challenger.loss - $0.initial.loss }
        },
    ]
}

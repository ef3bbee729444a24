import LocalLM
import ModelFiles

/// The prompts that were drawn, and whether another is like one of them.
struct NearPrompts: Sendable {
    // One of the two, as the settings say.
    private var byRougeL: NearDuplicates?
    private var byMinHash: MinHash?
    /// What each is called, in the order of keeping.
    private var names: [String] = []
    /// How many of them earlier rounds drew.
    private var earlier = 0

    /// - Parameter seed: the campaign's, so that every round and the plan choose alike.
    init(_ settings: CampaignConfiguration.NearDuplicateSettings, seed: UInt64) {
        switch settings.method {
        case .rougeL: byRougeL = NearDuplicates(threshold: settings.threshold)
        case .minHash:
            byMinHash = MinHash(threshold: settings.threshold, seed: RandomKey.derive(seed, "near duplicates"))
        }
    }

    /// Keeps one that an earlier round drew.
    mutating func keep(_ messages: [Message], name: String) {
        let text = Self.text(messages)
        byRougeL?.keep(text)
        byMinHash?.keep(text)
        names.append(name)
        earlier = names.count
    }

    /// Whether one that was kept is like this.
    mutating func isLikeOne(_ messages: [Message]) -> Bool {
        let text = Self.text(messages)
        return byRougeL?.match(text) != nil || byMinHash?.match(text) != nil
    }

    /// The one that this is like; nil where there is none, and then it is kept.
    mutating func keepOrMatch(_ messages: [Message], name: String) -> (name: String, score: Double, isEarlier: Bool)? {
        let text = Self.text(messages)
        let found: (index: Int, score: Double)? =
            (byRougeL?.keepOrMatch(text)).map { ($0.index, $0.score) }
            ?? (byMinHash?.keepOrMatch(text)).map { ($0.index, $0.score) }
        if let found { return (names[found.index], found.score, found.index < earlier) }
        names.append(name)
        return nil
    }

    /// What the user says: system messages are alike by design.
    private static func text(_ messages: [Message]) -> String {
        Decontamination.turns(of: messages).joined(separator: "\n")
    }
}

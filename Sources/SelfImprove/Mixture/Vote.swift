/// A plurality vote among the drafts of one prompt, by what they say.
struct Vote: Sendable, Equatable {
    /// The target text of the vote; nil where no draft says anything.
    let answer: Answer?
    /// Of all drafts, those included that say nothing; 0 to 1.
    let share: Double

    /// Among equals the one wins whose first draft comes first.
    /// - Parameter drafts: best first.
    init(_ drafts: [Draft], _ extraction: AnswerExtraction) {
        var voters: [String: [(draft: Draft, text: String)]] = [:]
        var order: [String] = []
        for draft in drafts {
            guard let said = extraction.statement(of: draft.answer.text) else { continue }
            if voters[said.key] == nil { order.append(said.key) }
            voters[said.key, default: []].append((draft, said.text))
        }
        guard let winner = order.max(by: { voters[$0]!.count < voters[$1]!.count }) else {
            (answer, share) = (nil, 0)
            return
        }
        let said = voters[winner]!
        let shortest = said.min { $0.draft.answer.text.count < $1.draft.answer.text.count }!
        var answer = shortest.draft.answer
        if extraction.rule.target == .canonical, answer.text != shortest.text {
            answer.text = shortest.text
            answer.logprob = nil  // of another text
        }
        self.answer = answer
        share = Double(said.count) / Double(drafts.count)
    }

    /// The share of the drafts that say what a text says; 0 for one that says nothing.
    static func share(of text: String, among drafts: [Draft], _ extraction: AnswerExtraction) -> Double {
        guard let said = extraction.statement(of: text) else { return 0 }
        let agreeing = drafts.count { extraction.statement(of: $0.answer.text)?.key == said.key }
        return Double(agreeing) / Double(max(drafts.count, 1))
    }
}

import GRDB

/// Everything that happened to one prompt of a round.
public struct PromptStory: Sendable, Encodable {
    /// A part of the story that a reader may ask for alone.
    public enum Part: String, Sendable, CaseIterable { case propose, aggregate, sample, judge }

    public var prompt: PromptRecord
    public var drafts: [DraftRecord]
    public var answer: AnswerRecord?
    public var samples: [SampleRecord]
    public var pair: PairRecord?
    public var verdicts: [VerdictRecord]

    /// The story with everything but one part left out. Judging needs the samples that were judged.
    public func narrowed(to part: Part?) -> PromptStory {
        guard let part else { return self }
        var story = self
        if part != .propose { story.drafts = [] }
        if part != .aggregate { story.answer = nil }
        if part != .sample && part != .judge { story.samples = [] }
        if part != .judge {
            story.pair = nil
            story.verdicts = []
        }
        return story
    }
}

extension Lineage {
    /// Stories of a round's prompts in their order, of those only to which `part` happened.
    /// - Parameter reason: only prompts whose answer was dropped for it; nil: all.
    /// - Returns: at most `limit` of them from the `offset`-th on, and how many there are in all.
    public func stories(
        _ campaign: String,
        round: Int,
        part: PromptStory.Part? = nil,
        dropped reason: String? = nil,
        offset: Int = 0,
        limit: Int = .max
    ) throws -> (stories: [PromptStory], total: Int) {
        try read { db in
            let tables =
                switch part {
                case .sample: ["samples"]
                // What a judge was asked about, though nothing came of it, and what was ranked without a verdict kept.
                case .judge: ["verdicts", "pairs"]
                case .propose, .aggregate, nil: ["prompts"]
                }
            var all = try tables.reduce(into: Set<Int>()) {
                $0.formUnion(
                    try Int.fetchSet(
                        db,
                        sql: "SELECT position FROM \($1) WHERE campaign = ? AND round = ?",
                        arguments: [campaign, round]
                    )
                )
            }.sorted()
            if let reason {
                let dropped = try Int.fetchSet(
                    db,
                    sql: "SELECT position FROM answers WHERE campaign = ? AND round = ? AND reason = ?",
                    arguments: [campaign, round, reason]
                )
                all.removeAll { !dropped.contains($0) }
            }
            let positions = Array(all.dropFirst(offset).prefix(limit))
            func rows<Record: LineageRecord>(_ then: [String] = []) throws -> [Record] {
                try Record.filter(
                    Column("campaign") == campaign && Column("round") == round && positions.contains(Column("position"))
                )
                .order((["position"] + then).map { Column($0) }).fetchAll(db)
            }
            let prompts: [PromptRecord] = try rows()
            let drafts = Dictionary(
                grouping: try rows(["layer", "proposer_index", "sample"]) as [DraftRecord],
                by: \.position
            )
            let answers = Dictionary(grouping: try rows() as [AnswerRecord], by: \.position)
            let samples = Dictionary(grouping: try rows(["sample"]) as [SampleRecord], by: \.position)
            let pairs = Dictionary(grouping: try rows() as [PairRecord], by: \.position)
            let verdicts = Dictionary(
                grouping: try rows(["judge", "first", "second"]) as [VerdictRecord],
                by: \.position
            )
            let stories = prompts.map {
                PromptStory(
                    prompt: $0,
                    drafts: drafts[$0.position] ?? [],
                    answer: answers[$0.position]?.first,
                    samples: samples[$0.position] ?? [],
                    pair: pairs[$0.position]?.first,
                    verdicts: verdicts[$0.position] ?? []
                ).narrowed(to: part)
            }
            return (stories, all.count)
        }
    }
}

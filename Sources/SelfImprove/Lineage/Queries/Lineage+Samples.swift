import GRDB

/// What models wrote in a round, and what was made of it.
extension Lineage {
    public func prompts(_ campaign: String, round: Int) throws -> [PromptRecord] { try rows(campaign, round) }

    /// - Parameter layer: nil for all.
    public func drafts(_ campaign: String, round: Int, layer: Int? = nil) throws -> [DraftRecord] {
        try read { db in
            var request = DraftRecord.filter(Column("campaign") == campaign && Column("round") == round)
            if let layer { request = request.filter(Column("layer") == layer) }
            return try request.order(
                Column("layer"),
                Column("position"),
                Column("proposer_index"),
                Column("sample")
            ).fetchAll(db)
        }
    }

    public func answers(_ campaign: String, round: Int) throws -> [AnswerRecord] { try rows(campaign, round) }
    public func samples(_ campaign: String, round: Int) throws -> [SampleRecord] {
        try rows(campaign, round, then: ["sample"])
    }
    public func pairs(_ campaign: String, round: Int) throws -> [PairRecord] { try rows(campaign, round) }

    /// Without their reasonings, which are the larger part of a round by far; `verdict` has those of one.
    public func verdicts(_ campaign: String, round: Int) throws -> [VerdictRecord] {
        let key = ["position", "judge", "first", "second"]
        return try read { db in
            try VerdictRecord.filter(Column("campaign") == campaign && Column("round") == round)
                .select((["campaign", "round"] + key + ["verdict", "swapped_verdict"]).map { Column($0) })
                .order(key.map { Column($0) }).fetchAll(db)
        }
    }

    /// One verdict whole, with what was judged; nil where there is none.
    /// - Parameters: the two samples in either order.
    public func verdict(_ campaign: String, round: Int, position: Int, judge: String, _ a: Int, _ b: Int) throws
        -> VerdictStory?
    {
        try read { db in
            let place = Column("campaign") == campaign && Column("round") == round && Column("position") == position
            let record = try VerdictRecord.filter(
                place && Column("judge") == judge && Column("first") == min(a, b) && Column("second") == max(a, b)
            ).fetchOne(db)
            guard let record, let prompt = try PromptRecord.filter(place).fetchOne(db) else { return nil }
            func sample(_ index: Int) throws -> SampleRecord? {
                try SampleRecord.filter(place && Column("sample") == index).fetchOne(db)
            }
            return VerdictStory(
                prompt: prompt,
                first: try sample(record.first),
                second: try sample(record.second),
                verdict: record,
                agreed: record.agreed
            )
        }
    }

    public func generalAnswers(of model: String, campaign: String) throws -> [GeneralAnswerRecord] {
        try read { db in
            try GeneralAnswerRecord.filter(Column("campaign") == campaign && Column("model") == model)
                .order(Column("position")).fetchAll(db)
        }
    }

    /// Ids of every prompt that the campaign has drawn before `round`.
    public func usedPromptIDs(_ campaign: String, before round: Int) throws -> Set<String> {
        try read { db in
            try String.fetchSet(
                db,
                sql: "SELECT id FROM prompts WHERE campaign = ? AND round < ?",
                arguments: [campaign, round]
            )
        }
    }

    /// What fell out where a round drew its prompts; nil where nothing was looked for.
    public func drawing(_ campaign: String, round: Int) throws -> DrawingReport? {
        try events(campaign).last { $0.round == round && $0.kind == .drawn }?.data?.decode()
    }

    /// How many answers of a round were dropped, by reason.
    public func dropped(_ campaign: String, round: Int) throws -> [String: Int] {
        try answers(campaign, round: round).compactMap(\.reason).reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    private func rows<Record: LineageRecord>(_ campaign: String, _ round: Int, then columns: [String] = []) throws
        -> [Record]
    {
        try read { db in
            try Record.filter(Column("campaign") == campaign && Column("round") == round)
                .order((["position"] + columns).map { Column($0) }).fetchAll(db)
        }
    }
}

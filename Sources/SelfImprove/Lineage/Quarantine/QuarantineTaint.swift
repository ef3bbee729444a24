import GRDB

/// What of a campaign carries what a quarantined peer wrote, as the database has it.
///
/// An answer carries its prompt, every draft to it, whatever the aggregator made of it, and the confidence that ordered
/// them. A pair carries every verdict on its prompt, for all of them were added up; a judge that holds samples against
/// the mixture's answer passes on what that answer carries.
struct QuarantineTaint {
    /// Prompts that the peer wrote, by round.
    private(set) var prompts: [Int: Int] = [:]
    /// Its drafts, by round.
    private(set) var drafts: [Int: Int] = [:]
    /// Positions of prompts whose answer carries them, by round.
    private(set) var answers: [Int: Set<Int>] = [:]
    /// Verdicts that the peer had a part in, by round.
    private(set) var verdicts: [Int: Int] = [:]
    /// Positions of prompts whose samples were ranked by tainted verdicts, by round.
    private(set) var rankings: [Int: Set<Int>] = [:]

    init(_ quarantine: Quarantine, campaign: String, _ db: Database) throws {
        (drafts, answers) = try Self.answers(quarantine, campaign, 1...Int.max, db)
        let written = try Self.written(quarantine, campaign, 1...Int.max, db)
        prompts = written.mapValues(\.count)
        rankings = written
        let scope = quarantine.scope, first = max(quarantine.first.verdicts, 1)
        let judged = try Row.fetchCursor(
            db,
            sql: """
                SELECT round, position, COUNT(*) AS n FROM verdicts
                WHERE campaign = ? AND round >= ? AND judge IN (SELECT value FROM json_each(?))
                GROUP BY round, position
                """,
            arguments: [campaign, first, JSONText(scope.judges).text]
        )
        while let row = try judged.next() {
            let round: Int = row["round"], position: Int = row["position"], n: Int = row["n"]
            verdicts[round, default: 0] += n
            rankings[round, default: []].insert(position)
        }
        guard !answers.isEmpty, !scope.answerJudges.isEmpty else { return }
        let compared = try Row.fetchCursor(
            db,
            sql: """
                SELECT DISTINCT round, position FROM verdicts
                WHERE campaign = ? AND judge IN (SELECT value FROM json_each(?))
                """,
            arguments: [campaign, JSONText(scope.answerJudges).text]
        )
        while let row = try compared.next() {
            let round: Int = row["round"], position: Int = row["position"]
            if answers[round]?.contains(position) == true { rankings[round, default: []].insert(position) }
        }
    }

    /// The peer's drafts, and the positions whose answers carry what it wrote, in some rounds.
    private static func answers(
        _ quarantine: Quarantine,
        _ campaign: String,
        _ rounds: ClosedRange<Int>,
        _ db: Database
    ) throws -> (drafts: [Int: Int], positions: [Int: Set<Int>]) {
        let scope = quarantine.scope, first = quarantine.first
        var drafts: [Int: Int] = [:], positions = try written(quarantine, campaign, rounds, db)
        let drafted = try Row.fetchCursor(
            db,
            sql: """
                SELECT round, position, COUNT(*) AS n FROM drafts
                WHERE campaign = ? AND round BETWEEN ? AND ? AND proposer IN (SELECT value FROM json_each(?))
                GROUP BY round, position
                """,
            arguments: [
                campaign, max(first.drafts, rounds.lowerBound), rounds.upperBound, JSONText(scope.proposers).text,
            ]
        )
        while let row = try drafted.next() {
            let round: Int = row["round"], position: Int = row["position"], n: Int = row["n"]
            drafts[round, default: 0] += n
            positions[round, default: []].insert(position)
        }
        if scope.scores || !scope.aggregators.isEmpty {
            let answered = try Row.fetchCursor(
                db,
                sql: """
                    SELECT round, position FROM answers
                    WHERE campaign = ? AND round BETWEEN ? AND ?
                        AND (aggregator IN (SELECT value FROM json_each(?)) OR ? AND confidence IS NOT NULL)
                    """,
                arguments: [
                    campaign, max(first.answers, rounds.lowerBound), rounds.upperBound,
                    JSONText(scope.aggregators).text,
                    scope.scores,
                ]
            )
            while let row = try answered.next() {
                let round: Int = row["round"], position: Int = row["position"]
                positions[round, default: []].insert(position)
            }
        }
        try addLaterTurns(to: &positions, campaign, rounds, db)
        return (drafts, positions)
    }

    /// Positions of prompts that the peer wrote, by round.
    private static func written(
        _ quarantine: Quarantine,
        _ campaign: String,
        _ rounds: ClosedRange<Int>,
        _ db: Database
    ) throws -> [Int: Set<Int>] {
        if quarantine.scope.writers.isEmpty { return [:] }
        var positions: [Int: Set<Int>] = [:]
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT round, position FROM prompts
                WHERE campaign = ? AND round BETWEEN ? AND ? AND origin IS NOT NULL
                    AND json_extract(origin, '$.source') IN (SELECT value FROM json_each(?))
                """,
            arguments: [
                campaign, max(quarantine.first.drafts, rounds.lowerBound), rounds.upperBound,
                JSONText(quarantine.scope.writers).text,
            ]
        )
        while let row = try rows.next() {
            let round: Int = row["round"], position: Int = row["position"]
            positions[round, default: []].insert(position)
        }
        return positions
    }

    /// A turn of a conversation was answered, and is trained, after the answers to the turns before it.
    private static func addLaterTurns(
        to positions: inout [Int: Set<Int>],
        _ campaign: String,
        _ rounds: ClosedRange<Int>,
        _ db: Database
    ) throws {
        let later = try Row.fetchCursor(
            db,
            sql: """
                SELECT later.round AS round, later.position AS position, earlier.position AS earlier
                FROM prompts AS later JOIN prompts AS earlier
                    ON earlier.campaign = later.campaign AND earlier.round = later.round
                    AND earlier.id = later.id AND earlier.turn < later.turn
                WHERE later.campaign = ? AND later.turn > 1 AND later.round BETWEEN ? AND ?
                """,
            arguments: [campaign, rounds.lowerBound, rounds.upperBound]
        )
        while let row = try later.next() {
            let round: Int = row["round"], position: Int = row["position"], earlier: Int = row["earlier"]
            if positions[round]?.contains(earlier) == true { positions[round]?.insert(position) }
        }
    }

    /// Whether a training row is tainted: a row of answers by its answer, a row of preferences by its ranking.
    func holds(round: Int, position: Int, isPreference: Bool) -> Bool {
        (isPreference ? rankings : answers)[round]?.contains(position) == true
    }

    /// Positions of one round whose answers carry what one of the peers wrote.
    static func positions(_ quarantines: [Quarantine], campaign: String, round: Int, _ db: Database) throws -> Set<Int>
    {
        guard round >= 1 else { return [] }
        return try quarantines.reduce(into: []) {
            $0.formUnion(try answers($1, campaign, round...round, db).positions[round] ?? [])
        }
    }
}

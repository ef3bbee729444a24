import ArgumentParser
import Foundation
import SelfImprove

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "One model, round, dataset, sample or event, whole.",
        discussion: """
            ID is a model (nursery/champion, nursery/r2-sft, or the first 4 or more digits of a digest), a round \
            (nursery:2), a sample (nursery:2:17, prompt 17 of round 2), a verdict (nursery:2:17:panel:0:3, what the \
            judge panel says of the samples 0 and 3 of that prompt), a dataset (its digest), or an event (event:12). \
            Prints JSON.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Model, CAMPAIGN:ROUND[:PROMPT[:JUDGE:A:B]], dataset, or event:N.") var id: String

    private struct Round: Encodable {
        var round: RoundRecord
        var steps: [StepRecord]
        var evaluations: [EvaluationRecord]
        var answersKept: Int
        var answersDropped: [String: Int]
        var pairs: Int
        /// What fell out where prompts were drawn; nil where nothing was looked for.
        var drawing: DrawingReport?
    }

    private struct Dataset: Encodable {
        var dataset: DatasetRecord
        var rows: [DatasetRowRecord]
    }

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        let parts = id.split(separator: ":").map(String.init)
        if parts.count >= 2 { return try print(parts, lineage) }
        if let dataset = try dataset(lineage) { return try print(dataset) }
        let resolved = try lineage.resolve(id)
        guard let record = resolved.record else {
            throw SelfImproveError(
                .notFound,
                "is a directory, which has no lineage",
                context: id,
                hint: "name a model of a campaign"
            )
        }
        try print(lineage.report(model: record.digest))
    }

    private func print(_ parts: [String], _ lineage: Lineage) throws {
        guard let number = Int(parts[1]) else {
            throw SelfImproveError(.input, "\"\(id)\" is no ID", hint: "see selfimprove show --help")
        }
        if parts[0] == "event" {
            guard let event = try lineage.event(id: Int64(number)) else {
                throw SelfImproveError(.notFound, "there is no event \(number)")
            }
            return try print(event)
        }
        let campaign = try lineage.campaign(parts[0]).name
        guard let round = try lineage.rounds(campaign).first(where: { $0.round == number }) else {
            throw SelfImproveError(
                .notFound,
                "there is no round \(number)",
                context: campaign,
                hint: "selfimprove lineage \(campaign) lists them"
            )
        }
        if parts.count == 3 {
            guard let position = Int(parts[2]),
                let story = try lineage.stories(campaign, round: number).stories.first(where: {
                    $0.prompt.position == position
                })
            else {
                throw SelfImproveError(.notFound, "round \(number) has no prompt \(parts[2])", context: campaign)
            }
            return try print(story)
        }
        if parts.count > 3 { return try print(verdict(parts, campaign, number, lineage)) }
        let answers = try lineage.answers(campaign, round: number)
        try print(
            Round(
                round: round,
                steps: try lineage.steps(campaign).filter { $0.round == number },
                evaluations: try lineage.evaluations(campaign).filter { $0.round == number },
                answersKept: answers.count { $0.kept },
                answersDropped: Dictionary(grouping: answers.compactMap(\.reason), by: { $0 }).mapValues(\.count),
                pairs: try lineage.pairs(campaign, round: number).count,
                drawing: try lineage.drawing(campaign, round: number)
            )
        )
    }

    /// - Parameter parts: of an ID: campaign, round, prompt, judge, and the two samples.
    private func verdict(_ parts: [String], _ campaign: String, _ round: Int, _ lineage: Lineage) throws -> VerdictStory
    {
        guard parts.count == 6, let position = Int(parts[2]), let a = Int(parts[4]), let b = Int(parts[5]) else {
            throw SelfImproveError(.input, "\"\(id)\" is no ID", hint: "see selfimprove show --help")
        }
        guard let story = try lineage.verdict(campaign, round: round, position: position, judge: parts[3], a, b) else {
            throw SelfImproveError(
                .notFound,
                "\(parts[3]) gave no verdict on the samples \(a) and \(b) of prompt \(position)",
                context: "\(campaign), round \(round)",
                hint: "selfimprove samples \(campaign) --round \(round) --step judge lists verdicts"
            )
        }
        return story
    }

    private func dataset(_ lineage: Lineage) throws -> Dataset? {
        guard id.count >= 4, id.allSatisfy(\.isHexDigit),
            let found = try lineage.datasets().first(where: { $0.digest.hasPrefix(id.lowercased()) })
        else {
            return nil
        }
        return Dataset(dataset: found, rows: try lineage.rows(ofDataset: found.digest))
    }

    private func print(_ value: some Encodable) throws {
        if state.json { return try Output.json(value) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        Output.line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}

import ArgumentParser
import SelfImprove

struct SamplesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "samples", abstract: "Drafts, aggregated answers, samples, pairs and verdicts, prompt by prompt.",
        discussion: """
            --step narrows it down: propose (drafts), aggregate (the mixture's answer, and why it was dropped), sample (the policy's own \
            answers), judge (pairs and verdicts). With --json one object per prompt.

            selfimprove samples nursery --round 2 --step judge --limit 5
            """)

    enum Step: String, ExpressibleByArgument, CaseIterable { case propose, aggregate, sample, judge }

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String
    @Option(help: "Number of the round; the latest by default.") var round: Int?
    @Option(help: "propose, aggregate, sample or judge; all by default.") var step: Step?
    @Option(help: "Show at most so many prompts.") var limit = 10

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit starts at 1") }
    }

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        _ = try lineage.campaign(campaign)
        let rounds = try lineage.rounds(campaign).map(\.round)
        guard let number = round ?? rounds.last, rounds.contains(number) else {
            throw SelfImproveError(
                .notFound, "there is no round \(round.map(String.init) ?? "yet")", context: campaign,
                hint: rounds.isEmpty ? nil : "there are: \(rounds.map(String.init).joined(separator: ", "))")
        }
        let samples = try PromptStory.all(lineage, campaign, round: number)
        let shown = samples.filter { story in
            switch step {
            case .sample: !story.samples.isEmpty
            case .judge: story.pair != nil
            default: true
            }
        }.prefix(limit)
        for story in shown {
            if state.json { try Output.json(narrowed(story)) } else { print(narrowed(story)) }
        }
        if !state.json {
            Output.line("\(shown.count) of \(samples.count) prompts of round \(number)\(shown.count < samples.count ? "; --limit shows more" : "")")
        }
    }

    private func narrowed(_ story: PromptStory) -> PromptStory {
        var story = story
        guard let step else { return story }
        if step != .propose { story.drafts = [] }
        if step != .aggregate { story.answer = nil }
        if step != .sample && step != .judge { story.samples = [] }
        if step != .judge {
            story.pair = nil
            story.verdicts = []
        }
        return story
    }

    private func print(_ story: PromptStory) {
        for message in story.prompt.messages { Output.line("\(campaign):\(story.prompt.round):\(story.prompt.position)  \(message.role): \(message.content)") }
        var rows: [[String]] = []
        for draft in story.drafts {
            rows.append(["  draft \(draft.layer)", draft.proposer, draft.confidence.map { Text.fixed($0, 4) } ?? "", draft.text])
        }
        if let answer = story.answer {
            rows.append([
                "  answer", answer.aggregator ?? "rule", answer.reason.map { "dropped: \($0)" } ?? (answer.hard ? "kept, hard" : "kept, easy"), answer.text,
            ])
        }
        for sample in story.samples {
            let mark = sample.sample == story.pair?.chosenSample ? "chosen" : sample.sample == story.pair?.rejectedSample ? "rejected" : ""
            rows.append(["  sample \(sample.sample)", mark, sample.logprob.map { Text.fixed($0, 3) } ?? "", sample.text])
        }
        for line in Text.table(rows) { Output.line(line) }
        for verdict in story.verdicts {
            Output.line(
                "  \(verdict.judge): \(verdict.first) against \(verdict.second): \(verdict.verdict.rawValue), swapped \(verdict.swappedVerdict.rawValue)")
        }
        Output.line("")
    }
}

/// Everything that happened to one prompt of a round.
struct PromptStory: Encodable {
    var prompt: PromptRecord
    var drafts: [DraftRecord]
    var answer: AnswerRecord?
    var samples: [SampleRecord]
    var pair: PairRecord?
    var verdicts: [VerdictRecord]

    static func all(_ lineage: Lineage, _ campaign: String, round: Int) throws -> [PromptStory] {
        let drafts = Dictionary(grouping: try lineage.drafts(campaign, round: round), by: \.position)
        let answers = Dictionary(uniqueKeysWithValues: try lineage.answers(campaign, round: round).map { ($0.position, $0) })
        let samples = Dictionary(grouping: try lineage.samples(campaign, round: round), by: \.position)
        let pairs = Dictionary(uniqueKeysWithValues: try lineage.pairs(campaign, round: round).map { ($0.position, $0) })
        let verdicts = Dictionary(grouping: try lineage.verdicts(campaign, round: round), by: \.position)
        return try lineage.prompts(campaign, round: round).map {
            PromptStory(
                prompt: $0, drafts: drafts[$0.position] ?? [], answer: answers[$0.position], samples: samples[$0.position] ?? [],
                pair: pairs[$0.position], verdicts: verdicts[$0.position] ?? [])
        }
    }
}

import ArgumentParser
import SelfImprove

struct SamplesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "samples",
        abstract: "Drafts, aggregated answers, samples, pairs and verdicts, prompt by prompt.",
        discussion: """
            --step narrows it down: propose (drafts), aggregate (the mixture's answer, and why it was dropped), sample \
            (the policy's own answers), judge (pairs and verdicts). With --json one object per prompt.

            selfimprove samples nursery --round 2 --step judge --limit 5

            --dropped shows the answers that were dropped for a reason, each with its prompt; a word that is none \
            lists the reasons of the round with their counts.

            selfimprove samples nursery --dropped refusal
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String
    @Option(help: "Number of the round; the latest by default.") var round: Int?
    @Option(help: "propose, aggregate, sample or judge; all by default.") var step: PromptStory.Part?
    @Option(help: "Only answers dropped for this reason; aggregate alone by default.") var dropped: String?
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
                .notFound,
                "there is no round \(round.map(String.init) ?? "yet")",
                context: campaign,
                hint: rounds.isEmpty ? nil : "there are: \(rounds.map(String.init).joined(separator: ", "))"
            )
        }
        if let dropped { try check(dropped, lineage.dropped(campaign, round: number), round: number) }
        let (shown, total) = try lineage.stories(
            campaign,
            round: number,
            part: step ?? (dropped == nil ? nil : .aggregate),
            dropped: dropped,
            limit: limit
        )
        for story in shown {
            if state.json { try Output.json(story) } else { print(story) }
        }
        if !state.json {
            Output.line(
                "\(shown.count) of \(total) prompts of round \(number)\(dropped.map { ", dropped: \($0)" } ?? "")\(shown.count < total ? "; --limit shows more" : "")"
            )
            if dropped == nil, step == nil {
                for line in try lineage.drawing(campaign, round: number)?.lines ?? [] { Output.line("drawn: \(line)") }
            }
        }
    }

    /// - Throws: `.notFound` for a reason that dropped nothing, with those that did.
    private func check(_ reason: String, _ counts: [String: Int], round: Int) throws {
        if counts[reason] != nil { return }
        let list = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        let known = AnswerFilter.Reason.allCases.map(\.rawValue)
        throw SelfImproveError(
            .notFound,
            known.contains(reason)
                ? "no answer of round \(round) was dropped for \(reason)"
                : "\"\(reason)\" is no reason to drop an answer",
            context: campaign,
            hint: list.isEmpty
                ? "round \(round) dropped none; reasons are \(known.joined(separator: ", "))"
                : "round \(round) dropped \(list.joined(separator: ", "))"
        )
    }

    /// What `show` knows a verdict by.
    private static func id(_ verdict: VerdictRecord) -> String {
        "\(verdict.campaign):\(verdict.round):\(verdict.position):\(verdict.judge):\(verdict.first):\(verdict.second)"
    }

    /// "written by talk (magpie) of nursery…, generation 12"
    private static func words(_ origin: PromptOrigin) -> String {
        let seeds = origin.seeds.map { "\($0.file):\($0.line)" }
        return "written by \(origin.source) (\(origin.kind.rawValue)), generation \(origin.generation), model "
            + "\(origin.model)" + (seeds.isEmpty ? "" : "; shown \(seeds.joined(separator: ", "))")
    }

    private func print(_ story: PromptStory) {
        for message in story.prompt.messages {
            let place = "\(campaign):\(story.prompt.round):\(story.prompt.position)"
            for line in Text.table([[place, "\(message.role): \(message.content)"]]) { Output.line(line) }
        }
        if let origin = story.prompt.origin { Output.line("  \(Self.words(origin))") }
        var rows: [[String]] = []
        for draft in story.drafts {
            rows.append([
                "  draft \(draft.layer)", draft.proposer + (draft.sample > 0 ? ", sample \(draft.sample)" : ""),
                draft.confidence.map { Text.fixed($0, 4) } ?? "",
                draft.answer.text,
            ])
        }
        if let answer = story.answer {
            rows.append([
                "  answer", answer.aggregator ?? "rule",
                (answer.reason.map { "dropped: \($0)" } ?? (answer.hard ? "kept, hard" : "kept, easy"))
                    + (answer.share.map { ", share \(Text.fixed($0, 2))" } ?? ""),
                answer.answer.text,
            ])
        }
        for sample in story.samples {
            let mark =
                sample.sample == story.pair?.chosenSample
                ? "chosen" : sample.sample == story.pair?.rejectedSample ? "rejected" : ""
            rows.append([
                "  sample \(sample.sample)", mark, sample.answer.logprob.map { Text.fixed($0, 3) } ?? "",
                sample.answer.text,
            ])
        }
        for line in Text.table(rows) { Output.line(line) }
        for verdict in story.verdicts {
            let written = verdict.reasoning == nil ? "" : "; show \(Self.id(verdict)) has the reasons"
            Output.line(
                "  \(verdict.judge): \(verdict.first) against \(verdict.second): \(verdict.agreed.rawValue) "
                    + "(\(verdict.verdict.rawValue), swapped \(verdict.swappedVerdict.rawValue))\(written)"
            )
        }
        Output.line("")
    }
}

extension PromptStory.Part: ExpressibleByArgument {}

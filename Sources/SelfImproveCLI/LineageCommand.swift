import ArgumentParser
import SelfImprove

struct LineageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage",
        abstract: "The rounds of a campaign as a tree, with scores and reasons.",
        discussion: """
            Scores are on the held-out set that promotion never reads, with 95% intervals. Rounds that a rollback \
            undid stay in the tree, indented. The line to the current champion is marked with *.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String
    @Flag(help: "Print a graph for Graphviz.") var dot = false

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        let report = try lineage.report(campaign)
        if state.json { return try Output.json(report) }
        if dot { return Output.line(Self.graph(report)) }
        try Tree(report, lineage: lineage).print()
    }

    private static func graph(_ report: LineageReport) -> String {
        func node(_ digest: String) -> String { "\"\(digest.prefix(12))\"" }
        func label(_ name: String, _ score: Score?) -> String {
            "\(name)\\n\(score.map { Text.percent($0.value) } ?? "")"
        }
        var lines = ["digraph \"\(report.campaign)\" {", "  rankdir=LR;"]
        if let initial = report.initial {
            lines.append("  \(node(initial.model)) [label=\"\(label("start", initial.score))\"];")
        }
        for round in report.rounds {
            var last = round.parent
            for stage in round.stages {
                let bold = stage.model == report.champion ? ", style=bold" : ""
                lines.append(
                    "  \(node(stage.model)) [label=\"\(label("r\(round.round)-\(stage.stage)", stage.score))\"\(bold)];"
                )
                lines.append(
                    "  \(node(last)) -> \(node(stage.model)) [style=\(stage.model == round.champion ? "solid" : "dashed")];"
                )
                last = stage.model
            }
        }
        return (lines + ["}"]).joined(separator: "\n")
    }
}

/// The rounds as a tree: a line that was left behind by a rollback is indented, the one that goes on stands below it.
private struct Tree {
    private let report: LineageReport
    private let record: CampaignRecord
    private let active: Set<Int>

    init(_ report: LineageReport, lineage: Lineage) throws {
        self.report = report
        record = try lineage.campaign(report.campaign)
        active = Set(try lineage.activeRounds(report.campaign))
    }

    func print() {
        Output.line(
            "campaign \(report.campaign), seed \(report.seed), \(record.status.rawValue)\(record.stopReason.map { ": \($0)" } ?? "")"
        )
        for notice in report.quarantines ?? [] {
            for line in Text.wrap("in quarantine: \(notice.words)", width: 79, indent: 2) { Output.line(line) }
        }
        guard let initial = report.initial else { return Output.line("no model yet: it is still being prepared") }
        Output.line("* start    \(score(initial.score))  \(initial.model.prefix(12))")
        if let both = initial.marks { Output.line("           \(Text.marks(both))") }
        branch(from: initial.model, depth: 0)
        if report.rounds.isEmpty { Output.line("no round has ended yet") }
    }

    private func branch(from model: String, depth: Int) {
        let children = report.rounds.filter { $0.parent == model }
        // The promotion that the champion descends from goes on at this depth; without one the latest does.
        let promoted = children.filter { $0.outcome == .promoted && $0.champion != model }
        let main = promoted.last { active.contains($0.round) } ?? promoted.last
        for child in children {
            let isBranch = child.outcome == .promoted && child.round != main?.round
            line(child, depth: depth + (isBranch ? 1 : 0))
            if isBranch { branch(from: child.champion, depth: depth + 1) }
        }
        if let main { branch(from: main.champion, depth: depth) }
    }

    private func line(_ round: LineageReport.Round, depth: Int) {
        let indent = String(repeating: "   ", count: depth)
        let mark = active.contains(round.round) ? "*" : " "
        let stages = round.stages.map { stage -> String in
            let marks = stage.marks.map { " (\(Text.marks($0)))" } ?? ""
            return "\(stage.stage.words) \(stage.score.map { Text.percent($0.value) } ?? "-")\(marks)"
        }.joined(separator: ", ")
        Output.line(
            "\(indent)\(mark) round \(Text.padded("\(round.round)", 3))\(score(round.score))  \(round.champion.prefix(12))  \(round.outcome.rawValue), "
                + Text.time(round.seconds)
        )
        if let both = round.marks { Output.line("\(indent)           champion \(Text.marks(both))") }
        let reason = (stages.isEmpty ? "" : stages + ". ") + round.reason
        for text in Text.wrap(reason, width: 79 - indent.count - 11) { Output.line(indent + "           " + text) }
    }

    private func score(_ score: Score?) -> String {
        score.map { Text.padded(String(Text.score($0)), 34) } ?? Text.padded("not evaluated", 34)
    }
}

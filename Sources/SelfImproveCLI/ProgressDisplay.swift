import Foundation
import LocalLM
import ModelFiles
import Scheduler
import SelfImprove
import Synchronization

/// Shows a running campaign: on a terminal one line that is rewritten (step, bar, rate, time left), elsewhere one line
/// per step and minute, and with `--json` one JSON object per event.
final class ProgressDisplay: Sendable {
    private struct State {
        /// The first report of each step.
        var first: [StepKey: (done: Int, at: ContinuousClock.Instant)] = [:]
        var lastDrawn: ContinuousClock.Instant?
        var isOpen = false
    }

    private let state = Mutex(State())
    private let lineage: Lineage
    private let campaign: String
    private let json: Bool
    private let isTerminal: Bool
    private let clock = ContinuousClock()
    private let began: ContinuousClock.Instant
    private static let width = 79

    init(_ configuration: CampaignConfiguration, lineage: Lineage, json: Bool) {
        self.lineage = lineage
        campaign = configuration.campaign
        self.json = json
        isTerminal = isatty(STDERR_FILENO) == 1 && !json
        began = clock.now
    }

    func show(_ event: CampaignEvent) {
        state.withLock { state in
            switch event {
            case .opened(let record, let rounds, let resumed):
                let limit = rounds.map { ", up to \($0) rounds" } ?? ""
                line(
                    "campaign \(record.name), seed \(record.seed)\(limit)\(resumed ? ", goes on where it was" : "")",
                    &state
                )
                emit(["event": .string("opened"), "campaign": .string(record.name), "resumed": .bool(resumed)])
            case .stepStarted(let step):
                state.first[step] = nil
                state.lastDrawn = isTerminal ? nil : clock.now
                draw(step, nil, &state)
                emit(Self.place(step).merging(["state": .string("running")]) { $1 })
            case .progress(let step, let report): draw(step, report, &state)
            case .stepFinished(let step, let seconds):
                line("\(step.title)  \(Self.duration(seconds))", &state)
                emit(Self.place(step).merging(["state": .string("done"), "seconds": .double(seconds)]) { $1 })
                if step.step == .baseline || step.step == .evaluate { scores(step.round, &state) }
            case .roundFinished(let round):
                line("round \(round.round) \(round.outcome?.rawValue ?? ""): \(round.reason ?? "")", &state)
                emit([
                    "event": .string("round"), "round": .integer(round.round),
                    "outcome": .string(round.outcome?.rawValue ?? ""),
                    "reason": .string(round.reason ?? ""), "champion": .string(round.championAfter ?? ""),
                    "seconds": .double(round.seconds),
                ])
            case .ended(let end):
                clear(&state)
                emit([
                    "event": .string("ended"), "reason": .string(end.reason), "champion": .string(end.champion ?? ""),
                ])
            }
        }
    }

    func note(_ text: String) { state.withLock { line("note: \(text)", &$0) } }

    func stopping() { state.withLock { line("stopping after this batch; once more to stop at once", &$0) } }

    func clear() { state.withLock { clear(&$0) } }

    // MARK: Lines

    private func line(_ text: String, _ state: inout State) {
        if json { return }
        clear(&state)
        for part in Text.wrap("\(Self.duration((clock.now - began).seconds))  \(text)", width: Self.width, indent: 8) {
            Output.error(part)
        }
    }

    private func clear(_ state: inout State) {
        guard state.isOpen else { return }
        StandardStream.error.write("\r\u{1B}[K")
        state.isOpen = false
    }

    /// How far a step is: on a terminal the line that is written over, at most ten times a second.
    private func draw(_ step: StepKey, _ report: StepProgress.Report?, _ state: inout State) {
        if json { return }
        let now = clock.now
        let first = report.map { state.first[step] ?? ($0.done, now) }
        state.first[step] = first
        let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(60)
        let isWhole = isTerminal && report.map { $0.done >= $0.total } ?? false
        if let last = state.lastDrawn, now - last < interval, !isWhole { return }
        state.lastDrawn = now
        var text = step.title
        if let report, let first, report.total > 0 {
            text = Self.bar(text, report.done, report.total)
            let seconds = (now - first.at).seconds
            if let rate = report.rate(since: first.done, seconds: seconds),
                let left = report.secondsLeft(since: first.done, seconds: seconds)
            {
                text += "  \(Self.count(rate)) \(report.unit)/s, \(Self.duration(left)) left"
            }
            if let note = report.note { text += "  \(note)" }
        }
        guard isTerminal else { return line(text, &state) }
        StandardStream.error.write("\r\u{1B}[K        \(text.prefix(Self.width - 8))")
        state.isOpen = true
    }

    private func emit(_ members: [String: JSONValue]) {
        guard json else { return }
        do { try Output.json(members) } catch { Output.error("selfimprove: an event could not be written: \(error)") }
    }

    /// What the models of a round answer right, on the set that is only reported.
    private func scores(_ round: Int, _ state: inout State) {
        do {
            for evaluation in try lineage.evaluations(campaign)
            where evaluation.round == round && evaluation.set == .report {
                line(
                    "  \(evaluation.name.padding(toLength: 16, withPad: " ", startingAt: 0)) \(Text.score(evaluation.score))\(evaluation.bothScores.map { "; \(Text.marks($0))" } ?? "")",
                    &state
                )
            }
        } catch { line("the scores could not be read: \(error)", &state) }
    }

    // MARK: Words

    /// `round 1: sft [====            ] 25%`, and the time that is left where it is known.
    static func bar(_ title: String, _ done: Int, _ total: Int, _ secondsLeft: Double? = nil) -> String {
        guard total > 0 else { return title }
        let share = min(1, Double(done) / Double(total))
        let bar = String(repeating: "=", count: Int(share * 16)).padding(toLength: 16, withPad: " ", startingAt: 0)
        return "\(title) [\(bar)] \(Int(share * 100))%" + (secondsLeft.map { "  \(duration($0)) left" } ?? "")
    }

    private static func place(_ step: StepKey) -> [String: JSONValue] {
        var place: [String: JSONValue] = [
            "event": .string("step"), "round": .integer(step.round), "step": .string(step.step.rawValue),
        ]
        if step.turn > 1 { place["turn"] = .integer(step.turn) }
        return place
    }

    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        return whole >= 3600
            ? String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
            : String(format: "%3d:%02d", whole / 60, whole % 60)
    }

    private static func count(_ value: Double) -> String {
        value >= 10_000 ? "\(Int(value / 1000))k" : value >= 100 ? "\(Int(value))" : String(format: "%.1f", value)
    }
}

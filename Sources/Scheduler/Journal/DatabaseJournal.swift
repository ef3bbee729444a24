import Foundation
import GRDB
import LocalLM
import ModelFiles
import SelfImprove

/// The journal in SQLite: one row per step, `running` while it runs, `done` in the same transaction as everything it
/// wrote.
public struct DatabaseJournal: StepJournal {
    private let lineage: Lineage
    private let control: RunControl
    private let now: @Sendable () -> Date
    private let observe: @Sendable (CampaignEvent) -> Void

    public init(
        _ lineage: Lineage,
        control: RunControl,
        now: @escaping @Sendable () -> Date,
        observe: @escaping @Sendable (CampaignEvent) -> Void
    ) {
        self.lineage = lineage
        self.control = control
        self.now = now
        self.observe = observe
    }

    public func perform<Value: Codable & Sendable>(
        _ step: StepKey,
        _ body: @Sendable (StepProgress) async throws -> StepResult<Value>
    ) async throws -> Value {
        if let done = try record(step), done.state == .done, let value = done.value {
            return try value.decode(Value.self)
        }
        try Task.checkCancellation()
        try control.check()
        try lineage.files.clearTraining(of: step.campaign, except: step)
        let start = now()
        try lineage.write { db in
            try StepRecord(step, state: .running, startedAt: start).insert(db, onConflict: .replace)
        }
        observe(.stepStarted(step))
        let clock = ContinuousClock()
        let began = clock.now
        func elapsed() -> Double { (clock.now - began).seconds }
        do {
            let observe = observe
            let result = try await StepKey.$running.withValue(step) {
                try await body(StepProgress { observe(.progress(step, $0)) })
            }
            let seconds = elapsed()
            let value = try JSONText(result.value)
            Failpoint.stepComputed.pass()
            try lineage.write { db in
                for entry in result.entries { try entry.write(db) }
                try StepRecord(
                    step,
                    state: .done,
                    value: value,
                    usage: result.usage,
                    seconds: seconds,
                    startedAt: start,
                    endedAt: now()
                ).update(db)
                try Self.add(seconds, to: step, db)
                Failpoint.stepUncommitted.pass()
            }
            Failpoint.stepCommitted.pass()
            observe(.stepFinished(step, seconds: seconds))
            return result.value
        } catch {
            // The time was spent all the same: the wall clock counts it.
            let seconds = elapsed()
            if Obstacle(error)?.allowsWriting != false {
                try lineage.write { try $0.execute(sql: Self.spend, arguments: [seconds, step.campaign]) }
            }
            throw error
        }
    }

    private func record(_ step: StepKey) throws -> StepRecord? {
        try lineage.read { db in
            try StepRecord.filter(
                Column("campaign") == step.campaign && Column("round") == step.round
                    && Column("step") == step.step.rawValue && Column("turn") == step.turn
            ).fetchOne(db)
        }
    }

    private static let spend = "UPDATE campaigns SET running_seconds = running_seconds + ? WHERE name = ?"

    private static func add(_ seconds: Double, to step: StepKey, _ db: Database) throws {
        try db.execute(sql: spend, arguments: [seconds, step.campaign])
        try db.execute(
            sql: "UPDATE rounds SET seconds = seconds + ? WHERE campaign = ? AND round = ?",
            arguments: [seconds, step.campaign, step.round]
        )
    }
}

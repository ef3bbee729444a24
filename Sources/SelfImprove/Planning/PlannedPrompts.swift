import Foundation
import ModelFiles

/// How many prompts there are for a campaign: its limits may be higher, and what is not there costs nothing.
public struct PlannedPrompts: Sendable, Equatable {
    /// nil for the nursery, which makes its prompts, and where models write some.
    public var pool: PromptPool?
    public var gate: Int
    public var report: Int
    /// Rows of the file of prompts that are too long for the student: they are drawn, but nothing is learned from them.
    public var overlong = 0
    /// What fell out of the files, and why; nil where nothing is looked for.
    public var left: DrawingReport?

    /// - Parameter assumptions: of files that are not there; nil: all are.
    /// - Throws: what reading the campaign's files throws.
    public static func measure(_ c: CampaignConfiguration, _ assumptions: PlanAssumptions? = nil) throws
        -> PlannedPrompts
    {
        let sources = c.prompts.files.map(PromptSource.file) + [c.evaluation.gate, c.evaluation.report]
        if let assumptions, sources.contains(where: assumptions.lacks) {
            var prompts = PlannedPrompts(gate: c.evaluation.gatePrompts, report: c.evaluation.reportPrompts)
            prompts.pool = PromptPool(prompts: assumptions.prompts, perRound: c.prompts.perRound)
            return prompts
        }
        let comparison = try AnswerComparison(c.answers)
        func set(_ name: HeldOutSet) throws -> EvaluationSet {
            let (source, count) = c.evaluation.source(of: name)
            return try source.heldOut(name, count: count, seed: c.seed, comparison: comparison)
        }
        let gate = try set(.gate), report = try set(.report)
        var prompts = PlannedPrompts(gate: gate.items.count, report: report.items.count)
        let files = c.prompts.files
        if !files.isEmpty {
            let drawing = try PromptDrawing(c, heldOut: [(.gate, gate), (.report, report)])
            let left = try drawing.left(upTo: .max)
            if c.prompts.writers.isEmpty {
                prompts.pool = PromptPool(prompts: left.count, perRound: c.prompts.perRound)
            }
            prompts.left = drawing.isTold ? left.report : nil
            if assumptions?.lacks(c.student) != true, let student = try ConversationLength(c.student) {
                for path in files {
                    let rows = try JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: path))
                    prompts.overlong += try rows.count { try student.excess($0.prompt) != nil }
                }
            }
        }
        return prompts
    }

    /// The configuration, with no limit above what is there.
    func limiting(_ c: CampaignConfiguration) -> CampaignConfiguration {
        var c = c
        if let pool { c.prompts.perRound = min(c.prompts.perRound, pool.prompts) }
        c.evaluation.gatePrompts = gate
        c.evaluation.reportPrompts = report
        c.evaluation.mixturePrompts = c.evaluation.mixturePrompts.map { min($0, report) }
        return c
    }
}

import ArgumentParser
import Foundation
import LocalLM
import ModelFiles
import SelfImprove

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "A model as a Hugging Face directory; one of the lineage with a model card.",
        discussion: """
            selfimprove export nursery/champion ./champion
            python -c "from transformers import AutoModelForCausalLM as Model; Model.from_pretrained('./champion')"
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Directory, GGUF file, digest or alias (nursery/champion, nursery/r2-sft).") var model: String
    @Argument(help: ArgumentHelp("Folder to write; must not exist.", valueName: "DIR")) var directory: String

    func run() async throws {
        let (checkpoint, card) = try source()
        let digest = try checkpoint.save(
            to: URL(fileURLWithPath: directory, isDirectory: true),
            as: checkpoint.storage,
            card: card
        )
        if state.json { return try Output.json(["model": digest, "directory": directory]) }
        Output.line("\(directory): model \(digest.prefix(12)), loads in transformers as it is")
    }

    /// What is exported, and the card of a model that has a lineage. A path needs none.
    private func source() throws -> (Checkpoint, card: String?) {
        guard try Lineage.exists(state: state.url) else { return (try state.checkpoint(model), nil) }
        let lineage = try Lineage.openExisting(state: state.url)
        let resolved = try lineage.resolve(model)
        return (
            try Checkpoint.load(lineage.verifiedDirectory(of: resolved)),
            try resolved.digest.map { try ModelCard(lineage, digest: $0).text }
        )
    }
}

struct ExportDataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-data",
        abstract: "A campaign's training data as TRL's JSONL.",
        discussion: """
            Writes rN-sft.jsonl ({"prompt", "completion"}) and rN-preference.jsonl ({"prompt", "chosen", "rejected"}) \
            for every round that trained, as the models saw them (replayed rows included), and prompts.jsonl with \
            every prompt that was drawn.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String
    @Argument(help: ArgumentHelp("Folder to write into; files of the same name must not exist.", valueName: "DIR"))
    var directory: String

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        let rounds = try lineage.rounds(campaign)
        _ = try lineage.campaign(campaign)
        let folder = URL(fileURLWithPath: directory, isDirectory: true)
        var files: [(name: String, data: Data)] = []
        var prompts: [PromptRow] = []
        for round in rounds {
            for (suffix, model) in [("sft", round.sftModel), ("preference", round.dpoModel)] {
                if let model, let dataset = try lineage.model(model)?.dataset {
                    files.append(("r\(round.round)-\(suffix).jsonl", try lineage.files.read(dataset: dataset)))
                }
            }
            prompts += try lineage.prompts(campaign, round: round.round).map {
                PromptRow(
                    id: $0.id,
                    task: $0.task,
                    prompt: $0.messages,
                    provenance: [.init("round", .integer($0.round))]
                )
            }
        }
        guard !prompts.isEmpty else {
            throw SelfImproveError(.notFound, "the campaign has no data yet", context: campaign)
        }
        files.append(("prompts.jsonl", JSONLines.encode(prompts)))
        for file in files where FileManager.default.fileExists(atPath: folder.appendingPathComponent(file.name).path) {
            throw SelfImproveError(
                .file,
                "is there already and is not overwritten",
                context: "\(directory)/\(file.name)",
                hint: "name another folder"
            )
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for file in files { try AtomicFile.write(file.data, to: folder.appendingPathComponent(file.name)) }
        if state.json { return try Output.json(files.map(\.name)) }
        for file in files { Output.line("\(directory)/\(file.name): \(file.data.count { $0 == 0x0A }) rows") }
    }
}

/// README.md of an exported model: where it comes from and how good it is.
private struct ModelCard {
    let text: String

    init(_ lineage: Lineage, digest: String) throws {
        let line = try lineage.ancestors(of: digest)
        guard let model = line.first else {
            throw SelfImproveError(.notFound, "the lineage has no record of this model", context: digest)
        }
        var text =
            "---\nlibrary_name: transformers\ntags: [selfimprove, \(model.kind.rawValue)]\n---\n\n# Model \(digest.prefix(12))\n\n"
        text +=
            "Made by selfimprove \(model.programVersion)\(model.campaign.map { " in campaign `\($0)`" } ?? "")\(model.round.map { ", round \($0)" } ?? "").\n\n"
        let scores =
            try model.campaign.map { try lineage.evaluations($0).filter { $0.model == digest && $0.set == .report } }
            ?? []
        for evaluation in scores {
            text +=
                "Held-out accuracy (\(evaluation.marks == .lenient ? "extracted answers" : "exact match"), greedy): \(Text.score(evaluation.score))"
            text += evaluation.bothScores.map { "; \(Text.marks($0))" } ?? ""
            text += ".\n\n| task | right |\(evaluation.lenient == nil ? "" : " leniently |") n |\n"
            text += evaluation.lenient == nil ? "|---|---|---|\n" : "|---|---|---|---|\n"
            for slice in evaluation.slices {
                text += "| \(slice.slice) | \(slice.correct) |\(slice.lenient.map { " \($0) |" } ?? "") \(slice.n) |\n"
            }
            text += "\n"
        }
        text += "## Lineage\n\n| model | kind | round | dataset | settings |\n|---|---|---|---|---|\n"
        for ancestor in line {
            text +=
                "| `\(ancestor.digest.prefix(12))` | \(ancestor.kind.rawValue) | \(ancestor.round.map(String.init) ?? "") "
            text += "| \(ancestor.dataset.map { "`\($0.prefix(12))`" } ?? "") | `\(ancestor.settings.text)` |\n"
        }
        self.text = text + "\nDigest: `\(digest)` (SHA-256 of SHA256SUMS).\n"
    }
}

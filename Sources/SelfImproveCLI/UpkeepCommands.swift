import ArgumentParser
import Foundation
import SelfImprove

struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Free models that nobody will go back to.",
        discussion: """
            Keeps the first model, champions, and the models of the latest rounds (--keep) and of the round in \
            progress. A freed model stays in the lineage with its scores; its weights are gone, so nothing can be \
            rolled back to it.

            selfimprove gc nursery --dry-run
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "Name of the campaign.") var campaign: String
    @Option(help: "The rollback window: so many of the latest rounds keep their models.") var keep = 5
    @Flag(help: "Only say what would be freed.") var dryRun = false

    func validate() throws {
        guard keep > 0 else { throw ValidationError("--keep starts at 1") }
    }

    func run() async throws {
        let lineage = try Lineage.openExisting(state: state.url)
        let done =
            try dryRun
            ? lineage.collectable(campaign, keeping: keep) : lineage.collect(campaign, keeping: keep, at: Date())
        if state.json { return try Output.json(done) }
        for digest in done.models { Output.line(String(digest)) }
        Output.line("\(done.models.count) models, \(done.bytes / 1_000_000) MB \(dryRun ? "would be freed" : "freed")")
    }
}

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the whole state into one file, also while campaigns run.",
        discussion: """
            A tar archive of the database, all models and data. Unpacked into an empty folder, it is a state directory:

            selfimprove backup /backups/monday.tar
            mkdir restored && tar -xf /backups/monday.tar -C restored && selfimprove doctor --state restored
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "The archive to write; must not exist.") var file: String

    func run() async throws {
        let archive = URL(fileURLWithPath: file)
        try Lineage.openExisting(state: state.url).backup(to: archive)
        let bytes = try FileManager.default.attributesOfItem(atPath: archive.path)[.size] as? Int ?? 0
        if state.json { return try Output.json(["file": archive.path, "bytes": "\(bytes)"]) }
        Output.line("\(archive.path): \(bytes / 1_000_000) MB")
    }
}

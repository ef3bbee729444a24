import ArgumentParser
import Foundation
import LocalLM
import ModelFiles
import SelfImprove

/// Options of every command: where the state lives, and whether a machine or a person reads the output.
struct StateOptions: ParsableArguments {
    @Option(
        name: .customLong("state"),
        help: ArgumentHelp(
            "Folder of database, models and data (default: SELFIMPROVE_STATE, or ./state).",
            valueName: "DIR"
        )
    )
    private var directory: String?

    @Flag(name: .customLong("json"), help: "Print JSON and nothing else.")
    var json = false

    var url: URL {
        let set = [directory, ProcessInfo.processInfo.environment["SELFIMPROVE_STATE"]].compactMap { $0 }
        return URL(fileURLWithPath: set.first { !$0.isEmpty } ?? "state", isDirectory: true)
    }

    /// For a command to be copied: ` --state DIR`, where it was given.
    var option: String {
        guard let directory else { return "" }
        let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "/-_.~+"))
        let isPlain = !directory.isEmpty && directory.unicodeScalars.allSatisfy(plain.contains)
        let quoted = "'" + directory.replacingOccurrences(of: "'", with: #"'\''"#) + "'"
        return " --state " + (isPlain ? directory : quoted)
    }

    /// Where a MODEL argument points: a Hugging Face directory, a GGUF file, or (verified) a model of the lineage.
    func modelLocation(_ reference: String) throws -> URL {
        guard !reference.isEmpty else { throw SelfImproveError(.input, "names no model", context: "\"\"") }
        if try FileReader.exists(URL(fileURLWithPath: reference)) { return URL(fileURLWithPath: reference) }
        guard try Lineage.exists(state: url) else {
            throw SelfImproveError(
                .notFound,
                "no such directory or file, and there is no lineage at \(url.path) to look it up in",
                context: reference,
                hint: "give a Hugging Face directory or a GGUF file, or --state"
            )
        }
        let lineage = try Lineage.openExisting(state: url)
        return try lineage.verifiedDirectory(of: lineage.resolve(reference))
    }

    func checkpoint(_ reference: String) throws -> Checkpoint { try Checkpoint.load(modelLocation(reference)) }
}

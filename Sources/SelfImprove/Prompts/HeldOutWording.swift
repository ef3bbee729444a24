import Foundation
import ModelFiles

/// The words of all held-out sets, each row under the file and the line that it came from.
enum HeldOutWording {
    /// - Parameters:
    ///   - sets: as they were laid down: what a file says now makes no difference but to the lines that are named.
    ///   - general: held-out general conversations.
    static func decontamination(
        _ settings: CampaignConfiguration.DecontaminationSettings,
        _ configuration: CampaignConfiguration,
        sets: [(name: HeldOutSet, set: EvaluationSet)],
        general: [[Message]]
    ) -> Decontamination {
        var words = Decontamination(n: settings.ngram, commonRows: settings.commonRows)
        func add(_ rows: [[Message]], of source: PromptSource, name: String) {
            let lines = lines(of: source)
            for (index, messages) in rows.enumerated() {
                let place =
                    lines[PromptDigest.of(messages)].map { Decontamination.Place(file: "\(source)", line: $0) }
                    ?? Decontamination.Place(file: name, line: index + 1)
                words.add(Decontamination.turns(of: messages), at: place)
            }
        }
        for (name, set) in sets {
            let source = configuration.evaluation.source(of: name).source
            add(set.items.map(\.messages), of: source, name: "\(name.rawValue) set")
        }
        if let settings = configuration.sft.general {
            add(general, of: settings.prompts, name: "general conversations")
        }
        return words
    }

    /// The line of each prompt; empty where there is no file any more.
    private static func lines(of source: PromptSource) -> [String: Int] {
        guard case .file(let path) = source,
            let rows = try? JSONLines.numbered(PromptRow.self, from: URL(fileURLWithPath: path))
        else { return [:] }
        return Dictionary(
            rows.map { (PromptDigest.of($0.row.prompt), $0.line) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

import Foundation
import ModelFiles

/// The words of all held-out sets, each row under the file and the line that it came from.
enum HeldOutWording {
    /// - Parameters:
    ///   - sets: as they were laid down. Where a file has more rows than a set took, the others are held out as well:
    ///     another campaign may be measured by them.
    ///   - general: held-out general conversations.
    static func decontamination(
        _ settings: CampaignConfiguration.DecontaminationSettings,
        _ configuration: CampaignConfiguration,
        sets: [(name: HeldOutSet, set: EvaluationSet)],
        general: [[Message]]
    ) -> Decontamination {
        var words = Decontamination(n: settings.ngram, commonRows: settings.commonRows)
        func add(_ rows: [[Message]], of source: PromptSource, name: String, isWhole: Bool) {
            var file = self.rows(of: source)
            for (index, messages) in rows.enumerated() {
                let place =
                    file.removeValue(forKey: PromptDigest.of(messages)).map {
                        Decontamination.Place(file: "\(source)", line: $0.line)
                    } ?? Decontamination.Place(file: name, line: index + 1)
                words.add(Decontamination.turns(of: messages), at: place)
            }
            for row in isWhole ? file.values.sorted(by: { $0.line < $1.line }) : [] {
                words.add(Decontamination.turns(of: row.messages), at: .init(file: "\(source)", line: row.line))
            }
        }
        for (name, set) in sets {
            let source = configuration.evaluation.source(of: name).source
            add(set.items.map(\.messages), of: source, name: "\(name.rawValue) set", isWhole: true)
        }
        if let settings = configuration.sft.general {
            // The rest of this file is trained on.
            add(general, of: settings.prompts, name: "general conversations", isWhole: false)
        }
        return words
    }

    /// The rows of a file by the digests of their prompts; empty where there is no file any more.
    private static func rows(of source: PromptSource) -> [String: (line: Int, messages: [Message])] {
        guard case .file(let path) = source,
            let rows = try? JSONLines.numbered(PromptRow.self, from: URL(fileURLWithPath: path))
        else { return [:] }
        return Dictionary(
            rows.map { (PromptDigest.of($0.row.prompt), ($0.line, $0.row.prompt)) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

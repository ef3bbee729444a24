import Foundation
import LocalLM
import ModelFiles

/// How the proposers of a mixture are read: names, or sections that give a model a context and sampling of its own.
extension CampaignConfiguration {
    /// Which model takes a part when the campaign begins; nil for a peer that there is not.
    func reference(of model: Participant.Model) -> ModelReference? {
        switch model {
        case .champion, .initial: student
        case .peer(let name): peers.first { $0.name == name }?.model
        }
    }

    /// How a peer's weights are held; nil: as they came.
    func weights(of peer: String) -> WeightFormat? { peers.first { $0.name == peer }?.weights }

    /// Names models of a state directory by where they lie, for what reads no state.
    /// - Parameter place: of a digest; nil where there is none.
    public mutating func locate(_ place: (String) -> String?) {
        func located(_ model: ModelReference) -> ModelReference {
            guard case .digest(let digest) = model, let path = place(digest) else { return model }
            return .directory(path)
        }
        student = located(student)
        for index in peers.indices { peers[index].model = located(peers[index].model) }
    }

    /// - Parameter names: where the key is absent.
    static func proposers(_ mixture: ConfigurationSection, default names: [String], _ files: ConfigurationFiles)
        -> [Participant]
    {
        guard let entries = mixture.entries("proposers") else { return names.map { Participant($0) } }
        return entries.map { entry in
            switch entry {
            case .word(let name): Participant(name)
            case .section(let section): participant(section, files)
            }
        }
    }

    /// One of this program's, or a file, whose words become part of the configuration.
    static func aggregationPrompt(_ mixture: ConfigurationSection, _ files: ConfigurationFiles, usesNursery: Bool)
        -> AggregationPrompt
    {
        let standard = usesNursery ? AggregationPrompt.nursery : .moa
        let key = "aggregation_prompt", text = mixture.string(key, default: standard.name)
        if let known = AggregationPrompt.all.first(where: { $0.name == text }) { return known }
        let names = AggregationPrompt.all.map(\.name).joined(separator: ", ")
        return mixture.words(
            key,
            text,
            files,
            missing: "one of \(names), or a file of words",
            AggregationPrompt.init(name:words:)
        ) ?? standard
    }

    private static func participant(_ section: ConfigurationSection, _ files: ConfigurationFiles) -> Participant {
        defer { section.finish() }
        let model = section.string("model")
        return Participant(
            name: section.string("name", default: model),
            model: Participant.model(model),
            context: ParticipantContext(
                system: section.isOff("system") ? nil : section.string("system"),
                examples: section.isOff("examples") ? [] : examples(section, files)
            ),
            sampling: SamplingChoice(
                temperature: section.optionalNumber("temperature", .through(0, 5)),
                topP: section.optionalNumber("top_p", .fractionAboveZero),
                topK: section.optionalInteger("top_k", in: 0...1_000_000),
                maximumTokens: section.optionalInteger("maximum_tokens", in: 1...1_000_000)
            ),
            samples: section.integer("samples", default: 1, in: 1...64)
        )
    }

    /// The rows themselves become part of the configuration: a file that changes while its campaign runs is noticed
    /// when the campaign is resumed with it.
    private static func examples(_ section: ConfigurationSection, _ files: ConfigurationFiles) -> [ExampleRow] {
        func fault(_ message: String, _ hint: String?) -> [ExampleRow] {
            section.fault("examples", message, hint: hint)
            return []
        }
        let path = files.absolute(section.string("examples"))
        if path.isEmpty { return [] }
        guard files.allows(path) else {
            return fault("lies outside of what a request may name", "a file within the state directory")
        }
        do {
            guard try FileReader.exists(URL(fileURLWithPath: path)) else {
                return fault("there is no file \(path)", "relative paths are relative to this file")
            }
            let rows = try JSONLines.read(ExampleRow.self, from: URL(fileURLWithPath: path))
            return rows.isEmpty ? fault("\(path) holds no examples", nil) : rows
        } catch let error as LocalLMError {
            return fault("\(error.context ?? path): \(error.message)", error.hint)
        } catch { return fault("\(path): \(error)", nil) }
    }
}

import Foundation
import LocalLM
import ModelFiles

/// What the keys of a configuration must be to each other and to the files they name.
struct ConfigurationCheck {
    let configuration: CampaignConfiguration
    let root: ConfigurationSection
    let files: ConfigurationFiles

    init(_ configuration: CampaignConfiguration, _ root: ConfigurationSection, _ files: ConfigurationFiles) {
        self.configuration = configuration
        self.root = root
        self.files = files
    }

    func run() {
        names()
        mixture()
        proposers()
        judges()
        models()
        sources()
        if configuration.stop.isEmpty, !root.faults.holdsFault(in: "stop") {
            root.fault(
                "stop",
                "names no criterion",
                hint: "at least one of \(StopCriteria.keys.joined(separator: ", "))"
            )
        }
        for (criterion, _) in configuration.stop.active {
            guard let missing = criterion.missing(configuration) else { continue }
            root.section("stop").fault(criterion.key, missing.message, hint: missing.hint)
        }
        if configuration.sft.easyWeight == 0 && configuration.sft.hardWeight == 0 {
            root.section("sft").fault("hard_weight", "is 0 like easy_weight", hint: "then nothing would be trained on")
        }
    }

    // MARK: Names

    private static let champion = Participant.champion.name
    private static let rules = AggregationRule.allCases.map(\.rawValue)
    /// Names that mean something else in a configuration or in the lineage.
    static let reserved = models + [Nursery.studentName, "mixture"] + rules
    /// Models that a campaign has besides its peers.
    static let models = [champion, Participant(.initial).name]

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }

    private func names() {
        if !configuration.campaign.isEmpty, !Self.isName(configuration.campaign) || configuration.campaign.count > 64 {
            root.fault("campaign", "is \"\(configuration.campaign)\"", hint: "up to 64 letters, digits, - and _")
        }
        let sections = root.sections("peers") ?? []
        var seen = Set<String>()
        for (index, peer) in configuration.peers.enumerated() where index < sections.count && !peer.name.isEmpty {
            if !Self.isName(peer.name) {
                sections[index].fault("name", "is \"\(peer.name)\"", hint: "letters, digits, - and _")
            }
            if Self.reserved.contains(peer.name) {
                sections[index].fault(
                    "name",
                    "is \"\(peer.name)\", which means something else here",
                    hint: "choose another name"
                )
            }
            if !seen.insert(peer.name).inserted {
                sections[index].fault(
                    "name",
                    "duplicate name \"\(peer.name)\"",
                    hint: "every peer needs a name of its own"
                )
            }
        }
    }

    var peers: [String] { configuration.peers.map(\.name) }

    func known(_ also: [String]) -> String { "known: \((peers + also).joined(separator: ", "))" }

    // MARK: Who does what

    private func mixture() {
        let section = root.section("mixture"), mixture = configuration.mixture
        if mixture.proposers.isEmpty {
            section.fault("proposers", "is empty", hint: "name at least one; \(known(Self.models))")
        }
        for case .word(let name) in section.entries("proposers") ?? [] where !(peers + Self.models).contains(name) {
            section.fault("proposers", "names the unknown peer \"\(name)\"", hint: known(Self.models))
        }
        if case .participant(let aggregator) = mixture.aggregator, case .peer(let name) = aggregator.model,
            !peers.contains(name)
        {
            section.fault("aggregator", "names the unknown peer \"\(name)\"", hint: known(Self.models + Self.rules))
        }
        if !AggregationPrompt.all.contains(where: { $0.name == mixture.aggregationPrompt }) {
            section.fault(
                "aggregation_prompt",
                "is \"\(mixture.aggregationPrompt)\"",
                hint: "one of \(AggregationPrompt.all.map(\.name).joined(separator: ", "))"
            )
        }
        let filters = section.section("filters")
        if mixture.filters.minimumConfidence != nil, mixture.confidence == .none {
            filters.fault("minimum_confidence", "needs a confidence", hint: "set mixture.confidence to own or peers")
        }
        if mixture.aggregator == .rule(.mostConfident), mixture.confidence == .none {
            section.fault(
                "aggregator",
                "is \(AggregationRule.mostConfident.rawValue), but nothing measures confidence",
                hint: "set mixture.confidence to own or peers"
            )
        }
        if mixture.confidence == .peers, peers.isEmpty {
            section.fault("confidence", "is peers, but there are none", hint: "add peers, or use own")
        }
        if mixture.confidence == .own, !mixture.proposers.isEmpty,
            mixture.proposers.allSatisfy({ $0.role == .champion })
        {
            section.fault("confidence", "is own, but the champion's own is not listened to", hint: "use none, or peers")
        }
    }

    private func judges() {
        if configuration.dpo.enabled, configuration.judges.isEmpty {
            root.fault("judges", "is empty, but DPO needs judges", hint: "add one, or set dpo.enabled to false")
        }
        let sections = root.sections("judges") ?? []
        for (index, judge) in configuration.judges.enumerated() where index < sections.count {
            let section = sections[index]
            if judge.kind == .likelihood, judge.models.isEmpty { section.fault("models", "is empty", hint: known([])) }
            if judge.kind == .agreement, !judge.models.isEmpty {
                section.fault("models", "means nothing to an agreement judge", hint: "remove it")
            }
            for name in judge.models where judge.kind == .likelihood && !peers.contains(name) {
                section.fault(
                    "models",
                    name == Self.champion
                        ? "names the champion, which may not judge itself" : "names the unknown peer \"\(name)\"",
                    hint: known([])
                )
            }
        }
        let kinds = configuration.judges.map(\.kind)
        for (index, kind) in kinds.enumerated() where index < sections.count && kinds[..<index].contains(kind) {
            sections[index].fault(
                "kind",
                "duplicate kind \(kind.rawValue)",
                hint: "one judge of a kind; name more models instead"
            )
        }
    }

    // MARK: Models and files

    private func models() {
        check(configuration.student) { root.fault("student", $0, hint: $1) }
        let sections = root.sections("peers") ?? []
        for (index, peer) in configuration.peers.enumerated() where index < sections.count {
            check(peer.model) { sections[index].fault("model", $0, hint: $1) }
        }
    }

    private func check(_ reference: ModelReference, _ fault: (String, String?) -> Void) {
        switch reference {
        case .nursery(let name): check(nursery: name, fault)
        case .directory(let path): if !path.isEmpty { check(directory: path, fault) }
        }
    }

    private func check(nursery name: String, _ fault: (String, String?) -> Void) {
        let reference = ModelReference.nursery(name)
        guard let nursery = configuration.nursery else {
            return fault("is \(reference), but there is no nursery", "add a nursery section, or name a directory")
        }
        let names = Nursery.modelNames(nursery.kind)
        if !names.contains(name) {
            fault("is \(reference), which this nursery does not have", "it has: \(names.joined(separator: ", "))")
        }
    }

    private func check(directory model: String, _ fault: (String, String?) -> Void) {
        guard files.allows(model) else {
            return fault(
                "lies outside of what a request may name",
                "a model of the nursery, or a directory within the state directory"
            )
        }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: model, isDirectory: &isDirectory) else {
            return fault("there is no directory \(model)", "relative paths are relative to this file")
        }
        guard isDirectory.boolValue else { return fault("\(model) is a file", "name a Hugging Face directory") }
        do {
            if try Checkpoint.inspect(URL(fileURLWithPath: model, isDirectory: true)).template == nil {
                fault("\(model) has no chat template", "add chat_template.jinja")
            }
        } catch let error as LocalLMError {
            fault("\(error.context ?? model): \(error.message)", error.hint)
        } catch { fault("\(model): \(error)", nil) }
    }

    private func sources() {
        let prompts = root.section("prompts"), evaluation = root.section("evaluation")
        let gate = configuration.evaluation.gate, report = configuration.evaluation.report
        source(configuration.prompts.source) { prompts.fault("source", $0, hint: $1) }
        heldOut(gate, .gate) { evaluation.fault("gate", $0, hint: $1) }
        heldOut(report, .report) { evaluation.fault("report", $0, hint: $1) }
        if gate == report, case .file(let path) = gate, !path.isEmpty {
            evaluation.fault(
                "report",
                "is the same file as gate",
                hint: "the report must see prompts that promotion never read"
            )
        }
    }

    private func source(_ source: PromptSource, _ fault: (String, String?) -> Void) {
        read(source, fault) { rows, path in if rows.isEmpty { fault("\(path) holds no prompts", nil) } }
    }

    private func heldOut(_ source: PromptSource, _ set: HeldOutSet, _ fault: (String, String?) -> Void) {
        read(source, fault) { rows, path in examples(against: try EvaluationSet(rows: rows, name: path), set) }
    }

    private func read(
        _ source: PromptSource,
        _ fault: (String, String?) -> Void,
        _ body: (_ rows: [PromptRow], _ path: String) throws -> Void
    ) {
        guard case .file(let path) = source else {
            if configuration.nursery == nil {
                fault("is nursery, but there is no nursery", "add a nursery section, or name a JSONL file")
            }
            return
        }
        if path.isEmpty { return }
        guard files.allows(path) else {
            return fault("lies outside of what a request may name", "the nursery, or a file within the state directory")
        }
        guard FileManager.default.fileExists(atPath: path) else {
            return fault("there is no file \(path)", "relative paths are relative to this file")
        }
        do {
            try body(try JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: path)), path)
        } catch let error as LocalLMError {
            fault("\(error.context ?? path): \(error.message)", error.hint)
        } catch let error as SelfImproveError {
            fault("\(error.context ?? path): \(error.message)", error.hint)
        } catch { fault("\(path): \(error)", nil) }
    }
}

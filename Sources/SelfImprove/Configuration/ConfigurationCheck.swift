import Foundation
import LocalLM
import ModelFiles

/// What the keys of a configuration must be to each other and to the files they name.
struct ConfigurationCheck {
    let configuration: CampaignConfiguration
    let root: ConfigurationSection
    let files: ConfigurationFiles
    let lengths = ConversationLengths()

    init(_ configuration: CampaignConfiguration, _ root: ConfigurationSection, _ files: ConfigurationFiles) {
        self.configuration = configuration
        self.root = root
        self.files = files
    }

    func run() {
        names()
        answers()
        mixture()
        proposers()
        judges()
        models()
        aggregator()
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

    static let champion = Participant.champion.name
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

    var remotePeers: [String] { configuration.peers.filter(\.isRemote).map(\.name) }
    /// An endpoint tells the logprobs of texts, and does not tell how its model's template writes a conversation.
    static let cannotScore = "is behind an endpoint and cannot say how likely an answer is"

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
        if mixture.minimumDrafts > mixture.draftsPerPrompt, !mixture.proposers.isEmpty {
            section.fault(
                "minimum_drafts",
                "is \(mixture.minimumDrafts), but the proposers write \(mixture.draftsPerPrompt)",
                hint: "lower it, or add proposers"
            )
        }
        if mixture.order == .confidence, mixture.confidence == .none {
            section.fault(
                "order",
                "is confidence, but nothing measures it",
                hint: "set mixture.confidence to own or peers, or leave order out"
            )
        }
        let filters = section.section("filters")
        if mixture.filters.minimumConfidence != nil, mixture.confidence == .none {
            filters.fault("minimum_confidence", "needs a confidence", hint: "set mixture.confidence to own or peers")
        }
        if let rule = mixture.aggregator.rule, rule.needsConfidence, mixture.confidence == .none {
            section.fault(
                "aggregator",
                "is \(rule.rawValue), but nothing measures confidence",
                hint: "set mixture.confidence to own or peers"
            )
        }
        if mixture.confidence == .peers, peers.isEmpty {
            section.fault("confidence", "is peers, but there are none", hint: "add peers, or use own")
        }
        if mixture.confidence == .peers,
            let name = remotePeers.first(where: { name in mixture.proposers.contains { $0.model == .peer(name) } })
        {
            section.fault("confidence", "is peers, but \(name) \(Self.cannotScore)", hint: "use own or none")
        }
        if mixture.confidence == .own, !mixture.proposers.isEmpty,
            mixture.proposers.allSatisfy({ $0.role == .champion })
        {
            section.fault("confidence", "is own, but the champion's own is not listened to", hint: "use none, or peers")
        }
    }

    // MARK: Answers

    private func answers() {
        let section = root.section("answers"), tasks = section.section("tasks")
        check(configuration.answers.rule, section)
        for (name, rule) in configuration.answers.tasks.sorted(by: { $0.key < $1.key }) {
            let task = tasks.section(name)
            if ["extract", "pattern", "choices"].contains(where: task.has) { check(rule, task) }
        }
        let rules = [configuration.answers.rule] + configuration.answers.tasks.values
        if configuration.gate.marks == .lenient, rules.allSatisfy(\.isWhole) {
            root.section("gate").fault(
                "marks",
                "are lenient, but answers are compared as whole texts",
                hint: "say in answers what is extracted, or what makes no difference"
            )
        }
    }

    private func check(_ rule: AnswerRule, _ section: ConfigurationSection) {
        let faults = root.faults
        if rule.extract == .regex {
            if rule.pattern == nil, !faults.holdsFault(in: section.full("pattern")) {
                section.fault("extract", "is regex, but there is no pattern", hint: "add pattern: REGULAR EXPRESSION")
            }
            if let pattern = rule.pattern, section.has("pattern") {
                do { _ = try LinearPattern(pattern) } catch {
                    section.fault("pattern", "is not valid: \(error)", hint: LinearPattern.syntax)
                }
            }
        } else if rule.pattern != nil {
            section.fault("pattern", "means nothing with extract: \(rule.extract.rawValue)", hint: "remove it")
        }
        if rule.extract == .choice {
            if rule.choices.count < 2, !faults.holdsFault(in: section.full("choices")) {
                section.fault("choices", "are fewer than two", hint: "a list such as [yes, no]")
            }
            var seen = Set<String>()
            for choice in rule.choices {
                if choice.allSatisfy(\.isWhitespace) {
                    section.fault("choices", "holds an empty choice", hint: "remove it")
                } else if !seen.insert(choice.lowercased()).inserted {
                    section.fault("choices", "duplicate choice \"\(choice)\"", hint: "keep one of them")
                }
            }
        } else if !rule.choices.isEmpty {
            section.fault("choices", "mean nothing with extract: \(rule.extract.rawValue)", hint: "remove them")
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
        case .directory(let path): if !path.isEmpty { check(path: path, fault) }
        case .digest: break  // the campaign's preparation looks for it
        case .endpoint(let settings):  // `doctor` asks it
            if settings.budget.money != nil, settings.pricePerMillion == nil {
                fault("has a budget of money and no price_per_million", "say what a million tokens cost")
            }
            if settings.servedModel.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
                fault("served_model holds control characters", "it must be one line")
            }
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

    private func check(path model: String, _ fault: (String, String?) -> Void) {
        guard files.allows(model) else {
            return fault(
                "lies outside of what a request may name",
                "a model of the nursery, or one within the state directory"
            )
        }
        do {
            guard try FileReader.exists(URL(fileURLWithPath: model)) else {
                if files.mayLack(model) { return }
                return fault("there is no directory or file \(model)", "relative paths are relative to this file")
            }
            if try Checkpoint.inspect(URL(fileURLWithPath: model)).template == nil {
                fault(
                    "\(model) has no chat template",
                    "add chat_template.jinja; import makes a directory of a GGUF file"
                )
            }
        } catch let error as LocalLMError {
            fault("\(error.context ?? model): \(error.message)", error.hint)
        } catch { fault("\(model): \(error)", nil) }
    }

    private func sources() {
        let evaluation = root.section("evaluation")
        let gate = configuration.evaluation.gate, report = configuration.evaluation.report
        var asked: [HeldOutSet: Set<String>] = [:]
        let tasks = [
            promptSources(),
            heldOut(gate, .gate, &asked) { evaluation.fault("gate", $0, hint: $1) },
            heldOut(report, .report, &asked) { evaluation.fault("report", $0, hint: $1) },
        ]
        if !tasks.contains(nil) {
            let all = tasks.reduce(into: Set<String>()) { $0.formUnion($1 ?? []) }
            known(tasks: all)
            examples(of: all)
        }
        if let general = configuration.sft.general {
            let section = root.section("sft").section("general")
            if general.prompts == .nursery {
                section.fault("prompts", "is nursery, which holds no conversations", hint: "name a JSONL file")
            } else {
                _ = source(general.prompts) { section.fault("prompts", $0, hint: $1) }
            }
        }
        if gate == report, case .file(let path) = gate, !path.isEmpty {
            evaluation.fault(
                "report",
                "is the same file as gate",
                hint: "the report must see prompts that promotion never read"
            )
        } else if let shared = asked[.gate]?.intersection(asked[.report] ?? []), !shared.isEmpty {
            evaluation.fault(
                "report",
                "asks \(shared.count) prompts that the gate asks, too",
                hint: "the report must see prompts that promotion never read"
            )
        }
    }

    /// A rule for a task that no prompt has would be passed over in silence.
    private func known(tasks: Set<String>) {
        let section = root.section("answers").section("tasks")
        for name in section.names where !tasks.contains(name) {
            let known = tasks.sorted().prefix(20).joined(separator: ", ")
            section.fault(
                name,
                "no prompt has this task",
                hint: "there are: \(known)\(tasks.count > 20 ? ", ..." : "")"
            )
        }
    }

    /// - Returns: the tasks of its prompts; nil where it has a fault.
    func source(
        _ source: PromptSource,
        _ fault: (String, String?) -> Void,
        alsoReading body: ([PromptRow]) -> Void = { _ in }
    ) -> Set<String>? {
        read(source, fault) { rows, path in
            body(rows)
            if rows.isEmpty { fault("\(path) holds no prompts", nil) }
            // Prompts are told apart by their ids: of two with the same one, the second would never be drawn.
            var prompts: [String: [Message]] = [:]
            let twice = rows.first { row in
                guard let id = row.id, let other = prompts.updateValue(row.prompt, forKey: id) else { return false }
                return other != row.prompt
            }
            if let id = twice?.id {
                fault("\(path): two prompts have the id \(id)", "leave ids out, or make them unique")
            }
            conversations(rows, path, fault)
        }
    }

    /// - Returns: the tasks of its prompts; nil where it has a fault.
    private func heldOut(
        _ source: PromptSource,
        _ name: HeldOutSet,
        _ asked: inout [HeldOutSet: Set<String>],
        _ fault: (String, String?) -> Void
    ) -> Set<String>? {
        let hasFault = root.faults.holdsFault(in: "answers")
        return read(source, fault) { rows, path in
            let comparison = hasFault ? .whole : try AnswerComparison(configuration.answers)
            let set = try EvaluationSet(rows: rows, name: path, comparison: comparison)
            asked[name] = set.promptDigests
            try lengths(rows, path, fault)
            examples(against: set, name)
        }
    }

    private func read(
        _ source: PromptSource,
        _ fault: (String, String?) -> Void,
        _ body: (_ rows: [PromptRow], _ path: String) throws -> Void
    ) -> Set<String>? {
        guard case .file(let path) = source else {
            if configuration.nursery == nil {
                fault("is nursery, but there is no nursery", "add a nursery section, or name a JSONL file")
                return nil
            }
            return Set(NurserySkill.evaluated.map(\.rawValue))
        }
        if path.isEmpty { return nil }
        guard files.allows(path) else {
            fault("lies outside of what a request may name", "the nursery, or a file within the state directory")
            return nil
        }
        do {
            guard try FileReader.exists(URL(fileURLWithPath: path)) else {
                if files.mayLack(path) { return nil }
                fault("there is no file \(path)", "relative paths are relative to this file")
                return nil
            }
            let rows = try JSONLines.read(PromptRow.self, from: URL(fileURLWithPath: path))
            try body(rows, path)
            return Set(rows.map { $0.task ?? PromptRow.defaultTask })
        } catch let error as LocalLMError {
            fault("\(error.context ?? path): \(error.message)", error.hint)
        } catch let error as SelfImproveError {
            fault("\(error.context ?? path): \(error.message)", error.hint)
        } catch { fault("\(path): \(error)", nil) }
        return nil
    }
}

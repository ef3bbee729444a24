import Foundation
import LocalLM
import Yams

/// How a campaign's YAML file is read. Every key has its default here; what has none must be given.
/// `configs/nursery.yaml` explains them one by one.
extension CampaignConfiguration {
    /// - Parameter seed: instead of the file's.
    /// - Throws: `ConfigurationFaults` with everything that is wrong, missing files and damaged models included.
    public static func read(_ file: URL, seed: UInt64? = nil) throws -> CampaignConfiguration {
        try parse(text(of: file), name: file.relativePath, directory: file.deletingLastPathComponent(), seed: seed)
    }

    /// The same for a plan: where the file says in `plan` what to take for granted, models and files may be absent.
    public static func planned(_ file: URL, seed: UInt64? = nil) throws -> (CampaignConfiguration, PlanAssumptions?) {
        let absent = AbsentFiles()
        let parsed = try parse(
            text(of: file),
            name: file.relativePath,
            directory: file.deletingLastPathComponent(),
            seed: seed,
            absent: absent
        )
        var assumptions = parsed.assumptions
        assumptions?.absent = absent.paths
        return (parsed.configuration, assumptions)
    }

    private static func text(of file: URL) throws -> String {
        let bytes: Data
        do { bytes = try Data(contentsOf: file) } catch {
            throw SelfImproveError(
                .configuration,
                "cannot be read: \(reason(file))",
                context: file.path,
                hint: "name a campaign file such as configs/nursery.yaml"
            )
        }
        guard let yaml = String(data: bytes, encoding: .utf8) else {
            throw SelfImproveError(
                .configuration,
                "is not UTF-8 text",
                context: file.path,
                hint: "a YAML file is needed"
            )
        }
        return yaml
    }

    private static func reason(_ file: URL) -> String {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isDirectory) else {
            return "there is no such file"
        }
        return isDirectory.boolValue ? "it is a directory" : "no permission"
    }

    /// - Parameters:
    ///   - name: of the file, for messages.
    ///   - directory: what relative paths are relative to.
    ///   - within: models and files must lie in this directory: for configurations that come from the network.
    public static func parse(_ yaml: String, name: String, directory: URL, seed: UInt64? = nil, within: URL? = nil)
        throws -> CampaignConfiguration
    {
        try parse(yaml, name: name, directory: directory, seed: seed, within: within, absent: nil).configuration
    }

    private static func parse(
        _ yaml: String,
        name: String,
        directory: URL,
        seed: UInt64?,
        within: URL? = nil,
        absent: AbsentFiles?
    ) throws -> (configuration: CampaignConfiguration, assumptions: PlanAssumptions?) {
        let faults = FaultCollector()
        if let refusal = YAMLLimits.refusal(of: yaml) { throw ConfigurationFaults(file: name, faults: [refusal]) }
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch let error as YamlError {
            throw ConfigurationFaults(file: name, faults: [fault(error, in: yaml)])
        }
        guard let root, case .mapping = root else {
            throw ConfigurationFaults(
                file: name,
                faults: [
                    ConfigurationFault(
                        line: root?.mark?.line,
                        key: "",
                        "holds no configuration",
                        hint: "it is a list of keys such as campaign: my-campaign"
                    )
                ]
            )
        }
        let section = ConfigurationSection(root, path: "", faults: faults)
        let assumptions = section.isOff("plan") ? nil : PlanAssumptions(section.section("plan"))
        let files = ConfigurationFiles(
            directory: directory,
            within: within,
            absent: assumptions == nil ? nil : absent
        )
        var configuration = read(section, files)
        section.finish()
        if let seed { configuration.seed = seed }
        ConfigurationCheck(configuration, section, files).run()
        let hasStudent = absent?.paths.contains { configuration.student == .directory($0) } != true
        if !hasStudent, assumptions?.student == nil {
            section.section("plan")
                .fault("student", "is needed: there is no student yet", hint: ModelShape.help)
        }
        try faults.thrown(by: name)
        return (configuration, assumptions)
    }

    private static func fault(_ error: YamlError, in yaml: String) -> ConfigurationFault {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ConfigurationFault(
                line: mark.line,
                key: "",
                "is not valid YAML: \(problem)",
                hint: "look at indentation, quotes and brackets here"
            )
        case .duplicatedKeysInMapping(let keys, let context):
            ConfigurationFault(
                line: line(ofDuplicate: keys.first.map { "\($0)" } ?? "", context.mark, in: yaml),
                key: keys.map { "\($0)" }.sorted().joined(separator: ", "),
                "duplicate key",
                hint: "keep one of them"
            )
        default: ConfigurationFault(line: nil, key: "", "is not valid YAML: \(error)")
        }
    }

    /// The line where a key of a mapping occurs for the second time; else that of the first.
    /// - Parameter first: where it occurs first.
    private static func line(ofDuplicate key: String, _ first: Mark, in yaml: String) -> Int {
        let start = String(repeating: " ", count: max(first.column - 1, 0)) + key + ":"
        let lines = yaml.components(separatedBy: "\n")
        let second = lines.indices.first { $0 >= first.line && lines[$0].hasPrefix(start) }
        return second.map { $0 + 1 } ?? first.line
    }

    // MARK: Sections

    static func read(_ root: ConfigurationSection, _ files: ConfigurationFiles) -> CampaignConfiguration {
        let nursery = root.has("nursery") && !root.isOff("nursery") ? self.nursery(root.section("nursery")) : nil
        let names = nursery.map { Nursery.modelNames($0.kind) } ?? []
        let peers =
            peers(root, files)
            ?? names.filter { $0 != Nursery.studentName }.map { Peer(name: $0, model: .nursery($0)) }
        let mixture = mixture(root.section("mixture"), files, peers: peers, usesNursery: nursery != nil)
        return CampaignConfiguration(
            campaign: root.string("campaign"),
            seed: UInt64(root.integer("seed", default: 1, in: 0...Int.max)),
            threads: root.integer("threads", default: 2, in: 1...1024),
            pricePerHour: root.optionalNumber("price_per_hour", .aboveZero),
            nursery: nursery,
            student: model(
                root.string("student", default: nursery.map { _ in "\(ModelReference.nursery(Nursery.studentName))" }),
                files
            ),
            peers: peers,
            prompts: prompts(root.section("prompts"), files, usesNursery: nursery != nil),
            answers: answers(root.section("answers")),
            mixture: mixture,
            sft: sft(root.section("sft"), files, usesNursery: nursery != nil),
            dpo: dpo(root.section("dpo"), usesNursery: nursery != nil),
            judges: judges(root, peers, files),
            evaluation: evaluation(root.section("evaluation"), files, mixture, usesNursery: nursery != nil),
            gate: gate(root.section("gate")),
            models: models(root.section("models")),
            stop: stop(root.section("stop"))
        )
    }

    private static func model(_ text: String, _ files: ConfigurationFiles) -> ModelReference {
        switch ModelReference(text) {
        case .directory(let path): .directory(files.absolute(path))
        case let reference: reference
        }
    }

    static func source(
        _ section: ConfigurationSection,
        _ key: String,
        _ files: ConfigurationFiles,
        usesNursery: Bool
    ) -> PromptSource {
        switch PromptSource(section.string(key, default: usesNursery ? "\(PromptSource.nursery)" : nil)) {
        case .nursery: .nursery
        case .file(let path): .file(files.absolute(path))
        }
    }

    private static func nursery(_ section: ConfigurationSection) -> NurseryConfiguration {
        defer { section.finish() }
        return NurseryConfiguration(
            kind: section.choice("kind", default: .learning),
            scale: section.number("scale", default: 1, .through(0.001, 100)),
            seed: section.optionalInteger("seed", in: 0...Int.max).map(UInt64.init)
        )
    }

    private static func peers(_ root: ConfigurationSection, _ files: ConfigurationFiles) -> [Peer]? {
        root.sections("peers")?.map { section in
            defer { section.finish() }
            let name = section.string("name")
            if !section.has("endpoint") {
                let weights: WeightFormat? = section.has("weights") ? section.choice("weights", default: .bf16) : nil
                return Peer(name: name, model: model(section.string("model"), files), weights: weights)
            }
            if section.has("model") {
                section.fault("model", "is beside endpoint", hint: "what the endpoint calls it is served_model")
            }
            return Peer(name: name, model: .endpoint(endpoint(section, name: name, files)))
        }
    }

    private static func answers(_ section: ConfigurationSection) -> Answers {
        let tasks = section.section("tasks"), rule = answerRule(section)
        defer { section.finish() }
        return Answers(
            rule: rule,
            tasks: Dictionary(
                uniqueKeysWithValues: tasks.names.map { name in
                    let task = tasks.section(name)
                    defer { task.finish() }
                    return (name, answerRule(task, of: rule))
                }
            )
        )
    }

    /// - Parameter general: what a task has where it says nothing else; with an extraction of its own it has its own
    ///   pattern and choices, too.
    private static func answerRule(_ section: ConfigurationSection, of general: AnswerRule = AnswerRule())
        -> AnswerRule
    {
        let inherited = section.has("extract") ? AnswerRule() : general
        return AnswerRule(
            extract: section.choice("extract", default: inherited.extract),
            pattern: section.optional("pattern", "a regular expression") { $0 } ?? inherited.pattern,
            choices: section.strings("choices", default: inherited.choices),
            normalise: section.choices("normalise", default: general.normalise),
            target: section.choice("target", default: general.target)
        )
    }

    private static func mixture(
        _ section: ConfigurationSection,
        _ files: ConfigurationFiles,
        peers: [Peer],
        usesNursery: Bool
    ) -> Mixture {
        let filters = section.section("filters")
        defer {
            filters.finish()
            section.finish()
        }
        return Mixture(
            proposers: proposers(section, default: peers.map(\.name) + [Participant.champion.name], files),
            layers: section.integer("layers", default: 2, in: 2...8),
            aggregator: AggregatorChoice(section.string("aggregator", default: Participant.champion.name)),
            aggregationPrompt: aggregationPrompt(section, files, usesNursery: usesNursery),
            order: section.isOff("order") ? nil : section.choice("order", default: nil),
            tooLong: section.choice("too_long", default: .drop),
            minimumDrafts: section.integer("minimum_drafts", default: 1, in: 1...4096),
            temperature: section.number("temperature", default: 0.7, .through(0, 5)),
            aggregatorTemperature: section.number("aggregator_temperature", default: 0, .through(0, 5)),
            topP: section.number("top_p", default: 1, .fractionAboveZero),
            maximumTokens: section.integer("maximum_tokens", default: 2048, in: 1...1_000_000),
            confidence: section.choice("confidence", default: Confidence.none),
            filters: Mixture.Filters(
                minimumConfidence: filters.optionalNumber("minimum_confidence", .logprob),
                agreement: filters.bool("agreement", default: false),
                minimumShare: filters.optionalNumber("minimum_share", .fractionAboveZero),
                repetition: filters.bool("repetition", default: false),
                language: filters.bool("language", default: false),
                longest: filters.optionalInteger("longest", in: 1...1_000_000),
                refusals: refusals(filters)
            )
        )
    }

    private static func optimization(_ section: ConfigurationSection, learningRate: Double) -> Optimization {
        Optimization(
            optimizer: section.choice("optimizer", default: .adamW),
            learningRate: section.number("learning_rate", default: learningRate, .fromZero),
            schedule: section.choice("schedule", default: .linear),
            finalFraction: section.number("final_fraction", default: 0, .zeroToOne),
            warmupSteps: section.integer("warmup_steps", default: 10, in: 0...10_000_000),
            weightDecay: section.number("weight_decay", default: 0.01, .fromZero),
            maximumGradientNorm: section.number("maximum_gradient_norm", default: 1, .fromZero),
            batchTokens: section.integer("batch_tokens", default: 16_384, in: 1...100_000_000)
        )
    }

    /// Tiny models are trained exactly: it costs them nothing, and their bytes are the same on every processor that
    /// adds alike.
    private static func tuning(_ section: ConfigurationSection, usesNursery: Bool) -> FineTuningSettings {
        FineTuningSettings(
            precision: section.choice("precision", default: usesNursery ? .fp32 : .auto),
            lora: section.isOff("lora") ? nil : lora(section.section("lora")),
            microBatchTokens: section.optionalInteger("micro_batch_tokens", in: 1...100_000_000),
            gradientCheckpointing: section.choice("gradient_checkpointing", default: .auto)
        )
    }

    private static func lora(_ section: ConfigurationSection) -> LoRASettings {
        defer { section.finish() }
        typealias Module = LoRASettings.Module
        let names = Module.allCases.map(\.rawValue)
        let rank = section.integer("rank", in: 1...LoRASettings.largestRank)
        let targets = section.strings("targets", default: names)
        for name in targets where Module(rawValue: name) == nil {
            section.fault("targets", "names \"\(name)\"", hint: "some of \(names.joined(separator: ", "))")
        }
        if targets.isEmpty { section.fault("targets", "is empty", hint: "leave it out to adapt all linear layers") }
        return LoRASettings(
            rank: rank,
            alpha: section.number("alpha", default: Double(2 * rank), .aboveZero),
            dropout: section.number(
                "dropout",
                default: 0,
                NumberRange(words: "0 up to, but not, 1") { $0 >= 0 && $0 < 1 }
            ),
            isRankStabilized: section.bool("rslora", default: false),
            modules: Set(targets.compactMap(Module.init))
        )
    }

    private static func models(_ section: ConfigurationSection) -> Models {
        defer { section.finish() }
        return Models(store: section.choice("store", default: .auto))
    }

    private static func sft(_ section: ConfigurationSection, _ files: ConfigurationFiles, usesNursery: Bool) -> SFT {
        defer { section.finish() }
        let tokens = section.optionalInteger("tokens", in: 1...Int.max)
        let epochs = section.optionalNumber("epochs", .aboveZero)
        if tokens != nil && epochs != nil {
            section.fault("epochs", "stands beside tokens", hint: "one of the two says how long SFT takes")
        }
        if tokens == nil && section.has("epochs") && section.isOff("epochs") {
            section.fault("epochs", "is off, and tokens too", hint: "one of the two says how long SFT takes")
        }
        return SFT(
            optimization: optimization(section, learningRate: 8e-6),
            tuning: tuning(section, usesNursery: usesNursery),
            epochs: tokens == nil ? epochs ?? 5 : nil,
            tokens: tokens,
            maximumRows: section.optionalInteger("maximum_rows", in: 1...Int.max),
            easyWeight: section.number("easy_weight", default: 1, .fromZero),
            hardWeight: section.number("hard_weight", default: 1, .fromZero),
            replay: section.number("replay", default: 1, .fromZero),
            maximumReplayedRows: section.optionalInteger("maximum_replayed_rows", in: 1...Int.max),
            general: section.isOff("general") ? nil : general(section.section("general"), files)
        )
    }

    private static func general(_ section: ConfigurationSection, _ files: ConfigurationFiles) -> General {
        defer { section.finish() }
        return General(
            prompts: source(section, "prompts", files, usesNursery: false),
            rows: section.integer("rows", in: 1...10_000_000),
            heldOut: section.integer("held_out", default: 50, in: 0...1_000_000),
            temperature: section.number("temperature", default: 0.7, .through(0, 5)),
            topP: section.number("top_p", default: 1, .fractionAboveZero),
            maximumTokens: section.integer("maximum_tokens", default: 512, in: 1...1_000_000)
        )
    }

    private static func dpo(_ section: ConfigurationSection, usesNursery: Bool) -> DPO {
        defer { section.finish() }
        return DPO(
            enabled: section.bool("enabled", default: true),
            optimization: optimization(section, learningRate: 8e-7),
            tuning: tuning(section, usesNursery: usesNursery),
            prompts: section.integer("prompts", default: 6000, in: 1...10_000_000),
            samples: section.integer("samples", default: 5, in: 2...64),
            temperature: section.number(
                "temperature",
                default: 0.8,
                NumberRange(words: "above 0, at most 5") { $0 > 0 && $0 <= 5 }
            ),
            beta: section.number("beta", default: 0.01, .aboveZero),
            epochs: section.number("epochs", default: 5, .aboveZero),
            minimumMargin: section.number("minimum_margin", default: 1, .fromZero),
            minimumPairs: section.integer("minimum_pairs", default: 50, in: 1...Int.max),
            nllWeight: section.number("nll_weight", default: 0, .fromZero),
            pairs: pairs(section),
            rho: section.number("rho", default: 0, .zeroToOne),
            reference: section.choice("reference", default: .round)
        )
    }

    private static func evaluation(
        _ section: ConfigurationSection,
        _ files: ConfigurationFiles,
        _ mixture: Mixture,
        usesNursery: Bool
    ) -> Evaluation {
        defer { section.finish() }
        return Evaluation(
            gate: source(section, "gate", files, usesNursery: usesNursery),
            gatePrompts: section.integer("gate_prompts", default: 1000, in: 20...1_000_000),
            report: source(section, "report", files, usesNursery: usesNursery),
            reportPrompts: section.integer("report_prompts", default: 1000, in: 20...1_000_000),
            mixturePrompts: section.optionalInteger("mixture_prompts", in: 20...1_000_000),
            maximumTokens: section.integer("maximum_tokens", default: mixture.maximumTokens, in: 1...1_000_000)
        )
    }

    private static func gate(_ section: ConfigurationSection) -> Gate {
        defer { section.finish() }
        return Gate(
            enabled: section.bool("enabled", default: true),
            confidence: section.number("confidence", default: 0.95, .insideOne),
            resamples: section.integer("resamples", default: 10_000, in: 100...1_000_000),
            sliceMargin: section.number("slice_margin", default: 0.1, .zeroToOne),
            marks: section.choice("marks", default: .strict)
        )
    }

    private static func stop(_ section: ConfigurationSection) -> StopCriteria {
        defer { section.finish() }
        return StopCriteria { section.optional($0.key, $0.wanted, $0.canonical) }
    }
}

import Foundation
import LocalLM
import ModelFiles
import Testing
import TestSupport

@testable import SelfImprove

@Suite struct ConfigurationTests {
    private func faults(_ yaml: String, directory: URL = URL(fileURLWithPath: "/nowhere")) -> [String] {
        do {
            _ = try CampaignConfiguration.parse(yaml, name: "c.yaml", directory: directory)
            return []
        } catch { return "\(error)".split(separator: "\n").map(String.init) }
    }

    private static let keys = StopCriteria.keys.joined(separator: ", ")

    /// What to replace in the reduced campaign, and the one line that must come of it.
    static let mistakes: [(change: (String, String), line: String)] = [
        (("seed: 5", "sed: 5"), "c.yaml:2: sed: unknown key (did you mean seed?)"),
        (("seed: 5", "seed: five"), "c.yaml:2: seed: is \"five\" (it must be a whole number)"),
        (("seed: 5", "seed: -1"), "c.yaml:2: seed: is -1 (0 or more)"),
        (("seed: 5", "seed: \"5\""), "c.yaml:2: seed: is \"5\" (it must be a whole number)"),
        (("campaign: reduced", "campaign: a/b"), "c.yaml:1: campaign: is \"a/b\" (up to 64 letters, digits, - and _)"),
        (("campaign: reduced\n", ""), "c.yaml:1: campaign: is missing (it has no default)"),
        (
            ("kind: learning", "kind: teaching"),
            "c.yaml:4: nursery.kind: is \"teaching\" (one of learning, elicitation)"
        ),
        (("scale: 0.01", "scale: 0"), "c.yaml:5: nursery.scale: is 0 (0.001 to 100.0)"),
        (("per_round: 48", "per_round: 0"), "c.yaml:7: prompts.per_round: is 0 (1 to 10000000)"),
        (
            ("per_round: 48", "per_round: 48\n  source: nowhere.jsonl"),
            "c.yaml:8: prompts.source: there is no file /nowhere/nowhere.jsonl (relative paths are relative to this file)"
        ),
        (
            ("per_round: 48", "per_round: 48\n  decontaminate: {}"),
            "c.yaml:8: prompts.decontaminate: means nothing with source: nursery (its prompts are made, apart from all held-out ones and evenly)"
        ),
        (
            ("per_round: 48", "per_round: 48\n  decontaminate: yes"),
            "c.yaml:8: prompts.decontaminate: is a word, not a section (indent its keys below it)"
        ),
        (
            ("per_round: 48", "per_round: 48\n  near_duplicates: {method: levenshtein}"),
            "c.yaml:8: prompts.near_duplicates.method: is \"levenshtein\" (one of rouge_l, minhash)"
        ),
        (
            ("per_round: 48", "per_round: 48\n  weight_by: size"),
            "c.yaml:8: prompts.weight_by: is \"size\" (one of headroom)"
        ),
        (
            ("per_round: 48", "per_round: 48\n  sources: []"),
            "c.yaml:8: prompts.sources: is empty (a list such as [{file: a.jsonl, share: 0.6}, {file: b.jsonl}])"
        ),
        (
            ("per_round: 48", "per_round: 48\n  sources: [{file: nowhere.jsonl, share: 1}]"),
            "c.yaml:8: prompts.sources[1].file: there is no file /nowhere/nowhere.jsonl (relative paths are relative to this file)"
        ),
        (
            ("confidence: own", "confidence: own\n  filters: {longest: 0}"),
            "c.yaml:14: mixture.filters.longest: is 0 (1 to 1000000)"
        ),
        (
            ("confidence: own", "confidence: own\n  filters: {refusals: [en, tlh]}"),
            "c.yaml:14: mixture.filters.refusals: names \"tlh\" (all, or some of \(Refusal.languages.joined(separator: ", ")))"
        ),
        (
            ("proposers: [letters, numbers, words, champion]", "proposers: [letters, digits]"),
            "c.yaml:9: mixture.proposers: names the unknown peer \"digits\" (known: letters, numbers, words, champion, initial)"
        ),
        (
            ("proposers: [letters, numbers, words, champion]", "proposers: []"),
            "c.yaml:9: mixture.proposers: is empty (name at least one; known: letters, numbers, words, champion, initial)"
        ),
        (
            ("proposers: [letters, numbers, words, champion]", "proposers: letters"),
            "c.yaml:9: mixture.proposers: is \"letters\" (it must be a list such as [a, b])"
        ),
        (
            ("aggregator: words", "aggregator: nobody"),
            "c.yaml:10: mixture.aggregator: names the unknown peer \"nobody\" (known: letters, numbers, words, champion, initial, most_confident, surest_of_task, plurality)"
        ),
        (("aggregator: words", "aggregator: words\n  layers: 1"), "c.yaml:11: mixture.layers: is 1 (2 to 8)"),
        (
            ("aggregator: words", "aggregator: words\n  aggregation_prompt: mine"),
            "c.yaml:11: mixture.aggregation_prompt: there is no file /nowhere/mine (one of moa, nursery, or a file of words)"
        ),
        (("temperature: 0.5", "temperature: hot"), "c.yaml:11: mixture.temperature: is \"hot\" (it must be a number)"),
        (
            ("temperature: 0.5", "temperature: .nan"),
            "c.yaml:11: mixture.temperature: is \".nan\" (it must be a number)"
        ),
        (
            ("confidence: own", "confidence: sure"),
            "c.yaml:13: mixture.confidence: is \"sure\" (one of none, own, peers)"
        ),
        (
            ("confidence: own", "filters:\n    minimum_confidence: -0.1"),
            "c.yaml:14: mixture.filters.minimum_confidence: needs a confidence (set mixture.confidence to own or peers)"
        ),
        (
            ("confidence: own", "confidence: own\n  filters:\n    agreement: perhaps"),
            "c.yaml:15: mixture.filters.agreement: is \"perhaps\" (it must be true or false)"
        ),
        (
            ("seed: 5", "seed: 5\nanswers: {extract: number}"),
            "c.yaml:3: answers.extract: is \"number\" (one of whole, last_number, choice, json, regex)"
        ),
        (
            ("seed: 5", "seed: 5\nanswers: {extract: regex}"),
            "c.yaml:3: answers.extract: is regex, but there is no pattern (add pattern: REGULAR EXPRESSION)"
        ),
        (
            ("seed: 5", "seed: 5\nanswers:\n  extract: regex\n  pattern: 'a(b'"),
            "c.yaml:5: answers.pattern: is not valid: a ( that is never closed, at character 4 (\(LinearPattern.syntax))"
        ),
        (
            ("seed: 5", "seed: 5\nanswers: {pattern: a}"),
            "c.yaml:3: answers.pattern: means nothing with extract: whole (remove it)"
        ),
        (
            ("seed: 5", "seed: 5\nanswers:\n  tasks:\n    add: {extract: choice, choices: [a]}"),
            "c.yaml:5: answers.tasks.add.choices: are fewer than two (a list such as [yes, no])"
        ),
        (
            ("seed: 5", "seed: 5\nanswers: {extract: choice, choices: [a, b, A]}"),
            "c.yaml:3: answers.choices: duplicate choice \"A\" (keep one of them)"
        ),
        (
            ("seed: 5", "seed: 5\nanswers: {normalise: [case, accents]}"),
            "c.yaml:3: answers.normalise: holds \"accents\" (any of case, spaces, punctuation)"
        ),
        (
            ("seed: 5", "seed: 5\nanswers:\n  tasks:\n    sums: {extract: last_number}"),
            "c.yaml:5: answers.tasks.sums: no prompt has this task (there are: add, last, max, novowel, nth, repeat, reverse, seq, shift, sort, sub, upper)"
        ),
        (
            ("confidence: own", "confidence: own\n  filters:\n    minimum_share: 50"),
            "c.yaml:15: mixture.filters.minimum_share: is 50 (above 0, at most 1)"
        ),
        (
            ("tokens: 3000", "tokens: 3000\n  epochs: 2"),
            "c.yaml:16: sft.epochs: stands beside tokens (one of the two says how long SFT takes)"
        ),
        (("easy_weight: 0.6", "easy_weight: -1"), "c.yaml:16: sft.easy_weight: is -1 (0 or more)"),
        (("learning_rate: 0.005", "learning_rate: -0.005"), "c.yaml:19: sft.learning_rate: is -0.005 (0 or more)"),
        (("optimizer: muon", "optimizer: sgd"), "c.yaml:18: sft.optimizer: is \"sgd\" (one of adamw, muon)"),
        (
            ("tokens: 3000", "tokens: 3000\n  precision: fp16"),
            "c.yaml:16: sft.precision: is \"fp16\" (one of auto, fp32, bf16)"
        ),
        (
            ("tokens: 3000", "tokens: 3000\n  lora: 8"),
            "c.yaml:16: sft.lora: is a word, not a section (indent its keys below it)"
        ),
        (
            ("tokens: 3000", "tokens: 3000\n  lora: {rank: 0}"),
            "c.yaml:16: sft.lora.rank: is 0 (1 to 4096)"
        ),
        (
            ("tokens: 3000", "tokens: 3000\n  lora: {rank: 4, targets: [q_proj, lm_head]}"),
            "c.yaml:16: sft.lora.targets: names \"lm_head\" (some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj)"
        ),
        (
            ("epochs: 1", "epochs: 1\n  gradient_checkpointing: yes"),
            "c.yaml:25: dpo.gradient_checkpointing: is \"yes\" (one of auto, on, off)"
        ),
        (
            ("tokens: 3000", "tokens: 3000\n  general: {rows: 5}"),
            "c.yaml:16: sft.general.prompts: is missing (it has no default)"
        ),
        (
            ("tokens: 3000", "tokens: 3000\n  general: {prompts: nursery, rows: 5}"),
            "c.yaml:16: sft.general.prompts: is nursery, which holds no conversations (name a JSONL file)"
        ),
        (
            ("seed: 5", "seed: 5\nmodels: {store: fp16}"),
            "c.yaml:3: models.store: is \"fp16\" (one of auto, fp32, bf16)"
        ),
        (("beta: 0.1", "beta: 0"), "c.yaml:23: dpo.beta: is 0 (above 0)"),
        (("prompts: 24", "prompts: 24\n  samples: 1"), "c.yaml:23: dpo.samples: is 1 (2 to 64)"),
        (
            ("- kind: agreement", "- kind: likelihood"),
            "c.yaml:30: judges[2].kind: duplicate kind likelihood (one judge of a kind; name more models instead)"
        ),
        (
            ("- kind: agreement", "- kind: written\n    aggregator: champion"),
            "c.yaml:31: judges[2].aggregator: names the champion, which may not judge itself (known: letters, numbers, words, initial)"
        ),
        (
            ("- kind: agreement", "- kind: written\n    aggregator: words\n    proposers: [nobody]"),
            "c.yaml:32: judges[2].proposers: names the unknown peer \"nobody\" (known: letters, numbers, words, initial)"
        ),
        (
            ("- kind: agreement", "- kind: written\n    name: likelihood\n    aggregator: words"),
            "c.yaml:31: judges[2].name: duplicate name \"likelihood\" (give each judge a name)"
        ),
        (
            ("- kind: agreement", "- kind: written\n    criteria: champion\n    aggregator: words"),
            "c.yaml:31: judges[2].criteria: names the champion, which may not judge itself (known: letters, numbers, words, initial)"
        ),
        (
            ("- kind: agreement", "- kind: written\n    aggregator: words\n    prompts: {verdict: absent.txt}"),
            "c.yaml:32: judges[2].prompts.verdict: there is no file /nowhere/absent.txt (relative paths are relative to this file)"
        ),
        (
            ("- kind: agreement", "- kind: written\n    aggregator: words\n    prompts: {verdicts: absent.txt}"),
            "c.yaml:32: judges[2].prompts.verdicts: unknown key (did you mean verdict?)"
        ),
        (
            ("prompts: 24", "prompts: 24\n  reference: last"),
            "c.yaml:23: dpo.reference: is \"last\" (one of round, initial)"
        ),
        (
            ("prompts: 24", "prompts: 24\n  pairs: some"),
            "c.yaml:23: dpo.pairs: is \"some\" (it must be a whole number)"
        ),
        (
            ("- kind: likelihood", "- kind: likelihood\n    models: [champion]"),
            "c.yaml:30: judges[1].models: names the champion, which may not judge itself (known: letters, numbers, words)"
        ),
        (
            ("gate_prompts: 48", "gate_prompts: 48.5"),
            "c.yaml:32: evaluation.gate_prompts: is \"48.5\" (it must be a whole number)"
        ),
        (
            ("resamples: 200", "resamples: 200\n  confidence: 95"),
            "c.yaml:37: gate.confidence: is 95 (above 0 and below 1)"
        ),
        (
            ("resamples: 200", "resamples: 200\n  marks: lenient"),
            "c.yaml:37: gate.marks: are lenient, but answers are compared as whole texts (say in answers what is extracted, or what makes no difference)"
        ),
        (
            ("rounds: 2", "wall_clock: soon"),
            "c.yaml:38: stop.wall_clock: is \"soon\" (it must be a time such as 90s, 30m, 6h or 2d)"
        ),
        (
            ("rounds: 2", "deadline: tomorrow"),
            "c.yaml:38: stop.deadline: is \"tomorrow\" (it must be a moment such as 2026-12-01T08:00:00Z)"
        ),
        (
            ("rounds: 2", "deadline: 2027-02-30T08:00:00Z"),
            "c.yaml:38: stop.deadline: is \"2027-02-30T08:00:00Z\" (it must be a moment such as 2026-12-01T08:00:00Z)"
        ),
        (
            ("rounds: 2", "money: 3"),
            "c.yaml:38: stop.money: is counted by price_per_hour, which is off (say what an hour of this machine costs)"
        ),
        (
            ("rounds: 2", "general_length: below 0.85"),
            "c.yaml:38: stop.general_length: is measured on general conversations, of which none is held out (set sft.general, see nursery.yaml)"
        ),
        (
            ("rounds: 2", "regression: 2"),
            "c.yaml:38: stop.regression: is \"2\" (it must be a number from 0 to below 1)"
        ),
        (
            ("rounds: 2", "kept: 0.1"),
            "c.yaml:38: stop.kept: is \"0.1\" (it must be a bound such as above 1.5 or below 0.2)"
        ),
        (("rounds: 2", "disk: 20"), "c.yaml:38: stop.disk: is \"20\" (it must be a size such as 500MB or 20GB)"),
        (
            ("rounds: 2", "rounds: off"),
            "c.yaml:37: stop: names no criterion (at least one of \(keys))"
        ),
        (("stop:\n  rounds: 2", "stop: 2"), "c.yaml:37: stop: is a word, not a section (indent its keys below it)"),
        (
            ("seed: 5", "seed: 5\nstudent: ./absent"),
            "c.yaml:3: student: there is no directory or file /nowhere/absent (relative paths are relative to this file)"
        ),
        (
            ("seed: 5", "seed: 5\nstudent: nursery/aggregator"),
            "c.yaml:3: student: is nursery/aggregator, which this nursery does not have (it has: student, letters, numbers, words)"
        ),
        (("seed: 5", "seed: 5\nseed: 6"), "c.yaml:3: seed: duplicate key (keep one of them)"),
        (("beta: 0.1", "beta: 0.1\n  beta: 0.2"), "c.yaml:24: beta: duplicate key (keep one of them)"),
        (
            ("  - kind: agreement", "  - kind: agreement\n    kind: likelihood"),
            "c.yaml:31: kind: duplicate key (keep one of them)"
        ),
        (
            ("seed: 5", "seed: 18446744073709551615"),
            "c.yaml:2: seed: is \"18446744073709551615\" (it must be at most 9223372036854775807)"
        ),
        (
            ("tokens: 3000", "epochs: off"),
            "c.yaml:15: sft.epochs: is off, and tokens too (one of the two says how long SFT takes)"
        ),
        (("rounds: 2", "round: 2"), "c.yaml:38: stop.round: unknown key (did you mean rounds?)"),
        (
            ("rounds: 2", "rounds: 2\n  eta: 1"),
            "c.yaml:39: stop.eta: unknown key (known here: \(keys))"
        ),
    ]

    @Test(arguments: mistakes.indices) func everyMistakeGetsOneClearLine(index: Int) {
        let mistake = Self.mistakes[index]
        let lines = faults(ReducedCampaign.yaml([mistake.change]))
        #expect(lines == [mistake.line])
    }

    @Test func aTaskInheritsWhatItDoesNotSay() throws {
        let file = ReducedCampaign.yaml([
            (
                "seed: 5",
                """
                seed: 5
                answers:
                  extract: choice
                  choices: [yes, no]
                  normalise: [case]
                  target: canonical
                  tasks:
                    add: {extract: last_number}
                    sub: {choices: [one, two]}
                """
            )
        ])
        let answers = try CampaignConfiguration.parse(file, name: "c", directory: URL(fileURLWithPath: "/")).answers
        #expect(
            answers.tasks["add"]
                == AnswerRule(extract: .lastNumber, normalise: [.letterCase], target: .canonical)
        )
        #expect(answers.tasks["sub"]?.extract == .choice && answers.tasks["sub"]?.choices == ["one", "two"])
        #expect(answers.rule.choices == ["yes", "no"])
        let plain = try ReducedCampaign.configuration().answers
        #expect(plain == .init() && plain.rule.isWhole)
    }

    @Test func allMistakesAreReportedAtOnceInTheOrderOfTheFile() {
        let lines = faults(
            ReducedCampaign.yaml([
                ("seed: 5", "seed: x"), ("scale: 0.01", "scale: -1"), ("per_round: 48", "per_round: none"),
                ("aggregator: words", "aggregator: me"),
                ("maximum_tokens: 12", "maximum_tokens: 0"), ("tokens: 3000", "tokens: few"), ("beta: 0.1", "beta: -1"),
                ("enabled: false", "enabled: no way"),
                ("resamples: 200", "resample: 200"), ("rounds: 2", "rounds: zero"),
            ])
        )
        #expect(lines.count == 10)
        let numbers = lines.compactMap { Int($0.split(separator: ":")[1]) }
        #expect(numbers == numbers.sorted())
    }

    @Test func aFileThatIsNoYAMLOrNotThereIsOneLine() throws {
        #expect(faults("campaign: [a").count == 1)
        #expect(faults("").first?.contains("holds no configuration") == true)
        #expect(faults("- a\n- b").count == 1)
        #expect(throws: SelfImproveError.self) {
            try CampaignConfiguration.read(URL(fileURLWithPath: "/nowhere/c.yaml"))
        }
        try withTemporaryDirectory { folder in
            let file = folder.appendingPathComponent("c.yaml")
            try Data([0xFF, 0xFE, 0x00]).write(to: file)
            #expect(throws: SelfImproveError.self) { try CampaignConfiguration.read(file) }
            #expect(throws: SelfImproveError.self) { try CampaignConfiguration.read(folder) }
        }
    }

    @Test func peersAreCheckedByNameAndByTheirFiles() throws {
        try withTemporaryDirectory { folder in
            let tokenizer = try Nursery.tokenizer()
            let model = Checkpoint(
                weights: Initialization.nursery(try Nursery.architecture(), seed: 1),
                tokenizer: tokenizer,
                template: .nursery
            )
            try model.save(to: folder.appendingPathComponent("good"))
            try model.save(to: folder.appendingPathComponent("bad"))
            try Data("{".utf8).write(to: folder.appendingPathComponent("bad/config.json"))
            let peers = """
                campaign: external
                student: good
                peers:
                  - name: a
                    model: good
                  - name: a
                    model: bad
                  - name: champion
                    model: good/config.json
                  - name: b
                    weights: int4
                prompts: {source: prompts.jsonl}
                evaluation: {gate: gate.jsonl, report: gate.jsonl}
                stop: {rounds: 1}
                """
            try Data("{\"prompt\": \"a\"}\n".utf8).write(to: folder.appendingPathComponent("prompts.jsonl"))
            try Data("{\"prompt\": \"a\"}\n".utf8).write(to: folder.appendingPathComponent("gate.jsonl"))
            let lines = faults(peers, directory: folder)
            for part in [
                "c.yaml:6: peers[2].name: duplicate name \"a\"",
                "c.yaml:7: peers[2].model: \(folder.path)/bad/config.json",
                "c.yaml:8: peers[3].name: is \"champion\", which means something else here",
                "good/config.json: is not a GGUF file", "peers[4].model: is missing",
                "c.yaml:11: peers[4].weights: is \"int4\" (one of fp32, bf16, int8)",
                "evaluation.gate: \(folder.path)/gate.jsonl: row 1 has no answer",
                "evaluation.report: is the same file as gate",
            ] { #expect(lines.contains { $0.contains(part) }, "\(part) in \(lines.joined(separator: " | "))") }

            try Data("{\"prompt\": \"b\", \"answer\": \"c\"}\n".utf8)
                .write(to: folder.appendingPathComponent("gate.jsonl"))
            try Data("{\"prompt\": \"d\", \"answer\": \"c\"}\n".utf8)
                .write(to: folder.appendingPathComponent("report.jsonl"))
            let good = """
                campaign: external
                student: good
                peers: [{name: a, model: good, weights: int8}, {name: b, model: good}]
                mixture: {aggregator: plurality}
                prompts: {source: prompts.jsonl}
                evaluation: {gate: gate.jsonl, report: report.jsonl}
                stop: {rounds: 1}
                """
            let configuration = try CampaignConfiguration.parse(good, name: "c.yaml", directory: folder)
            #expect(configuration.weights(of: "a") == .int8 && configuration.weights(of: "b") == nil)
        }
    }

    /// Gemma 2's template refuses a system message, Mistral's two turns of one role.
    @Test func whatTheTemplatesRefuseIsAFaultBeforeTheWork() throws {
        try withTemporaryDirectory { folder in
            func write(_ name: String, _ text: String) throws {
                try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
            }
            func model(_ name: String, _ refusal: String) throws {
                let turns = "{% for m in messages %}{{ m['role'] }}:{{ m['content'] }};{% endfor %}"
                try Checkpoint(
                    weights: Initialization.nursery(try Self.roomy(), seed: 1),
                    tokenizer: try Nursery.tokenizer(),
                    template: ChatTemplate(source: refusal + turns)
                ).save(to: folder.appendingPathComponent(name))
            }
            try model("gemma", "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}")
            try model("nothing", "{% if messages[0]['content'] != 'a' %}{{ raise_exception('nothing') }}{% endif %}")
            try write("gate.jsonl", #"{"prompt": "g", "answer": "x"}"#)
            try write("report.jsonl", #"{"prompt": "r", "answer": "x"}"#)
            try write("prompts.jsonl", #"{"prompt": "a"}"#)
            func lines(_ student: String) -> [String] {
                faults(
                    """
                    campaign: external
                    student: \(student)
                    prompts: {source: prompts.jsonl}
                    mixture: {proposers: [{name: told, model: champion, system: Be brief.}], aggregator: champion}
                    evaluation: {gate: gate.jsonl, report: report.jsonl}
                    stop: {rounds: 1}
                    """,
                    directory: folder
                )
            }
            #expect(lines("gemma") == [], "its system texts go before the question")
            #expect(lines("nothing").contains { $0.contains("aggregator: the chat template of champion refuses") })
            try write("prompts.jsonl", #"{"prompt": [{"role":"system","content":"s"},{"role":"user","content":"a"}]}"#)
            #expect(lines("gemma").contains { $0.contains("row 1: the student cannot read it") })
            try write("prompts.jsonl", #"{"prompt": "a"}"#)
            let long = String(repeating: "long ", count: 1000)
            try write(
                "gate.jsonl",
                #"{"prompt": "g", "answer": "x"}"# + "\n" + #"{"prompt": "\#(long)", "answer": "x"}"#
            )
            #expect(lines("gemma").contains { $0.contains("gate.jsonl: row 2 takes") }, "\(lines("gemma"))")
        }
    }

    @Test func promptsAreToldApartAndTheReportAsksOthersThanTheGate() throws {
        try withTemporaryDirectory { folder in
            func write(_ name: String, _ rows: [String]) throws {
                let text = rows.joined(separator: "\n") + "\n"
                try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
            }
            let model = Checkpoint(
                weights: Initialization.nursery(try Self.roomy(), seed: 1),
                tokenizer: try Nursery.tokenizer(),
                template: .nursery
            )
            try model.save(to: folder.appendingPathComponent("good"))
            let yaml = """
                campaign: external
                student: good
                prompts: {source: prompts.jsonl}
                evaluation: {gate: gate.jsonl, report: report.jsonl}
                stop: {rounds: 1}
                """
            let asked = (0..<3).map { #"{"prompt": "g\#($0)", "answer": "x"}"# }
            try write("prompts.jsonl", [#"{"id": "1", "prompt": "a"}"#, #"{"id": "2", "prompt": "b"}"#])
            try write("gate.jsonl", asked)
            try write("report.jsonl", [#"{"prompt": "r", "answer": "x"}"#])
            #expect(faults(yaml, directory: folder) == [])
            try write("prompts.jsonl", [#"{"id": "1", "prompt": "a"}"#, #"{"id": "1", "prompt": "b"}"#])
            try write("report.jsonl", Array(asked[1...]))
            let lines = faults(yaml, directory: folder)
            #expect(lines.count == 2 && lines[0].contains("two prompts have the id 1"), "\(lines)")
            #expect(lines.last?.contains("asks 2 prompts that the gate asks, too") == true)
        }
    }

    /// The aggregation prompt alone takes more than the nursery's models read.
    private static func roomy() throws -> ModelConfiguration {
        var configuration = try Nursery.architecture()
        configuration.maximumPositions = 2048
        return configuration
    }

    private var configs: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("configs")
    }

    @Test(arguments: ["nursery", "elicitation", "smoke"]) func theShippedConfigurationsHaveNoFault(name: String) throws
    {
        let configuration = try CampaignConfiguration.read(configs.appendingPathComponent("\(name).yaml"))
        #expect(configuration.campaign == name)
        #expect(
            try JSONText(configuration).decode(CampaignConfiguration.self) == configuration,
            "it is kept in the lineage as JSON"
        )
    }

    /// Their models and tasks are fetched: until then, that they are not there is all that is wrong with them.
    @Test(arguments: ["smollm", "smollm-peers"]) func whatNeedsARealModelLacksOnlyItsFiles(name: String) throws {
        let file = configs.appendingPathComponent("\(name).yaml")
        do {
            #expect(try CampaignConfiguration.read(file).campaign == name)
        } catch let faults as ConfigurationFaults {
            #expect("\(faults)".split(separator: "\n").filter { !$0.contains("state/smollm/") } == [])
        }
    }

    @Test func theDefaultConfigurationExplainsEveryKey() throws {
        // A line with a value carries its explanation; what repeats an explained key does not have to.
        let silent = try lines("nursery").filter { $0.contains(": ") && !$0.contains("#") }
        let repeated = [
            "model: nursery/", "- name:", "learning_rate", "schedule", "final_fraction", "warmup_steps", "weight_decay",
            "maximum_gradient_norm", "batch_tokens", "models: [",
        ]
        for line in silent { #expect(repeated.contains { line.hasPrefix($0) }, "\(line) is not explained") }
    }

    @Test(arguments: ["elicitation", "smoke"]) func theShortConfigurationsUseKeysThatTheDefaultOneExplains(
        name: String
    ) throws {
        func keys(_ lines: [String]) -> Set<String> {
            Set(
                lines.filter { !$0.hasPrefix("#") && !$0.hasPrefix("-") && $0.contains(":") }
                    .map { String($0.prefix { $0 != ":" }) }
            )
        }
        let unknown = try keys(lines(name)).subtracting(keys(lines("nursery")))
        #expect(unknown.isEmpty)
    }

    private func lines(_ name: String) throws -> [String] {
        try String(contentsOf: configs.appendingPathComponent("\(name).yaml"), encoding: .utf8)
            .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    @Test func everyStopCriterionIsExplained() throws {
        let text = try String(contentsOf: configs.appendingPathComponent("nursery.yaml"), encoding: .utf8)
        let stop = text[try #require(text.range(of: "\nstop:")).lowerBound...]
        for key in StopCriteria.keys { #expect(stop.contains("\n  \(key): "), "\(key)") }
    }

    /// The comments of configs/nursery.yaml name the defaults: they must be the ones that are read.
    @Test func theDefaultsAreWhatTheCommentsSay() throws {
        let minimal = "campaign: m\nnursery: {kind: learning}\nstop: {rounds: 1}\n"
        let c = try CampaignConfiguration.parse(minimal, name: "m", directory: URL(fileURLWithPath: "/"))
        let text = try String(contentsOf: configs.appendingPathComponent("nursery.yaml"), encoding: .utf8)
        func says(_ section: String, _ key: String, _ value: String) {
            let part = text[text.range(of: "\n\(section):")!.lowerBound...]
            let line = part.split(separator: "\n").first {
                $0.trimmingCharacters(in: .whitespaces).hasPrefix("\(key):")
            }
            #expect(
                line?.contains("default \(value)") == true || line?.contains("default: \(value)") == true,
                "\(section).\(key): \(value), but: \(line ?? "")"
            )
        }
        says("prompts", "per_round", "\(c.prompts.perRound)")
        says("mixture", "layers", "\(c.mixture.layers)")
        says("mixture", "aggregator", Participant.champion.name)
        #expect(c.mixture.aggregator == .participant(.champion))
        says("mixture", "temperature", "\(c.mixture.temperature)")
        says("mixture", "maximum_tokens", "\(c.mixture.maximumTokens)")
        says("sft", "weight_decay", "\(c.sft.optimization.weightDecay)")
        says("sft", "warmup_steps", "\(c.sft.optimization.warmupSteps)")
        says("sft", "batch_tokens", "\(c.sft.optimization.batchTokens)")
        says("dpo", "prompts", "\(c.dpo.prompts)")
        says("dpo", "samples", "\(c.dpo.samples)")
        says("dpo", "beta", "\(c.dpo.beta)")
        says("dpo", "minimum_pairs", "\(c.dpo.minimumPairs)")
        says("evaluation", "gate_prompts", "\(c.evaluation.gatePrompts)")
        says("gate", "confidence", "\(c.gate.confidence)")
        says("gate", "resamples", "\(c.gate.resamples)")
        says("gate", "slice_margin", "\(c.gate.sliceMargin)")
        #expect(c.sft.epochs == 5 && c.sft.optimization.learningRate == 8e-6 && c.dpo.optimization.learningRate == 8e-7)
    }
}

@Suite struct JSONTextTests {
    @Test func aConfigurationIsReadBackAsAnyJSON() throws {
        let text = try JSONText(ReducedCampaign.configuration())
        let value = try text.decode([String: JSONValue].self)
        #expect(value["campaign"] == .string("reduced"))
        #expect(try JSONText(value) == text)
    }

    @Test(arguments: [0, 1, UInt64(Int.max), UInt64(Int.max) + 1, .max]) func everyBitOfASeedIsKept(seed: UInt64) throws
    {
        let text = try JSONText(["seed": seed])
        #expect(text.text == "{\"seed\":\(seed)}")
        #expect(try JSONText(text.decode(JSONValue.self)) == text)
    }

    /// The nursery's bytes are the same on every processor; a model of one's own gets what the processor does best.
    @Test func trainingSettingsAreThoseOfModelTrain() throws {
        let nursery = try ReducedCampaign.configuration()
        #expect(nursery.sft.tuning == .exact && nursery.dpo.tuning == .exact && nursery.models.store == .auto)
        let set = try ReducedCampaign.configuration([
            (
                "tokens: 3000",
                """
                tokens: 3000
                  precision: bf16
                  lora: {rank: 4, targets: [q_proj, v_proj], dropout: 0.1, rslora: true}
                  micro_batch_tokens: 2048
                  gradient_checkpointing: off
                """
            ), ("seed: 5", "seed: 5\nmodels:\n  store: bf16"),
        ])
        let lora = LoRASettings(
            rank: 4,
            alpha: 8,
            dropout: 0.1,
            isRankStabilized: true,
            modules: [.query, .value]
        )
        #expect(
            set.sft.tuning
                == FineTuningSettings(
                    precision: .bf16,
                    lora: lora,
                    microBatchTokens: 2048,
                    gradientCheckpointing: .off
                )
        )
        #expect(set.models.store == .bf16)
        #expect(try JSONText(set).decode(CampaignConfiguration.self) == set)
    }
}

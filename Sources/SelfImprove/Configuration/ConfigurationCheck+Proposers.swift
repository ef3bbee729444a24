import Foundation
import LocalLM
import ModelFiles

/// What proposers with a context or samples of their own must be.
extension ConfigurationCheck {
    func proposers() {
        let mixture = configuration.mixture, entries = root.section("mixture").entries("proposers") ?? []
        for (index, participant, section) in described {
            name(participant, at: index, entries, section)
            if case .peer(let peer) = participant.model, !peer.isEmpty, !peers.contains(peer) {
                section.fault("model", "names the unknown peer \"\(peer)\"", hint: known(Self.models))
            }
            let temperature = participant.sampling.temperature ?? mixture.temperature
            if participant.samples > 1, Sampling(temperature: temperature, maximumTokens: 1).isGreedy {
                section.fault(
                    "samples",
                    "is \(participant.samples), but temperature \(temperature == 0 ? "0" : "\(temperature)") gives the same answer every time",
                    hint: "set a temperature above 0, or leave samples out"
                )
            }
            if participant.context.isEmpty { continue }
            if let model = length(of: participant.model) { room(for: participant, in: model, section) }
        }
    }

    /// Proposers that have a section of their own, with their places in the list.
    private var described: [(index: Int, participant: Participant, section: ConfigurationSection)] {
        let entries = root.section("mixture").entries("proposers") ?? []
        return zip(entries, configuration.mixture.proposers).enumerated().compactMap { index, pair in
            guard case .section(let section) = pair.0 else { return nil }
            return (index, pair.1, section)
        }
    }

    private func name(
        _ participant: Participant,
        at index: Int,
        _ entries: [ConfigurationSection.Entry],
        _ section: ConfigurationSection
    ) {
        let name = participant.name, others = configuration.mixture.proposers.map(\.name)
        if name.isEmpty { return }
        if !Self.isName(name) { return section.fault("name", "is \"\(name)\"", hint: "letters, digits, - and _") }
        if name != Participant.text(participant.model), (peers + Self.reserved).contains(name) {
            return section.fault(
                "name",
                "is \"\(name)\", which means something else here",
                hint: "choose another name"
            )
        }
        let isTaken = others.indices.contains { other in
            guard other != index, other < entries.count, others[other] == name else { return false }
            if case .word = entries[other] { return true }
            return other < index
        }
        if isTaken {
            section.fault("name", "duplicate name \"\(name)\"", hint: "every proposer needs a name of its own")
        }
    }

    // MARK: Room for a context

    /// Nil for a model that cannot be read: that is a fault of its own.
    private func length(of model: Participant.Model) -> ConversationLength? {
        configuration.reference(of: model).flatMap(length)
    }

    func length(of reference: ModelReference) -> ConversationLength? {
        if case .directory(let path) = reference, !files.allows(path) { return nil }
        // `models` has said what is wrong with one that cannot be read.
        return (try? lengths.of(reference)) ?? nil
    }

    /// The context of every task must leave room for a question.
    private func room(for participant: Participant, in model: ConversationLength, _ section: ConfigurationSection) {
        let key = participant.context.examples.isEmpty ? "system" : "examples"
        for task in participant.context.everyTask {
            do {
                let question = [Message(role: "user", content: "")]
                let tokens = try model.tokens(participant.context.applied(to: question, task: task))
                guard tokens >= model.positions else { continue }
                return section.fault(
                    key,
                    "takes \(tokens) tokens\(task.map { " before a prompt of \($0)" } ?? ""); the model has "
                        + "\(model.positions) positions",
                    hint: "shorten it: the question and its answer need room too"
                )
            } catch let error as LocalLMError {
                return section.fault(key, "the model's chat template refuses it: \(error.message)", hint: error.hint)
            } catch { return section.fault(key, "the model's chat template refuses it: \(error)") }
        }
    }

    // MARK: Prompts

    /// The aggregator must be able to read what it is shown.
    func aggregator() {
        let mixture = configuration.mixture
        guard case .participant(let aggregator) = mixture.aggregator, let model = length(of: aggregator.model)
        else { return }
        let prompt = mixture.aggregationPrompt
        let question = [Message(role: "user", content: "")]
        do {
            let tokens = try model.tokens(prompt.messages(question, candidates: ["", ""]))
            if tokens >= model.positions {
                root.section("mixture").fault(
                    "aggregator",
                    "is told \(tokens) tokens before any candidate; \(aggregator.name) has \(model.positions) positions",
                    hint: "let another model aggregate, or a rule; or choose a shorter aggregation_prompt"
                )
            }
        } catch {
            root.section("mixture").fault(
                "aggregator",
                "the chat template of \(aggregator.name) refuses the candidates: \((error as? LocalLMError)?.message ?? "\(error)")",
                hint:
                    "let a peer aggregate, or a rule: \(AggregationRule.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
    }

    /// Every prompt is trained on as it is: the student's template must take it. One for each order of roles is tried.
    func conversations(_ rows: [PromptRow], _ path: String, _ fault: (String, String?) -> Void) {
        guard let student = length(of: configuration.student) else { return }
        var seen = Set<[String]>()
        for (index, row) in rows.enumerated() where seen.insert(row.prompt.map(\.role)).inserted {
            let asked = asked(row.prompt)
            if asked.isEmpty {
                return fault("\(path): row \(index + 1) holds no message of the user", "turns: every answers these")
            }
            do { try student.check(asked) } catch {
                let reason = (error as? LocalLMError)?.message ?? "\(error)"
                return fault(
                    "\(path): row \(index + 1): the student cannot read it: \(reason)",
                    "change the row, or the template"
                )
            }
        }
    }

    /// A conversation as it is when its last turn is answered.
    private func asked(_ prompt: [Message]) -> [Message] {
        guard configuration.prompts.turns == .every else { return prompt }
        let answer = [Message(role: "assistant", content: "-")]
        return Array(ConversationTurns(prompt).turns.joined(separator: answer))
    }

    /// An evaluation prompt that is too long would be wrong in every round.
    func lengths(_ rows: [PromptRow], _ path: String, _ fault: (String, String?) -> Void) throws {
        guard let student = length(of: configuration.student) else { return }
        for (index, row) in rows.enumerated() {
            guard let tokens = try student.excess(row.prompt) else { continue }
            return fault(
                "\(path): row \(index + 1) takes \(tokens) tokens; the student has \(student.positions) positions",
                "shorten it, or take it out"
            )
        }
    }

    /// Examples that no prompt sees are a misspelt task, or another campaign's file.
    func examples(of tasks: Set<String>) {
        for (_, participant, section) in described {
            let context = participant.context
            guard !context.examples.isEmpty, context.examples.allSatisfy({ $0.task != nil }),
                tasks.isDisjoint(with: context.tasks)
            else { continue }
            section.fault(
                "examples",
                "none belongs to a task of the prompts: they are of \(Self.few(context.tasks)), the prompts of "
                    + Self.few(tasks.sorted()),
                hint: "an example is shown before prompts of its own task; without a task, before all"
            )
        }
    }

    private static func few(_ names: [String]) -> String {
        names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", and \(names.count - 4) more" : "")
    }

    // MARK: Held-out prompts

    /// What is evaluated must not be shown.
    func examples(against set: EvaluationSet, _ name: HeldOutSet) {
        let asked = set.questionDigests
        for (_, participant, section) in described {
            for (row, example) in participant.context.examples.enumerated()
            where !example.questions.isDisjoint(with: asked) {
                section.fault(
                    "examples",
                    "example \(row + 1) of \(files.absolute(section.string("examples"))) asks a prompt of the "
                        + "\(name.rawValue) set",
                    hint: "take it out: what is evaluated must not be shown"
                )
            }
        }
    }
}

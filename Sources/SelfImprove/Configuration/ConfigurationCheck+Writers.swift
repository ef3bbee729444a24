import ModelFiles

/// What models that write prompts must be, and what they are shown.
extension ConfigurationCheck {
    /// - Parameter sections: of `prompts.sources`.
    /// - Returns: the tasks that they write prompts of, and how many seeds their own files hold; nil where there is a
    ///   fault.
    func writers(_ sections: [ConfigurationSection]) -> (tasks: Set<String>, seeds: Int)? {
        var tasks: Set<String> = [], seeds = 0, names = Set<String>(), isWhole = true
        for (share, section) in zip(configuration.prompts.shares, sections) {
            guard let writer = share.writer else { continue }
            if !Self.isName(writer.name) {
                section.fault("name", "is \"\(writer.name)\"", hint: "letters, digits, - and _")
            } else if !names.insert(writer.name).inserted {
                section.fault("name", "duplicate name \"\(writer.name)\"", hint: "every source needs a name of its own")
            }
            model(of: writer, section)
            switch writer.kind {
            case .magpie: tasks.insert(PromptRow.defaultTask)
            case .selfInstruct:
                guard let read = seedFile(of: writer, section) else {
                    isWhole = false
                    continue
                }
                tasks.formUnion(read.tasks)
                seeds += read.count
            }
        }
        return isWhole ? (tasks, seeds) : nil
    }

    /// Prompts that models write in all rounds, as far as rounds are counted.
    var writtenPrompts: Int {
        let shares = configuration.prompts.shares
        let quotas = PromptDrawing.quotas(of: configuration.prompts.perRound, shares.map(\.share))
        let written = zip(shares, quotas).reduce(0) { $0 + ($1.0.writer == nil ? 0 : $1.1) }
        return written * min(configuration.stop.rounds ?? 1, 1_000_000)
    }

    private func model(of writer: PromptWriter, _ section: ConfigurationSection) {
        if case .peer(let name) = writer.model, !name.isEmpty, !peers.contains(name) {
            return section.fault("model", "names the unknown peer \"\(name)\"", hint: known(Self.models))
        }
        guard let reference = configuration.reference(of: writer.model) else { return }
        let isRemote = if case .endpoint = reference { true } else { false }
        switch writer.kind {
        case .magpie:
            if writer.sampling.isGreedy {
                section.fault("temperature", "is 0, which writes the same text every time", hint: "above 0, such as 1")
            }
            if isRemote != (writer.opening != nil) {
                section.fault(
                    isRemote ? "model" : "prefix",
                    isRemote
                        ? "is behind an endpoint, which keeps its chat template for itself"
                        : "means nothing to a model on this machine, whose chat template says it",
                    hint: isRemote
                        ? "add prefix: what its template writes before a user's words; /completions goes on from it"
                        : "remove it"
                )
            } else if !isRemote, section.has("stop") {
                section.fault("stop", "means nothing without a prefix", hint: "remove it")
            } else if let length = length(of: reference) {
                opening(of: length, section)
            }
        case .selfInstruct: if let length = length(of: reference) { room(for: writer, in: length, section) }
        }
    }

    private func opening(of model: ConversationLength, _ section: ConfigurationSection) {
        do {
            if try model.openingTokens() == 0 {
                section.fault("model", "its chat template writes nothing before a user's words", hint: "use another")
            }
        } catch {
            let fault = error as? LocalLMError
            section.fault("model", fault?.message ?? "\(error)", hint: fault?.hint ?? "use another model")
        }
    }

    /// The words, and as many seeds as are shown, must leave room for an instruction.
    private func room(for writer: PromptWriter, in model: ConversationLength, _ section: ConfigurationSection) {
        guard let examples = writer.examples else { return }
        do {
            let empty = [String](repeating: "", count: examples.shown)
            let tokens = try model.tokens([examples.prompt.message(showing: empty)])
            guard tokens >= model.positions else { return }
            section.fault(
                section.has("prompt") ? "prompt" : "model",
                "is told \(tokens) tokens before any seed; the model has \(model.positions) positions",
                hint: "shorter words in prompt: FILE, fewer shown, or another model"
            )
        } catch {
            section.fault(
                "model",
                "its chat template refuses what it is asked: \((error as? LocalLMError)?.message ?? "\(error)")"
            )
        }
    }

    /// - Returns: the tasks of a writer's seeds, and how many its own file holds; nil where there is a fault.
    private func seedFile(of writer: PromptWriter, _ section: ConfigurationSection) -> (tasks: Set<String>, count: Int)?
    {
        guard let path = writer.examples?.seeds else {
            if !configuration.prompts.files.isEmpty { return ([], 0) }
            section.fault(
                "seeds",
                "is missing, and no other source is a file",
                hint: "name a JSONL file of prompts that show what is wanted"
            )
            return nil
        }
        for set in HeldOutSet.allCases where configuration.evaluation.source(of: set).source == .file(path) {
            section.fault("seeds", "is the \(set.rawValue) set", hint: "what is evaluated must not be shown")
            return nil
        }
        var count = 0
        let tasks = source(.file(path), { section.fault("seeds", $0, hint: $1) }) { rows in
            count = rows.count { SeedPrompts.text(of: $0) != nil }
            if count == 0, !rows.isEmpty {
                section.fault("seeds", "\(path) holds no prompt of one turn of a user", hint: "such rows are shown")
            }
        }
        return tasks.map { ($0, count) }
    }
}

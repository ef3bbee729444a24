import ModelFiles

/// What judges must be.
extension ConfigurationCheck {
    /// Models of a judge that writes: those on hand, the champion never.
    private func written(_ judge: CampaignConfiguration.JudgeConfiguration, _ section: ConfigurationSection) {
        if judge.kind == .written, !judge.models.isEmpty {
            section.fault("models", "means nothing to a written judge", hint: "name criteria, proposers, aggregator")
        }
        guard let written = judge.written else { return }
        for (key, names) in [
            ("criteria", [written.criteria]), ("proposers", written.proposers), ("aggregator", [written.aggregator]),
        ] {
            for name in names where !name.isEmpty && !(peers + [Participant.text(.initial)]).contains(name) {
                // The default of criteria is the aggregator, whose fault is told once.
                if key == "criteria", !section.has("criteria") { continue }
                section.fault(
                    key,
                    name == Self.champion
                        ? "names the champion, which may not judge itself" : "names the unknown peer \"\(name)\"",
                    hint: known([Participant.text(.initial)])
                )
            }
        }
    }

    func judges() {
        if configuration.dpo.enabled, configuration.judges.isEmpty {
            root.fault("judges", "is empty, but DPO needs judges", hint: "add one, or set dpo.enabled to false")
        }
        let sections = root.sections("judges") ?? []
        for (index, judge) in configuration.judges.enumerated() where index < sections.count {
            let section = sections[index]
            if judge.kind == .likelihood, judge.models.isEmpty { section.fault("models", "is empty", hint: known([])) }
            if judge.kind == .agreement || judge.kind == .constraint, !judge.models.isEmpty {
                section.fault(
                    "models",
                    "means nothing to a judge of the kind \(judge.kind.rawValue)",
                    hint: "remove it"
                )
            }
            for name in judge.models where judge.kind == .likelihood && remotePeers.contains(name) {
                section.fault("models", "names \(name), which \(Self.cannotScore)", hint: "kind: written lets it judge")
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
        let labels = configuration.judges.map(\.label)
        for (index, judge) in configuration.judges.enumerated() where index < sections.count {
            if let name = judge.name, !Self.isName(name) {
                sections[index].fault("name", "is \"\(name)\"", hint: "letters, digits, - and _")
            }
            if labels[..<index].contains(labels[index]) {
                sections[index].fault(
                    judge.name == nil ? "kind" : "name",
                    "duplicate " + (judge.name == nil ? "kind \(judge.kind.rawValue)" : "name \"\(labels[index])\""),
                    hint: judge.kind == .written
                        ? "give each judge a name" : "one judge of a kind; name more models instead"
                )
            }
            written(judge, sections[index])
        }
    }

    /// How many prompts state constraints, where a judge goes by them; what cannot be read is a fault.
    func stated(_ rows: [PromptRow], _ fault: (String, String?) -> Void) -> Int {
        guard configuration.judges.contains(where: { $0.kind == .constraint }) else { return 0 }
        var count = 0
        for (index, row) in rows.enumerated() {
            do {
                count += try Constraint.constraints(of: .object(row.provenance)).isEmpty ? 0 : 1
            } catch {
                let known = error as? SelfImproveError
                fault("row \(index + 1): \(known?.message ?? "\(error)")", known?.hint)
                break
            }
        }
        return count
    }

    /// - Parameter stated: prompts that state constraints.
    func constraints(stated: Int) {
        let index = configuration.judges.firstIndex { $0.kind == .constraint }
        guard stated == 0, let index, let sections = root.sections("judges"), index < sections.count,
            !root.faults.holdsFault(in: "prompts")
        else { return }
        sections[index].fault(
            "kind",
            "is constraint, but no prompt states what it asks of the form",
            hint: "instruction_id_list and kwargs beside prompt, as in IFEval's files"
        )
    }
}

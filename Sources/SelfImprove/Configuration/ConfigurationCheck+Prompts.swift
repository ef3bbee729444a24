import ModelFiles

/// What `prompts` says must fit together, and the files must fit it.
extension ConfigurationCheck {
    /// - Returns: the tasks of all prompts; nil where a file has a fault.
    func promptSources() -> Set<String>? {
        let section = root.section("prompts"), prompts = configuration.prompts
        drawing(section)
        var stated = 0
        defer { constraints(stated: stated) }
        guard prompts.sources != nil else {
            var rows = 0
            func fault(_ message: String, _ hint: String?) { section.fault("source", message, hint: hint) }
            let tasks = source(prompts.source, fault) {
                rows = $0.count
                stated += self.stated($0, fault)
            }
            comparable(rows, section)
            return tasks
        }
        let sections = section.sections("sources") ?? []
        let written = writers(sections)
        var tasks: Set<String>? = written?.tasks
        var ids: [String: (file: String, prompt: [Message])] = [:], seen = Set<String>(), count = written?.seeds ?? 0
        for (index, share) in prompts.shares.enumerated() where index < sections.count {
            guard let file = share.file else { continue }
            func fault(_ message: String, _ hint: String?) { sections[index].fault("file", message, hint: hint) }
            if !file.isEmpty, !seen.insert(file).inserted {
                fault("duplicate file \(file)", "name it once, with the sum of its shares")
                tasks = nil
                continue
            }
            let found = source(.file(file), fault) { rows in
                count += rows.count
                stated += self.stated(rows, fault)
                for row in rows {
                    guard let id = row.id else { continue }
                    if let other = ids[id], other.prompt != row.prompt, other.file != file {
                        return fault(
                            "\(file): a prompt of \(other.file) has the id \(id), too",
                            "leave ids out, or make them unique"
                        )
                    }
                    ids[id] = (file, row.prompt)
                }
            }
            tasks = found.flatMap { tasks?.union($0) }
        }
        comparable(count + writtenPrompts, section)
        return sections.isEmpty ? nil : tasks
    }

    /// What only files have.
    private func drawing(_ section: ConfigurationSection) {
        let prompts = configuration.prompts
        if prompts.source == .nursery, prompts.sources == nil {
            let settings = [
                ("decontaminate", prompts.decontaminate != nil), ("near_duplicates", prompts.nearDuplicates != nil),
                ("weight_by", prompts.weightBy != nil), ("turns", prompts.turns != .last),
            ]
            for (key, isSet) in settings where isSet && !root.faults.holdsFault(in: section.full(key)) {
                section.fault(
                    key,
                    "means nothing with source: nursery",
                    hint: "its prompts are made, apart from all held-out ones and evenly"
                )
            }
        }
        let isOwn = configuration.mixture.proposers.contains { $0.role == .champion && $0.context.isEmpty }
        if prompts.weightBy == .headroom, !isOwn, !configuration.mixture.proposers.isEmpty {
            section.fault(
                "weight_by",
                "is headroom, but the champion does not answer by itself",
                hint: "name champion among mixture.proposers"
            )
        }
    }

    private func comparable(_ rows: Int, _ section: ConfigurationSection) {
        let most = CampaignConfiguration.NearDuplicateSettings.mostCompared
        guard configuration.prompts.nearDuplicates?.method == .rougeL, rows > most else { return }
        section.fault(
            "near_duplicates",
            "compares every pair of \(rows) prompts",
            hint: "rouge_l is for up to \(most); method: minhash takes seconds"
        )
    }
}

import Foundation
import ModelFiles

/// Adapters as PEFT's directories: adapter_config.json and adapter_model.safetensors.
extension Adapter {
    enum File {
        static let configuration = "adapter_config.json"
        static let weights = "adapter_model.safetensors"
    }

    /// Writes a directory that PEFT loads (`PeftModel.from_pretrained(base, directory)`), whole or not at all.
    /// - Parameter base: what is written as the base's name; PEFT's `AutoPeftModel` looks there.
    /// - Throws: where `directory` exists already.
    public func save(to directory: URL, base: String) throws {
        try AtomicFile.makeDirectory(at: directory) { try write(into: $0, base: base) }
    }

    private func write(into folder: URL, base: String) throws {
        let text = configurationJSON(base: base).text(indented: true)
        try AtomicFile.writeSynced(Data(text.utf8), to: folder.appendingPathComponent(File.configuration))
        let files = try layout.tensors.map { tensor in
            let values = UnsafeBufferPointer(start: buffer.pointer + tensor.offset, count: tensor.count)
            try FiniteWeights.require(values, "tensor \(tensor.name)")
            return SafeTensorsFile.Tensor(
                name: tensor.name,
                type: .float32,
                shape: tensor.shape,
                bytes: UnsafeRawBufferPointer(values)
            )
        }
        try AtomicFile.writeSynced(to: folder.appendingPathComponent(File.weights)) {
            try SafeTensorsFile.write(files, metadata: [("format", "pt")], $0)
        }
    }

    private func configurationJSON(base: String) -> JSONValue {
        let names = LoRASettings.Module.allCases.filter(settings.modules.contains).map { JSONValue.string($0.rawValue) }
        return .object([
            .init("peft_type", .string("LORA")), .init("task_type", .string("CAUSAL_LM")),
            .init("base_model_name_or_path", .string(base)),
            .init("r", .integer(settings.rank)), .init("lora_alpha", .number("\(settings.alpha)")),
            .init("lora_dropout", .number("\(settings.dropout)")),
            .init("use_rslora", .bool(settings.isRankStabilized)), .init("target_modules", .array(names)),
            .init("bias", .string("none")),
            .init("fan_in_fan_out", .bool(false)), .init("init_lora_weights", .bool(true)),
            .init("inference_mode", .bool(true)),
        ])
    }

    /// Reads a PEFT directory for a base of this shape. Nothing in it is trusted, and its `base_model_name_or_path` is
    /// not followed.
    ///
    /// - Parameter seed: the seed of dropout, for training on.
    /// - Throws: `LocalLMError` for damaged files, other kinds of adapters, and tensors that the base has no place for.
    public static func load(_ directory: URL, for configuration: ModelConfiguration, seed: UInt64 = 0) throws -> Adapter
    {
        let url = directory.appendingPathComponent(File.configuration)
        guard let json = try FileReader.json(url) else {
            throw LocalLMError(
                .file,
                "is missing",
                context: url.path,
                hint: "a PEFT directory with \(File.configuration) and \(File.weights) is needed"
            )
        }
        let settings = try settings(ConfigurationFields(json: json, context: url.path))
        let adapter = try Adapter(settings, for: configuration, seed: seed)
        let file = try SafeTensorsFile(directory.appendingPathComponent(File.weights))
        for tensor in adapter.layout.tensors {
            guard let entry = file.entries[tensor.name] else {
                throw LocalLMError(
                    .damaged,
                    "tensor \(tensor.name) is missing",
                    context: file.reader.url.path,
                    hint: "\(File.configuration) promises it"
                )
            }
            guard entry.shape == tensor.shape else {
                throw LocalLMError(
                    .damaged,
                    "has shape \(entry.shape), the base and the rank make it \(tensor.shape)",
                    context: "\(file.reader.url.path): tensor \(tensor.name)"
                )
            }
        }
        let known = Set(adapter.layout.tensors.map(\.name))
        if let other = file.entries.keys.sorted().first(where: { !known.contains($0) }) {
            throw LocalLMError(
                .unsupported,
                "tensor \(other.prefix(200)) belongs to no module of \(File.configuration)",
                context: file.reader.url.path
            )
        }
        for tensor in adapter.layout.tensors {
            let place = adapter.buffer.pointer + tensor.offset
            let values = UnsafeMutableBufferPointer(start: place, count: tensor.count)
            try file.read(tensor.name, into: values)
            try FiniteWeights.require(
                UnsafeBufferPointer(values),
                "\(file.reader.url.path): tensor \(tensor.name)"
            )
        }
        return adapter
    }

    private static let understood: Set = [
        "peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "target_modules", "bias", "init_lora_weights",
    ]
    /// Members that change nothing that is computed, whatever they say. All others must be off: a new one is more
    /// likely to change the model than not.
    private static let saysNothing: Set = [
        "task_type", "base_model_name_or_path", "revision", "inference_mode", "auto_mapping", "peft_version",
        "megatron_core", "qalora_group_size", "layers_pattern", "eva_config", "runtime_config", "ensure_weight_tying",
    ]
    /// Ways to begin that leave the base as it is; PiSSA, OLoRA, CorDA and LoftQ take from it what the adapter adds.
    private static let startsBesideTheBase: Set = ["gaussian", "eva", "orthogonal"]

    private static func settings(_ fields: ConfigurationFields) throws -> LoRASettings {
        let kind = try fields.text("peft_type") ?? "none"
        guard kind == "LORA" else { throw fields.unsupported("the adapter type \(kind.prefix(60))", "supported: LORA") }
        for member in fields.json.members ?? []
        where !understood.contains(member.key) && !saysNothing.contains(member.key) && !member.value.isOff {
            throw fields.unsupported(
                "\(member.key.prefix(60)) \(member.value.text().prefix(60))",
                "it changes what the model computes"
            )
        }
        let start = fields.json["init_lora_weights"]
        guard
            start.map({ $0.isNull || $0.bool != nil || startsBesideTheBase.contains($0.string?.lowercased() ?? "") })
                ?? true
        else {
            throw fields.unsupported(
                "init_lora_weights \(start?.text().prefix(60) ?? "")",
                "such an adapter belongs to a changed base: save it with PEFT's path_initial_model_for_weight_conversion"
            )
        }
        let bias = try fields.text("bias") ?? "none"
        guard bias == "none" else { throw fields.unsupported("bias \(bias.prefix(60))", "supported: none") }
        let settings = LoRASettings(
            rank: try fields.dimension("r"),
            alpha: try fields.positive("lora_alpha") ?? 8,
            dropout: fields.json["lora_dropout"]?.real ?? 0,
            isRankStabilized: try fields.flag("use_rslora") ?? false,
            modules: try modules(fields)
        )
        do { try settings.validate() } catch let error as LocalLMError { throw fields.damaged(error.message) }
        return settings
    }

    private static func modules(_ fields: ConfigurationFields) throws -> Set<LoRASettings.Module> {
        let all = LoRASettings.Module.allCases
        if fields.json["target_modules"]?.string == "all-linear" { return Set(all) }
        guard let list = fields.json["target_modules"]?.array else {
            throw fields.unsupported(
                "target_modules that is not a list of names",
                "supported: \(all.map(\.rawValue).joined(separator: ", "))"
            )
        }
        return Set(
            try list.map { name in
                guard let module = name.string.flatMap(LoRASettings.Module.init) else {
                    throw fields.unsupported(
                        "target module \(name.string?.prefix(60) ?? name.kind[...])",
                        "supported: \(all.map(\.rawValue).joined(separator: ", "))"
                    )
                }
                return module
            }
        )
    }
}

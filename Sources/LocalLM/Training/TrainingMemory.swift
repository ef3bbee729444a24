import Foundation
import ModelFiles

/// Memory that training takes, by what it is for, in bytes: known before the first step from shapes alone.
public struct TrainingMemory: Sendable, Equatable, Codable {
    /// Mapped files included, which the system may take back while nobody reads them.
    public var weights = 0
    /// Copies of the weights for matrix products.
    public var copies = 0
    public var gradients = 0
    public var optimizer = 0
    public var adapter = 0
    public var activations = 0
    /// Logits, attention's scratch and what else a pass needs.
    public var scratch = 0
    /// The process itself and its libraries: measured.
    public var program = 30_000_000

    /// Each with its name, as users read it.
    public var parts: [(name: String, bytes: Int)] {
        [
            ("weights", weights), ("copies", copies), ("gradients", gradients), ("optimizer", optimizer),
            ("adapter", adapter),
            ("activations", activations), ("scratch", scratch), ("program", program),
        ]
    }
    public var total: Int { parts.reduce(0) { $0 + $1.bytes } }

    /// - Parameters:
    ///   - tokens: of the largest batch; it is split over `threads` shards. With DPO: of both completions; where they
    ///     share their prompt it takes less.
    ///   - targets: of them those that are trained on.
    ///   - longest: tokens of the longest sequence.
    ///   - memory: nil: as the model's size asks for, as in the trainers.
    ///   - sizedAs: parameters of the model that this is a part of.
    ///   - isFrozen: whether weights are held as `FrozenWeights`; nil: as those of a checkpoint in bf16 would be.
    public init(
        _ c: ModelConfiguration,
        adapter settings: LoRASettings? = nil,
        optimizer kind: OptimizationSettings.Optimizer = .adamW,
        precision: Precision,
        threads: Int,
        tokens: Int,
        targets: Int,
        longest: Int,
        memory: ActivationMemory? = nil,
        sizedAs: Int? = nil,
        isFrozen: Bool? = nil
    ) throws {
        let layout = WeightLayout(c), size = sizedAs ?? layout.count,
            memory = memory ?? TrainingEngine.memory(parameters: size)
        let isFrozen = isFrozen ?? (settings != nil && size >= FrozenWeights.leastParameters)
        let backend = isFrozen ? .frozen(precision) : MatrixBackend.choose(parameters: size, precision)
        // Whole sequences go to a shard, and buffers of small models leave an eighth to grow.
        // Few long sequences are cut into about equal parts.
        let attention = CausalAttention(c, layer: 0, precision: precision)
        let isCut =
            TrainingEngine.sharesPrompts(parameters: size, precision) && attention.canBeCut(length: longest)
            && (tokens + longest - 1) / max(longest, 1) * 2 <= threads
        let spread = isCut ? AttentionTile.keys : longest / 2
        let rows = min(tokens, (tokens + threads - 1) / threads + spread) * (memory == .keep ? 9 : 8) / 8
        let shardTargets = min(targets, (targets + threads - 1) / threads + spread) * 9 / 8
        weights = isFrozen ? FrozenWeights.byteCount(layout) : 4 * layout.count
        let matrices = c.matrixParameterCount
        copies =
            switch backend {
            case _ where isFrozen: 0
            case .panels: 4 * 2 * matrices
            case .openBLAS: 0
            case .pairs: 2 * 2 * matrices
            }
        let moments = kind == .muon ? 3 : 2
        if let settings {
            let parameters = try AdapterLayout(settings, for: c).count
            self.adapter = 4 * parameters * (1 + threads + moments)
        } else {
            gradients = 4 * layout.count * (TrainingEngine.sharesGradients(parameters: size) ? 1 : threads)
            optimizer = 4 * layout.count * moments
        }
        let head = VocabularyHead(c)
        let isHalf = HalfFeedForward.applies(c, backend, isFrozen: isFrozen || settings != nil)
        let own = LayerActivations.floats(c, memory: memory, isHalf: isHalf)
        let sequence = PackedBatch.Sequence(length: longest),
            branch = PackedBatch.Sequence(length: longest, prefix: 0..<1)
        let attentionScratch = max(
            attention.scratchCount(sequence),
            TrainingEngine.sharesPrompts(parameters: size, precision) ? attention.scratchCount(branch) : 0
        )
        let probabilities =
            memory == .keep
            ? c.layerCount * attention.probabilityCount(sequence) * max(1, rows / max(longest, 1)) : 0
        activations = 4 * threads * (rows * (own.everyLayer * c.layerCount + own.once) + probabilities)
        let unit = isHalf ? 0 : c.intermediateSize
        let wide = max(2 * unit, c.attentionRowWidth), narrow = max(unit, c.queryWidth)
        let passes = rows * (3 * c.hiddenSize + wide + narrow + (c.hasPostNorms ? c.hiddenSize : 0))
        // Operands in halves. Where activations are rounded already: gradients of the gated unit and of what comes of
        // it, of another product's output, and two operands of a weight's gradient, one turned and one in panels.
        let widest = max(c.attentionRowWidth, c.hiddenSize), full = c.intermediateSize
        let operands =
            precision == .bf16
            ? rows
                * (isHalf
                    ? (4 * full + c.hiddenSize + widest + max(full, c.hiddenSize)) / 2 : wide + narrow) : 0
        scratch =
            4 * threads
            * (passes + operands + head.logitsCount + 3 * shardTargets * c.hiddenSize
                + attentionScratch + (attention.canBeCut(length: longest) ? 4 * longest * c.keyValueWidth : 0)
                + (isFrozen ? FrozenProducts.scratchCount(layout) : 0))
    }

    /// Of training on these batches, a list of examples each (with DPO: both completions of its pairs).
    public init(
        _ c: ModelConfiguration,
        adapter settings: LoRASettings? = nil,
        optimizer: OptimizationSettings.Optimizer = .adamW,
        precision: Precision = .fp32,
        threads: Int,
        batches: [[Example]],
        memory: ActivationMemory? = nil,
        isFrozen: Bool? = nil
    ) throws {
        func largest(_ count: (Example) -> Int) -> Int { batches.map { $0.reduce(0) { $0 + count($1) } }.max() ?? 0 }
        try self.init(
            c,
            adapter: settings,
            optimizer: optimizer,
            precision: precision,
            threads: threads,
            tokens: largest(\.ids.count),
            targets: largest(\.targetCount),
            longest: batches.joined().map(\.ids.count).max() ?? 0,
            memory: memory,
            isFrozen: isFrozen
        )
    }

    /// - Throws: `.input`, with figures, where this machine (or its control group) has less to give.
    public func check(available: Int? = Self.available()) throws {
        guard let available, total > available else { return }
        func gigabytes(_ bytes: Int) -> String { "\((Double(bytes) / 1e9 * 10).rounded() / 10) GB" }
        let parts = parts.filter { $0.bytes > total / 100 }.map { "\($0.name) \(gigabytes($0.bytes))" }
        throw LocalLMError(
            .input,
            "training needs \(gigabytes(total)) of memory (\(parts.joined(separator: ", "))), \(gigabytes(available)) are free",
            hint:
                "take smaller micro-batches or shorter rows, keep fewer activations (gradient checkpointing), or train an adapter (LoRA)"
        )
    }

    /// Bytes that this process can still take: what the machine has free, or less where a control group limits it; nil
    /// where neither is known.
    public static func available() -> Int? {
        func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
        let group = "/sys/fs/cgroup/memory."
        return available(
            machine: text("/proc/meminfo"),
            limit: text(group + "max"),
            used: text(group + "current"),
            uses: text(group + "stat")
        )
    }

    /// Bytes that a training may plan with: nine tenths of what the machine has, or less where a control group limits
    /// it; the rest is the system's. It depends on the machine alone, not on what runs; nil where it is not known.
    public static func capacity() -> Int? {
        func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
        return capacity(machine: text("/proc/meminfo"), limit: text("/sys/fs/cgroup/memory.max"))
    }

    static func capacity(machine: String?, limit: String?) -> Int? {
        let total = field("MemTotal:", in: machine).map { $0 * 1024 }
        return [total, number(limit)].compactMap { $0 }.min().map { $0 / 10 * 9 }
    }

    /// From the kernel's files. What a group keeps of files counts as free: it goes when memory is wanted.
    static func available(machine: String?, limit: String?, used: String?, uses: String?) -> Int? {
        let free = field("MemAvailable:", in: machine).map { $0 * 1024 }
        guard let limit = number(limit), let used = number(used) else { return free }
        let files = ["inactive_file", "active_file"].reduce(0) { $0 + (field($1, in: uses) ?? 0) }
        return min(free ?? .max, max(0, limit - max(0, used - files)))
    }

    private static func number(_ text: String?) -> Int? {
        text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// The number of a line of the kernel's.
    private static func field(_ name: String, in text: String?) -> Int? {
        text?.split(separator: "\n").lazy.map { $0.split(separator: " ") }.first { $0.first == name[...] }.flatMap {
            $0.dropFirst().first.flatMap { Int($0) }
        }
    }
}

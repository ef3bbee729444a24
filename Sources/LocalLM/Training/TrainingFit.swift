import ModelFiles

/// How a training is made to fit into memory: batches cut into micro-batches, activations computed twice.
///
/// Neither changes what a step computes, except in the last digits: the loss is a mean over the whole batch.
public struct TrainingFit: Sendable, Equatable {
    /// Tokens of a micro-batch, at most; nil: a batch passes through the model whole.
    public var microBatchTokens: Int?
    /// Nil: as the model's size asks for.
    public var activations: ActivationMemory?
    /// What training takes then.
    public var memory: TrainingMemory

    /// Cuts a batch of rows into micro-batches, in order; a row that is longer than the limit is one of its own.
    public static func split(_ batch: [Int], lengths: [Int], tokens limit: Int?) -> [[Int]] {
        guard let limit else { return [batch] }
        var parts: [[Int]] = [[]]
        var tokens = 0
        for row in batch {
            if !parts[parts.count - 1].isEmpty, tokens + lengths[row] > limit {
                parts.append([])
                tokens = 0
            }
            parts[parts.count - 1].append(row)
            tokens += lengths[row]
        }
        return parts
    }

    /// The first of these that fits into `capacity` bytes: whole batches, smaller and smaller micro-batches down to a
    /// single row, and the same again with gradient checkpointing. Where none fits, the smallest of all.
    ///
    /// The choice depends on its arguments alone, so that a training that is resumed is the same one: `capacity` is
    /// what the machine has, not what happens to be free.
    /// - Parameters:
    ///   - batches: rows of every micro-batch of the plan.
    ///   - lengths: tokens of every row.
    ///   - microBatchTokens: fixes the micro-batches; nil leaves them open.
    ///   - activations: fixes what is kept; nil leaves it open.
    ///   - mayCheckpoint: false: gradient checkpointing is not tried.
    ///   - memory: of training with these micro-batches.
    public static func choose(
        batches: [[Int]],
        lengths: [Int],
        microBatchTokens: Int?,
        activations: ActivationMemory?,
        mayCheckpoint: Bool,
        capacity: Int,
        memory: (_ microBatches: [[Int]], ActivationMemory?) throws -> TrainingMemory
    ) rethrows -> TrainingFit {
        let largest = batches.map { $0.reduce(0) { $0 + lengths[$1] } }.max() ?? 0
        let longest = batches.joined().map { lengths[$0] }.max() ?? 0
        var sizes: [Int?] = [microBatchTokens]
        if microBatchTokens == nil {
            var size = largest / 2
            while size > longest {
                sizes.append(size)
                size /= 2
            }
            if largest > longest { sizes.append(longest) }
        }
        let kept: [ActivationMemory?] =
            activations == nil && mayCheckpoint ? [nil, .checkpoint] : [activations]
        var smallest: TrainingFit?
        for activations in kept {
            for size in sizes {
                let parts = batches.flatMap { split($0, lengths: lengths, tokens: size) }
                let fit = TrainingFit(
                    microBatchTokens: size,
                    activations: activations,
                    memory: try memory(parts, activations)
                )
                if fit.memory.total <= capacity { return fit }
                if fit.memory.total < smallest?.memory.total ?? .max { smallest = fit }
            }
        }
        return smallest!
    }
}

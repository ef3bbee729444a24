import ModelFiles

/// Attention of a decoder's rows over the cache, in the arithmetic that weights and cache ask for: in fp32 a row after
/// another, in bf16 neighbouring tokens of a sequence together.
///
/// `@unchecked Sendable`: `begin` is one thread's; after it each worker uses memory of its own.
final class DecoderAttention: @unchecked Sendable {
    /// Queries come from `queries`, rows `stride` floats apart; results go to `floats` or, rounded, to `halves`.
    struct Operands {
        let queries: UnsafePointer<Float>
        let stride: Int
        let floats: UnsafeMutablePointer<Float>
        let halves: UnsafeMutablePointer<UInt16>
    }

    let cache: KeyValueCache
    private let c: ModelConfiguration
    private let single: CachedAttention
    private let pairs: PairAttention?
    private let roundsResults: Bool
    private let workers: Int
    /// Rows that are computed together.
    private var parts: [Range<Int>] = []
    /// Floats from row to row of scores of a single token.
    private var stride = 0
    /// Of each worker; grows with the sequences.
    private var scratch: [FloatBuffer] = []

    init(_ c: ModelConfiguration, arithmetic: Precision, cache: KeyValueCache, workers: Int) {
        self.c = c
        self.cache = cache
        self.workers = workers
        single = CachedAttention(dimension: c.headDimension, scale: c.attentionScale, softcap: c.attentionSoftcap)
        pairs =
            arithmetic == .bf16 && cache.precision == .bf16
            ? PairAttention(
                dimension: c.headDimension,
                group: c.headCount / c.keyValueHeadCount,
                scale: c.attentionScale,
                softcap: c.attentionSoftcap
            ) : nil
        roundsResults = arithmetic == .bf16
    }

    /// Before the layers: which rows go together, and memory for their scores.
    func begin(_ rows: [Decoder.Row]) {
        let length = rows.map { $0.position + 1 }.max() ?? 0, together = pairs?.tokens(length: length) ?? 1
        stride = (length + 15) / 16 * 16 + 16
        parts.removeAll(keepingCapacity: true)
        for r in rows.indices {
            if let part = parts.last, part.count < together, rows[r].slot == rows[part.lowerBound].slot,
                rows[r].position == rows[part.lowerBound].position + part.count
            {
                parts[parts.count - 1] = part.lowerBound..<r + 1
            } else {
                parts.append(r..<r + 1)
            }
        }
        let count =
            pairs?.scratchCount(tokens: together, length: length) ?? c.headCount / c.keyValueHeadCount * stride
        if scratch.first.map({ $0.count < count }) ?? true {
            // Sequences grow a token at a time, memory by a quarter.
            scratch = (0..<workers).map { _ in FloatBuffer(count: count / 4 * 5 + 4) }
        }
    }

    /// A worker's part of one layer.
    func run(_ rows: [Decoder.Row], layer: Int, worker: Int, _ operands: Operands) {
        for item in Swift.stride(from: worker, to: parts.count * c.keyValueHeadCount, by: workers) {
            let part = parts[item / c.keyValueHeadCount], head = item % c.keyValueHeadCount
            if let pairs {
                together(pairs, rows[part.lowerBound], part, layer, head, operands, scratch[worker].pointer)
            } else {
                alone(rows[part.lowerBound], part.lowerBound, layer, head, operands, scratch[worker].pointer)
            }
        }
    }

    /// All query heads of one key-value head.
    private func alone(
        _ row: Decoder.Row,
        _ r: Int,
        _ layer: Int,
        _ head: Int,
        _ operands: Operands,
        _ scores: UnsafeMutablePointer<Float>
    ) {
        let group = c.headCount / c.keyValueHeadCount, start = head * group * c.headDimension
        let out = r * c.queryWidth + start
        let first = c.window(layer: layer).map { max(0, row.position - $0 + 1) } ?? 0
        cache.attend(
            single,
            slot: row.slot,
            layer: layer,
            head: head,
            positions: first...row.position,
            queries: operands.queries + r * operands.stride + start,
            count: group,
            scores: scores,
            stride: stride,
            into: operands.floats + out
        )
        if roundsResults {
            BFloat16.convert(operands.floats + out, group * c.headDimension, into: operands.halves + out)
        }
    }

    /// The same of neighbouring tokens, in bf16.
    private func together(
        _ attention: PairAttention,
        _ row: Decoder.Row,
        _ part: Range<Int>,
        _ layer: Int,
        _ head: Int,
        _ operands: Operands,
        _ scratch: UnsafeMutablePointer<Float>
    ) {
        let start = head * attention.group * c.headDimension, window = c.window(layer: layer)
        let first = window.map { max(0, row.position - $0 + 1) } ?? 0
        attention.run(
            cache.runs(slot: row.slot, layer: layer, head: head, positions: first...row.position + part.count - 1),
            position: row.position,
            tokens: part.count,
            queries: operands.queries + part.lowerBound * operands.stride + start,
            leading: operands.stride,
            window: window,
            scratch: scratch,
            into: operands.halves + part.lowerBound * c.queryWidth + start,
            leading: c.queryWidth
        )
    }
}

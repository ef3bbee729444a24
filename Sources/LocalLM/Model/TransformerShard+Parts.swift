import Foundation

/// Shards that have a part each of one long sequence, in the order of its rows: the cores then share a batch of few
/// sequences.
///
/// Rows go through the layers alone, but for attention: there a part reads the keys and values of those before it, and
/// gives them back their share of the gradient. Parts begin at multiples of the tiles' keys, so every row's logprobs
/// have the bits that they have in one piece.
///
/// `@unchecked Sendable`: shards write their own memory, and read each other's only between two meetings.
final class SequenceParts: @unchecked Sendable {
    let shards: [TransformerShard]
    private let condition = NSCondition()
    private var arrived = 0, meetings = 0

    init(_ shards: [TransformerShard]) { self.shards = shards }

    /// Waits for all of the shards.
    func meet() {
        condition.lock()
        let now = meetings
        arrived += 1
        if arrived == shards.count {
            arrived = 0
            meetings += 1
            condition.broadcast()
        } else {
            while meetings == now { condition.wait() }
        }
        condition.unlock()
    }

    /// Where a sequence is cut for `parts` shards, so that each has about the same work: products grow with the rows,
    /// attention with the rows and the keys before them.
    ///
    /// - Parameters:
    ///   - row: work of a row's products.
    ///   - key: work of a row for each key that it sees.
    /// - Returns: the rows of each part; fewer parts where the sequence is short.
    static func cut(_ length: Int, into parts: Int, row: Double, key: Double) -> [Range<Int>] {
        let total = row * Double(length) + key * Double(length) * Double(length) / 2
        var ranges: [Range<Int>] = []
        var start = 0
        for part in 1...max(parts, 1) {
            let work = total * Double(part) / Double(max(parts, 1))
            let end = key > 0 ? ((row * row + 2 * key * work).squareRoot() - row) / key : work / row
            let unit = AttentionTile.keys, rounded = (Int(end) + unit / 2) / unit * unit
            let cut = part >= parts ? length : min(rounded, length)
            if cut > start { ranges.append(start..<cut) }
            start = max(start, cut)
        }
        return ranges
    }
}

extension TransformerShard {
    /// What attention reads of the parts before this one.
    var earlier: CausalAttention.Earlier? {
        parts.map { _ in .init(rows: earlierRows.pointer, gradient: earlierGradient.pointer) }
    }

    /// After the queries, keys and values of a layer have been made: takes those before its own from the other parts.
    func exchangeKeys(layer index: Int) {
        guard let parts else { return }
        parts.all.meet()
        takeKeys(layer: index)
        parts.all.meet()  // after it their memory may serve for the next layer
    }

    /// Keys and values of all rows before these, one after another.
    func takeKeys(layer index: Int) {
        guard let parts else { return }
        let c = configuration, width = 2 * c.keyValueWidth
        var to = earlierRows.pointer
        for shard in parts.all.shards[..<parts.index] {
            let from = shard.layers[index].qkv.pointer + c.queryWidth
            for row in 0..<shard.batch.tokenCount {
                to.update(from: from + row * c.attentionRowWidth, count: width)
                to += width
            }
        }
    }

    /// After the backward pass of attention: adds what the parts after this one give to its keys and values, in their
    /// order.
    func exchangeGradients() {
        guard let parts, let own = batch.sequences.first else { return }
        parts.all.meet()
        let c = configuration, width = 2 * c.keyValueWidth
        for shard in parts.all.shards[(parts.index + 1)...] {
            let from = shard.earlierGradient.pointer + own.earlier * width
            for row in 0..<own.length {
                let to = dWide.pointer + row * c.attentionRowWidth + c.queryWidth
                VectorMath.add(to, from + row * width, width)
            }
        }
        parts.all.meet()
    }
}

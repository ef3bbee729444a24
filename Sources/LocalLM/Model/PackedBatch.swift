/// Sequences one after the other, without padding, and the positions whose next token is a target.
struct PackedBatch: Sendable {
    /// Token ids of all sequences.
    private(set) var ids: [Int32] = []
    private(set) var sequences: [Sequence] = []
    /// Rows whose successor is a target, and that successor.
    private(set) var targetRows: [Int32] = []
    private(set) var targets: [Int32] = []
    /// Range of each sequence within `targetRows`.
    private(set) var targetRanges: [Range<Int>] = []

    /// Neighbouring rows that attention treats as one.
    struct Sequence: Sendable, Equatable {
        /// The first row.
        var start = 0
        var length: Int
        /// Rows that a branch sees before its own, and whose positions come before its own: the beginning of a sequence
        /// before it. Nil: this one begins by itself.
        var prefix: Range<Int>?

        /// Of the first row.
        var position: Int { prefix?.count ?? 0 }
        var rows: Range<Int> { start..<start + length }
    }

    var tokenCount: Int { ids.count }
    var targetCount: Int { targets.count }

    /// Keeps the memory of the last batch.
    mutating func removeAll() {
        ids.removeAll(keepingCapacity: true)
        sequences.removeAll(keepingCapacity: true)
        targetRows.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        targetRanges.removeAll(keepingCapacity: true)
    }

    mutating func append(_ example: Example) {
        let start = ids.count
        for id in example.ids { ids.append(Int32(truncatingIfNeeded: id)) }
        sequences.append(Sequence(start: start, length: example.ids.count))
        let first = targets.count
        for position in example.targets.joined() {
            targetRows.append(Int32(start + position - 1))
            targets.append(Int32(truncatingIfNeeded: example.ids[position]))
        }
        targetRanges.append(first..<targets.count)
    }
}

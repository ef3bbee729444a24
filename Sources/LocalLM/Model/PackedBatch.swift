/// Sequences one after the other, without padding, and the positions whose next token is a target.
struct PackedBatch: Sendable {
    /// Token ids of all sequences.
    private(set) var ids: [Int32] = []
    /// (first row, length) of each sequence.
    private(set) var sequences: [(start: Int, length: Int)] = []
    /// Rows whose successor is a target, and that successor.
    private(set) var targetRows: [Int32] = []
    private(set) var targets: [Int32] = []
    /// Range of each sequence within `targetRows`.
    private(set) var targetRanges: [Range<Int>] = []
    private(set) var longest = 0

    var tokenCount: Int { ids.count }
    var targetCount: Int { targets.count }

    /// Keeps the memory of the last batch.
    mutating func removeAll() {
        ids.removeAll(keepingCapacity: true)
        sequences.removeAll(keepingCapacity: true)
        targetRows.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        targetRanges.removeAll(keepingCapacity: true)
        longest = 0
    }

    mutating func append(_ example: Example) {
        let start = ids.count
        for id in example.ids { ids.append(Int32(truncatingIfNeeded: id)) }
        sequences.append((start, example.ids.count))
        longest = max(longest, example.ids.count)
        let first = targets.count
        for position in example.targets.joined() {
            targetRows.append(Int32(start + position - 1))
            targets.append(Int32(truncatingIfNeeded: example.ids[position]))
        }
        targetRanges.append(first..<targets.count)
    }
}

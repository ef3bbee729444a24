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
        /// Rows before these that other shards have, of a sequence that is cut.
        var earlier = 0
        /// Rows of the whole sequence, where it is cut.
        var whole: Int?

        /// Of the first row.
        var position: Int { prefix?.count ?? earlier }
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

    mutating func append(_ example: Example) { append(example, from: 0, prefix: nil) }

    /// Some rows of a sequence, whose other rows other shards have.
    mutating func append(_ example: Example, part: Range<Int>) {
        let start = ids.count, target = targets.count
        for id in example.ids[part] { ids.append(Int32(truncatingIfNeeded: id)) }
        sequences.append(
            Sequence(start: start, length: part.count, earlier: part.lowerBound, whole: example.ids.count)
        )
        for position in example.targets.joined() where part.contains(position - 1) {
            targetRows.append(Int32(start + position - 1 - part.lowerBound))
            targets.append(Int32(truncatingIfNeeded: example.ids[position]))
        }
        targetRanges.append(target..<targets.count)
    }

    /// The chosen completion, then the rejected one: as a branch, where the two begin alike.
    mutating func append(_ pair: PreferenceExample, sharingPrompts: Bool) {
        let start = ids.count, shared = sharingPrompts ? pair.sharedCount : 0
        append(pair.chosen)
        append(pair.rejected, from: shared, prefix: shared > 0 ? start..<start + shared : nil)
    }

    /// The ids from `first` on, none of which before it is a target's row.
    private mutating func append(_ example: Example, from first: Int, prefix: Range<Int>?) {
        let start = ids.count
        for id in example.ids[first...] { ids.append(Int32(truncatingIfNeeded: id)) }
        sequences.append(Sequence(start: start, length: example.ids.count - first, prefix: prefix))
        let target = targets.count
        for position in example.targets.joined() {
            targetRows.append(Int32(start + position - 1 - first))
            targets.append(Int32(truncatingIfNeeded: example.ids[position]))
        }
        targetRanges.append(target..<targets.count)
    }
}

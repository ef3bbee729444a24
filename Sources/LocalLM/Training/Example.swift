/// One sequence to train on: token ids, of which some are targets. After a prompt, all of its completion is: its last
/// id is the turn terminator, which is trained too. Of a conversation every answer is.
public struct Example: Sendable, Equatable {
    public let ids: [Int]
    /// The parts of `ids` that are targets, in order and apart. None begins before 1: nothing predicts the first id.
    public let targets: [Range<Int>]
    public let targetCount: Int

    /// - Parameter promptCount: how many of the ids belong to the prompt; the id at this index is the first target.
    public init(ids: [Int], promptCount: Int) {
        self.init(ids: ids, targets: [min(promptCount, ids.count)..<ids.count])
    }

    /// - Parameter targets: in order and apart, within the ids; empty ones count for nothing.
    public init(ids: [Int], targets: [Range<Int>]) {
        self.ids = ids
        self.targets = targets.map { max($0.lowerBound, 1)..<max($0.upperBound, 1) }.filter { !$0.isEmpty }
        targetCount = self.targets.reduce(0) { $0 + $1.count }
        precondition(
            zip(self.targets, self.targets.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound }
                && self.targets.last?.upperBound ?? 0 <= ids.count,
            "targets \(targets) of \(ids.count) ids"
        )
    }

    /// The index of the first target; the number of ids where there is none.
    public var promptCount: Int { targets.first?.lowerBound ?? max(ids.count, 1) }

    /// The first `length` ids at most (TRL's `keep_start`), or nil where no target is left.
    public func truncated(to length: Int?) -> Example? {
        var example = self
        if let length, ids.count > length {
            let end = max(length, 0)
            example = Example(
                ids: Array(ids.prefix(end)),
                targets: targets.map { min($0.lowerBound, end)..<min($0.upperBound, end) }
            )
        }
        return example.targetCount > 0 ? example : nil
    }
}

/// Two completions of one prompt, the first preferred.
public struct PreferenceExample: Sendable, Equatable {
    public var chosen: Example
    public var rejected: Example

    public init(chosen: Example, rejected: Example) {
        self.chosen = chosen
        self.rejected = rejected
    }
    /// Ids that both begin with, up to the row before the last of the prompt: the row whose logits predict the first
    /// target stays each one's own, so that no row has two targets.
    var sharedCount: Int {
        let limit = min(chosen.promptCount, rejected.promptCount) - 1
        var count = 0
        while count < limit, chosen.ids[count] == rejected.ids[count] { count += 1 }
        return count
    }
}

import Foundation

/// The gradient of the base's weights as one shard adds to it: a buffer of its own, or one that all shards share.
///
/// A shared buffer saves the memory of a model per shard. Shards then take turns, write by write in the order of their
/// numbers, so that sums do not depend on timing: every shard makes the same sequence of writes, and is only ever held
/// up until those before it are as far.
final class WeightGradients: @unchecked Sendable {
    /// In the weights' layout. Cleared by the trainer.
    let buffer: FloatBuffer
    private let turns: GradientTurns?
    private let shard: Int

    init(_ buffer: FloatBuffer, turns: GradientTurns? = nil, shard: Int = 0) {
        self.buffer = buffer
        self.turns = turns
        self.shard = shard
    }

    /// The next write: `body` adds to the buffer.
    /// - Parameter previous: number of the write before to the same tensor in this pass, which all shards must have
    ///   made.
    func add(after previous: Int? = nil, _ body: (UnsafeMutablePointer<Float>) -> Void) {
        turns?.begin(shard, after: previous)
        body(buffer.pointer)
        turns?.end(shard)
    }

    /// Chunks of the vocabulary head that every shard writes, perhaps nothing: the most that any has.
    func headWrites(own: Int) -> Int { turns?.headWrites ?? own }
}

/// Whose turn it is.
final class GradientTurns: @unchecked Sendable {
    private let condition = NSCondition()
    /// Writes that each shard has made in this pass.
    private var made: [Int]
    private(set) var headWrites = 0

    init(shards: Int) { made = [Int](repeating: 0, count: shards) }

    /// Before a pass.
    /// - Parameter headWrites: of every shard; 0 for one that has nothing to do.
    func start(headWrites counts: [Int]) {
        condition.lock()
        made = counts.map { $0 == 0 ? .max : 0 }
        headWrites = counts.max() ?? 0
        condition.unlock()
    }

    fileprivate func begin(_ shard: Int, after previous: Int?) {
        condition.lock()
        let write = made[shard]
        while made[..<shard].contains(where: { $0 <= write }) || made.contains(where: { $0 <= previous ?? -1 }) {
            condition.wait()
        }
        condition.unlock()
    }

    fileprivate func end(_ shard: Int) {
        condition.lock()
        made[shard] += 1
        condition.broadcast()
        condition.unlock()
    }
}

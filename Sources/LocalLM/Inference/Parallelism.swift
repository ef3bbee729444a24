/// Who works on what. Bits are the same either way; the choice follows from the model's size alone.
enum Parallelism: Equatable {
    /// All threads work on one batch: each token streams the weights through the caches once, and one sequence has all
    /// cores.
    case team
    /// Each thread has a batch of its own, and none waits for another.
    case workers

    /// Panels up to this size are taken to stay in the caches, so that reading them once per thread costs little. A
    /// step of such a model is also so short that the barriers within it weigh: next to other work on the machine (8
    /// runnable threads on 2 cores), a team decoded one sequence of a 0.9 M parameter model at 8 to 23% of one thread's
    /// speed.
    static let cachedBytes = 8 << 20

    static func choose(panelBytes: Int, threads: Int) -> Parallelism {
        threads > 1 && panelBytes > cachedBytes ? .team : .workers
    }
}

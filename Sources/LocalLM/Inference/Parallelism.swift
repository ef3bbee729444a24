/// Who works on what. Bits are the same either way; the choice follows from the model and the number of sequences alone.
enum Parallelism: Equatable {
    /// All threads work on one batch: each token streams the weights through the caches once, and one sequence has all cores.
    case team
    /// Each thread has a batch of its own: nobody ever waits for anybody.
    case workers

    /// Panels up to this size are taken to stay in the caches, so that reading them once per thread costs little.
    static let cachedBytes = 8 << 20

    static func choose(panelBytes: Int, sequences: Int, threads: Int) -> Parallelism {
        threads > 1 && (panelBytes > cachedBytes || sequences < 2 * threads) ? .team : .workers
    }
}

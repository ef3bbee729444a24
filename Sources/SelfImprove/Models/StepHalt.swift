import Synchronization

/// Says to the parts of a step that run side by side that one of them has failed: the others begin nothing more, and
/// calls that are under way end, because what an endpoint answers is paid for, and kept.
final class StepHalt: Sendable {
    @TaskLocal static var current: StepHalt?

    private let flag = Atomic(false)

    var isPulled: Bool { flag.load(ordering: .relaxed) }
    func pull() { flag.store(true, ordering: .relaxed) }
}

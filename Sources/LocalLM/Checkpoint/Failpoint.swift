import Foundation
import Synchronization

/// Named places where a test can let the process die, as if the power had gone (etcd's gofail): `SELFIMPROVE_FAILPOINT=name:N` kills it
/// with SIGKILL when it passes the place for the N-th time. Without the variable a place costs one comparison.
public enum Failpoint: String, CaseIterable, Sendable {
    /// A file's bytes are on disk under a temporary name.
    case fileWritten = "file-written"
    /// The file, or the directory, has its name; its parent is not yet on disk.
    case fileRenamed = "file-renamed"
    /// A step has computed everything and written nothing to the database.
    case stepComputed = "step-computed"
    /// Inside of the transaction that makes a step done, before it is committed.
    case stepUncommitted = "step-uncommitted"
    /// Right after that commit.
    case stepCommitted = "step-committed"

    private static let armed: (point: Failpoint, count: Int)? = {
        let parts = (ProcessInfo.processInfo.environment["SELFIMPROVE_FAILPOINT"] ?? "").split(separator: ":")
        guard parts.count == 2, let point = Failpoint(rawValue: String(parts[0])), let count = Int(parts[1]) else {
            return nil
        }
        return (point, count)
    }()
    private static let passed = Atomic(0)

    public func pass() {
        guard let armed = Self.armed, armed.point == self else { return }
        if Self.passed.add(1, ordering: .relaxed).newValue == armed.count { kill(getpid(), SIGKILL) }
    }
}

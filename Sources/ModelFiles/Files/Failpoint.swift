import Foundation
import Synchronization

/// A named place where a test can let the process die, as if the power had gone (etcd's gofail):
/// `SELFIMPROVE_FAILPOINT=name:N` kills it with SIGKILL when it passes the place for the N-th time.
///
/// Without the variable a place costs one comparison. Each layer declares its own places.
public struct Failpoint: Sendable, Equatable {
    public let name: String

    public init(_ name: String) { self.name = name }

    /// A file's bytes are on disk under a temporary name.
    static let fileWritten = Failpoint("file-written")
    /// The file, or the directory, has its name; its parent is not yet on disk.
    static let fileRenamed = Failpoint("file-renamed")

    /// The places of `AtomicFile`.
    public static let files = [fileWritten, fileRenamed]

    private static let armed: (point: Failpoint, count: Int)? = {
        let parts = (ProcessInfo.processInfo.environment["SELFIMPROVE_FAILPOINT"] ?? "").split(separator: ":")
        guard parts.count == 2, let count = Int(parts[1]) else { return nil }
        return (Failpoint(String(parts[0])), count)
    }()
    private static let passed = Atomic(0)

    /// Kills this process where `SELFIMPROVE_FAILPOINT` says so.
    public func pass() {
        guard let armed = Self.armed, armed.point == self else { return }
        if Self.passed.add(1, ordering: .relaxed).newValue == armed.count { kill(getpid(), SIGKILL) }
    }
}

import Foundation
import SelfImprove
import Synchronization

/// One runner per state directory: `flock(2)` on its file `lock`, which names the process that holds it.
///
/// The kernel gives it back when the process ends, however it ends; nothing has to be cleaned up after a crash.
public final class StateLock: Sendable {
    private let descriptor: Mutex<Int32?>

    private init(_ descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    /// - Throws: `.busy`, naming the process, where another one holds it; `.file` where the directory cannot be
    ///   written.
    public static func acquire(state: URL) throws -> StateLock {
        try Lineage.makeDirectory(state)
        let file = state.appendingPathComponent("lock")
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw SelfImproveError(
                .file,
                "cannot be opened: \(String(cString: strerror(errno)))",
                context: file.path,
                hint: "check who may write to it"
            )
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw SelfImproveError(
                .busy,
                "another process\(holder(state).map { " (\($0))" } ?? "") is running a campaign in this state directory",
                context: state.path,
                hint: "wait for it, or name another directory with --state",
                retryable: true
            )
        }
        let text = "\(getpid())\n"
        ftruncate(descriptor, 0)
        _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
        return StateLock(descriptor)
    }

    /// Gives it back. A second call does nothing.
    public func release() {
        descriptor.withLock { held in
            if let held { close(held) }
            held = nil
        }
    }

    deinit { release() }

    /// The process that holds the lock of a state directory; nil where none does.
    public static func holder(_ state: URL) -> Int32? {
        let descriptor = open(state.appendingPathComponent("lock").path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return Int32(
            String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        )
    }
}

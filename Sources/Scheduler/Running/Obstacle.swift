import Foundation
import GRDB
import ModelFiles
import SelfImprove

/// What stops a campaign and passes by itself: it cannot write, or its peers cannot be reached. It is no failure: the
/// daemon waits and goes on.
package enum Obstacle: Sendable, Equatable {
    case full
    case readOnly
    /// Another program writes to the database, and goes on doing so beyond the time that a write waits for it.
    case busy
    /// A peer behind an endpoint, which does not answer: in words, with its name.
    case unreachable(String)

    /// nil for every other error.
    package init?(_ error: any Error) {
        switch error {
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_FULL: self = .full
            case .SQLITE_READONLY: self = .readOnly
            case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
            default: return nil
            }
        case let error as LocalLMError:
            switch error.code {
            case .full: self = .full
            case .readOnly: self = .readOnly
            default: return nil
            }
        case let error as SelfImproveError:
            switch error.code {
            case .full: self = .full
            case .readOnly: self = .readOnly
            case .busy: self = .busy
            case .unreachable: self = .unreachable(error.context.map { "\($0): \(error.message)" } ?? error.message)
            default: return nil
            }
        default: return nil
        }
    }

    package var words: String {
        switch self {
        case .full: "the disk is full"
        case .readOnly: "the state directory is on a read-only file system"
        case .busy: "another program holds the database"
        case .unreachable(let what): what
        }
    }

    /// Whether the lineage can be written all the same.
    package var allowsWriting: Bool { if case .unreachable = self { true } else { false } }

    /// For a run that ends with it.
    func error(at state: URL) -> SelfImproveError {
        let (code, hint): (SelfImproveError.Code, String) =
            switch self {
            case .full: (.full, "make room")
            case .readOnly: (.readOnly, "make it writable; the kernel's log says why it is not")
            case .busy: (.busy, "end what writes to selfimprove.sqlite")
            case .unreachable: (.unreachable, "selfimprove doctor CONFIG asks each endpoint")
            }
        return SelfImproveError(
            code,
            "\(words); nothing that was finished is lost",
            context: allowsWriting ? nil : state.path,
            hint: "\(hint); the same command goes on with the step it was in",
            retryable: true
        )
    }

    /// Waits until it is over.
    /// - Throws: what `check` throws, called twice a second.
    func wait(_ lineage: Lineage, check: () throws -> Void) async throws {
        let start = ContinuousClock.now
        let before = Self.free(at: lineage.state) ?? 0
        repeat {
            try await Task.sleep(for: .milliseconds(500))
            try check()
        } while try !isOver(lineage, since: start, freeBefore: before)
    }

    private func isOver(_ lineage: Lineage, since start: ContinuousClock.Instant, freeBefore: Int) throws -> Bool {
        switch self {
        case .full: return (Self.free(at: lineage.state) ?? 0) >= freeBefore + Self.room
        case .readOnly:
            let probe = lineage.state.appendingPathComponent(".\(UUID().uuidString).tmp")
            guard FileManager.default.createFile(atPath: probe.path, contents: nil) else { return false }
            try FileManager.default.removeItem(at: probe)
            return true
        case .busy:
            do { try lineage.write { _ in } } catch  where Obstacle(error) != nil { return false }
            return true
        // Whether it answers again, the next call finds out.
        case .unreachable: return .now - start >= Self.pause
        }
    }

    /// Between two attempts at a peer that cannot be reached.
    private static let pause = Duration.seconds(30)

    /// What a wait for room is over with: this much more than when it began.
    private static let room = 1 << 20

    /// Bytes that this process may still write in `directory`; nil where the file system does not tell.
    private static func free(at directory: URL) -> Int? {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else { return nil }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}

import Foundation
import GRDB
import ModelFiles
import SelfImprove

/// What keeps a campaign from writing and passes by itself. It is no failure: the daemon waits and goes on.
package enum StorageTrouble: Sendable {
    case full
    case readOnly
    /// Another program writes to the database, and goes on doing so beyond the time that a write waits for it.
    case busy

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
        }
    }

    /// For a run that ends with it.
    func error(at state: URL) -> SelfImproveError {
        let (code, hint): (SelfImproveError.Code, String) =
            switch self {
            case .full: (.full, "make room")
            case .readOnly: (.readOnly, "make it writable; the kernel's log says why it is not")
            case .busy: (.busy, "end what writes to selfimprove.sqlite")
            }
        return SelfImproveError(
            code,
            "\(words); nothing that was finished is lost",
            context: state.path,
            hint: "\(hint); the same command goes on with the step it was in",
            retryable: true
        )
    }

    /// Waits until it is over.
    /// - Throws: what `check` throws, called twice a second.
    func wait(_ lineage: Lineage, check: () throws -> Void) async throws {
        let before = Self.free(at: lineage.state) ?? 0
        repeat {
            try await Task.sleep(for: .milliseconds(500))
            try check()
        } while try !isOver(lineage, freeBefore: before)
    }

    private func isOver(_ lineage: Lineage, freeBefore: Int) throws -> Bool {
        switch self {
        case .full: return (Self.free(at: lineage.state) ?? 0) >= freeBefore + Self.room
        case .readOnly:
            let probe = lineage.state.appendingPathComponent(".\(UUID().uuidString).tmp")
            guard FileManager.default.createFile(atPath: probe.path, contents: nil) else { return false }
            try FileManager.default.removeItem(at: probe)
            return true
        case .busy:
            do { try lineage.write { _ in } } catch  where StorageTrouble(error) != nil { return false }
            return true
        }
    }

    /// What a wait for room is over with: this much more than when it began.
    private static let room = 1 << 20

    /// Bytes that this process may still write in `directory`; nil where the file system does not tell.
    private static func free(at directory: URL) -> Int? {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else { return nil }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}

import Foundation
import GRDB
import LocalLM
import SelfImprove

/// A full disk is no failure of a campaign: it waits for room.
enum DiskSpace {
    static func isExhausted(_ error: any Error) -> Bool {
        switch error {
        case let error as DatabaseError: error.resultCode == .SQLITE_FULL
        case let error as LocalLMError: error.code == .full
        case let error as SelfImproveError: error.code == .full
        default: false
        }
    }

    /// Bytes that this process may still write beside `file`; nil where the file system does not tell.
    static func free(at directory: URL) -> Int? {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else { return nil }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    /// What a wait is over with: this much more than when it began.
    static let room = 1 << 20
}

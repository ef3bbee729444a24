import ArgumentParser
import Foundation
import ModelFiles

/// A folder that a command is going to write: better refused before the work than after it.
enum NewFolder {
    /// - Throws: `ValidationError` where there is something already, a link that leads nowhere included, or no name.
    static func check(_ path: String, _ argument: String) throws {
        guard !path.isEmpty else { throw ValidationError("\(argument) is empty; name a new folder") }
        guard !AtomicFile.exists(URL(fileURLWithPath: path)) else {
            throw ValidationError("\(argument) \(path) exists and is not overwritten; name a new folder")
        }
    }
}

import Foundation
import FuzzTargets

/// A folder for the files of one process, in memory where the system has such a place.
struct WorkFolder {
    let url: URL

    init() throws {
        let shared = URL(fileURLWithPath: "/dev/shm")
        let parent =
            FileManager.default.isWritableFile(atPath: shared.path) ? shared : FileManager.default.temporaryDirectory
        url = parent.appendingPathComponent("fuzz-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    func remove() { do { try FileManager.default.removeItem(at: url) } catch { print("left behind: \(url.path)") } }
}

/// The files of inputs that broke something.
enum FuzzFailure {
    static func save(_ input: FuzzInput, target: String, seed: UInt64, number: Int, in folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (part, bytes) in input.enumerated() {
            try Data(bytes).write(to: folder.appendingPathComponent("\(target)-\(seed)-\(number).\(part)"))
        }
    }
}

import Foundation

/// A folder of its own for one test, removed when `body` returns.
public func withTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("selfimprove-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { do { try FileManager.default.removeItem(at: url) } catch { print("left behind: \(url.path)") } }
    return try body(url)
}

/// The same for asynchronous work.
public func withTemporaryDirectory<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("selfimprove-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { do { try FileManager.default.removeItem(at: url) } catch { print("left behind: \(url.path)") } }
    return try await body(url)
}

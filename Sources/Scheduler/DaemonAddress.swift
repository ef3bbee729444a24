import Foundation
import ModelFiles
import SelfImprove

/// Where the daemon of a state directory listens: `daemon.json` in it, written when it listens, removed when it ends.
public struct DaemonAddress: Sendable, Codable, Equatable {
    public var pid: Int32
    public var host: String
    public var port: Int

    public init(pid: Int32, host: String, port: Int) {
        self.pid = pid
        self.host = host
        self.port = port
    }

    private static func file(_ state: URL) -> URL { state.appendingPathComponent("daemon.json") }

    public func write(to state: URL) throws { try AtomicFile.write(JSONEncoder().encode(self), to: Self.file(state)) }

    public static func remove(from state: URL) throws {
        if FileManager.default.fileExists(atPath: file(state).path) {
            try FileManager.default.removeItem(at: file(state))
        }
    }

    /// The daemon that runs on a state directory. What a killed one left behind is told apart by the lock: nobody holds
    /// it, or another process.
    public static func find(_ state: URL) throws -> DaemonAddress? {
        guard FileManager.default.fileExists(atPath: file(state).path), let holder = StateLock.holder(state) else {
            return nil
        }
        let address = try JSONDecoder().decode(DaemonAddress.self, from: Data(contentsOf: file(state)))
        return address.pid == holder ? address : nil
    }
}

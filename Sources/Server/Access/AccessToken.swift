import Crypto
import Foundation
import SelfImprove
import Synchronization

/// The bearer token that requests must carry: from `SELFIMPROVE_TOKEN`, or from the file that `SELFIMPROVE_TOKEN_FILE` names, which can be
/// read again while the server runs. Only its digest is kept; it is never logged.
public final class AccessToken: Sendable {
    private let read: @Sendable () throws -> String
    private let digest: Mutex<Data>

    /// - Throws: `.refused` for a token of fewer than 16 characters, `.file` where its file cannot be read.
    private init(_ read: @escaping @Sendable () throws -> String) throws {
        self.read = read
        digest = Mutex(try Self.digest(read()))
    }

    /// - Returns: nil where the environment names none.
    public static func find(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws
        -> AccessToken?
    {
        guard environment["SELFIMPROVE_TOKEN_FILE"] != nil || environment["SELFIMPROVE_TOKEN"] != nil else {
            return nil
        }
        return try AccessToken { try text(environment) ?? "" }
    }

    /// The token itself, for whoever has to send it.
    public static func text(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> String? {
        guard let path = environment["SELFIMPROVE_TOKEN_FILE"] else { return environment["SELFIMPROVE_TOKEN"] }
        do {
            return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw SelfImproveError(
                .file,
                "the token cannot be read",
                context: path,
                hint: "SELFIMPROVE_TOKEN_FILE names a text file that you may read"
            )
        }
    }

    /// Reads it again. What throws leaves the old one in force.
    public func reload() throws {
        let new = try Self.digest(read())
        digest.withLock { $0 = new }
    }

    /// Digests are compared, in constant time: how long it takes says nothing about the token.
    func matches(_ given: some StringProtocol) -> Bool {
        let ours = digest.withLock { $0 }, theirs = Data(SHA256.hash(data: Data(given.utf8)))
        return zip(ours, theirs).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func digest(_ token: String) throws -> Data {
        guard token.count >= 16 else {
            throw SelfImproveError(
                .refused,
                "the token has fewer than 16 characters",
                context: "SELFIMPROVE_TOKEN",
                hint: "openssl rand -hex 32 makes one"
            )
        }
        return Data(SHA256.hash(data: Data(token.utf8)))
    }
}

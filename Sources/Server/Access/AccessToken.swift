import Crypto
import Foundation
import SelfImprove
import Synchronization

/// The bearer token that requests must carry: the value of `SELFIMPROVE_TOKEN`, or the content of the file that
/// `SELFIMPROVE_TOKEN_FILE` names. A running server can read it again. Only its digest is kept; it is never logged.
public final class AccessToken: Sendable {
    private let read: @Sendable () throws -> String
    private let digest: Mutex<SHA256.Digest>

    /// - Throws: `.refused` for a token of fewer than 16 characters; what `read` throws.
    init(_ read: @escaping @Sendable () throws -> String) throws {
        self.read = read
        digest = Mutex(try Self.digest(read()))
    }

    /// - Returns: nil where the environment names no token.
    /// - Throws: `.refused` for a token of fewer than 16 characters; `.file` for a file that cannot be read.
    public static func find(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws
        -> AccessToken?
    {
        guard environment["SELFIMPROVE_TOKEN_FILE"] != nil || environment["SELFIMPROVE_TOKEN"] != nil else {
            return nil
        }
        return try AccessToken { try text(environment) ?? "" }
    }

    /// The token itself, for clients.
    /// - Throws: `.file` for a file that cannot be read.
    public static func text(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws -> String? {
        guard let path = environment["SELFIMPROVE_TOKEN_FILE"] else { return environment["SELFIMPROVE_TOKEN"] }
        do {
            return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw SelfImproveError(
                .file,
                "the token cannot be read",
                context: path,
                hint: "SELFIMPROVE_TOKEN_FILE must name a text file that you may read"
            )
        }
    }

    /// Reads the token again. The old one stays in force where this throws.
    /// - Throws: as `find`.
    public func reload() throws {
        let new = try Self.digest(read())
        digest.withLock { $0 = new }
    }

    /// Compares digests, in constant time: how long it takes says nothing about the token.
    func matches(_ given: some StringProtocol) -> Bool {
        digest.withLock { $0 } == SHA256.hash(data: Data(given.utf8))
    }

    private static func digest(_ token: String) throws -> SHA256.Digest {
        guard token.count >= 16 else {
            throw SelfImproveError(
                .refused,
                "the token has fewer than 16 characters",
                context: "SELFIMPROVE_TOKEN",
                hint: "openssl rand -hex 32 makes one"
            )
        }
        return SHA256.hash(data: Data(token.utf8))
    }
}

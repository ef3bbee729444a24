import Foundation
import Hummingbird
import HummingbirdTesting
import LocalLM
import Logging
import ModelFiles
import SelfImprove
import TestSupport

@testable import Scheduler
@testable import Server

/// Servers that are asked at their router, without a socket.
enum ServerUnderTest {
    static let loopback = HTTPServer.Address(host: "127.0.0.1", port: 0)

    static func logger() -> Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    /// The daemon's server, on a state directory of its own. The daemon's queue does not run.
    /// - Parameter prepare: fills the lineage first.
    static func withDaemon(
        address: HTTPServer.Address = loopback,
        token: AccessToken? = nil,
        prepare: (Lineage) throws -> Void = { _ in },
        _ body: @escaping @Sendable (any TestClientProtocol, Daemon) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { state in
            let lineage = try Lineage.open(state: state)
            try prepare(lineage)
            let daemon = Daemon(lineage, logger: logger())
            let server = try HTTPServer(
                .daemon(daemon, try ServedModels(.lineage(lineage), threads: 1)),
                address: address,
                token: token,
                logger: logger()
            )
            try await Application(router: server.router(), logger: logger()).test(.router) { client in
                try await body(client, daemon)
            }
        }
    }

    /// The server of one tiny model, named `tiny`.
    static func withModel(_ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        let server = try HTTPServer(
            .model(try ServedModels(.single(id: "tiny", TinyModels.spelling()), threads: 1)),
            address: loopback,
            token: nil,
            logger: logger()
        )
        try await Application(router: server.router(), logger: logger()).test(.router) { try await body($0) }
    }
}

/// The body of every refusal.
struct Refusal: Decodable {
    struct Detail: Decodable {
        var message: String
        var type: String
        var code: String
    }
    var error: Detail
}

extension TestResponse {
    var text: String { String(buffer: body) }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(buffer: body))
    }

    /// The `data` of each event of a stream.
    var events: [String] {
        text.components(separatedBy: "\n\n").flatMap { $0.split(separator: "\n") }.filter { $0.hasPrefix("data: ") }
            .map { String($0.dropFirst(6)) }
    }
}

extension TestClientProtocol {
    func get(_ uri: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await execute(uri: uri, method: .get, headers: headers)
    }

    func post(_ uri: String, _ body: String = "", headers: HTTPFields = [:]) async throws -> TestResponse {
        try await execute(uri: uri, method: .post, headers: headers, body: ByteBuffer(string: body))
    }
}

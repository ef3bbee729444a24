import Foundation
import LocalLM
import SelfImprove
import TestSupport
import Testing

@testable import Server

@Suite struct ClientPresenceTests {
    /// What all of them asked for takes minutes; the queue holds no more.
    @Test(arguments: [false, true]) func workEndsWhenItsClientLeaves(streams: Bool) async throws {
        var configuration = TinyModels.configuration(vocabulary: 80, eos: [])
        configuration.maximumPositions = 30_000
        let models = try ServedModels(.single(id: "long", try TinyModels.spelling(configuration)), threads: 1)
        let server = try HTTPServer(
            .model(models),
            address: ServerUnderTest.loopback,
            token: nil,
            logger: ServerUnderTest.logger()
        )
        let (ports, started) = AsyncStream<Int>.makeStream()
        let running = Task { try await server.run { started.yield($0) } }
        let port = try #require(await ports.first { _ in true })
        let long = #"{"model":"long","prompt":"Reverse","max_tokens":20000,"n":16,"stream":\#(streams)}"#
        let (isFull, isFree) = try await onAThread {
            func ask(_ body: String) throws -> RawConnection {
                let client = try RawConnection(port: port)
                let head = "POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                try client.write("\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                return client
            }
            // The queue takes sixteen of them.
            var clients = try (0..<17).map { _ in try ask(long) }
            let isFull = Self.eventually { clients.contains { $0.read(for: 0.05).contains(" 429 ") } }
            clients = []
            let short = #"{"model":"long","prompt":"Reverse","max_tokens":1}"#
            return (isFull, try Self.eventually { try ask(short).read(until: " 200 ") })
        }
        #expect(isFull && isFree)
        running.cancel()
        try await running.value
    }

    /// The server needs Swift's own threads, and those for blocking work, while a client waits.
    private func onAThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result { try body() }) }.start()
        }
    }

    private static func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<100 {
            if try condition() { return true }
            Thread.sleep(forTimeInterval: 0.05)
        }
        return false
    }
}

import Foundation
import Testing

@testable import SelfImprove

/// Client, transport and a server on this machine together.
@Suite(.serialized) struct EndpointServerTests {
    @Test("a campaign's calls through chaos get the same answers as without it", arguments: [UInt64(1), 2])
    func chaos(_ seed: UInt64) async throws {
        let secret = try Secret(testKey)
        let server = ScriptedServer { request in
            let answer = chatReply("answer \(request.text.utf8.reduce(0) { ($0 * 31 + Int($1)) % 99_991 })")
            // Every second of them, in an order that the seed decides.
            switch (UInt64(request.number) &* 2_654_435_761 &+ seed) >> 7 & 15 {
            case 0: return [.reply(429, "slow down", headers: ["retry-after-ms: 20"])]
            case 1: return [.reply(500, "key \(testKey)")]
            case 2: return [.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"cho"), .close]
            case 3: return [.reply("\u{1B}[2Jgarbage")]
            case 4: return [.reply(chatReply("x", model: "other"))]
            case 5: return [.close]
            case 6: return [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), .hang]
            case 7: return [.hang]
            default: return [.reply(answer)]
            }
        }
        defer { server.stop() }
        var settings = try EndpointSettings.test(server.base)
        settings.timeouts = HTTPTimeouts(connect: 1, firstByte: 0.3, stall: 0.3, total: 5)
        let client = EndpointClient(
            settings,
            secret: secret,
            transport: try CurlTransport(),
            retry: RetryPolicy(tries: 30, base: 0.005, cap: 0.02),
            breaker: CircuitBreaker(threshold: 4, pause: 0.05, longestPause: 0.2)
        )
        let answers = await withTaskGroup(of: (Int, String?).self) { group in
            for number in 0..<120 {
                group.addTask {
                    var body = question
                    body.seed = UInt64(number) << 33
                    switch await client.complete(body) {
                    case .success(let call): return (number, call.text)
                    case .failure(let failure): return (number, failure.message)
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for number in 0..<120 {
            var body = question
            body.seed = UInt64(number) << 33
            let digest = body.json().text().utf8.reduce(0) { ($0 * 31 + Int($1)) % 99_991 }
            #expect(answers[number] == "answer \(digest)", "seed \(seed), call \(number)")
        }
        let figures = client.figures
        #expect(figures.done == 120 && figures.failures == 0 && figures.retries > 40)
        #expect(figures.lastFault?.contains(testKey) == false)
    }

    @Test("calls on four endpoints are eight at a time each, and all are answered")
    func throughput() async throws {
        let servers = (0..<4).map { _ in ScriptedServer { _ in [.wait(0.05), .reply(chatReply("4"))] } }
        defer { for server in servers { server.stop() } }
        let transport = try CurlTransport()
        let clients = try servers.map { EndpointClient(try .test($0.base), secret: nil, transport: transport) }
        let calls = ProcessInfo.processInfo.environment["REMOTE_CALLS"].flatMap { Int($0) } ?? 100
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for client in clients {
                for _ in 0..<calls { group.addTask { _ = await client.complete(question) } }
            }
        }
        let seconds =
            Double((ContinuousClock.now - start).components.attoseconds) * 1e-18
            + Double((ContinuousClock.now - start).components.seconds)
        let least = Double(calls) / 8 * 0.05
        print("\(4 * calls) calls took \(seconds) s; \(least) s is what concurrency allows")
        #expect(clients.allSatisfy { $0.figures.done == calls })
        #expect(servers.allSatisfy { $0.connections <= 8 })
        // `make clients` measures it in a quiet process (Tests/Clients/peers.py).
        if calls > 100 { #expect(seconds < least * 1.1) }
    }
}

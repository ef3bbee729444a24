import Foundation
import Synchronization
import Testing

@testable import SelfImprove

/// Against a server on this machine that misbehaves in every way that its script knows.
@Suite struct CurlTransportTests {
    private let transport: CurlTransport

    init() throws { transport = try CurlTransport() }

    private func call(
        _ server: ScriptedServer,
        _ timeouts: HTTPTimeouts = HTTPTimeouts(connect: 60, firstByte: 3000, stall: 3000, total: 6000),
        _ limits: HTTPCall.Limits = .init(bodyBytes: 1 << 20, headerBytes: 16 << 10),
        secret: Secret? = nil
    ) -> HTTPCall {
        HTTPCall(.post([1, 2, 3]), url: server.base + "/x", secret: secret, timeouts: timeouts, limits: limits)
    }

    private func failure(_ actions: [ScriptedServer.Action], _ timeouts: HTTPTimeouts? = nil) async -> HTTPFailure? {
        let server = ScriptedServer { _ in actions }
        defer { server.stop() }
        let result = await transport.send(timeouts.map { call(server, $0) } ?? call(server))
        if case .failure(let failure) = result { return failure }
        return nil
    }

    @Test("a call carries its method, body and key, and the reply comes back with status, headers and body")
    func calls() async throws {
        let server = ScriptedServer { request in [.reply(418, request.body, headers: ["X-Said:  a b "])] }
        defer { server.stop() }
        let reply = try await transport.send(call(server, secret: Secret(testKey))).get()
        #expect(reply.status == 418)
        #expect(reply.body == [1, 2, 3])
        #expect(reply.header("x-said") == "a b")
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request.path == "/v1/x")
        #expect(request.headers["authorization"] == "Bearer \(testKey)")
        #expect(request.headers["cookie"] == nil && request.headers["expect"] == nil)
    }

    @Test("connections are kept: a hundred calls in turn need one")
    func reuse() async throws {
        let server = ScriptedServer { _ in [.reply("ok")] }
        defer { server.stop() }
        for _ in 0..<100 { _ = try await transport.send(call(server)).get() }
        #expect(server.requests.count == 100)
        // One; a process that is held up for minutes by its other tests may have to open another.
        #expect(server.connections <= 5)
    }

    @Test("a body of three megabytes is sent whole, and does not wait for a 100 Continue")
    func largeBody() async throws {
        let server = ScriptedServer { request in [.reply("\(request.body.count)")] }
        defer { server.stop() }
        let body = [UInt8](repeating: 7, count: 3 << 20)
        let reply = try await transport.send(HTTPCall(.post(body), url: server.base)).get()
        #expect(String(decoding: reply.body, as: UTF8.self) == "\(3 << 20)")
        #expect(server.requests.first?.headers["expect"] == nil)
    }

    @Test("nobody listens: unreachable")
    func refused() async {
        let server = ScriptedServer { _ in [] }
        server.stop()
        guard case .failure(.unreachable) = await transport.send(call(server)) else {
            Issue.record("reached nobody")
            return
        }
    }

    @Test("an unknown host: unreachable")
    func unknownHost() async {
        let result = await transport.send(HTTPCall(.get, url: "http://nowhere.invalid/v1/models"))
        guard case .failure(.unreachable) = result else {
            Issue.record("\(result)")
            return
        }
    }

    @Test("silence before the headers, in the headers and in the body end after the timeout for each")
    func stalls() async {
        let short = HTTPTimeouts(connect: 30, firstByte: 4, stall: 1.5, total: 600)
        #expect(await failure([.hang], short) == .timedOut(.firstByte))
        #expect(await failure([.send("HTTP/1.1 200 OK\r\nContent-"), .hang], short) == .timedOut(.stall))
        let half = ScriptedServer.Action.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        #expect(await failure([half, .hang], short) == .timedOut(.stall))
    }

    @Test("a byte now and then does not get around the timeout for all of it")
    func drip() async {
        let head = ScriptedServer.Action.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        let drops = (0..<200).flatMap { _ in [ScriptedServer.Action.send("a"), .wait(0.05)] }
        let result = await failure([head] + drops, HTTPTimeouts(connect: 1, firstByte: 1, stall: 1, total: 0.8))
        #expect(result == .timedOut(.total))
    }

    @Test(
        "bodies that end too early, and what is not HTTP, are cut",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
            "HTTP/9.9 200 OK\r\n\r\nhello", "SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{1}\u{2}", "",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, zstd\r\nContent-Length: 5\r\n\r\nhello",
        ]
    )
    func cut(_ bytes: String) async {
        let result = await failure([.send(bytes), .close])
        guard case .cut? = result else {
            Issue.record("\(String(describing: result)) for \(bytes.debugDescription)")
            return
        }
    }

    @Test("a reply that is longer than its length says ends there, and its connection is not used again")
    func longerThanSaid() async throws {
        let server = ScriptedServer { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n")]
        }
        defer { server.stop() }
        for _ in 0..<2 { #expect(try await transport.send(call(server)).get().body == Array("ok".utf8)) }
        #expect(server.connections == 2)
    }

    @Test("a line of a gigabyte ends at the limit, in little memory, said or not said beforehand")
    func huge() async {
        let megabyte = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        let open = ScriptedServer.Action.send("HTTP/1.1 200 OK\r\n\r\n")
        #expect(await failure([open, .flood(megabyte, 1024), .close]) == .bodyTooLarge(1 << 20))
        let said = ScriptedServer.Action.send("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        #expect(await failure([said, .flood(megabyte, 1024), .close]) == .bodyTooLarge(1 << 20))
        let header = ScriptedServer.Action.send("HTTP/1.1 200 OK\r\nX: ")
        let result = await failure([header, .flood(megabyte, 1024), .close])
        switch result {
        case .headersTooLarge?, .cut?, .invalid?: break
        default: Issue.record("\(String(describing: result))")
        }
        let line = Array("X-More: and more\r\n".utf8)
        #expect(await failure([.send("HTTP/1.1 200 OK\r\n"), .flood(line, 100_000)]) == .headersTooLarge(16 << 10))
        #expect(
            await failure([.flood(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), 100_000)]) == .headersTooLarge(16 << 10)
        )
    }

    @Test("a gzip bomb ends at the limit of decoded bytes; honest gzip is decoded")
    func bomb() async throws {
        // python3 -c "import gzip,base64; print(base64.b64encode(gzip.compress(b'hello', mtime=0)))"
        let small = try #require(Data(base64Encoded: "H4sIAAAAAAAC/8tIzcnJBwCGphA2BQAAAA=="))
        let server = ScriptedServer { request in
            let body = request.path.hasSuffix("bomb") ? Self.bomb : Array(small)
            return [.reply(200, body, headers: ["Content-Encoding: gzip"])]
        }
        defer { server.stop() }
        #expect(try await transport.send(call(server)).get().body == Array("hello".utf8))
        let bomb = HTTPCall(.get, url: server.base + "/bomb", limits: .init(bodyBytes: 1 << 20))
        guard case .failure(.bodyTooLarge) = await transport.send(bomb) else {
            Issue.record("the bomb went off")
            return
        }
    }

    /// 200 MB of zeros in 200 kB: deflate repeats itself, byte for byte.
    private static let bomb: [UInt8] = {
        let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        // One block with fixed codes: a zero, then "258 bytes from 1 back" without end.
        var bits: [UInt8] = [], pending: UInt32 = 0, count: UInt32 = 0
        func put(_ value: UInt32, _ width: UInt32) {
            pending |= value << count
            count += width
            while count >= 8 {
                bits.append(UInt8(truncatingIfNeeded: pending))
                pending >>= 8
                count -= 8
            }
        }
        put(0b011, 3)
        put(0b0000_1100, 8)  // literal 0 is 00110000, most significant bit first
        for _ in 0..<800_000 {
            put(0b1010_0011, 8)  // length 258 is 11000101
            put(0, 5)  // distance 1
        }
        return header + bits
    }()

    @Test("a redirect on the same host is followed as a POST, three times; elsewhere, a fourth time and 303 are not")
    func redirects() async throws {
        let other = ScriptedServer { _ in [.reply("stolen")] }
        let server = ScriptedServer { request in
            let path = request.path.dropFirst("/v1/".count)
            switch path {
            case "other": return [.reply(307, "", headers: ["Location: http://127.0.0.1:\(other.port)/v1/x"])]
            case "host": return [.reply(302, "", headers: ["Location: //evil.example\u{1b}[31m/x"])]
            case "evil": return [.reply(308, "", headers: ["Location: https://evil.example/x"])]
            case "file": return [.reply(301, "", headers: ["Location: file:///etc/passwd"])]
            case "user": return [.reply(301, "", headers: ["Location: http://127.0.0.1@evil.example/"])]
            case "303": return [.reply(303, "", headers: ["Location: /v1/0"])]
            case "0": return [.reply("\(request.method) \(request.body.count)")]
            default:
                let left = Int(path) ?? 0
                return [.reply(307, "moved", headers: ["Location: /v1/\(left - 1)"])]
            }
        }
        defer { server.stop(); other.stop() }
        func send(_ path: String) async -> Result<HTTPReply, HTTPFailure> {
            let secret: Secret
            do { secret = try Secret(testKey) } catch { return .failure(.invalid("\(error)")) }
            return await transport.send(HTTPCall(.post([1, 2]), url: server.base + "/" + path, secret: secret))
        }
        func wanted(_ path: String) async -> String? {
            if case .failure(.redirected(let place)) = await send(path) { return place }
            return nil
        }
        #expect(String(decoding: try await send("3").get().body, as: UTF8.self) == "POST 2")
        #expect(await wanted("4") == "http://127.0.0.1:\(server.port)")
        #expect(await wanted("303") == "http://127.0.0.1:\(server.port)")
        #expect(await wanted("other") == "http://127.0.0.1:\(other.port)")
        #expect(await wanted("evil") == "https://evil.example:443")
        #expect(await wanted("user") == "http://evil.example:80")
        #expect(await wanted("file") == "an unusable URL")
        #expect(await wanted("host") != nil)
        #expect(other.requests.isEmpty)
    }

    @Test("a cancelled call ends at once and its connection with it; so does one that was cancelled before it began")
    func cancellation() async throws {
        let server = ScriptedServer { _ in [.hang] }
        defer { server.stop() }
        let call = call(server), transport = transport
        let task = Task { await transport.send(call) }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        guard case .failure(.cancelled) = await task.value else {
            Issue.record("it was not cancelled")
            return
        }
        for _ in 0..<200 where server.closedByPeer == 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(server.closedByPeer == 1)
        let early = Task {
            while !Task.isCancelled { await Task.yield() }
            return await transport.send(call)
        }
        early.cancel()
        guard case .failure(.cancelled) = await early.value else {
            Issue.record("it was not cancelled")
            return
        }
    }

    @Test("64 calls that are stalled do not slow the others")
    func stalledNeighbours() async throws {
        let stalled = ScriptedServer { _ in [.hang] }, server = ScriptedServer { _ in [.wait(0.01), .reply("ok")] }
        defer { stalled.stop(); server.stop() }
        let waiting = call(stalled, HTTPTimeouts(firstByte: 36_000, total: 36_000))
        let quick = call(server), transport = transport
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 { group.addTask { _ = await transport.send(waiting) } }
            while stalled.requests.count < 64 { try await Task.sleep(for: .milliseconds(5)) }
            // These end at all, while those hang for hours.
            try await withThrowingTaskGroup(of: Void.self) { inner in
                for _ in 0..<8 {
                    inner.addTask { for _ in 0..<25 { _ = try await transport.send(quick).get() } }
                }
                try await inner.waitForAll()
            }
            group.cancelAll()
        }
    }

    @Test("headers with line breaks and URLs of other schemes are not sent")
    func invalid() async {
        let server = ScriptedServer { _ in [.reply("ok")] }
        defer { server.stop() }
        let calls = [
            HTTPCall(.get, url: server.base, headers: [.init("X", "a\r\nAuthorization: b")]),
            HTTPCall(.get, url: "file:///etc/passwd"), HTTPCall(.get, url: "gopher://127.0.0.1:\(server.port)/x"),
            HTTPCall(.get, url: "http://user:word@127.0.0.1:\(server.port)/"), HTTPCall(.get, url: ""),
        ]
        for call in calls {
            guard case .failure(.invalid) = await transport.send(call) else {
                Issue.record("sent: \(call.url)")
                continue
            }
        }
        #expect(server.requests.isEmpty)
    }

    @Test("a transport that is let go ends its thread, and a second one works beside it")
    func lifetimes() async throws {
        let server = ScriptedServer { _ in [.reply("ok")] }
        defer { server.stop() }
        for _ in 0..<20 {
            let transport = try CurlTransport()
            _ = try await transport.send(call(server)).get()
        }
        _ = try await transport.send(call(server)).get()
        #expect(server.requests.count == 21)
    }
}

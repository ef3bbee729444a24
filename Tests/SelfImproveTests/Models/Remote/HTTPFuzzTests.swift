import Foundation
import LocalLM
import TestSupport
import Testing

@testable import SelfImprove

/// Seeded mutations of what stands on the wire, from a server on this machine: chunks that are cut, lengths that lie,
/// headers that are none. `FUZZ` sets how many replies; a failure names its number, which makes the same bytes again.
@Suite struct HTTPFuzzTests {
    private static let body = chatReply("4 \u{E9}")
    private static let seeds: [String] = [
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nContent-Type: application/json\r\n\r\n\(body)",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n and again\r\n0\r\nX-End: 1\r\n\r\n",
        "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end", "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:9/v1/x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n\u{1F}abcdefghij",
    ]
    private static let pieces: [[UInt8]] =
        [
            "\r\n", "\r\n\r\n", "\n", "\r", ":", " ", "\0", "Content-Length: 5\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length: -1\r\n", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n", "7fffffff\r\n",
            "0\r\n\r\n",
            "5\r\nhello\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 ", "HTTP/2 200\r\n",
            "Content-Encoding: gzip\r\n",
            "Location: file:///etc/passwd\r\n", "Location: //[::1\r\n", "Set-Cookie: a=b\r\n", "Retry-After: 1e999\r\n",
            "301",
            "101", "Connection: close\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n", "\u{1B}[2J", "\u{202E}",
        ].map { Array($0.utf8) } + [[0xFF, 0xFE], [0xC3], [0x1F, 0x8B, 8], [UInt8](repeating: 0x61, count: 70_000)]

    private static func reply(_ number: Int) -> [UInt8] {
        var random = RandomStream(key: RandomKey.derive(2611, UInt64(number)))
        var bytes = Array(seeds[random.integer(below: seeds.count)].utf8)
        for _ in 0..<random.integer(below: 5) where !bytes.isEmpty {
            let at = random.integer(below: bytes.count), end = min(bytes.count, at + 1 + random.integer(below: 24))
            switch random.integer(below: 6) {
            case 0: bytes[at] = UInt8(random.integer(below: 256))
            case 1: bytes.removeSubrange(at..<end)
            case 2: bytes.insert(contentsOf: bytes[at..<end], at: at)
            case 3: bytes.insert(contentsOf: pieces[random.integer(below: pieces.count)], at: at)
            case 4: bytes.replaceSubrange(at..<end, with: pieces[random.integer(below: pieces.count)])
            default: bytes.removeSubrange(at...)
            }
        }
        return bytes
    }

    @Test("mutated replies on the wire come back or fail, in time and within their limit")
    func wire() async throws {
        let count = Fuzzing.count(1000), transport = try CurlTransport(), limit = 64 << 10, clock = ContinuousClock()
        let timeouts = HTTPTimeouts(connect: 60, firstByte: 60, stall: 60, total: 60)
        var came = 0, slowest = Duration.zero, memory = 0
        for first in stride(from: 0, to: count, by: 10_000) {
            // One that is new now and then, because it keeps what it was asked.
            let server = ScriptedServer { [.send(Self.reply(first + $0.number)), .close] }
            defer { server.stop() }
            let call = HTTPCall(
                .post([1]),
                url: server.base + "/x",
                timeouts: timeouts,
                limits: .init(bodyBytes: limit, headerBytes: 16 << 10)
            )
            await withTaskGroup(of: (Int?, Duration).self) { group in
                func begin() {
                    group.addTask {
                        let start = clock.now
                        return (try? await transport.send(call).get().body.count, clock.now - start)
                    }
                }
                let calls = min(10_000, count - first)
                for _ in 0..<min(16, calls) { begin() }
                var begun = min(16, calls)
                for await (bytes, time) in group {
                    came += bytes == nil ? 0 : 1
                    #expect((bytes ?? 0) <= limit)
                    slowest = max(slowest, time)
                    if begun < calls { begin() }
                    begun += 1
                }
            }
            memory = max(memory, Fuzzing.residentMemory)
        }
        print("\(count) HTTP replies: \(came) came; slowest \(slowest), \(memory >> 20) MB")
        #expect(came > count / 4 && came < count * 19 / 20)
        #expect(slowest < .seconds(50))
    }
}

import Foundation
import Synchronization

/// A server on a port of this machine that says what a script tells it to, well-formed or not. A thread a connection.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        let method: String
        let path: String
        /// Names in lower case.
        let headers: [String: String]
        let body: [UInt8]
        /// How many came before it, on all connections.
        let number: Int

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    enum Action: Sendable {
        case send([UInt8])
        case wait(Double)
        /// The same bytes, so often, until the other side has enough.
        case flood([UInt8], Int)
        /// Nothing more is said, until the other side hangs up.
        case hang
        case close

        static func send(_ text: String) -> Action { .send(Array(text.utf8)) }

        /// A whole reply.
        static func reply(_ body: String) -> Action { reply(200, body) }

        static func reply(_ status: Int, _ body: String, headers: [String] = []) -> Action {
            reply(status, Array(body.utf8), headers: headers)
        }

        static func reply(_ status: Int, _ body: [UInt8], headers: [String] = []) -> Action {
            let lines = ["HTTP/1.1 \(status) Word", "Content-Length: \(body.count)"] + headers + ["", ""]
            return .send(Array(lines.joined(separator: "\r\n").utf8) + body)
        }
    }

    private struct State {
        var requests: [Request] = []
        var connections = 0
        var closedByPeer = 0
        var open: Set<Int32> = []
        var isListening = true
        var isStopped = false
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex(State())
    private let script: @Sendable (Request) -> [Action]

    init(_ script: @escaping @Sendable (Request) -> [Action]) {
        self.script = script
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in(), length = socklen_t(MemoryLayout<sockaddr_in>.size)
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let descriptor = listener
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                precondition(bind(descriptor, address, length) == 0 && listen(descriptor, 512) == 0)
                getsockname(descriptor, address, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        Self.thread { [self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 { take(connection) }
            // By the thread that accepts alone: closed under it, the descriptor would be the next server's, and this
            // one would answer that one's calls.
            state.withLock { $0.isListening = false }
            close(listener)
        }
    }

    private func take(_ connection: Int32) {
        var on: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        state.withLock { state in
            state.connections += 1
            state.open.insert(connection)
            if state.isStopped { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        Self.thread { [self] in serve(connection) }
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            if state.isListening { shutdown(listener, Int32(SHUT_RDWR)) }
            for connection in state.open { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    var base: String { "http://127.0.0.1:\(port)/v1" }
    var requests: [Request] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }
    /// Connections that the other side ended while nothing was said.
    var closedByPeer: Int { state.withLock { $0.closedByPeer } }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.stackSize = 256 << 10
        thread.start()
    }

    private func serve(_ connection: Int32) {
        var buffer: [UInt8] = []
        while let request = read(connection, &buffer) {
            if !script(request).allSatisfy({ perform($0, connection) }) { break }
        }
        _ = state.withLock { $0.open.remove(connection) }
        close(connection)
    }

    /// - Returns: false where the connection is over.
    private func perform(_ action: Action, _ connection: Int32) -> Bool {
        switch action {
        case .send(let bytes): return write(bytes, connection)
        case .wait(let seconds):
            usleep(UInt32(seconds * 1e6))
            return true
        case .flood(let bytes, let times):
            for _ in 0..<times { guard write(bytes, connection) else { return false } }
            return true
        case .hang:
            var byte: UInt8 = 0
            if recv(connection, &byte, 1, 0) <= 0 { state.withLock { $0.closedByPeer += 1 } }
            return false
        case .close: return false
        }
    }

    private func write(_ bytes: [UInt8], _ connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private func read(_ connection: Int32, _ buffer: inout [UInt8]) -> Request? {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        func more() -> Bool {
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return false }
            buffer += chunk[..<count]
            return true
        }
        let blank = Array("\r\n\r\n".utf8)
        var end: Int?
        while true {
            end = buffer.indices.dropLast(3).first { Array(buffer[$0..<$0 + 4]) == blank }
            if end != nil { break }
            guard more() else { return nil }
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffer.count < end + 4 + length { guard more() else { return nil } }
        let body = Array(buffer[(end + 4)..<(end + 4 + length)])
        buffer.removeFirst(end + 4 + length)
        return state.withLock { state in
            let request = Request(
                method: String(words[0]),
                path: String(words[1]),
                headers: headers,
                body: body,
                number: state.requests.count
            )
            state.requests.append(request)
            return request
        }
    }
}

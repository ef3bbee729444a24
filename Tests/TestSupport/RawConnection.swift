import Foundation

/// A connection to a port of this machine that says what it likes.
public final class RawConnection {
    private struct Failure: Error, CustomStringConvertible { let description: String }

    private let descriptor: Int32

    public init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(description: "nobody listens on port \(port)") }
        var limit = timeval(tv_sec: 0, tv_usec: 100_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// - Returns: whether the other side still takes it.
    public func send(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    public func write(_ text: String) throws {
        guard send(text) else { throw Failure(description: "the connection was closed") }
    }

    /// What comes until the other side closes, or so long.
    public func read(for seconds: Double) -> String {
        var text = ""
        _ = receive(for: seconds) {
            text += $0
            return false
        }
        return text
    }

    /// - Returns: whether this text came within five seconds.
    public func read(until wanted: String) -> Bool {
        var text = ""
        return receive(for: 5) {
            text += $0
            return text.contains(wanted)
        }
    }

    private func receive(for seconds: Double, _ take: (String) -> Bool) -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while Date() < end {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
            guard count > 0 else { return false }
            if take(String(decoding: buffer[..<count], as: UTF8.self)) { return true }
        }
        return false
    }
}

import Foundation

/// Standard output and standard error. That one is full, closed, or has lost its reader is told to the caller, who
/// knows what its work is worth; Foundation's file handles end the process there.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// - Returns: nil, or why not all of it could be written.
    @discardableResult public func write(_ text: String) -> String? { write(Array(text.utf8)) }

    @discardableResult public func write(_ bytes: [UInt8]) -> String? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(rawValue, $0.baseAddress!, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Another program that has the same terminal or pipe may have made it non-blocking.
                var descriptor = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
                poll(&descriptor, 1, -1)
            } else if errno != EINTR {
                return String(cString: strerror(errno))
            }
        }
        return nil
    }
}

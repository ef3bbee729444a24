import Foundation
import ModelFiles
import Synchronization

/// Standard output and standard error, as the contract wants them: a result that cannot be written makes the exit code
/// 1 once the work is done, and a message that cannot be written is dropped.
enum Output {
    /// Why standard output could not be written, the first time.
    private static let failure = Mutex<String?>(nil)

    /// One JSON object on one line.
    static func json(_ value: some Encodable) throws { write(try JSONLine.bytes(value) + [0x0A]) }

    static func line(_ text: String) { write(Array((Text.harmless(text) + "\n").utf8)) }

    /// Without the end of a line.
    static func prompt(_ text: String) { write(Array(Text.harmless(text).utf8)) }

    static func error(_ text: String) { StandardStream.error.write(Text.harmless(text) + "\n") }

    private static func write(_ bytes: [UInt8]) {
        failure.withLock { if $0 == nil { $0 = StandardStream.output.write(bytes) } }
    }

    /// Work that has no other purpose than its output asks now and then whether anybody reads it.
    /// - Throws: why standard output could not be written.
    static func check() throws {
        guard let reason = failure.withLock({ $0 }) else { return }
        throw LocalLMError(.file, "cannot be written: \(reason)", context: "standard output")
    }

    /// Standard input, line by line, as JSON objects; a fault is reported with the number of its line.
    /// - Throws: what `body` throws, and where nobody reads what it wrote.
    static func forEachInput(_ body: (RowFields) throws -> Void) throws {
        var number = 0, input = StandardInput()
        while let line = input.next() {
            number += 1
            if JSONLines.isEmpty(line) { continue }
            let place = "standard input:\(number)"
            do {
                let row = RowFields(json: try Self.object(line), context: place)
                try row.refuse()
                try body(row)
            } catch let error as LocalLMError {
                // An input fault is the line's, whatever else it names.
                guard error.context == nil || error.context == place else { throw error }
                throw LocalLMError(error.code, error.message, context: place, hint: error.hint ?? "see --help")
            }
            try check()
        }
    }

    private static func object(_ line: [UInt8]) throws -> JSONValue {
        let row: JSONValue
        do { row = try JSONParser.parse(line, context: "") } catch let error as LocalLMError {
            throw LocalLMError(.input, error.message)
        }
        guard row.members != nil else { throw LocalLMError(.input, "the row is \(row.kind), not an object") }
        return row
    }
}

/// The lines of standard input as bytes, each as soon as it is there.
struct StandardInput: IteratorProtocol {
    private var buffer: [UInt8] = []
    private var isAtEnd = false

    mutating func next() -> [UInt8]? {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeFirst(end + 1) }
                return Array(buffer[..<end])
            }
            if isAtEnd {
                defer { buffer = [] }
                return buffer.isEmpty ? nil : buffer
            }
            searched = buffer.count
            fill()
        }
    }

    private mutating func fill() {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        let count = piece.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress!, $0.count) }
        if count > 0 { buffer += piece[..<count] } else if count == 0 || errno != EINTR { isAtEnd = true }
    }
}

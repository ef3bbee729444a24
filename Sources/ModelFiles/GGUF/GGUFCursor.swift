/// Reads the head of a GGUF file from its start on: whole numbers of little endian, and texts after their lengths.
struct GGUFCursor {
    private static let windowSize = 1 << 16

    let reader: FileReader
    private(set) var position: Int
    /// Bytes of the file from `windowStart` on.
    private var window: [UInt8] = []
    private var windowStart: Int

    init(_ reader: FileReader, at position: Int = 0) {
        self.reader = reader
        self.position = position
        windowStart = position
    }

    private var left: Int { reader.size - position }

    func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: reader.url.path) }

    /// The next `count` bytes.
    private mutating func take<Result>(_ count: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result
    {
        guard count <= left else { throw damaged("is cut off at byte \(reader.size), inside of its head") }
        if position + count > windowStart + window.count {
            window = try reader.read(min(max(count, Self.windowSize), left), at: position)
            windowStart = position
        }
        let start = position - windowStart
        position += count
        return try window.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[start..<start + count])) }
    }

    mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws -> Number {
        try take(MemoryLayout<Number>.size) { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
    }

    /// A count or a length, which can never be more than there are bytes in the file.
    mutating func count(_ what: String) throws -> Int {
        let value = try integer(UInt64.self)
        guard value <= UInt64(reader.size) else {
            throw damaged("\(what) is \(value) in a file of \(reader.size) bytes")
        }
        return Int(value)
    }

    mutating func text(_ what: String, limit: Int) throws -> String {
        let length = try count("the length of \(what)")
        guard length <= limit else { throw damaged("\(what) has \(length) bytes, at most \(limit) are read") }
        let text = try take(length) { String(validating: $0, as: UTF8.self) }
        guard let text else { throw damaged("\(what) is not UTF-8") }
        return text
    }

    mutating func skip(_ count: Int) throws {
        guard count <= left else { throw damaged("is cut off at byte \(reader.size), inside of its head") }
        position += count
    }
}

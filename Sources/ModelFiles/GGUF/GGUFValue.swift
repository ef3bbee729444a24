/// A value of a GGUF file's metadata. Arrays stay in the file until they are asked for.
enum GGUFValue {
    case unsigned(UInt64)
    case signed(Int64)
    case real(Double)
    case bool(Bool)
    case text(String)
    case array(of: Kind, count: Int, at: Int)

    /// How a value is stored, by its number in the file.
    enum Kind: UInt32 {
        case uint8, int8, uint16, int16, uint32, int32, float32, bool, text, array, uint64, int64, float64

        /// Nil for those whose sizes differ.
        var size: Int? {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64: 8
            case .text, .array: nil
            }
        }
    }

    private static let longestText = 1 << 22

    var kind: String {
        switch self {
        case .unsigned(let value): "\(value)"
        case .signed(let value): "\(value)"
        case .real(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .text: "a text"
        case .array: "an array"
        }
    }

    static func kind(_ cursor: inout GGUFCursor, of key: String) throws -> Kind {
        let number = try cursor.integer(UInt32.self)
        guard let kind = Kind(rawValue: number) else { throw cursor.damaged("\(key) is of the unknown type \(number)") }
        return kind
    }

    init(_ cursor: inout GGUFCursor, _ kind: Kind, of key: String) throws {
        switch kind {
        case .uint8: self = .unsigned(UInt64(try cursor.integer(UInt8.self)))
        case .uint16: self = .unsigned(UInt64(try cursor.integer(UInt16.self)))
        case .uint32: self = .unsigned(UInt64(try cursor.integer(UInt32.self)))
        case .uint64: self = .unsigned(try cursor.integer(UInt64.self))
        case .int8: self = .signed(Int64(try cursor.integer(Int8.self)))
        case .int16: self = .signed(Int64(try cursor.integer(Int16.self)))
        case .int32: self = .signed(Int64(try cursor.integer(Int32.self)))
        case .int64: self = .signed(try cursor.integer(Int64.self))
        case .float32: self = .real(Double(Float(bitPattern: try cursor.integer(UInt32.self))))
        case .float64: self = .real(Double(bitPattern: try cursor.integer(UInt64.self)))
        case .bool: self = .bool(try cursor.integer(UInt8.self) != 0)
        case .text: self = .text(try cursor.text(key, limit: Self.longestText))
        case .array:
            let element = try Self.kind(&cursor, of: key), count = try cursor.count("the length of \(key)")
            self = .array(of: element, count: count, at: cursor.position)
            switch element {
            case .array:
                throw LocalLMError(.unsupported, "\(key) is an array of arrays", context: cursor.reader.url.path)
            case .text: for _ in 0..<count { try cursor.skip(try cursor.count("the length of a text in \(key)")) }
            default: try cursor.skip(count * element.size!)
            }
        }
    }
}

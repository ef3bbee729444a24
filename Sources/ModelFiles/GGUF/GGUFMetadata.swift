/// The keys and values of a GGUF file, with errors that name the key.
package struct GGUFMetadata {
    private static let mostKeys = 1 << 14
    private static let longestKey = 1 << 10

    private let reader: FileReader
    private var values: [String: GGUFValue] = [:]

    init(_ cursor: inout GGUFCursor, count: Int) throws {
        reader = cursor.reader
        guard count <= Self.mostKeys else { throw damaged("has \(count) keys, at most \(Self.mostKeys) are read") }
        for _ in 0..<count {
            let key = try cursor.text("a key", limit: Self.longestKey)
            let kind = try GGUFValue.kind(&cursor, of: key)
            guard values.updateValue(try GGUFValue(&cursor, kind, of: key), forKey: key) == nil else {
                throw damaged("duplicate key \(key)")
            }
        }
    }

    func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: reader.url.path) }

    func unsupported(_ what: String, _ hint: String? = nil) -> LocalLMError {
        LocalLMError(.unsupported, "\(what) is not supported", context: reader.url.path, hint: hint)
    }

    func missing(_ key: String) -> LocalLMError { damaged("\(key) is missing") }

    private func wrong(_ key: String, _ value: GGUFValue, _ wanted: String) -> LocalLMError {
        damaged("\(key) is \(value.kind), not \(wanted)")
    }

    func text(_ key: String) throws -> String? {
        guard let value = values[key] else { return nil }
        guard case .text(let text) = value else { throw wrong(key, value, "a text") }
        return text
    }

    func flag(_ key: String) throws -> Bool? {
        guard let value = values[key] else { return nil }
        guard case .bool(let flag) = value else { throw wrong(key, value, "true or false") }
        return flag
    }

    /// A whole number from 0 up. An array says it of each layer.
    func count(_ key: String) throws -> Int? {
        guard let value = values[key] else { return nil }
        switch value {
        case .unsigned(let number) where number <= UInt64(Int.max): return Int(number)
        case .signed(let number) where number >= 0: return Int(number)
        case .array: throw unsupported("\(key) of each layer its own")
        default: throw wrong(key, value, "a whole number")
        }
    }

    func real(_ key: String) throws -> Float? {
        guard let value = values[key] else { return nil }
        switch value {
        case .real(let number) where number.isFinite: return Float(number)
        case .unsigned(let number): return Float(number)
        case .signed(let number): return Float(number)
        default: throw wrong(key, value, "a number")
        }
    }

    // MARK: Arrays, read from the file again

    func texts(_ key: String, limit: Int) throws -> [String]? {
        try elements(key, limit) { value in if case .text(let text) = value { text } else { nil } }
    }

    func integers(_ key: String, limit: Int) throws -> [Int]? {
        try elements(key, limit) { value in
            switch value {
            case .unsigned(let number): Int(exactly: number)
            case .signed(let number): Int(exactly: number)
            default: nil
            }
        }
    }

    func reals(_ key: String, limit: Int) throws -> [Float]? {
        try elements(key, limit) { value in
            if case .real(let number) = value, number.isFinite { Float(number) } else { nil }
        }
    }

    /// - Parameter element: nil for what the array must not hold.
    private func elements<Element>(_ key: String, _ limit: Int, _ element: (GGUFValue) -> Element?) throws -> [Element]?
    {
        guard let value = values[key] else { return nil }
        guard case .array(let kind, let count, let place) = value else { throw wrong(key, value, "an array") }
        guard count <= limit else { throw damaged("\(key) has \(count) elements, at most \(limit) are read") }
        var cursor = GGUFCursor(reader, at: place)
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            let value = try GGUFValue(&cursor, kind, of: key)
            guard let element = element(value) else { throw damaged("\(key) holds \(value.kind)") }
            elements.append(element)
        }
        return elements
    }
}

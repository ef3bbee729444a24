extension KeyedDecodingContainer {
    /// nil where the value has another type, so that the caller can try the next one.
    func attempt<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        do { return try decode(type, forKey: key) } catch is DecodingError { return nil }
    }
}

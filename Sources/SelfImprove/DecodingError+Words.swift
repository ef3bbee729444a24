extension DecodingError {
    /// What is wrong with a JSON text, and where: for people, in one line.
    /// - Parameter whole: what the text is.
    package func words(of whole: String) -> String {
        func path(_ context: Context, _ key: (any CodingKey)? = nil) -> String {
            let keys = context.codingPath + (key.map { [$0] } ?? [])
            return keys.isEmpty ? whole : keys.map(\.stringValue).joined(separator: ".")
        }
        return switch self {
        case .keyNotFound(let key, let context): "\(path(context, key)) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(path(context)) has the wrong type"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty ? "\(whole) is not valid JSON" : "\(path(context)) is not valid"
        @unknown default: "\(whole) cannot be read"
        }
    }
}

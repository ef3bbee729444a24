/// A key that an endpoint asks for. Nothing prints it: not `description`, not `dump`, not a mirror; and nothing encodes
/// it, for it is no `Encodable`.
public struct Secret: Sendable {
    private let bytes: [UInt8]

    /// - Throws: `configuration` for what cannot stand in a header, without saying what it is.
    public init(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.longest, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw SelfImproveError(
                .configuration,
                "a key that is empty, longer than \(Self.longest) characters, or holds spaces or control characters"
            )
        }
        self.bytes = bytes
    }

    private static let longest = 8192

    /// The key that an environment variable holds; spaces and newlines around it are passed over.
    /// - Throws: `configuration` where the variable is missing or cannot be used.
    public init(variable: String, environment: [String: String]) throws {
        guard let value = environment[variable] else {
            throw SelfImproveError(
                .configuration,
                "the environment variable \(variable) is not set",
                hint: "export \(variable)=... before the program starts"
            )
        }
        let spaces: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let bytes = value.utf8.drop { spaces.contains($0) }.reversed().drop { spaces.contains($0) }.reversed()
        do { self = try Secret(String(decoding: Array(bytes), as: UTF8.self)) } catch let error as SelfImproveError {
            throw SelfImproveError(.configuration, error.message, context: "environment variable \(variable)")
        }
    }

    /// The header that carries it.
    var authorization: String { "Authorization: Bearer " + String(decoding: bytes, as: UTF8.self) }

    /// For the search in `SecretSearch`.
    func withBytes<Value>(_ use: ([UInt8]) -> Value) -> Value { use(bytes) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(secret)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

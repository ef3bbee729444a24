/// One turn of a conversation: `role` is `system`, `user` or `assistant`.
public struct Message: Sendable, Equatable, Hashable, Codable {
    public var role: String
    /// Its text, as the chat template gets it.
    public var content: String

    public init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

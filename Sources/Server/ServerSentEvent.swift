import Hummingbird

/// The one writer of server-sent events (WHATWG HTML, "Server-sent events").
enum ServerSentEvent {
    /// A comment, which readers skip: it shows that the connection is alive.
    static let comment = ByteBuffer(string: ":\n\n")

    /// One event with `value` as JSON.
    /// - Parameter name: the event's type; nil for the default, `message`.
    static func json(_ value: some Encodable, name: String? = nil) throws -> ByteBuffer {
        text(try JSONResponse.text(value), name: name)
    }

    /// One event. A line feed in `text` begins a `data` line of its own, which readers join again.
    static func text(_ text: String, name: String? = nil) -> ByteBuffer {
        var event = name.map { "event: \($0)\n" } ?? ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { event += "data: \(line)\n" }
        return ByteBuffer(string: event + "\n")
    }

    /// A response whose body is a stream of events.
    static func response(_ body: ResponseBody) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: body
        )
    }
}

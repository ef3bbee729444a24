import ModelFiles

/// What the body of an error says, in whichever of the forms in use: OpenAI's `{"error": {message, code, param}}`, the
/// same without its shell (older vLLM), `{"error": "text"}` (Ollama, TGI), `{"detail": [{loc, msg, type}]}` (FastAPI),
/// `{"message": "text"}`, or no JSON at all.
struct EndpointErrorBody: Sendable, Equatable {
    /// As it came; empty where there is none.
    var message: String
    var code: String?
    /// The members of the request that it names; empty where it names none in a field of its own.
    var places: [String]

    /// Bytes of a body that is not JSON, bytes of a message, and places, that are looked at.
    private static let mostText = 2048, mostMessage = 8192, mostPlaces = 64
    private static let mostValues = 1 << 14

    init(_ body: [UInt8]) {
        guard case .success(let json) = ReplyShell.parsed(body, mostValues: Self.mostValues), json.members != nil else {
            self.init(message: String(decoding: body.prefix(Self.mostText), as: UTF8.self))
            return
        }
        self.init(json)
    }

    init(_ json: JSONValue) {
        let error = json["error"]
        if let text = error?.string { self.init(message: text); return }
        let shell = error?.members != nil ? error ?? json : json
        if let detail = shell["detail"], let faults = detail.array?.prefix(Self.mostPlaces) {
            self.init(message: faults.compactMap { $0["msg"]?.string }.joined(separator: "; "))
            code = faults.first?["type"]?.string
            // ["body", "seed"], or ["body", "messages", 0, "content"]: the member of the body is what counts.
            places = faults.compactMap { fault in
                fault["loc"]?.array?.prefix(4).compactMap(\.string).first { $0 != "body" }
            }
            return
        }
        self.init(message: shell["message"]?.string ?? shell["detail"]?.string ?? shell["msg"]?.string ?? "")
        code = shell["code"]?.string ?? shell["type"]?.string
        if let place = shell["param"]?.string, !place.isEmpty { places = [place] }
    }

    private init(message: String) {
        self.message = String(decoding: message.utf8.prefix(Self.mostMessage), as: UTF8.self)
        places = []
    }

    /// The conversation, or with it the answer that was asked for, does not fit the model.
    var isAboutLength: Bool {
        if code == "context_length_exceeded" { return true }
        let words = message.lowercased()
        return Self.lengthWords.contains { words.contains($0) }
    }

    private static let lengthWords = [
        "context length", "context window", "context size", "context_length", "prompt is too long", "too many tokens",
        "exceeds the maximum number of tokens", "max_model_len", "too large for model", "input is too long",
        "inputs tokens + max_new_tokens", "`inputs` must have less than",
    ]
}

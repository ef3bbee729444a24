import ModelFiles

/// A model that an endpoint lists at `GET /models`.
public struct ListedModel: Sendable, Equatable {
    /// As it came.
    public let name: String
    /// Tokens of its context, where the server says so (vLLM, OpenRouter, Groq, llama.cpp).
    public let contextLength: Int?
    /// Whether a server of this program serves it, which takes seeds of 64 bits.
    public let isOurs: Bool
}

enum ModelList {
    private static let mostModels = 10_000
    private static let mostValues = 1 << 18

    static func read(_ reply: HTTPReply) -> Result<[ListedModel], ReplyFault> {
        guard (200..<300).contains(reply.status) else {
            return .failure(.refused(.init(status: reply.status, EndpointErrorBody(reply.body))))
        }
        return ReplyShell.parsed(reply.body, mostValues: mostValues).flatMap { json in
            guard let rows = json["data"]?.array ?? json["models"]?.array ?? json.array else {
                return .failure(.garbage("a list of models without data"))
            }
            return .success(rows.prefix(mostModels).compactMap(model))
        }
    }

    private static func model(_ row: JSONValue) -> ListedModel? {
        guard let name = row["id"]?.string ?? row["name"]?.string ?? row.string, name.utf8.count <= 4096 else {
            return nil
        }
        let length =
            row["max_model_len"] ?? row["context_length"] ?? row["context_window"] ?? row["meta"]?["n_ctx_train"]
        return ListedModel(
            name: name,
            contextLength: length?.integer.flatMap { $0 > 0 ? $0 : nil },
            isOurs: row["owned_by"]?.string == "selfimprove"
        )
    }
}

import Foundation
import Hummingbird
import ModelFiles
import SelfImprove

/// `/v1`: OpenAI's chat completions, completions and models.
struct CompletionRoutes: Sendable {
    let models: ServedModels
    let now: @Sendable () -> Date
    let random: @Sendable () -> UInt64

    func add(to router: Router<BasicRequestContext>) {
        let v1 = router.group("v1")
        v1.get("models") { _, _ in try await list() }
        v1.post("chat/completions") { request, _ in try await chat(request) }
        v1.post("completions") { request, _ in try await complete(request) }
    }

    // MARK: Models

    private struct ModelList: Encodable {
        struct Entry: Encodable {
            var id: String
            var object = "model"
            var created: Int
            var owned_by = "selfimprove"
        }
        var object = "list"
        var data: [Entry]
    }

    private func list() async throws -> Response {
        try await JSONResponse.make(
            ModelList(data: models.list().map { .init(id: $0.id, created: Int($0.created.timeIntervalSince1970)) })
        )
    }

    // MARK: Completions

    private func chat(_ request: Request) async throws -> Response {
        let asked = try await JSONRequest.decode(ChatCompletionRequest.self, of: request)
        let model = try await models.model(asked.parameters.model)
        let prompt: [Int]
        do {
            prompt = try await BlockingWork.run { try model.checkpoint.promptIDs(asked.messages) }
        } catch let error as LocalLMError { throw Self.refusal(error) }
        return try await answer([prompt], asked.parameters, topLogprobs: asked.topLogprobs, on: model, shape: .chat)
    }

    private func complete(_ request: Request) async throws -> Response {
        let asked = try await JSONRequest.decode(TextCompletionRequest.self, of: request)
        let model = try await models.model(asked.parameters.model)
        let prompts = try await BlockingWork.run {
            asked.prompts.map { prompt in
                switch prompt {
                case .text(let text): model.checkpoint.tokenizer.encode(text)
                case .ids(let ids): ids
                }
            }
        }
        return try await answer(prompts, asked.parameters, topLogprobs: asked.topLogprobs, on: model, shape: .text)
    }

    private func answer(
        _ prompts: [[Int]],
        _ parameters: SamplingParameters,
        topLogprobs: Int?,
        on model: ServedModel,
        shape: CompletionWriter.Shape
    ) async throws -> Response {
        let completion: Completion
        do {
            completion = try await Completion.begin(
                prompts,
                parameters,
                topLogprobs: topLogprobs,
                on: model,
                of: models,
                random: random
            )
        } catch let error as LocalLMError { throw Self.refusal(error) }
        let writer = CompletionWriter(
            completion,
            shape: shape,
            id: String(format: "%@-%016llx", shape == .chat ? "chatcmpl" : "cmpl", random()),
            model: parameters.model,
            created: Int(now().timeIntervalSince1970),
            tellsLogprobs: topLogprobs != nil
        )
        guard parameters.stream else { return try await JSONResponse.make(writer.whole()) }
        return ServerSentEvent.response(writer.stream(usage: parameters.includesUsage))
    }

    private static func refusal(_ error: LocalLMError) -> SelfImproveError {
        SelfImproveError(.input, error.message, hint: error.hint)
    }
}

import Foundation
import Hummingbird
import ModelFiles
import SelfImprove

/// `/v1`: OpenAI's chat completions, completions and models.
struct CompletionRoutes: Sendable {
    let models: ServedModels
    let now: @Sendable () -> Date
    let random: @Sendable () -> UInt64

    func add(to router: Router<ServerContext>) {
        let v1 = router.group("v1")
        v1.get("models") { _, _ in try await list() }
        v1.get("models/**") { request, _ in try await retrieve(request) }
        v1.post("chat/completions") { request, context in try await chat(request, context) }
        v1.post("completions") { request, context in try await complete(request, context) }
    }

    // MARK: Models

    private struct ModelEntry: Encodable {
        var id: String
        var object = "model"
        var created: Int
        var owned_by = "selfimprove"
        /// As vLLM says it.
        var max_model_len: Int?

        init(_ model: ServedModels.Entry) {
            id = model.id
            created = Int(model.created.timeIntervalSince1970)
            max_model_len = model.positions
        }
    }

    private struct ModelList: Encodable {
        var object = "list"
        var data: [ModelEntry]
    }

    private func list() async throws -> Response {
        try await JSONResponse.make(ModelList(data: models.list().map { ModelEntry($0) }))
    }

    /// One model, under the name that was asked for: it may hold slashes, escaped or not.
    private func retrieve(_ request: Request) async throws -> Response {
        let name = String(request.uri.path.dropFirst("/v1/models/".count))
        return try await JSONResponse.make(ModelEntry(models.entry(name.removingPercentEncoding ?? name)))
    }

    // MARK: Completions

    private func chat(_ request: Request, _ context: ServerContext) async throws -> Response {
        let asked = try await ChatCompletionRequest(.of(request))
        let model = try await models.model(asked.parameters.model)
        let prompt: [Int]
        do {
            prompt = try await BlockingWork.run { try model.checkpoint.promptIDs(asked.messages) }
        } catch let error as LocalLMError { throw Self.refusal(error) }
        return try await answer(
            [Completion.Prompt(ids: prompt)],
            asked.parameters,
            asked.topLogprobs,
            on: model,
            shape: .chat,
            context
        )
    }

    private func complete(_ request: Request, _ context: ServerContext) async throws -> Response {
        let asked = try await TextCompletionRequest(.of(request))
        let model = try await models.model(asked.parameters.model)
        let tokenizer = model.checkpoint.tokenizer
        let prompts = try await BlockingWork.run {
            asked.prompts.map { prompt in
                switch prompt {
                case .text(let text): Completion.Prompt(ids: tokenizer.encode(text), echo: asked.echo ? text : nil)
                case .ids(let ids): Completion.Prompt(ids: ids, echo: asked.echo ? tokenizer.decode(ids) : nil)
                }
            }
        }
        return try await answer(prompts, asked.parameters, asked.topLogprobs, on: model, shape: .text, context)
    }

    private func answer(
        _ prompts: [Completion.Prompt],
        _ parameters: SamplingParameters,
        _ topLogprobs: Int?,
        on model: ServedModel,
        shape: CompletionWriter.Shape,
        _ context: ServerContext
    ) async throws -> Response {
        // What is only scored may fill all of them.
        let positions = model.checkpoint.configuration.maximumPositions
        if let long = prompts.first(where: { $0.ids.count >= positions + ($0.echo == nil ? 0 : 1) }) {
            throw ContextExceeded(tokens: long.ids.count, positions: positions)
        }
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
        if parameters.stream {
            return ServerSentEvent.response(writer.stream(usage: parameters.includesUsage, to: context.channel))
        }
        return try await ClientPresence.watch(context.channel, onLeaving: completion.abandon) {
            try await JSONResponse.make(writer.whole())
        }
    }

    private static func refusal(_ error: LocalLMError) -> SelfImproveError {
        SelfImproveError(.input, error.message, hint: error.hint)
    }
}

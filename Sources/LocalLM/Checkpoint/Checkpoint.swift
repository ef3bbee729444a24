import Foundation
import ModelFiles

/// A model as a Hugging Face directory holds it: weights, tokenizer, chat template, and what its tokenizer_config.json
/// said.
///
/// Every directory this program writes carries `SHA256SUMS`, whose own SHA-256 is the model's digest.
public struct Checkpoint: Sendable {
    /// As they are held: `Weights`, or `FrozenWeights` where a large model was loaded.
    public private(set) var parameters: any ModelParameters
    public let tokenizer: Tokenizer
    /// Nil where the model has none: then it continues text, and holds no conversations.
    public private(set) var template: ChatTemplate?
    /// Number format of the files that it was loaded from: bf16 where all of them are, else fp32, which holds all.
    public let storage: Precision
    /// What tokenizer_config.json and generation_config.json said; kept when the model is saved again.
    let tokenizerConfiguration: JSONValue?
    let generationConfiguration: JSONValue?

    public var configuration: ModelConfiguration { parameters.configuration }

    /// The parameters of a model that is held in fp32: every one that is smaller than `FrozenWeights.leastParameters`,
    /// was made in memory, or was loaded `.single`.
    public var weights: Weights {
        guard let weights = parameters as? Weights else { fatalError("frozen weights are not Weights") }
        return weights
    }

    public init(weights: Weights, tokenizer: Tokenizer, template: ChatTemplate?) {
        self.init(
            parameters: weights,
            tokenizer: tokenizer,
            template: template,
            storage: .fp32,
            tokenizerConfiguration: nil,
            generationConfiguration: nil
        )
    }

    init(
        parameters: any ModelParameters,
        tokenizer: Tokenizer,
        template: ChatTemplate?,
        storage: Precision,
        tokenizerConfiguration: JSONValue?,
        generationConfiguration: JSONValue?
    ) {
        self.storage = storage
        self.parameters = parameters
        self.tokenizer = tokenizer
        self.template = template
        self.tokenizerConfiguration = tokenizerConfiguration
        self.generationConfiguration = generationConfiguration
    }

    /// The same tokenizer and template around other weights: after training.
    public func replacing(_ parameters: any ModelParameters) -> Checkpoint {
        var other = self
        other.parameters = parameters
        return other
    }

    /// A copy of the weights in fp32, to be trained.
    /// - Throws: where frozen weights cannot be read.
    package func trainableWeights() throws -> Weights {
        let weights = try parameters.single()
        return weights === parameters ? weights.copy() : weights
    }

    /// The model with an adapter's W + s B A in memory, in fp32.
    /// - Throws: where a large model would not fit in this form.
    package func merging(_ adapter: Adapter) throws -> Checkpoint {
        let bytes = UInt64(8 * parameters.layout.count)
        guard parameters is Weights || bytes <= ProcessInfo.processInfo.physicalMemory else {
            throw LocalLMError(
                .unsupported,
                "with the adapter its weights need \(bytes >> 20) MB of memory",
                hint: "write them with `model merge` first, and use that model"
            )
        }
        let weights = try trainableWeights()
        adapter.merge(into: weights)
        return replacing(weights)
    }

    /// The same, for whose template it is always the same day (`ChatTemplate.timeless`): for campaigns and training.
    package var timeless: Checkpoint {
        var other = self
        other.template = template?.timeless
        return other
    }

    typealias File = ModelDirectory.File
}

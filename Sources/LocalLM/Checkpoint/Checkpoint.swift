import Foundation
import ModelFiles

/// A model as a Hugging Face directory holds it: weights, tokenizer, chat template, and what its tokenizer_config.json
/// said.
///
/// Every directory this program writes carries `SHA256SUMS`, whose own SHA-256 is the model's digest.
public struct Checkpoint: Sendable {
    public var weights: Weights
    public let tokenizer: Tokenizer
    /// Nil where the model has none: then it continues text, and holds no conversations.
    public private(set) var template: ChatTemplate?
    /// Number format of the files that it was loaded from: bf16 where all of them are, else fp32, which holds all.
    public let storage: Precision
    /// What tokenizer_config.json and generation_config.json said; kept when the model is saved again.
    let tokenizerConfiguration: JSONValue?
    let generationConfiguration: JSONValue?

    public var configuration: ModelConfiguration { weights.configuration }

    public init(weights: Weights, tokenizer: Tokenizer, template: ChatTemplate?) {
        self.init(
            weights: weights,
            tokenizer: tokenizer,
            template: template,
            storage: .fp32,
            tokenizerConfiguration: nil,
            generationConfiguration: nil
        )
    }

    init(
        weights: Weights,
        tokenizer: Tokenizer,
        template: ChatTemplate?,
        storage: Precision,
        tokenizerConfiguration: JSONValue?,
        generationConfiguration: JSONValue?
    ) {
        self.storage = storage
        self.weights = weights
        self.tokenizer = tokenizer
        self.template = template
        self.tokenizerConfiguration = tokenizerConfiguration
        self.generationConfiguration = generationConfiguration
    }

    /// The same tokenizer and template around other weights: after training.
    public func replacing(_ weights: Weights) -> Checkpoint {
        var other = self
        other.weights = weights
        return other
    }

    /// The same, for whose template it is always the same day (`ChatTemplate.timeless`): for campaigns and training.
    package var timeless: Checkpoint {
        var other = self
        other.template = template?.timeless
        return other
    }

    typealias File = ModelDirectory.File
}

import LocalLM

/// The one door to models: everything that answers, scores or is trained in a campaign comes through it.
///
/// `LocalCatalog` serves the models of a state directory; tests script theirs.
public protocol ModelCatalog: Sendable {
    /// A model that answers.
    /// - Parameters:
    ///   - name: for progress and for people; the model itself is the one of the digest.
    ///   - weights: how they are held; nil: as they came.
    /// - Throws: `.damaged` where the model's bytes are not what its digest says.
    func chatModel(_ digest: String, name: String, weights: WeightFormat?) async throws -> any ChatModel
    /// A model that scores answers of others.
    func likelihoodModel(_ digest: String, name: String, weights: WeightFormat?) async throws -> any LikelihoodModel
    /// A model behind an endpoint. Those who use one share its limits.
    /// - Throws: `.configuration` where the variable that holds its key is not set.
    func chatModel(_ endpoint: EndpointSettings, name: String) async throws -> any ChatModel
    /// Copies a model that the configuration names by its directory into the catalog.
    /// - Parameter precision: of the copy; nil: the model's own.
    /// - Returns: its digest.
    func adopt(directory: String, as precision: Precision?) async throws -> String
    /// Whether the weights of a model are at hand.
    func holds(_ digest: String) -> Bool
}

extension ModelCatalog {
    func chatModel(_ digest: String, name: String) async throws -> any ChatModel {
        try await chatModel(digest, name: name, weights: nil)
    }
    func likelihoodModel(_ digest: String, name: String) async throws -> any LikelihoodModel {
        try await likelihoodModel(digest, name: name, weights: nil)
    }
}

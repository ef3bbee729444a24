import ModelFiles

/// A model behind an endpoint, and how much of it may be asked at once: `peers` of a configuration.
public struct EndpointSettings: Sendable, Hashable, Codable {
    public struct Price: Sendable, Hashable, Codable {
        /// For a million tokens, in the currency of the configuration.
        public var input: Double
        public var output: Double

        public init(input: Double, output: Double) {
            self.input = input
            self.output = output
        }

        /// What these tokens cost.
        public func cost(of usage: EndpointUsage) -> Double {
            (Double(usage.promptTokens) * input + Double(usage.completionTokens) * output) / 1_000_000
        }
    }

    /// What a campaign may spend on it; then it is paused.
    public struct Budget: Sendable, Hashable, Codable {
        /// Of prompts and answers together.
        public var tokens: Int?
        public var money: Double?

        public init(tokens: Int? = nil, money: Double? = nil) {
            self.tokens = tokens
            self.money = money
        }
    }

    public var name: String
    public var address: EndpointAddress
    /// The name under which the endpoint serves the model.
    public var servedModel: String
    /// The environment variable that holds the key; nil: none is sent.
    public var apiKeyVariable: String?
    /// Calls under way at the same time.
    public var concurrency: Int
    public var requestsPerMinute: Int?
    /// Of prompts and answers together.
    public var tokensPerMinute: Int?
    public var timeouts: HTTPTimeouts
    public var pricePerMillion: Price?
    public var budget: Budget

    public init(
        name: String,
        address: EndpointAddress,
        servedModel: String,
        apiKeyVariable: String? = nil,
        concurrency: Int = 8,
        requestsPerMinute: Int? = nil,
        tokensPerMinute: Int? = nil,
        timeouts: HTTPTimeouts = HTTPTimeouts(),
        pricePerMillion: Price? = nil,
        budget: Budget = Budget()
    ) {
        self.name = name
        self.address = address
        self.servedModel = servedModel
        self.apiKeyVariable = apiKeyVariable
        self.concurrency = concurrency
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.timeouts = timeouts
        self.pricePerMillion = pricePerMillion
        self.budget = budget
    }

    /// The key that its variable holds; nil where it names none.
    /// - Throws: `configuration` where the variable is missing or cannot be used.
    public func secret(environment: [String: String]) throws -> Secret? {
        try apiKeyVariable.map { try Secret(variable: $0, environment: environment) }
    }
}

/// Tokens that an endpoint says it read and wrote.
public struct EndpointUsage: Sendable, Equatable, Codable {
    public var promptTokens: Int
    public var completionTokens: Int

    public init(promptTokens: Int, completionTokens: Int) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
    }

    /// Nil where the reply does not say, or says nonsense.
    init?(_ json: JSONValue?) {
        let possible = 0...(1 << 40)
        guard let prompt = json?["prompt_tokens"]?.integer, possible.contains(prompt) else { return nil }
        // Servers leave it out where nothing was written.
        let completion = json?["completion_tokens"]?.integer ?? 0
        guard possible.contains(completion) else { return nil }
        self.init(promptTokens: prompt, completionTokens: completion)
    }
}

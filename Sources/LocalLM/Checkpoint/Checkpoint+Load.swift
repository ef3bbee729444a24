import Foundation

extension Checkpoint {
    /// Reads a Hugging Face directory. Nothing in it is trusted: whatever does not fit throws, with the file and the place in it.
    public static func load(_ directory: URL) throws -> Checkpoint {
        let tokenizerURL = directory.appendingPathComponent(File.tokenizer)
        guard let json = try FileReader.contents(tokenizerURL) else { throw missing(tokenizerURL) }
        let tokenizer = try named(tokenizerURL) { try Tokenizer(json: json) }
        let settings = try FileReader.json(directory.appendingPathComponent(File.tokenizerConfiguration))

        let specialTokens = try specialTokens(of: directory, settings)
        let configuration = try configuration(of: directory, tokenizer, end: specialTokens["eos_token"])
        guard tokenizer.vocabularySize <= configuration.vocabularySize else {
            throw LocalLMError(
                .damaged,
                "has ids up to \(tokenizer.vocabularySize - 1), the model rows for \(configuration.vocabularySize)",
                context: tokenizerURL.path
            )
        }
        let template = try template(of: directory, settings, specialTokens)
        return Checkpoint(
            weights: try WeightsReader(directory).read(configuration),
            tokenizer: tokenizer,
            template: template,
            tokenizerConfiguration: settings
        )
    }

    static func missing(_ url: URL) -> LocalLMError {
        LocalLMError(
            .file,
            "is missing",
            context: url.path,
            hint: "a Hugging Face directory with config.json, tokenizer.json and safetensors is needed"
        )
    }

    /// Errors of parts that do not know their path get it.
    private static func named<Result>(_ url: URL, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as LocalLMError {
            throw LocalLMError(error.code, error.message, context: url.path, hint: error.hint)
        }
    }

    private static func configuration(of directory: URL, _ tokenizer: Tokenizer, end: String?) throws
        -> ModelConfiguration
    {
        let url = directory.appendingPathComponent(File.configuration)
        guard let json = try FileReader.json(url) else { throw missing(url) }
        var configuration = try HuggingFaceConfiguration.read(json, context: url.path)
        let generationURL = directory.appendingPathComponent(File.generation)
        if let generation = try FileReader.json(generationURL) {
            try HuggingFaceConfiguration.joinGeneration(generation, into: &configuration, context: generationURL.path)
        }
        if configuration.eosTokenIDs.isEmpty, let end, let id = tokenizer.id(of: end) {
            configuration.eosTokenIDs = [id]
        }
        return configuration
    }

    /// A special token in tokenizer_config.json.
    static func specialToken(_ key: String, _ settings: JSONValue?) -> String? { settings?[key].flatMap(tokenText) }

    /// A string, or an object with `content`.
    private static func tokenText(_ value: JSONValue) -> String? { value.string ?? value["content"]?.string }

    /// The tokens that a template knows by name, as transformers 5 gathers them (`special_tokens_map` of a tokenizer): the members of
    /// tokenizer_config.json that end in `_token`, the named ones in `extra_special_tokens`, and, over these, special_tokens_map.json
    /// where the configuration has no `added_tokens_decoder`.
    ///
    /// We deviate in that the presets of tokenizer classes do not count (`<s>` of LlamaTokenizer): their files name what they use.
    private static func specialTokens(of directory: URL, _ settings: JSONValue?) throws -> [String: String] {
        var tokens: [String: String] = [:]
        func take(_ members: [JSONValue.Member], onlyTokens: Bool) {
            for member in members where !onlyTokens || member.key.hasSuffix("_token") {
                tokens[member.key] = tokenText(member.value)
            }
        }
        take(settings?.members ?? [], onlyTokens: true)
        take(settings?["extra_special_tokens"]?.members ?? [], onlyTokens: false)
        if settings?["added_tokens_decoder"] == nil,
            let map = try FileReader.json(directory.appendingPathComponent(File.specialTokens))
        {
            take(map.members ?? [], onlyTokens: true)
            take(map["extra_special_tokens"]?.members ?? [], onlyTokens: false)
        }
        return tokens
    }

    /// chat_template.jinja, else the copy in tokenizer_config.json, as transformers chooses.
    private static func template(of directory: URL, _ settings: JSONValue?, _ specialTokens: [String: String]) throws
        -> ChatTemplate?
    {
        let url = directory.appendingPathComponent(File.template)
        if let source = try FileReader.text(url) {
            return try named(url) { try ChatTemplate(source: source, specialTokens: specialTokens) }
        }
        guard let value = settings?["chat_template"] else { return nil }
        let configurationURL = directory.appendingPathComponent(File.tokenizerConfiguration)
        // Either one template, or a list of named ones.
        let source = value.string ?? value.array?.first { $0["name"]?.string == "default" }?["template"]?.string
        guard let source else {
            throw LocalLMError(.damaged, "chat_template is \(value.kind)", context: configurationURL.path)
        }
        return try named(configurationURL) { try ChatTemplate(source: source, specialTokens: specialTokens) }
    }
}

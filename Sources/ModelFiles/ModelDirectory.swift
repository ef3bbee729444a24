import Foundation

/// A Hugging Face directory, or a GGUF file as the directory that it makes, read but for the values of its weights.
///
/// Nothing in it is trusted: whatever does not fit throws `LocalLMError`, with the file and the place in it.
///
///     let model = try ModelDirectory(URL(fileURLWithPath: "models/SmolLM2-135M"))
///     model.configuration.layerCount  // 30
///     try model.weights.shape(of: "model.norm.weight")  // [576]
package struct ModelDirectory {
    package let configuration: ModelConfiguration
    package let tokenizer: Tokenizer
    /// Nil where the model has none, or several and none named "default": then it continues text, and holds no
    /// conversations.
    package let template: ChatTemplate?
    /// tokenizer_config.json, if there is one.
    package let tokenizerConfiguration: JSONValue?
    /// generation_config.json, if there is one.
    package let generationConfiguration: JSONValue?
    /// Names, types, shapes and places of the tensors.
    package let weights: any WeightSource

    /// Reads a directory, or a file as GGUF.
    package init(_ url: URL) throws {
        if FileReader.isFile(url) { try self.init(gguf: url) } else { try self.init(directory: url) }
    }

    private init(directory: URL) throws {
        let tokenizerURL = directory.appendingPathComponent(File.tokenizer)
        guard let json = try FileReader.contents(tokenizerURL) else { throw Self.missing(tokenizerURL) }
        let settings = try FileReader.json(directory.appendingPathComponent(File.tokenizerConfiguration))
        let tokenizer = try Self.named(tokenizerURL) {
            try Tokenizer(json: json, addedTokens: settings?["added_tokens_decoder"])
        }

        let specialTokens = try Self.specialTokens(of: directory, settings)
        let generationURL = directory.appendingPathComponent(File.generation)
        generationConfiguration = try FileReader.json(generationURL)
        var configuration = try Self.configuration(of: directory)
        if let generationConfiguration {
            try HuggingFaceConfiguration.joinGeneration(
                generationConfiguration,
                into: &configuration,
                context: generationURL.path
            )
        }
        if configuration.eosTokenIDs.isEmpty, let id = specialTokens["eos_token"].flatMap(tokenizer.id(of:)) {
            configuration.eosTokenIDs = [id]
        }
        try Self.check(tokenizer, configuration, context: tokenizerURL)
        let weights = try WeightFiles(directory)
        if configuration.tiesEmbeddings, try Self.hasItsOwnHead(weights) { configuration.tiesEmbeddings = false }
        self.configuration = configuration
        self.weights = weights
        self.tokenizer = tokenizer
        template = try Self.template(of: directory, settings, specialTokens)
        tokenizerConfiguration = settings
    }

    /// Whether there is an output projection that differs from the embeddings it should be tied to. Then it counts, as
    /// in transformers 5: training untied them, and the configuration was left as it was.
    private static func hasItsOwnHead(_ weights: any WeightSource) throws -> Bool {
        guard let head = try weights.shape(of: "lm_head.weight"),
            let embedding = try weights.shape(of: "model.embed_tokens.weight")
        else { return false }
        guard head == embedding else { return true }
        var differs = false
        try weights.forEachPart(of: "lm_head.weight", count: embedding.reduce(1, *)) { first, part in
            guard !differs else { return }
            let other = UnsafeMutableBufferPointer<Float>.allocate(capacity: part.count)
            defer { other.deallocate() }
            try weights.read("model.embed_tokens.weight", from: first, into: other)
            differs = !part.elementsEqual(other) { $0.bitPattern == $1.bitPattern }
        }
        return differs
    }

    /// The files of a directory. The card and `SHA256SUMS` are no part of the model.
    package enum File {
        package static let configuration = "config.json"
        package static let generation = "generation_config.json"
        package static let weights = "model.safetensors"
        package static let index = "model.safetensors.index.json"
        package static let tokenizer = "tokenizer.json"
        package static let tokenizerConfiguration = "tokenizer_config.json"
        /// Only read, and only where the configuration is of an old kind.
        package static let specialTokens = "special_tokens_map.json"
        package static let template = "chat_template.jinja"
        /// Where transformers keeps a second template, for conversations with tools.
        package static let toolTemplate = "additional_chat_templates/tool_use.jinja"
        package static let sums = "SHA256SUMS"
        package static let card = "README.md"
    }

    package static func missing(_ url: URL) -> LocalLMError {
        LocalLMError(
            .file,
            "is missing",
            context: url.path,
            hint: "a Hugging Face directory with config.json, tokenizer.json and safetensors is needed"
        )
    }

    static func check(_ tokenizer: Tokenizer, _ configuration: ModelConfiguration, context url: URL) throws {
        guard tokenizer.vocabularySize <= configuration.vocabularySize else {
            throw LocalLMError(
                .damaged,
                "has ids up to \(tokenizer.vocabularySize - 1), the model rows for \(configuration.vocabularySize)",
                context: url.path
            )
        }
    }

    /// Errors of parts that do not know their path get it.
    static func named<Result>(_ url: URL, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as LocalLMError {
            throw LocalLMError(error.code, error.message, context: url.path, hint: error.hint)
        }
    }

    private static func configuration(of directory: URL) throws -> ModelConfiguration {
        let url = directory.appendingPathComponent(File.configuration)
        guard let json = try FileReader.json(url) else { throw missing(url) }
        return try HuggingFaceConfiguration.read(json, context: url.path)
    }

    /// A special token in tokenizer_config.json.
    package static func specialToken(_ key: String, _ settings: JSONValue?) -> String? {
        settings?[key].flatMap(tokenText)
    }

    /// A string, or an object with `content`.
    private static func tokenText(_ value: JSONValue) -> String? { value.string ?? value["content"]?.string }

    /// The tokens that a template knows by name, as transformers 5 gathers them (`special_tokens_map` of a tokenizer):
    /// the members of tokenizer_config.json that end in `_token`, the named ones in `extra_special_tokens`, and, over
    /// these, special_tokens_map.json where the configuration has no `added_tokens_decoder`.
    ///
    /// We deviate in that the presets of tokenizer classes do not count (`<s>` of LlamaTokenizer): their files name
    /// what they use.
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
        func template(_ source: String, _ url: URL, hasToolTemplate: Bool) throws -> ChatTemplate {
            var template = try named(url) { try ChatTemplate(source: source, specialTokens: specialTokens) }
            template.hasToolTemplate = hasToolTemplate
            return template
        }
        let url = directory.appendingPathComponent(File.template)
        if let source = try FileReader.text(url) {
            let other = directory.appendingPathComponent(File.toolTemplate)
            return try template(source, url, hasToolTemplate: FileReader.text(other) != nil)
        }
        guard let value = settings?["chat_template"] else { return nil }
        let configurationURL = directory.appendingPathComponent(File.tokenizerConfiguration)
        if let source = value.string { return try template(source, configurationURL, hasToolTemplate: false) }
        // A list of named ones: without a "default" there is none to choose.
        guard let list = value.array, list.allSatisfy({ $0["name"]?.string != nil && $0["template"]?.string != nil })
        else {
            throw LocalLMError(
                .damaged,
                "chat_template is \(value.array == nil ? value.kind : "a list of other things than templates")",
                context: configurationURL.path,
                hint: "a template, or a list of objects with name and template"
            )
        }
        func source(_ name: String) -> String? { list.first { $0["name"]?.string == name }?["template"]?.string }
        return try source("default").map {
            try template($0, configurationURL, hasToolTemplate: source("tool_use") != nil)
        }
    }
}

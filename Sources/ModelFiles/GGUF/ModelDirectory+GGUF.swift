import Foundation

extension ModelDirectory {
    /// Reads a GGUF file as the Hugging Face directory that it makes.
    /// - Parameter isExact: numbers as the file has them. Else they are rounded to bf16, unless all of them are F32.
    package init(gguf url: URL, isExact: Bool = false) throws {
        let file = try GGUFFile(url)
        if let parts = try file.metadata.count("split.count"), parts > 1 {
            throw file.metadata.unsupported("a model in \(parts) files", "join them with llama-gguf-split --merge")
        }
        let vocabulary = try GGUFVocabulary(file.metadata), source = GGUFTokenizer(vocabulary)
        let configuration = try GGUFConfiguration.read(
            file,
            [
                .init("bos_token_id", try vocabulary.id("bos").map(JSONValue.integer) ?? .null),
                .init("eos_token_id", .array(try vocabulary.ends().map(JSONValue.integer))),
                .init("pad_token_id", try vocabulary.id("padding").map(JSONValue.integer) ?? .null),
            ]
        )
        let tokenizer = try Self.named(url) { try Tokenizer(json: try source.json(configuration.family)) }
        try Self.check(tokenizer, configuration, context: url)
        let settings = try source.configuration(), members = settings.members ?? []
        let tokens = members.filter { $0.key.hasSuffix("_token") }.compactMap { member in
            member.value.string.map { (member.key, $0) }
        }
        self.configuration = configuration
        self.tokenizer = tokenizer
        template = try settings["chat_template"]?.string.map { text in
            try Self.named(url) {
                try ChatTemplate(source: text, specialTokens: Dictionary(uniqueKeysWithValues: tokens))
            }
        }
        tokenizerConfiguration = settings
        generationConfiguration = nil
        let isPlain = file.tensors.values.allSatisfy { $0.type == .f32 }
        weights = try GGUFWeights(file, configuration, rounds: !isPlain && !isExact)
    }
}

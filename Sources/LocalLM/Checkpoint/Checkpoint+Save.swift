import Foundation
import ModelFiles

extension Checkpoint {
    /// Writes a directory that this program and transformers (4 and 5) load: weights, both configurations, the
    /// tokenizer's own bytes, the template in both of its places, and `SHA256SUMS`. The bytes depend on the model
    /// alone.
    ///
    /// The directory is there whole or not at all.
    ///
    /// - Parameters:
    ///   - precision: of the file of weights; bf16 rounds what is no bf16 number.
    ///   - card: README.md, no part of the digest.
    ///   - adapter: W + s B A is written in place of every W that it adapts, one at a time: a model that is held as
    ///     frozen weights takes no more memory than its largest matrix.
    /// - Returns: the model's digest.
    /// - Throws: where `directory` exists already.
    @discardableResult
    public func save(
        to directory: URL,
        as precision: Precision = .fp32,
        card: String? = nil,
        merging adapter: Adapter? = nil
    ) throws -> String {
        try save(to: directory, as: precision, card: card, merging: adapter, largestFile: WeightsWriter.largestFile)
    }

    func save(
        to directory: URL,
        as precision: Precision,
        card: String?,
        merging adapter: Adapter?,
        largestFile: Int
    ) throws -> String {
        let writer = WeightsWriter(parameters, merging: adapter, as: precision, largestFile: largestFile)
        var digest = ""
        try AtomicFile.makeDirectory(at: directory) {
            digest = try write(into: $0, writer, as: precision, card: card)
        }
        return digest
    }

    /// Saves as `parent/DIGEST`. Where that is already, it is verified and left as it is.
    public func store(
        in parent: URL,
        as precision: Precision = .fp32,
        card: String? = nil,
        merging adapter: Adapter? = nil
    ) throws -> String {
        try ContentDirectory.store(in: parent) {
            try save(to: $0, as: precision, card: card, merging: adapter)
        } verify: {
            try Self.verify($0, digest: $1)
        }
    }

    private func write(
        into directory: URL,
        _ writer: WeightsWriter,
        as precision: Precision,
        card: String?
    ) throws -> String {
        func write(_ text: String, _ name: String) throws {
            try AtomicFile.writeSynced(Data(text.utf8), to: directory.appendingPathComponent(name))
        }
        try writer.write(into: directory)
        let settings = HuggingFaceConfiguration.write(configuration, weights: precision.elementType)
        try write(settings.text(indented: true), File.configuration)
        let generation = HuggingFaceConfiguration.writeGeneration(configuration, given: generationConfiguration)
        try write(generation.text(indented: true), File.generation)
        try AtomicFile.writeSynced(tokenizer.json, to: directory.appendingPathComponent(File.tokenizer))
        try write(savedTokenizerConfiguration.text(indented: true), File.tokenizerConfiguration)
        if let template { try write(template.source, File.template) }
        if let card { try write(card, File.card) }
        let sums = try Self.sums(directory)
        try write(sums, File.sums)
        return Self.digest(ofSums: sums)
    }

    /// What the model came with, else its special tokens by the configuration's ids; and always the template, and the
    /// class that reads tokenizer.json unchanged in every version of transformers.
    private var savedTokenizerConfiguration: JSONValue {
        var json = tokenizerConfiguration ?? .object([])
        func setIfAbsent(_ key: String, _ value: JSONValue?) {
            if json[key] == nil, let value { json = json.setting(key, value) }
        }
        func token(_ id: Int?) -> JSONValue? { id.flatMap(tokenizer.token).map(JSONValue.string) }
        setIfAbsent("bos_token", token(configuration.bosTokenID))
        setIfAbsent("eos_token", token(configuration.eosTokenIDs.first))
        setIfAbsent("pad_token", token(configuration.padTokenID))
        // What came from special_tokens_map.json, which is not written.
        for (name, token) in template?.specialTokens ?? [:]
        where name.hasSuffix("_token") && ModelDirectory.specialToken(name, json) != token {
            json = json.setting(name, .string(token))
        }
        setIfAbsent("clean_up_tokenization_spaces", .bool(false))
        setIfAbsent("model_max_length", .integer(configuration.maximumPositions))
        json = json.setting("tokenizer_class", .string("PreTrainedTokenizerFast"))
        json = json.setting("chat_template", template.map { .string($0.source) })
        return json.sortedByKey()
    }
}

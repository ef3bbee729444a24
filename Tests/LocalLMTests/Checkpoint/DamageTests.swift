import Foundation
import Testing
import SelfImprove
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// Whatever bytes a model directory holds, loading it throws with the file's name; it never crashes and never hangs.
@Suite struct DamageTests {
    private func model() throws -> Checkpoint {
        let tokenizer = try Tokenizer.nursery(words: [" the"])
        let configuration = ModelConfiguration(
            hiddenSize: 8,
            intermediateSize: 8,
            layerCount: 1,
            headCount: 2,
            keyValueHeadCount: 1,
            vocabularySize: tokenizer.vocabularySize,
            maximumPositions: 32,
            eosTokenIDs: [1]
        )
        return Checkpoint(
            weights: Initialization.gaussian(configuration, seed: 1),
            tokenizer: tokenizer,
            template: .nursery
        )
    }

    @Test(arguments: [
        ("config.json", "\"hidden_size\": 8", "\"hidden_size\": -8"),
        ("config.json", "\"hidden_size\": 8", "\"hidden_size\": 1e99"),
        ("config.json", "\"hidden_size\": 8", "\"hidden_size\": 16"),
        ("config.json", "\"model_type\": \"llama\"", "\"model_type\": \"mamba\""),
        ("config.json", "\"num_attention_heads\": 2", "\"num_attention_heads\": 0"), ("config.json", "{", "["),
        ("config.json", "\"silu\"", "\"gelu\""),
        ("tokenizer.json", "\"BPE\"", "\"Unigram\""), ("tokenizer.json", "\"vocab\"", "\"vokab\""),
        ("tokenizer.json", "{", ""),
        ("chat_template.jinja", "endfor", "endfer"),
    ])
    func aDamagedFileIsNamed(file: String, old: String, new: String) throws {
        try withTemporaryDirectory { folder in
            let place = folder.appendingPathComponent("model")
            try model().save(to: place)
            let url = place.appendingPathComponent(file)
            let text = try String(contentsOf: url, encoding: .utf8)
            let range = try #require(text.range(of: old), "\(old) in \(file)")
            try text.replacingCharacters(in: range, with: new).write(to: url, atomically: true, encoding: .utf8)
            #expect { try Checkpoint.load(place) } throws: { ($0 as? LocalLMError)?.context?.isEmpty == false }
            #expect { try Checkpoint.inspect(place) } throws: { ($0 as? LocalLMError)?.context?.isEmpty == false }
        }
    }

    /// Several templates of which none is the default: there is none to choose, and text goes on.
    @Test func templatesWithoutADefaultAreNoTemplate() throws {
        try withTemporaryDirectory { folder in
            let place = folder.appendingPathComponent("model")
            try model().save(to: place)
            try FileManager.default.removeItem(at: place.appendingPathComponent("chat_template.jinja"))
            func load(_ templates: String) throws -> Checkpoint {
                try Data("{\"chat_template\": \(templates)}".utf8)
                    .write(to: place.appendingPathComponent("tokenizer_config.json"))
                return try Checkpoint.load(place)
            }
            let several = try load(#"[{"name": "rag", "template": "a"}, {"name": "tool_use", "template": "b"}]"#)
            #expect(several.template == nil && several.tokenizer.encode("the").count > 0)
            #expect { try several.promptIDs([Message(role: "user", content: "a")]) } throws: {
                "\($0)".contains("of several, the one named default counts")
            }
            #expect(
                try load(#"[{"name": "rag", "template": "a"}, {"name": "default", "template": "b"}]"#).template?.source
                    == "b"
            )
            // transformers would take the other template where there are tools.
            let user = [Message(role: "user", content: "a")], tools = JSONValue.array([.object([])])
            let shown = #"[{"name": "default", "template": "{{ tools }}"}, {"name": "tool_use", "template": "b"}]"#
            let template = try #require(try load(shown).template)
            #expect(try template.render(user, addGenerationPrompt: false) == "None")
            #expect { try template.render(user, tools: tools, addGenerationPrompt: false) } throws: {
                "\($0)".contains("tool_use")
            }
            for broken in [#"[3]"#, #"[{"name": "default", "template": 3}]"#, "3"] {
                #expect(throws: LocalLMError.self, "\(broken)") { try load(broken) }
            }
        }
    }

    /// The last weight is made a NaN, which only its bytes tell.
    @Test func inspectingReadsEverythingButTheWeights() throws {
        try withTemporaryDirectory { folder in
            let place = folder.appendingPathComponent("model"), model = try model()
            try model.save(to: place)
            let url = place.appendingPathComponent("model.safetensors")
            var bytes = try Data(contentsOf: url)
            bytes.replaceSubrange((bytes.count - 4)..., with: [0, 0, 0xC0, 0x7F])
            try bytes.write(to: url)
            let files = try Checkpoint.inspect(place)
            #expect(files.configuration == model.configuration)
            #expect(files.template?.source == model.template?.source)
            #expect(files.tokenizer.json == model.tokenizer.json)
            for tensor in model.weights.layout.tensors {
                #expect(try files.weights.shape(of: tensor.name) == tensor.shape, "\(tensor.name)")
            }
            #expect { try Checkpoint.load(place) } throws: { "\($0)".contains("1 of its") }
        }
    }

    @Test func aChangedWeightIsFoundByItsDigestAndNamed() throws {
        try withTemporaryDirectory { folder in
            let digest = try model().store(in: folder)
            let place = folder.appendingPathComponent(digest)
            try Checkpoint.verify(place, digest: digest)
            let url = place.appendingPathComponent("model.safetensors")
            var bytes = try Data(contentsOf: url)
            bytes[bytes.count - 3] ^= 0x10
            try bytes.write(to: url)
            #expect { try Checkpoint.verify(place, digest: digest) } throws: {
                "\($0)".contains("model.safetensors changed")
            }
        }
    }

    /// Seeded mutations of every file: bytes flipped, cut out, doubled.
    @Test(arguments: [
        "model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json",
    ])
    func mutatedBytesThrowOrLoadButNeverCrash(file: String) throws {
        try withTemporaryDirectory { folder in
            let place = folder.appendingPathComponent("model")
            try model().save(to: place)
            let url = place.appendingPathComponent(file)
            let original = try Data(contentsOf: url)
            var random = RandomStream(key: RandomKey.derive(77, file))
            // Most of what can go wrong in safetensors is in its header.
            let reach = file.hasSuffix(".safetensors") ? min(original.count, 1200) : original.count
            var refused = 0
            for _ in 0..<150 {
                var bytes = original
                for _ in 0..<(1 + random.integer(below: 4)) {
                    let at = random.integer(below: min(reach, bytes.count))
                    switch random.integer(below: 4) {
                    case 0: bytes[at] ^= UInt8(1 << random.integer(below: 8))
                    case 1: bytes[at] = UInt8(random.integer(below: 256))
                    case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.integer(below: 8)))
                    default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 8)], at: at)
                    }
                }
                try bytes.write(to: url)
                do { _ = try Checkpoint.load(place) } catch is LocalLMError { refused += 1 }
            }
            #expect(refused > 10, "\(refused) of 150")
        }
    }

    @Test func mutatedRowsThrowOrReadButNeverCrash() throws {
        let good = Array(
            #"{"prompt":[{"role":"user","content":"a\u00e9\n"}],"completion":[{"role":"assistant","content":"b 1.5e3"}],"n":[1,-2.5e-3,null,true]}"#
                .utf8
        )
        var random = RandomStream(key: 78)
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<(1 + random.integer(below: 5)) {
                bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
            }
            do { _ = try JSONLines.decode(SFTRow.self, Data(bytes), name: "f") } catch is LocalLMError { refused += 1 }
        }
        #expect(refused > 10_000, "\(refused) of 20,000")
    }
}

import Foundation

/// The weights of a GGUF file as Hugging Face's models have them: under their names there, the rows of Llama's queries
/// and keys in their order there, and without the 1 that llama.cpp adds to Gemma's norms.
package struct GGUFWeights: WeightSource {
    private struct Source {
        let name: String
        /// Of queries and keys whose rows are permuted: of each head, those of the pairs that turn together lie next to
        /// each other here, and half a head apart there.
        var permutedHeads: Int?
        var offset: Float = 0
    }

    /// RoPE's frequency factors, which the configuration holds.
    static let frequencies = "rope_freqs.weight"

    private let file: GGUFFile
    private let sources: [String: Source]
    package let holdsBFloat16: Bool

    /// - Parameter rounds: whether to round to bf16.
    init(_ file: GGUFFile, _ configuration: ModelConfiguration, rounds: Bool) throws {
        self.file = file
        holdsBFloat16 = rounds
        var sources: [String: Source] = [:]
        for name in file.tensors.keys.sorted() where name != Self.frequencies {
            guard let known = Self.huggingFaceName(name, configuration) else {
                throw LocalLMError(
                    .unsupported,
                    "tensor \(name) is none of a \(configuration.family.rawValue) model of this shape",
                    context: file.reader.url.path
                )
            }
            var source = Source(name: name)
            if [.llama, .mistral].contains(configuration.family), known.hasSuffix("q_proj.weight") {
                source.permutedHeads = configuration.headCount
            } else if [.llama, .mistral].contains(configuration.family), known.hasSuffix("k_proj.weight") {
                source.permutedHeads = configuration.keyValueHeadCount
            }
            if known.hasSuffix("norm.weight") { source.offset = -configuration.normOffset }
            sources[known] = source
        }
        self.sources = sources
    }

    // MARK: Names

    private static let modules = [
        "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm",
        "attn_k_norm": "self_attn.k_norm", "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    ]
    /// Where norms follow attention and feed-forward network too, `ffn_norm` is another.
    private static let postNormModules = [
        "post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
    ]

    private static func huggingFaceName(_ name: String, _ configuration: ModelConfiguration) -> String? {
        switch name {
        case "token_embd.weight": return "model.embed_tokens.weight"
        case "output_norm.weight": return "model.norm.weight"
        case "output.weight": return "lm_head.weight"
        default: break
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "blk", let layer = Int(parts[1]), layer < configuration.layerCount,
            String(layer) == parts[1], parts[3] == "weight" || parts[3] == "bias"
        else { return nil }
        let postNorm = configuration.hasPostNorms ? postNormModules[String(parts[2])] : nil
        return (postNorm ?? modules[String(parts[2])]).map { "model.layers.\(layer).\($0).\(parts[3])" }
    }

    // MARK: Reading

    package var url: URL { file.reader.url }
    package var names: [String] { sources.keys.sorted() }
    package func place(of name: String) -> String { "\(url.path): tensor \(sources[name]?.name ?? name)" }
    package func shape(of name: String) -> [Int]? { sources[name].flatMap { file.tensors[$0.name]?.shape } }

    package var readsParts: Bool { false }
    package func halves(of name: String) -> MappedHalves? { nil }
    package func identity() -> String? { nil }

    package func read(_ name: String, from first: Int, into destination: UnsafeMutableBufferPointer<Float>) throws {
        precondition(first == 0, "a part of \(name)")
        guard let source = sources[name] else {
            throw LocalLMError(.damaged, "tensor \(name) is missing", context: url.path)
        }
        try file.read(source.name, into: destination)
        if let heads = source.permutedHeads, let shape = shape(of: name) {
            Self.undoPermutation(destination, heads: heads, rows: shape[0])
        }
        if source.offset != 0 { for index in destination.indices { destination[index] += source.offset } }
        if holdsBFloat16 {
            for index in destination.indices { destination[index] = destination[index].roundedToBFloat16 }
        }
    }

    /// Of each head, rows 0, 2, 4, ... come first, then rows 1, 3, 5, ...
    private static func undoPermutation(_ values: UnsafeMutableBufferPointer<Float>, heads: Int, rows: Int) {
        let width = values.count / rows, half = rows / heads / 2
        var head = [Float](repeating: 0, count: 2 * half * width)
        for start in stride(from: 0, to: values.count, by: head.count) {
            for row in 0..<2 * half {
                let target = (row % 2 * half + row / 2) * width
                for column in 0..<width { head[target + column] = values[start + row * width + column] }
            }
            for index in head.indices { values[start + index] = head[index] }
        }
    }
}

extension Float {
    /// To the nearest, ties to even; a number beyond the largest becomes infinite, and what is none stays none.
    fileprivate var roundedToBFloat16: Float {
        guard isFinite else { return self }
        let rounded = bitPattern &+ 0x7FFF &+ (bitPattern >> 16 & 1)
        return Float(bitPattern: rounded & 0xFFFF_0000)
    }
}

import LocalLM
import ModelFiles

/// Small valid GGUF files: each architecture, each type of tensor, both kinds of tokenizers.
enum GGUFSeeds {
    static func all() -> [GGUFImage] {
        var random = RandomStream(key: RandomKey.derive(1, "gguf"))
        return [
            model("llama", .q4_0, tied: true, byteLevel: "smollm", &random),
            model("llama", .q8_0, tied: false, byteLevel: nil, &random),
            model("llama", .f32, tied: true, byteLevel: "llama-bpe", frequencies: true, &random),
            model("qwen2", .q5_1, tied: true, byteLevel: "qwen2", &random),
            model("qwen3", .bf16, tied: false, byteLevel: "default", &random),
            model("gemma2", .f16, tied: true, byteLevel: nil, &random),
            model("llama", .q6_K, tied: true, byteLevel: "gpt-2", hidden: 256, &random),
            model("llama", .q3_K, tied: true, byteLevel: "gpt-2", hidden: 256, &random),
        ]
    }

    static let words = [
        "llama", "qwen2", "qwen3", "gemma2", "gemma3", "gpt2", "smollm", "llama-bpe", "default", "gpt-2", "tekken",
        "bert",
        "general.architecture", "general.alignment", "tokenizer.ggml.model", "tokenizer.ggml.pre",
        "tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.scores", "tokenizer.ggml.token_type",
        "tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token", "tokenizer.ggml.add_space_prefix",
        "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.remove_extra_whitespaces",
        "tokenizer.chat_template", "llama.expert_count", "llama.rope.scaling.type", "llama.rope.scaling.factor",
        "llama.attention.key_length", "llama.attention.sliding_window", "llama.attention.scale", "split.count", "yarn",
        "token_embd.weight", "output.weight", "rope_freqs.weight", "blk.0.attn_q.weight", "blk.0.attn_q.bias",
        "blk.00.attn_q.weight", "blk.9.attn_q.weight", "▁", "▁a", "ab", "<s>", "<|im_end|>", "[PAD3]", "",
    ]

    /// One layer of 2 heads.
    private static func model(
        _ architecture: String,
        _ type: GGUFTensorType,
        tied: Bool,
        byteLevel: String?,
        hidden: Int = 32,
        frequencies: Bool = false,
        _ random: inout RandomStream
    ) -> GGUFImage {
        let tokenizer = byteLevel.map(self.byteLevel) ?? sentencePiece, head = hidden / 2
        func key(_ name: String) -> String { "\(architecture).\(name)" }
        var metadata: [(key: String, value: GGUFImage.Value)] = [
            ("general.architecture", .text(architecture)), ("general.name", .text("a seed")),
            (key("context_length"), .number(64)), (key("embedding_length"), .number(UInt32(hidden))),
            (key("block_count"), .number(1)), (key("feed_forward_length"), .number(UInt32(hidden))),
            (key("attention.head_count"), .number(2)), (key("attention.head_count_kv"), .number(1)),
            (key("attention.layer_norm_rms_epsilon"), .real(1e-5)), (key("rope.freq_base"), .real(10_000)),
        ]
        if architecture == "gemma2" {
            metadata += [
                (key("attention.key_length"), .number(UInt32(head))),
                (key("attention.value_length"), .number(UInt32(head))),
                (key("attention.sliding_window"), .number(16)), (key("attn_logit_softcapping"), .real(50)),
                (key("final_logit_softcapping"), .real(30)),
            ]
        }
        if architecture == "qwen3" { metadata.append((key("attention.key_length"), .number(UInt32(head)))) }
        metadata += tokenizer.metadata
        var tensors: [GGUFImage.Tensor] = []
        func add(_ name: String, _ type: GGUFTensorType, _ rows: Int?, _ columns: Int) {
            tensors.append(GGUFImage.tensor(name, type, rows: rows, columns: columns, &random))
        }
        add("token_embd.weight", type, tokenizer.count, hidden)
        add("output_norm.weight", .f32, nil, hidden)
        if !tied { add("output.weight", type, tokenizer.count, hidden) }
        for (name, rows) in [
            ("attn_q", hidden), ("attn_k", head), ("attn_v", head), ("attn_output", hidden), ("ffn_gate", hidden),
            ("ffn_up", hidden), ("ffn_down", hidden),
        ] {
            add("blk.0.\(name).weight", type, rows, hidden)
            if architecture == "qwen2", ["attn_q", "attn_k", "attn_v"].contains(name) {
                add("blk.0.\(name).bias", .f32, nil, rows)
            }
        }
        var norms = ["attn_norm", "ffn_norm"]
        if architecture == "gemma2" { norms += ["post_attention_norm", "post_ffw_norm"] }
        for name in norms { add("blk.0.\(name).weight", .f32, nil, hidden) }
        if architecture == "qwen3" {
            for name in ["attn_q_norm", "attn_k_norm"] { add("blk.0.\(name).weight", .f32, nil, head) }
        }
        if frequencies {
            let one = GGUFImage.little(Float(1).bitPattern)
            tensors.append(
                GGUFImage.Tensor(
                    name: "rope_freqs.weight",
                    type: 0,
                    dimensions: [UInt64(head / 2)],
                    data: (0..<head / 2).flatMap { _ in one }
                )
            )
        }
        return GGUFImage(metadata: metadata, tensors: tensors)
    }

    private typealias Part = (metadata: [(key: String, value: GGUFImage.Value)], count: Int)

    private static let template =
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"

    private static func byteLevel(_ name: String) -> Part {
        let special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        let letters = (33...126).map { String(Unicode.Scalar(UInt8($0))) } + ["Ġ", "Ċ"]
        let words = ["th", "the", "Ġthe", "Ġt", "in"]
        let tokens = special + letters + words
        return (
            [
                ("tokenizer.ggml.model", .text("gpt2")), ("tokenizer.ggml.pre", .text(name)),
                ("tokenizer.ggml.tokens", .texts(tokens)),
                ("tokenizer.ggml.token_type", .integers(tokens.indices.map { $0 < special.count ? 3 : 1 })),
                ("tokenizer.ggml.merges", .texts(["t h", "th e", "Ġ the", "Ġ t", "i n"])),
                ("tokenizer.ggml.bos_token_id", .number(1)), ("tokenizer.ggml.eos_token_id", .number(2)),
                ("tokenizer.ggml.padding_token_id", .number(2)), ("tokenizer.ggml.add_bos_token", .flag(false)),
                ("tokenizer.chat_template", .text(template)),
            ], tokens.count
        )
    }

    private static var sentencePiece: Part {
        let special = ["<unk>", "<s>", "</s>"], bytes = (0..<8).map { "<0x0\($0)>" }
        let words = ["▁", "a", "b", "▁a", "ab", "▁ab", "  ", "é"]
        let tokens = special + bytes + words
        let kinds: [Int32] = [2, 3, 3] + bytes.map { _ in 6 } + words.map { $0 == "  " ? 4 : 1 }
        return (
            [
                ("tokenizer.ggml.model", .text("llama")), ("tokenizer.ggml.pre", .text("default")),
                ("tokenizer.ggml.tokens", .texts(tokens)), ("tokenizer.ggml.token_type", .integers(kinds)),
                ("tokenizer.ggml.scores", .reals(tokens.indices.map { -Float($0) })),
                ("tokenizer.ggml.bos_token_id", .number(1)), ("tokenizer.ggml.eos_token_id", .number(2)),
                ("tokenizer.ggml.unknown_token_id", .number(0)), ("tokenizer.chat_template", .text(template)),
            ], tokens.count
        )
    }
}

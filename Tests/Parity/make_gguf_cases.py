#!/usr/bin/env python3
"""Make Tests/LocalLMTests/Golden/gguf: what the package `gguf` makes of blocks of every type, and a tiny file of its writer.

    pip install gguf numpy
    python3 Tests/Parity/make_gguf_cases.py

blocks.jsonl: a type a line, random blocks of it and their numbers by `gguf.dequantize` (base64; numbers as 32-bit floats of little endian).
tiny.gguf, tiny.whl: a Llama of one layer, quantized, and the same in a zip archive. tiny.json: the SHA-256 of each tensor as the Hugging Face
directory has it, bf16.
"""
import base64, hashlib, json, pathlib, zipfile

import gguf, numpy as np
from gguf import GGMLQuantizationType as T

TYPES = [T.F32, T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.Q2_K, T.Q3_K, T.Q4_K, T.Q5_K, T.Q6_K]
# Where in a block 16-bit scales are.
SCALES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}
GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "LocalLMTests/Golden/gguf"


def random_rows(rng, type, rows, columns):
    """Rows of random blocks, whose scales are random finite numbers."""
    block, size = gguf.GGML_QUANT_SIZES[type]
    if type == T.F32: return rng.standard_normal((rows, columns), dtype=np.float32)
    if type == T.F16: return rng.standard_normal((rows, columns), dtype=np.float32).astype(np.float16)
    if type == T.BF16: return gguf.quantize(rng.standard_normal((rows, columns), dtype=np.float32), type)
    data = rng.integers(0, 256, (rows * columns // block, size), dtype=np.uint8)
    for place in SCALES[type]:
        data[:, place:place + 2] = rng.normal(0, 0.02, len(data)).astype(np.float16).view(np.uint8).reshape(-1, 2)
    return data.reshape(rows, -1)


def permuted(weight, heads):
    """As llama.cpp's converter orders the rows of Llama's queries and keys."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def unpermuted(weight, heads):
    return weight.reshape(heads, weight.shape[0] // heads // 2, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def bfloat16(values):
    return gguf.quantize(np.ascontiguousarray(values, dtype=np.float32), T.BF16)


NAMES = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
         "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
         "ffn_down": "mlp.down_proj"}


def write_llama(path, rng, types, hidden=32, heads=2, kv=1):
    """A Llama of one layer; `types` of its matrices in turn. Returns its tensors under Hugging Face's names, as the package dequantizes them."""
    w = gguf.GGUFWriter(path, "llama")
    w.add_context_length(64); w.add_embedding_length(hidden); w.add_block_count(1); w.add_feed_forward_length(hidden); w.add_head_count(heads)
    w.add_head_count_kv(kv); w.add_layer_norm_rms_eps(1e-5); w.add_rope_freq_base(10000.0); w.add_rope_dimension_count(hidden // heads)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    letters = [chr(c) for c in [*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 256 + 68)]]
    tokens = special + letters + ["th", "the", "\u0120the"]
    w.add_tokenizer_model("gpt2"); w.add_tokenizer_pre("smollm"); w.add_token_list(tokens)
    w.add_token_types([3] * len(special) + [1] * (len(tokens) - len(special))); w.add_token_merges(["t h", "th e", "\u0120 the"])
    w.add_bos_token_id(1); w.add_eos_token_id(2); w.add_pad_token_id(2); w.add_add_bos_token(False)
    w.add_chat_template("{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
                        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
    matrices = [("token_embd", len(tokens)), ("attn_q", hidden), ("attn_k", hidden * kv // heads), ("attn_v", hidden * kv // heads), ("attn_output", hidden),
                ("ffn_gate", hidden), ("ffn_up", hidden), ("ffn_down", hidden)]
    expected = {}
    for index, (name, rows) in enumerate(matrices):
        type = types[index % len(types)]
        data = random_rows(rng, type, rows, hidden)
        full = "token_embd.weight" if name == "token_embd" else f"blk.0.{name}.weight"
        w.add_tensor(full, data, raw_dtype=None if type in (T.F32, T.F16) else type)
        values = gguf.dequantize(data, type).reshape(rows, hidden)
        if name in ("attn_q", "attn_k"): values = unpermuted(values, heads if name == "attn_q" else kv)
        expected["model.embed_tokens.weight" if name == "token_embd" else f"model.layers.0.{NAMES[name]}.weight"] = values
    for name in ["output_norm", "attn_norm", "ffn_norm"]:
        values = rng.standard_normal(hidden, dtype=np.float32)
        w.add_tensor(f"{name}.weight" if name == "output_norm" else f"blk.0.{name}.weight", values)
        expected["model.norm.weight" if name == "output_norm" else f"model.layers.0.{NAMES[name]}.weight"] = values
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
    return expected


def main():
    GOLDEN.mkdir(exist_ok=True)
    rng = np.random.default_rng(1)
    with open(GOLDEN / "blocks.jsonl", "w") as out:
        for type in TYPES:
            data = random_rows(rng, type, 2, 256)
            values = gguf.dequantize(data, type).astype("<f4")
            row = dict(type=type.name, bytes=base64.b64encode(data.tobytes()).decode(), values=base64.b64encode(values.tobytes()).decode())
            out.write(json.dumps(row) + "\n")
    expected = write_llama(GOLDEN / "tiny.gguf", rng, [T.Q8_0, T.Q4_0, T.Q5_1, T.F16])
    sums = {name: hashlib.sha256(bfloat16(values).tobytes()).hexdigest() for name, values in sorted(expected.items())}
    (GOLDEN / "tiny.json").write_text(json.dumps(sums, indent=1) + "\n")
    with zipfile.ZipFile(GOLDEN / "tiny.whl", "w") as archive:
        for name, data in [("tiny/__init__.py", b""), ("tiny/tiny.gguf", (GOLDEN / "tiny.gguf").read_bytes())]:
            entry = zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)); entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Hold `selfimprove model tokenize` against the Rust library `tokenizers` on random tokenizers and texts.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3 numpy safetensors
    venv/bin/python check_tokenizers.py --program ../../.build/release/selfimprove --seed 0 --texts 20000

Trains each kind of make_tokenizer_cases.py from the seed, puts a tiny random Llama beside it, and compares ids and decoded text.
Prints one line a kind; exits with 1 after a difference.
"""
import argparse, json, pathlib, random, subprocess, sys, tempfile

import numpy
from safetensors.numpy import save_file
import make_tokenizer_cases as cases

def model(directory, tok):
    """A Llama of one layer, whose weights mean nothing."""
    rows, width, inner = tok.get_vocab_size(), 16, 32
    config = dict(architectures=["LlamaForCausalLM"], model_type="llama", vocab_size=rows, hidden_size=width, intermediate_size=inner, num_hidden_layers=1,
                  num_attention_heads=2, num_key_value_heads=1, head_dim=8, max_position_embeddings=512, rms_norm_eps=1e-5, rope_theta=10000.0,
                  hidden_act="silu", tie_word_embeddings=True, torch_dtype="float32", eos_token_id=0)
    layer = {"input_layernorm": (width,), "post_attention_layernorm": (width,), "self_attn.q_proj": (16, width), "self_attn.k_proj": (8, width),
             "self_attn.v_proj": (8, width), "self_attn.o_proj": (width, 16), "mlp.gate_proj": (inner, width), "mlp.up_proj": (inner, width),
             "mlp.down_proj": (width, inner)}
    shapes = {"model.embed_tokens.weight": (rows, width), "model.norm.weight": (width,)} | {f"model.layers.0.{k}.weight": v for k, v in layer.items()}
    save_file({k: numpy.full(v, 0.01, dtype=numpy.float32) for k, v in shapes.items()}, directory / "model.safetensors")
    (directory / "config.json").write_text(json.dumps(config))
    tok.save(str(directory / "tokenizer.json"))

def text(rng):
    def scalar():
        while True:
            value = rng.choice([rng.randrange(0x3100), rng.randrange(0x20000), rng.randrange(0x110000)])
            if not 0xD800 <= value < 0xE000: return chr(value)
    return "".join(rng.choice(cases.ATOMS) if rng.random() < 0.85 else scalar() for _ in range(rng.randint(0, 14)))

def main():
    p = argparse.ArgumentParser(); p.add_argument("--program", required=True); p.add_argument("--seed", type=int, default=0)
    p.add_argument("--texts", type=int, default=20000); a = p.parse_args()
    rng, failed = random.Random(a.seed), False
    for name, tok in cases.kinds(rng):
        texts = [text(rng) for _ in range(a.texts)]
        with tempfile.TemporaryDirectory() as root:
            directory = pathlib.Path(root) / "model"; directory.mkdir(); model(directory, tok)
            command = [a.program, "model", "tokenize", str(directory), "--json", "--state", str(pathlib.Path(root) / "state")]
            rows = subprocess.run(command, input="".join(json.dumps({"text": t}) + "\n" for t in texts), stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
        rows = [json.loads(row) for row in rows.split("\n") if row]
        assert len(rows) == len(texts), f"{name}: {len(rows)} answers to {len(texts)} texts"
        wrong = [t for t, row in zip(texts, rows)
                 if (ids := tok.encode(t, add_special_tokens=False).ids) != row["ids"] or tok.decode(ids, skip_special_tokens=False) != row["decoded"]]
        for t in wrong[:3]: print("  differs:", ascii(t))
        print(name, len(texts), "texts,", len(wrong), "differences", flush=True)
        failed = failed or bool(wrong)
    sys.exit(failed)

if __name__ == "__main__":
    main()

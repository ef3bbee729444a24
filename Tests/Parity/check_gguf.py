#!/usr/bin/env python3
"""Hold what we make of GGUF files against the packages `gguf`, `transformers` and `sentencepiece`.

    pip install gguf numpy safetensors torch transformers sentencepiece protobuf
    python3 Tests/Parity/check_gguf.py --program .build/release/selfimprove --model SmolLM2-135M-Instruct.Q4_1.gguf

  types       a tiny Llama in every type: with --precision fp32 equal to `gguf.dequantize` to the bit, else to that rounded to bf16
  families    a tiny random model of each family as llama.cpp's converter writes it: tensors equal, logits within 1e-4 of transformers'
  pieces      a SentencePiece model trained here: ids of its texts equal those of the tokenizer that transformers makes of it
  model       --model: tensors equal to the package's; ids of 2,000 texts and greedy answers to 20 chats equal those of transformers on the
              directory that `import` made, from that directory and from the file
Prints a line each, then `N passed, N failed`; exit status 1 if any failed.
"""
import argparse, json, os, pathlib, random, subprocess, sys, tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import gguf, numpy as np, torch
from gguf import GGMLQuantizationType as T
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
import make_gguf_cases as cases
import make_tokenizer_cases

passed = failed = 0


def check(name, ok, more=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(f"{'ok    ' if ok else 'FAILED'} {name} {more}", flush=True)


def call(program, arguments, rows=()):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run([program, *map(str, arguments)], input=text, capture_output=True, encoding="utf-8", timeout=3000)
    if done.returncode != 0: raise RuntimeError(f"{arguments}: exit {done.returncode}: {done.stderr.strip()[-400:]}")
    return [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]


def tensors(directory):
    with safe_open(directory / "model.safetensors", "pt") as file: return {name: file.get_tensor(name) for name in file.keys()}


def bits(tensor): return tensor.contiguous().view(torch.int16 if tensor.dtype == torch.bfloat16 else torch.int32)


def same(found, expected):
    """Equal to the bit, or both no numbers."""
    return found.keys() == expected.keys() and all(torch.equal(bits(found[k]), bits(expected[k])) for k in found)


def rounded(values): return torch.from_numpy(cases.bfloat16(values).view(np.int16).copy()).view(torch.bfloat16)


# MARK: types

def types(program, root):
    for number, type in enumerate(cases.TYPES):
        path = root / f"{type.name}.gguf"
        expected = cases.write_llama(path, np.random.default_rng(number), [type], hidden=256, heads=4, kv=2)
        call(program, ["import", path, root / f"{type.name}-exact", "--precision", "fp32", "--json"])
        call(program, ["import", path, root / type.name, "--json"])
        exact = {name: torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)) for name, values in expected.items()}
        half = exact if type == T.F32 else {name: rounded(values).reshape(values.shape) for name, values in expected.items()}
        check(f"types {type.name}", same(tensors(root / f"{type.name}-exact"), exact) and same(tensors(root / type.name), half),
              f"{sum(v.numel() for v in exact.values())} numbers")
    # What the package can quantize itself, from numbers as models have them.
    rng = np.random.default_rng(99)
    for type in [T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0]:
        original = cases.random_rows
        cases.random_rows = lambda rng, type, rows, columns: gguf.quantize(rng.normal(0, 0.05, (rows, columns)).astype(np.float32), type)
        expected = cases.write_llama(root / f"{type.name}-own.gguf", rng, [type], hidden=256)
        cases.random_rows = original
        call(program, ["import", root / f"{type.name}-own.gguf", root / f"{type.name}-own", "--precision", "fp32", "--json"])
        exact = {name: torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)) for name, values in expected.items()}
        check(f"types {type.name} by the package's quantizer", same(tensors(root / f"{type.name}-own"), exact))


# MARK: families

FAMILIES = {
    "llama": dict(arch="llama"),
    "llama3": dict(arch="llama", model="llama", rope_theta=500000.0,
                   rope=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192)),
    "mistral": dict(arch="llama", sliding_window=None), "qwen2": dict(arch="qwen2"), "qwen3": dict(arch="qwen3"), "gemma2": dict(arch="gemma2"),
}
ARCHITECTURES = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2, "qwen3": gguf.MODEL_ARCH.QWEN3, "gemma2": gguf.MODEL_ARCH.GEMMA2}


def convert(model, path, arch):
    """What llama.cpp's convert_hf_to_gguf.py does of these families, all F32."""
    c = model.config
    w = gguf.GGUFWriter(path, arch)
    w.add_context_length(c.max_position_embeddings); w.add_embedding_length(c.hidden_size); w.add_block_count(c.num_hidden_layers)
    w.add_feed_forward_length(c.intermediate_size); w.add_head_count(c.num_attention_heads); w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps); w.add_rope_freq_base(c.rope_parameters["rope_theta"])
    w.add_key_length(c.head_dim); w.add_value_length(c.head_dim)
    if arch == "gemma2":
        w.add_attn_logit_softcapping(c.attn_logit_softcapping); w.add_final_logit_softcapping(c.final_logit_softcapping)
        w.add_sliding_window(c.sliding_window)
    tokens = ["<unk>", "<s>", "</s>"] + [f"t{i}" for i in range(3, c.vocab_size)]
    w.add_tokenizer_model("llama"); w.add_tokenizer_pre("default"); w.add_token_list(tokens); w.add_token_scores([0.0] * len(tokens))
    w.add_token_types([2, 3, 3] + [1] * (len(tokens) - 3)); w.add_bos_token_id(1); w.add_eos_token_id(2)
    if (rope := c.rope_parameters)["rope_type"] == "llama3":
        freqs = 1.0 / (rope["rope_theta"] ** (torch.arange(0, c.head_dim, 2, dtype=torch.float32) / c.head_dim))
        low, high = rope["original_max_position_embeddings"] / rope["low_freq_factor"], rope["original_max_position_embeddings"] / rope["high_freq_factor"]
        factors = []
        for freq in freqs:
            wavelength = 2 * np.pi / freq
            if wavelength < high: factors.append(1)
            elif wavelength > low: factors.append(rope["factor"])
            else:
                smooth = (rope["original_max_position_embeddings"] / wavelength - rope["low_freq_factor"]) / (rope["high_freq_factor"] - rope["low_freq_factor"])
                factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
        w.add_tensor("rope_freqs.weight", np.array(factors, dtype=np.float32))
    names = gguf.get_tensor_name_map(ARCHITECTURES[arch], c.num_hidden_layers)
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and c.tie_word_embeddings: continue
        value = value.float().numpy()
        if arch == "llama" and "q_proj" in name: value = cases.permuted(value, c.num_attention_heads)
        if arch == "llama" and "k_proj" in name: value = cases.permuted(value, c.num_key_value_heads)
        if arch == "gemma2" and name.endswith("norm.weight"): value = value + 1
        w.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), np.ascontiguousarray(value))
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


def families(program, root):
    for name, spec in FAMILIES.items():
        torch.manual_seed(7)
        kind = spec.get("model", name)
        rope = spec.get("rope", {"rope_type": "default"}) | {"rope_theta": spec.get("rope_theta", 10000.0)}
        more = {"sliding_window": None} if "sliding_window" in spec else {}
        if kind == "gemma2": more = {"query_pre_attn_scalar": 16, "sliding_window": 8, "hidden_activation": "gelu_pytorch_tanh"}
        config = AutoConfig.for_model(kind, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
                                      vocab_size=97, max_position_embeddings=128, rms_norm_eps=1e-5, rope_parameters=rope,
                                      tie_word_embeddings=kind in ("gemma2", "qwen2"), **more)
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
        with torch.no_grad():
            for parameter in model.parameters(): parameter.normal_(0, 0.2)
        convert(model, root / f"{name}.gguf", spec["arch"])
        call(program, ["import", root / f"{name}.gguf", root / name, "--json"])
        found = AutoModelForCausalLM.from_pretrained(root / name, dtype=torch.float32, attn_implementation="eager").eval()
        limit = 3e-7 if kind == "gemma2" else 0
        largest = max((found.state_dict()[key] - value).abs().max().item() for key, value in model.state_dict().items())
        ids = list(range(3, 43))
        with torch.no_grad(): a, b = model(torch.tensor([ids])).logits[0], found(torch.tensor([ids])).logits[0]
        scores = torch.log_softmax(a.double(), -1)
        ours = call(program, ["model", "score", root / f"{name}.gguf", "--json"], [{"ids": ids}])[0]["token_logprobs"]
        off = max(abs(x - scores[i, ids[i + 1]].item()) for i, x in enumerate(ours))
        check(f"families {name}", largest <= limit and (a - b).abs().max() <= 1e-4 and off <= 1e-3,
              f"weights {largest:.1e}, logits {(a - b).abs().max():.1e}, our logprobs from the file {off:.1e}")


# MARK: SentencePiece

def pieces(program, root, count):
    import sentencepiece
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import BPE
    from transformers.convert_slow_tokenizer import LlamaConverter, generate_merges
    from sentencepiece import sentencepiece_model_pb2 as proto
    rng = random.Random(5)
    lines = [line for path in sorted(pathlib.Path(__file__).resolve().parents[2].glob("docs/*.md")) for line in path.read_text().split("\n") if line.strip()]
    (root / "corpus.txt").write_text("\n".join(lines))
    sentencepiece.SentencePieceTrainer.train(input=str(root / "corpus.txt"), model_prefix=str(root / "sp"), vocab_size=2000, model_type="bpe", byte_fallback=True,
                                             split_digits=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
                                             allow_whitespace_only_pieces=True, user_defined_symbols=["\u2581\u2581", "\n\n", "<tool>"], minloglevel=2)
    model = proto.ModelProto(); model.ParseFromString((root / "sp.model").read_bytes())
    for name, space in [("with a space in front", True), ("without", False)]:
        path = root / f"sp-{space}.gguf"
        w = gguf.GGUFWriter(path, "llama"); width = 32
        w.add_context_length(64); w.add_embedding_length(width); w.add_block_count(1); w.add_feed_forward_length(width); w.add_head_count(2)
        w.add_layer_norm_rms_eps(1e-5)
        texts, scores, kinds = [], [], []
        for piece in model.pieces:
            added = piece.type == 4
            # As _create_vocab_sentencepiece does with those of added_tokens_decoder.
            texts.append(piece.piece.replace("\u2581", " ") if added else piece.piece); scores.append(-1000.0 if added else piece.score); kinds.append(piece.type)
        w.add_tokenizer_model("llama"); w.add_tokenizer_pre("default"); w.add_token_list(texts); w.add_token_scores(scores); w.add_token_types(kinds)
        w.add_bos_token_id(1); w.add_eos_token_id(2); w.add_unk_token_id(0); w.add_add_space_prefix(space)
        for tensor, rows in [("token_embd", len(texts))] + [(f"blk.0.{n}", width) for n in ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]]:
            w.add_tensor(f"{tensor}.weight", np.full((rows, width), 0.01, dtype=np.float32))
        for tensor in ["output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"]: w.add_tensor(f"{tensor}.weight", np.ones(width, dtype=np.float32))
        w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()

        class Slow:  # what the converter asks of a slow tokenizer
            vocab_file, legacy, add_prefix_space = str(root / "sp.model"), True, space
            def convert_ids_to_tokens(self, id): return model.pieces[id].piece
        converter, known = LlamaConverter(Slow()), [(piece.piece, piece.score) for piece in model.pieces]
        ids = {piece: id for id, (piece, score) in enumerate(known)}
        expected = Tokenizer(BPE(ids, generate_merges(ids, known), unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        expected.normalizer, expected.decoder = converter.normalizer(model), converter.decoder("\u2581", space)
        expected.add_tokens([AddedToken(piece.piece, normalized=False, special=piece.type != 4) for piece in model.pieces if piece.type in (2, 3, 4)])
        atoms = make_tokenizer_cases.ATOMS + lines + ["  ", "   ", "\n\n", "<tool>", " <tool> ", "</s>", "<s>", "\u2581", "12345", "\t"]
        rows = ["".join(rng.choice(atoms) for _ in range(rng.randint(0, 6))) for _ in range(count)]
        ours = call(program, ["model", "tokenize", path, "--json"], [{"text": row} for row in rows])
        wrong = [row for row, answer in zip(rows, ours) if answer["ids"] != expected.encode(row, add_special_tokens=False).ids]
        for row in wrong[:3]: print("  differs:", ascii(row), expected.encode(row, add_special_tokens=False).tokens)
        wrong += [row for row, answer in zip(rows, ours) if answer["decoded"] != expected.decode(answer["ids"], skip_special_tokens=False)]
        check(f"pieces {name}", not wrong and len(ours) == count, f"{count} texts, {len(wrong)} differences")


# MARK: a real model

def real(program, path, root, count, chats):
    directory = root / "real"
    call(program, ["import", path, directory, "--json"])
    reader = gguf.GGUFReader(path)
    heads = {"attn_q": int(reader.get_field("llama.attention.head_count").contents()), "attn_k": int(reader.get_field("llama.attention.head_count_kv").contents())}
    found, wrong = tensors(directory), []
    for tensor in reader.tensors:
        part = tensor.name.split(".")
        values = gguf.dequantize(tensor.data, tensor.tensor_type)
        if len(part) == 4 and part[2] in heads: values = cases.unpermuted(values, heads[part[2]])
        fixed = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight", "output.weight": "lm_head.weight"}
        name = fixed.get(tensor.name) or f"model.layers.{part[1]}.{cases.NAMES[part[2]]}.weight"
        if not torch.equal(bits(found.pop(name)).reshape(-1), bits(rounded(values)).reshape(-1)): wrong.append(name)
    check("model tensors", not wrong and not found, f"{len(reader.tensors)} tensors, {len(wrong)} differences, {len(found)} more")

    tokenizer = AutoTokenizer.from_pretrained(directory)
    rng = random.Random(11)
    lines = [line for p in sorted(pathlib.Path(__file__).resolve().parents[2].glob("docs/**/*.md")) for line in p.read_text().split("\n")]
    atoms = make_tokenizer_cases.ATOMS + lines + ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "  ", "\n\n", "2025", "3.14"]
    rows = ["".join(rng.choice(atoms) for _ in range(rng.randint(0, 8))) for _ in range(count)]
    ours = call(program, ["model", "tokenize", path, "--json"], [{"text": row} for row in rows])
    wrong = [row for row, answer in zip(rows, ours) if answer["ids"] != tokenizer(row, add_special_tokens=False)["input_ids"]]
    check("model ids", not wrong and len(ours) == count, f"{count} texts, {len(wrong)} differences")

    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    questions = ["What is the capital of France?", "Write a poem about autumn.", "Give me three tips to sleep well.", "Why is the sky blue?",
                 "Name a city in Japan.", "What is 7 plus 5?", "Explain gravity to a child.", "Translate 'good morning' to French.", "Who wrote Hamlet?",
                 "List the days of the week.", "What does a cat eat?", "How do I boil an egg?", "Tell me a short joke.", "What is photosynthesis?",
                 "Describe the sea in one sentence.", "What is the opposite of hot?", "How many legs has a spider?", "Write a haiku about snow.",
                 "What is a prime number?", "Say hello in Spanish."][:chats]
    expected = []
    for question in questions:
        chat = tokenizer.apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.no_grad(): out = model.generate(**chat, max_new_tokens=64, do_sample=False)[0][chat["input_ids"].shape[1]:]
        expected.append(tokenizer.decode(out, skip_special_tokens=True))
    for name, place in [("directory", directory), ("file", path)]:
        answers = call(program, ["model", "generate", place, "--json", "--temperature", "0", "--max-tokens", "64"], [{"messages": [{"role": "user", "content": q}]} for q in questions])
        wrong = [i for i, answer in enumerate(answers) if answer["text"] != expected[i]]
        for i in wrong[:2]: print("  differs:", ascii(expected[i]), "|", ascii(answers[i]["text"]))
        check(f"model answers from the {name}", not wrong and len(answers) == len(questions), f"{len(questions)} chats, {len(wrong)} differences")


def main():
    p = argparse.ArgumentParser(); p.add_argument("--program", required=True); p.add_argument("--model"); p.add_argument("--texts", type=int, default=2000)
    p.add_argument("--chats", type=int, default=20)
    p.add_argument("--only", choices=["types", "families", "pieces", "model"], help="one part"); a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        if a.only in (None, "types"): types(a.program, root)
        if a.only in (None, "families"): families(a.program, root)
        if a.only in (None, "pieces"): pieces(a.program, root, a.texts)
        if a.only in (None, "model") and a.model: real(a.program, pathlib.Path(a.model).resolve(), root, a.texts, a.chats)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()

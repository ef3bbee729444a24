#!/usr/bin/env python3
"""Models of many gigabytes on a machine that has not: LoRA training, merging and answering, with the memory that each takes.

    Tests/Clients/large.py PROGRAM --tokenizer DIR [--shapes 1B,8B,9B] [--precision fp32|bf16] [--folder DIR] [--keep]

Writes random checkpoints in the shapes of Llama-3.2-1B, Llama-3.1-8B and Gemma-2-9B (bf16, in shards; below 100 MB of memory; 40 GB of
disk for the largest), with the tokenizer and template of DIR (`make smollm` unpacks one). Peak memory is the child's `ru_maxrss`: all
that is resident, mapped weights included. Standard library only; no part of `make clients`.
"""
import argparse, array, hashlib, json, os, pathlib, random, shutil, signal, struct, subprocess, tempfile, time

from checks import check, finish

LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
         "max_position_embeddings": 131072, "vocab_size": 128256, "num_attention_heads": 32, "num_key_value_heads": 8,
         "attention_bias": False, "mlp_bias": False, "torch_dtype": "bfloat16",
         "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                          "original_max_position_embeddings": 8192}}
# Shape, name for `plan`, limits of training and of merging in GB (None: the model's own size is no trouble).
SHAPES = {
    "1B": ({**LLAMA, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "head_dim": 64,
            "tie_word_embeddings": True}, "1B", None, None),
    "8B": ({**LLAMA, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "head_dim": 128,
            "tie_word_embeddings": False}, "8B", 22, 20),
    "9B": ({"model_type": "gemma2", "architectures": ["Gemma2ForCausalLM"], "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 3584,
            "intermediate_size": 14336, "num_hidden_layers": 42, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 256,
            "vocab_size": 256000, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "max_position_embeddings": 8192,
            "query_pre_attn_scalar": 256, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
            "sliding_window": 4096, "attention_bias": False,
            "tie_word_embeddings": True, "torch_dtype": "bfloat16"}, "gemma-2-9b", 22, 20),
}
SHARD = 5_000_000_000


def tensors(c):
    """Names and shapes, in the order in which transformers has them."""
    hidden, ffn, head = c["hidden_size"], c["intermediate_size"], c["head_dim"]
    queries, keys = c["num_attention_heads"] * head, c["num_key_value_heads"] * head
    yield "model.embed_tokens.weight", (c["vocab_size"], hidden)
    for layer in range(c["num_hidden_layers"]):
        p = f"model.layers.{layer}."
        for name, shape in (("self_attn.q_proj", (queries, hidden)), ("self_attn.k_proj", (keys, hidden)),
                            ("self_attn.v_proj", (keys, hidden)), ("self_attn.o_proj", (hidden, queries)),
                            ("mlp.gate_proj", (ffn, hidden)), ("mlp.up_proj", (ffn, hidden)),
                            ("mlp.down_proj", (hidden, ffn)), ("input_layernorm", (hidden,)), ("post_attention_layernorm", (hidden,))):
            yield p + name + ".weight", shape
        if c["model_type"] == "gemma2":
            yield p + "pre_feedforward_layernorm.weight", (hidden,)
            yield p + "post_feedforward_layernorm.weight", (hidden,)
    yield "model.norm.weight", (hidden,)
    if not c["tie_word_embeddings"]:
        yield "lm_head.weight", (c["vocab_size"], hidden)


def size(shape):
    count = 2
    for n in shape:
        count *= n
    return count


def write_model(folder, c, source):
    """A directory as save_pretrained leaves it, of one block of random numbers again and again."""
    folder.mkdir()
    rng = random.Random(1)
    bf16 = lambda x: struct.unpack("<I", struct.pack("<f", x))[0] >> 16
    table = [bf16(rng.gauss(0, 0.02)) for _ in range(4096)]
    block = array.array("H", rng.choices(table, k=1_048_573)).tobytes()  # a prime: no two rows are the same
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        if (source / name).exists():
            shutil.copy(source / name, folder / name)
    shards, bytes_ = [[]], 0
    for tensor in tensors(c):
        if bytes_ and bytes_ + size(tensor[1]) > SHARD:
            shards.append([])
            bytes_ = 0
        shards[-1].append(tensor)
        bytes_ += size(tensor[1])
    places, start = {}, 0
    for number, shard in enumerate(shards):
        name = f"model-{number + 1:05d}-of-{len(shards):05d}.safetensors"
        header, offset = {"__metadata__": {"format": "pt"}}, 0
        for tensor, shape in shard:
            header[tensor] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [offset, offset + size(shape)]}
            offset += size(shape)
            places[tensor] = name
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(folder / name, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for tensor, shape in shard:
                rest = size(shape)
                if len(shape) == 1:  # Gemma's norms count from 0
                    file.write(struct.pack("<H", 0 if c["model_type"] == "gemma2" else 0x3F80) * shape[0])
                    continue
                while rest:
                    part = block[start:start + rest]
                    file.write(part)
                    rest -= len(part)
                    start = (start + len(part)) % len(block)
    total = sum(size(shape) for _, shape in tensors(c))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": places}))
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
    (folder / "config.json").write_text(json.dumps({**c, **ids}, indent=2))
    return total


def run(program, *arguments, text=None, kill_after=None):
    """Runs the program to its end: JSON lines, seconds, peak memory in GB. With `kill_after`, kill -9 after so many lines."""
    began = time.time()
    with tempfile.TemporaryFile("w+") as given:
        given.write(text or "")
        given.seek(0)
        process = subprocess.Popen([program, *map(str, arguments)], stdin=given, stdout=subprocess.PIPE, text=True)
        lines = []
        for line in process.stdout:
            lines.append(json.loads(line))
            if kill_after and len(lines) >= kill_after:
                time.sleep(0.2)
                process.send_signal(signal.SIGKILL)
                break
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    if not kill_after and status != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: status {status}")
    return lines, time.time() - began, usage.ru_maxrss * 1024 / 1e9


def digest(folder):
    return {path.name: hashlib.file_digest(open(path, "rb"), "sha256").hexdigest() for path in sorted(folder.iterdir()) if path.is_file()}


def shape(program, name, root, source, precision, keeps):
    c, planned, training_limit, merging_limit = SHAPES[name]
    model = root / name
    total = write_model(model, c, source) if not model.exists() else sum(size(s) for _, s in tensors(c))
    print(f"{name}: {total / 1e9:.1f} GB of weights", flush=True)
    rng, data = random.Random(2), root / "rows.jsonl"
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = lambda n: " ".join("".join(rng.choices(letters, k=5)) for _ in range(n))
    said = lambda role, words: [{"role": role, "content": text(words)}]
    rows = [{"prompt": said("user", 40), "completion": said("assistant", 600)} for _ in range(3)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    train = ["model", "train", "sft", model, "--data", data, "--lora-rank", 16, "--gradient-checkpointing", "--max-length", 512,
             "--batch-size", 1, "--steps", 3, "--checkpoint-every", "1s", "--precision", precision, "--json"]

    adapter = root / f"{name}-adapter"
    shutil.rmtree(adapter, ignore_errors=True)
    log, seconds, peak = run(program, *train, "--output", adapter)
    speed = max(step["tokens_per_second"] for step in log)
    plan = run(program, "plan", "--shape", planned, "--lora-rank", 16, "--batch", 1, "--length", 512, "--gradient-checkpointing",
               "--precision", precision, "--json")[0][0]
    expected = sum(v for k, v in plan["memory"].items() if isinstance(v, int)) / 1e9
    figures = {"train": f"{peak:.2f} GB, {seconds:.0f} s, {speed:.1f} tokens/s, losses {[round(s['loss'], 3) for s in log]}",
               "plan": f"{expected:.2f} GB, {plan['tokensPerSecond']:.1f} tokens/s"}
    print(f"{name}: {figures}", flush=True)
    check(len(log) == 3 and all(step["tokens"] == 512 for step in log), f"{name}: three steps of 512 tokens")
    check(abs(expected / peak - 1) < 0.2, f"{name}: plan says {expected:.2f} GB, training takes {peak:.2f}")
    forecast = plan["tokensPerSecond"]
    check(abs(forecast / speed - 1) < 0.2, f"{name}: plan says {forecast:.1f} tokens/s, training does {speed:.1f}")
    if training_limit:
        check(peak < training_limit, f"{name}: training takes {peak:.2f} GB of {training_limit}")

    again = root / f"{name}-again"
    shutil.rmtree(again, ignore_errors=True)
    shutil.rmtree(f"{again}.unfinished", ignore_errors=True)
    run(program, *train, "--output", again, kill_after=2)
    check(not again.exists(), f"{name}: a killed run leaves no adapter")
    rest = run(program, *train, "--output", again)[0]
    print(f"{name}: after a kill, {len(rest)} steps of 3 are done again", flush=True)
    check(digest(again) == digest(adapter), f"{name}: a run that was killed ends with the same adapter")

    merged = root / f"{name}-merged"
    shutil.rmtree(merged, ignore_errors=True)
    _, seconds, peak = run(program, "model", "merge", model, adapter, merged, "--store", "bf16", "--json")
    print(f"{name}: merge {peak:.2f} GB, {seconds:.0f} s, {len(list(merged.glob('*.safetensors')))} files", flush=True)
    if merging_limit:
        check(peak < merging_limit, f"{name}: merging takes {peak:.2f} GB of {merging_limit}")
    check(peak * 1e9 < total / 4 + 1e9, f"{name}: merging takes {peak:.2f} GB of {total / 1e9:.1f}")

    chats = json.dumps({"messages": [{"role": "user", "content": "Name an animal."}]}) + "\n"
    answers = []
    generate = ["model", "generate", merged, "--max-tokens", 16, "--temperature", 0, "--ignore-eos", "--precision", precision, "--json"]
    for turn in ("first", "from kept panels"):
        out, seconds, peak = run(program, *generate, text=chats)
        print(f"{name}: generate, {turn}: {peak:.2f} GB, {seconds:.0f} s, {out[0]['text'][:40]!r}", flush=True)
        check(len(out) == 1 and len(out[0]["ids"]) == 16, f"{name}: an answer of 16 tokens")
        check(peak * 1e9 < total * 1.15 + 1.5e9, f"{name}: generating takes {peak:.2f} GB for {total / 1e9:.1f} GB of weights")
        answers.append(out)
    check(answers[0] == answers[1], f"{name}: kept panels answer the same")
    kept = list(merged.glob(".cache/selfimprove/*.panels"))
    check(len(kept) == (1 if total > 1e9 else 0), f"{name}: {len(kept)} files of panels")
    if not keeps:
        for folder in (model, adapter, again, merged):
            shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--tokenizer", required=True, type=pathlib.Path)
    parser.add_argument("--shapes", default="8B,9B")
    parser.add_argument("--precision", default="bf16", choices=["fp32", "bf16"])
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory() as own:
        root = options.folder or pathlib.Path(own)
        root.mkdir(parents=True, exist_ok=True)
        for name in options.shapes.split(","):
            shape(program, name, root, options.tokenizer, options.precision, options.keep)
    finish()


main()

#!/usr/bin/env python3
"""Our speed beside PyTorch's, alternately, in one run. See Benchmarks/README.md."""
import argparse, json, os, pathlib, statistics, subprocess, sys, time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHAPES = {
    "B": dict(hidden=256, layers=6, heads=8, kvHeads=4, ffn=768, vocab=2048, batch=16, length=128),
    "C": dict(hidden=128, layers=4, heads=4, kvHeads=4, ffn=384, vocab=512, batch=32, length=64),
}
NEW_TOKENS = 64


def pytorch(shape):
    config = LlamaConfig(
        hidden_size=shape["hidden"], num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"], num_key_value_heads=shape["kvHeads"],
        intermediate_size=shape["ffn"], vocab_size=shape["vocab"], tie_word_embeddings=True, max_position_embeddings=2048)
    return LlamaForCausalLM(config)


def pytorch_train(shape, steps):
    model = pytorch(shape)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    times = []
    for _ in range(steps + 2):
        ids = torch.randint(0, shape["vocab"], (shape["batch"], shape["length"]))
        start = time.perf_counter()
        model(input_ids=ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        times.append(time.perf_counter() - start)
    return shape["batch"] * shape["length"] / statistics.median(times[2:])


def pytorch_decode(shape):
    model = pytorch(shape).eval()
    ids = torch.randint(0, shape["vocab"], (16, 32))
    options = dict(do_sample=True, pad_token_id=0, eos_token_id=None)
    with torch.no_grad():
        model.generate(ids, max_new_tokens=4, **options)
        start = time.perf_counter()
        model.generate(ids, max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS, **options)
    return 16 * NEW_TOKENS / (time.perf_counter() - start)


def ours(binary, shape, task):
    keys = ",".join(f"{key}={shape[key]}" for key in ("hidden", "layers", "heads", "kvHeads", "ffn", "vocab"))
    batch, length = (shape["batch"], shape["length"]) if task == "train" else (16, NEW_TOKENS)
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
    done = subprocess.run(
        [binary, "model", "bench", "--shape", keys, "--task", task, "--batch", str(batch), "--length", str(length), "--precision", "fp32"],
        capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)["tokens_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/selfimprove"))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10, help="counted PyTorch steps per repetition; their median counts")
    arguments = parser.parse_args()
    result = {}
    print(f"load before: {os.getloadavg()[0]:.2f}; {torch.get_num_threads()} PyTorch threads; medians of {arguments.repetitions}, spread in brackets")
    for name, shape in SHAPES.items():
        for task in ("train", "decode"):
            us, them = [], []
            for _ in range(arguments.repetitions):
                them.append(pytorch_train(shape, arguments.steps) if task == "train" else pytorch_decode(shape))
                us.append(ours(arguments.binary, shape, task))
            ratio = statistics.median(us) / statistics.median(them)
            result[f"{name} {task}"] = dict(
                selfimprove=round(statistics.median(us)), pytorch=round(statistics.median(them)), ratio=round(ratio, 2),
                ratio_low=round(min(us) / max(them), 2), ratio_high=round(max(us) / min(them), 2))
            row = result[f"{name} {task}"]
            print(f"{name} {task:<7} selfimprove {row['selfimprove']:>7} [{min(us):.0f} to {max(us):.0f}]  PyTorch {row['pytorch']:>6} "
                  f"[{min(them):.0f} to {max(them):.0f}] tokens/s  ratio {row['ratio']:.2f}", flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

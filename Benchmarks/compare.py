#!/usr/bin/env python3
"""Our speed beside PyTorch's and llama.cpp's, alternately, one at a time, in one run. See Benchmarks/README.md."""
import argparse, json, os, pathlib, statistics, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHAPES = {
    "A": "hidden=576,layers=30,heads=9,kvHeads=3,ffn=1536,vocab=49152",
    "B": "hidden=256,layers=6,heads=8,kvHeads=4,ffn=768,vocab=2048",
    "C": "hidden=128,layers=4,heads=4,kvHeads=4,ffn=384,vocab=512",
}
TRAIN = {"A": (4, 256), "B": (16, 128), "C": (32, 64)}  # batch, length: those of pytorch_baseline.py
NEW_TOKENS, PROMPT = 64, 200
LLAMA_TYPES = {"fp32": "f32", "bf16": "bf16"}


def json_lines(command):
    """What a program prints as JSON lines; None where it refuses (exit status 2) or is missing."""
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    if done.returncode == 2:
        return None
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nfailed ({done.returncode}): {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def ours(binary, shape, task, precision, batch, length):
    lines = json_lines([binary, "model", "bench", "--shape", SHAPES[shape], "--task", task, "--batch", str(batch), "--length", str(length),
                        "--precision", precision, "--repetitions", "3"])
    return lines and lines[-1]


class Row:
    """One line of the table: our figures beside one other program's."""

    def __init__(self, name, other, unit="tokens/s", less_is_better=False):
        self.name, self.other, self.unit, self.less_is_better = name, other, unit, less_is_better
        self.us, self.them = [], []

    def summary(self):
        if not self.us or not self.them:
            return dict(row=self.name, other=self.other, unavailable="selfimprove" if not self.us else self.other)
        us, them = statistics.median(self.us), statistics.median(self.them)
        low, high = (min(self.us) / max(self.them), max(self.us) / min(self.them))
        ratio, low, high = (them / us, 1 / high, 1 / low) if self.less_is_better else (us / them, low, high)
        return dict(row=self.name, other=self.other, unit=self.unit, selfimprove=us, selfimprove_range=[min(self.us), max(self.us)],
                    other_median=them, other_range=[min(self.them), max(self.them)], ratio=round(ratio, 3), ratio_range=[round(low, 3), round(high, 3)])

    def print(self):
        s = self.summary()
        if "unavailable" in s:
            return print(f"{self.name:<24} {self.other:<10} not on this machine: {s['unavailable']} does not do it", flush=True)
        low, high = s["ratio_range"]
        print(f"{self.name:<24} {self.other:<10} {s['selfimprove']:>10.5g} [{s['selfimprove_range'][0]:.5g} to {s['selfimprove_range'][1]:.5g}]  beside "
              f"{s['other_median']:>10.5g} [{s['other_range'][0]:.5g} to {s['other_range'][1]:.5g}] {self.unit}  ratio {s['ratio']:.2f} [{low:.2f} to {high:.2f}]",
              flush=True)


def training(arguments, shape, task, rows):
    batch, length = TRAIN[shape]
    for _ in range(arguments.repetitions):
        lines = json_lines([arguments.python, arguments.pytorch, "--shapes", shape, "--tasks", task])
        for precision in ("fp32", "bf16"):
            row = rows.setdefault(f"{shape} {task} {precision}", Row(f"{shape} {task} {precision}", "PyTorch"))
            them = next(line for line in lines if line["precision"] == precision)
            row.them.append(them["tokens_per_second"])
            us = ours(arguments.binary, shape, task, precision, batch, length)
            if us:
                row.us.append(us["tokens_per_second"])
            if precision == "fp32":  # PyTorch's peak is that of the process so far, and fp32 comes first
                memory = rows.setdefault(f"{shape} {task} memory", Row(f"{shape} {task} memory", "PyTorch", "bytes", less_is_better=True))
                memory.them.append(them["peak_rss_bytes"])
                memory.us.append(us["peak_rss_bytes"])


def inference(arguments, shape, rows):
    tasks = [("decode", 1, NEW_TOKENS), ("decode", 16, NEW_TOKENS), ("decode", 64, NEW_TOKENS), ("prefill", 1, PROMPT)]
    for _ in range(arguments.repetitions):
        torch = json_lines([arguments.python, arguments.pytorch, "--shapes", shape, "--tasks", "decode"])
        for precision, kind in LLAMA_TYPES.items():
            llama = json_lines([arguments.python, arguments.llamacpp, "--shapes", shape, "--types", kind])
            for task, batch, length in tasks:
                us = ours(arguments.binary, shape, task, precision, batch, length)
                name = f"{shape} {task} b{batch} {precision}"
                # llama.cpp is measured up to 16 sequences: 64 of ours stand beside 16 of its.
                row = rows.setdefault(name, Row(name, "llama.cpp"))
                row.us.append(us["tokens_per_second"])
                row.them += [line["tokens_per_second"] for line in llama if line["task"] == task and line["batch"] == min(batch, 16)]
                if task == "decode" and precision == "fp32" and batch <= 16:
                    row = rows.setdefault(name + " torch", Row(name, "PyTorch"))
                    row.us.append(us["tokens_per_second"])
                    row.them += [line["tokens_per_second"] for line in torch if line["batch"] == batch]


def main():
    shared = ROOT.parent / "shared" / "bench"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/selfimprove"))
    parser.add_argument("--python", default=sys.executable, help="with torch, transformers, gguf and llama-cpp-python")
    parser.add_argument("--pytorch", default=str(shared / "pytorch_baseline.py"))
    parser.add_argument("--llamacpp", default=str(shared / "llamacpp_baseline.py"))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--tasks", nargs="*", default=["train", "dpo", "inference"], choices=["train", "dpo", "inference"])
    arguments = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.2f}; medians of {arguments.repetitions}, spread in brackets; a ratio above 1 is in our favour")
    rows = {}
    for shape in arguments.shapes:
        for task in ("train", "dpo"):
            if task in arguments.tasks and not (task == "dpo" and shape == "C"):
                training(arguments, shape, task, rows)
        if "inference" in arguments.tasks:
            inference(arguments, shape, rows)
        for row in rows.values():
            if row.name.startswith(shape):
                row.print()
    print(f"load after: {os.getloadavg()[0]:.2f}")
    print(json.dumps([row.summary() for row in rows.values()]))


if __name__ == "__main__":
    main()

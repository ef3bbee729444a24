#!/usr/bin/env python3
"""Our speed beside PyTorch's and llama.cpp's, alternately, one at a time, in one run. See Benchmarks/README.md."""
import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHAPES = {
    "A": "hidden=576,layers=30,heads=9,kvHeads=3,ffn=1536,vocab=49152",
    "B": "hidden=256,layers=6,heads=8,kvHeads=4,ffn=768,vocab=2048",
    "C": "hidden=128,layers=4,heads=4,kvHeads=4,ffn=384,vocab=512",
}
TRAIN = {"A": (4, 256), "B": (16, 128), "C": (32, 64)}  # batch, length: those of pytorch_baseline.py
# shape, batch, length, precisions, our counted steps, PyTorch's steps with the one that is not counted
LONG = [("A", 1, 2048, ("fp32", "bf16"), 2, 3), ("B", 1, 8192, ("fp32", "bf16"), 2, 3)]
# DPO whose pairs have three quarters of their length in common
COMMON = [("A", 4, 256, 192), ("B", 16, 128, 96)]
STEPS = {"A": 2, "B": 7, "C": 15}  # counted in each of our runs
ANSWERS = {"A": 1, "B": 7, "C": 15}
TASKS = ("train", "long", "dpo", "inference")
NEW_TOKENS, PROMPTS = 64, (200, 2000)
LLAMA_TYPES = {"fp32": "f32", "bf16": "bf16"}


def has_bf16():
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def json_lines(command, count=None):
    """What a program prints as JSON lines, the first `count` of them (it is then stopped); None where it refuses (exit status 2)."""
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
    lines = []
    with tempfile.TemporaryFile("w+") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment) as process:
        for line in process.stdout:
            if line.startswith("{"):
                lines.append(json.loads(line))
            if len(lines) == count:
                process.kill()
                return lines
        process.wait()
        errors.seek(0)
        error = errors.read()
    if process.returncode == 2:
        return None
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nfailed ({process.returncode}): {error[-2000:]}")
    return lines


def ours(binary, shape, task, precision, batch, length, *more, repetitions=None):
    repetitions = repetitions or (STEPS if task in ("train", "dpo") else ANSWERS)[shape]
    lines = json_lines([binary, "model", "bench", "--shape", SHAPES[shape], "--task", task, "--batch", str(batch), "--length", str(length),
                        "--precision", precision, "--repetitions", str(repetitions), *more])
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
        return dict(row=self.name, other=self.other, unit=self.unit, n=len(self.us), selfimprove=us, selfimprove_range=[min(self.us), max(self.us)],
                    other_median=them, other_range=[min(self.them), max(self.them)], ratio=round(ratio, 3), ratio_range=[round(low, 3), round(high, 3)])

    def print(self):
        s = self.summary()
        if "unavailable" in s:
            return print(f"{self.name:<22} {self.other:<10} not on this machine: {s['unavailable']} does not do it", flush=True)
        low, high = s["ratio_range"]
        print(f"{self.name:<22} {self.other:<10} {s['selfimprove']:>9.4g} [{s['selfimprove_range'][0]:.4g} to {s['selfimprove_range'][1]:.4g}]  beside "
              f"{s['other_median']:>9.4g} [{s['other_range'][0]:.4g} to {s['other_range'][1]:.4g}] {self.unit}, n = {s['n']}  "
              f"ratio {s['ratio']:.2f} [{low:.2f} to {high:.2f}]", flush=True)


class Table:
    """All rows by name, made as figures come, each figure told on stderr."""

    def __init__(self):
        self.rows = {}

    def add(self, name, other, us, them, **kind):
        row = self.rows.setdefault((name, other), Row(name, other, **kind))
        if us is not None:
            row.us.append(us)
        if them is not None:
            row.them.append(them)
        print(f"  {name} #{max(len(row.us), len(row.them))}: {us and round(us, 1)} beside {other}'s {them and round(them, 1)}", file=sys.stderr, flush=True)


def training(arguments, shape, task, table):
    batch, length = TRAIN[shape]
    # bf16 without instructions for it takes PyTorch minutes per step: only fp32, its first line, is waited for.
    precisions = ("fp32", "bf16") if has_bf16() else ("fp32",)
    for _ in range(arguments.repetitions):
        lines = json_lines([arguments.python, arguments.pytorch, "--shapes", shape, "--tasks", task], count=len(precisions))
        for precision in precisions:
            them = next(line for line in lines if line["precision"] == precision)
            us = ours(arguments.binary, shape, task, precision, batch, length)
            table.add(f"{shape} {task} {precision}", "PyTorch", us and us["tokens_per_second"], them["tokens_per_second"])
            if us and precision == "fp32":  # PyTorch's peak is that of the process so far, and fp32 comes first
                table.add(f"{shape} {task} memory", "PyTorch", us["peak_rss_bytes"], them["peak_rss_bytes"], unit="bytes", less_is_better=True)
                table.add(f"{shape} {task} of peak", "the peak", us["model_flops_utilization"], 1, unit="")


def long(arguments, shape, table):
    """Steps on one long sequence: both sides in a process of its own for each precision, so memory is that precision's."""
    for _, batch, length, precisions, steps, theirs in (row for row in LONG if row[0] == shape):
        for _ in range(arguments.repetitions):
            for precision in precisions if has_bf16() else ("fp32",):
                name = f"{shape} train {batch}x{length} {precision}"
                them = json_lines([arguments.python, arguments.pytorch, "--shapes", shape, "--tasks", "train", "--batch", str(batch), "--length", str(length),
                                   "--steps", str(theirs), "--precisions", precision])[-1]
                us = ours(arguments.binary, shape, "train", precision, batch, length, repetitions=steps)
                table.add(name, "PyTorch", us and us["tokens_per_second"], them["tokens_per_second"])
                table.add(f"{name} memory", "PyTorch", us and us["peak_rss_bytes"], them["peak_rss_bytes"], unit="bytes", less_is_better=True)


def common_prompts(arguments, shape, table):
    """DPO on pairs that begin alike: trained tokens of both sides are those of both sequences."""
    for _, batch, length, prompt in (row for row in COMMON if row[0] == shape):
        for _ in range(arguments.repetitions):
            for precision in ("fp32", "bf16") if has_bf16() else ("fp32",):
                option = ["--common-prompt", str(prompt)]
                them = json_lines([arguments.python, arguments.pytorch, "--shapes", shape, "--tasks", "dpo", "--precisions", precision, *option])[-1]
                us = ours(arguments.binary, shape, "dpo", precision, batch, length, *option)
                table.add(f"{shape} dpo 3/4 prompt {precision}", "PyTorch", us and us["tokens_per_second"], them["tokens_per_second"])


def inference(arguments, shape, table):
    tasks = [("decode", 1, NEW_TOKENS), ("decode", 16, NEW_TOKENS), ("decode", 64, NEW_TOKENS)] + [("prefill", 1, length) for length in PROMPTS]
    for _ in range(arguments.repetitions):
        torch = json_lines([arguments.python, arguments.pytorch, "--shapes", shape, "--tasks", "decode"])
        for precision, kind in LLAMA_TYPES.items():
            llama = json_lines([arguments.python, arguments.llamacpp, "--shapes", shape, "--types", kind])
            for task, batch, length in tasks:
                if (shape, batch, precision) == ("A", 64, "fp32"):  # half a minute for a figure that nobody asks for
                    continue
                us = ours(arguments.binary, shape, task, precision, batch, length)
                name = f"{shape} {task} {f'b{batch}' if task == 'decode' else length} {precision}"
                # llama.cpp is measured up to 16 sequences: 64 of ours stand beside 16 of its. Neither times the prefill.
                them = next(line for line in llama if (line["task"], line["batch"], line["length"]) == (task, min(batch, 16), length))
                table.add(name, "llama.cpp", us["tokens_per_second"], them["tokens_per_second"])
                if task == "decode" and precision == "fp32" and batch <= 16:  # generate(): prefill and sampling included on both sides
                    them = next(line for line in torch if line["batch"] == batch)
                    table.add(name, "PyTorch", us["generated_tokens_per_second"], them["tokens_per_second"])


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/selfimprove"))
    parser.add_argument("--python", default=sys.executable, help="with torch, transformers, gguf and llama-cpp-python")
    parser.add_argument("--pytorch", default=str(here / "pytorch_baseline.py"))
    parser.add_argument("--llamacpp", default=str(here / "llamacpp_baseline.py"))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--tasks", nargs="*", default=list(TASKS), choices=list(TASKS))
    arguments = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.2f}; medians of {arguments.repetitions}, spread in brackets; a ratio above 1 is in our favour", flush=True)
    if not has_bf16():
        print("no bf16 instructions here: training in bf16 is not compared", flush=True)
    table = Table()
    for task in TASKS:
        for shape in arguments.shapes:
            if task not in arguments.tasks or (task, shape) == ("dpo", "C"):
                continue
            before = set(table.rows)
            if task == "inference":
                inference(arguments, shape, table)
            elif task == "long":
                long(arguments, shape, table)
            else:
                if task == "dpo":
                    common_prompts(arguments, shape, table)
                training(arguments, shape, task, table)
            for key, row in table.rows.items():
                if key not in before:
                    row.print()
    print(f"load after: {os.getloadavg()[0]:.2f}")
    print(json.dumps([row.summary() for row in table.rows.values()]))


if __name__ == "__main__":
    main()

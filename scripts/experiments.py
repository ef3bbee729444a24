#!/usr/bin/env python3
"""Runs the experiments of docs/LAB.md and prints their tables.

    scripts/experiments.py run   [--state DIR] [--binary FILE] [NAME ...]
    scripts/experiments.py table [--state DIR] [--binary FILE]

Each is a campaign of its own in one state directory: a shipped configuration, one thing changed. Campaigns of one seed share a
nursery, prompts and held-out sets, so their figures differ by what was changed alone. What has ended is not run again.
"""
import argparse, json, os, pathlib, re, sqlite3, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEARNING, ELICITATION = "nursery", "elicitation"


def change(text, key, value, *sections):
    """Sets one key of a configuration's text, at its top or in a section (within a section), where it may be left out."""
    start, end = 0, len(text)
    for depth, section in enumerate(sections):
        indent = "  " * depth
        header = re.compile(rf"^{indent}{section}:.*\n", re.M).search(text, start, end)
        if header is None:
            text = text[:end] + f"{indent}{section}:\n" + text[end:]
            start = end = end + len(f"{indent}{section}:\n")
        else:
            start = header.end()
            after = re.compile(rf"^ {{0,{2 * depth}}}\S", re.M).search(text, start, end)
            end = after.start() if after else end
    indent = "  " * len(sections)
    line, found = f"{indent}{key}: {value}", re.compile(rf"^{indent}{key}: .*$", re.M).search(text, start, end)
    return text[: found.start()] + line + text[found.end():] if found else text[:start] + line + "\n" + text[start:]


def rule(text, aggregator):
    text = change(text, "aggregator", aggregator, "mixture")
    return change(text, "agreement", "false", "mixture", "filters")


def single(teacher):
    def apply(text):
        return rule(change(text, "proposers", f"[{teacher}]", "mixture"), "most_confident")
    return apply


def self_moa(text):
    text = rule(change(text, "proposers", "[champion, champion, champion, champion]", "mixture"), "plurality")
    text = change(change(text, "confidence", "none", "mixture"), "minimum_confidence", "off", "mixture", "filters")
    return change(text, "temperature", "0.7", "mixture")


def no_dpo(text):
    return change(text, "enabled", "false", "dpo")


def ungated(text):
    text = change(change(text, "enabled", "false", "gate"), "rounds", "6", "stop")
    return change(text, "patience", "off", "stop")


def experiments():
    for seed in range(1, 6):
        yield f"nursery-{seed}", LEARNING, seed, lambda text: text
    for seed in (1, 2, 3):
        yield f"elicitation-{seed}", ELICITATION, seed, lambda text: text
        yield f"elicitation-rule-{seed}", ELICITATION, seed, lambda text: rule(text, "most_confident")
        yield f"elicitation-nodpo-{seed}", ELICITATION, seed, no_dpo
    for seed in (1, 2):
        yield f"nursery-single-{seed}", LEARNING, seed, None
        yield f"nursery-selfmoa-{seed}", LEARNING, seed, self_moa
        yield f"nursery-nodpo-{seed}", LEARNING, seed, no_dpo
        yield f"nursery-ungated-{seed}", LEARNING, seed, ungated


def best_teacher(state, seed):
    """The peer that was best before round 1, on the report set."""
    database = sqlite3.connect(f"file:{state}/selfimprove.sqlite?mode=ro", uri=True)
    rows = database.execute(
        "SELECT name FROM evaluations WHERE campaign = ? AND subject = 'peer' ORDER BY correct DESC, name", (f"nursery-{seed}",))
    return rows.fetchone()[0]


def run(args):
    folder = pathlib.Path(args.state, "configs")
    folder.mkdir(parents=True, exist_ok=True)
    for name, base, seed, apply in experiments():
        if args.names and not any(name.startswith(n) for n in args.names):
            continue
        text = (ROOT / "configs" / f"{base}.yaml").read_text()
        apply = apply or single(best_teacher(args.state, seed))
        text = apply(change(change(text, "campaign", name), "seed", seed))
        file = folder / f"{name}.yaml"
        file.write_text(text)
        print(f"== {name}", flush=True)
        subprocess.run([args.binary, "run", str(file), "--state", args.state], check=True)


def table(args):
    database = sqlite3.connect(f"file:{args.state}/selfimprove.sqlite?mode=ro", uri=True)
    new = {"reverse", "sort", "upper", "novowel", "add", "sub", "max", "seq"}
    for name, base, _, _ in experiments():
        rows = database.execute(
            "SELECT round, name, subject, n, correct, low, high, slices FROM evaluations WHERE campaign = ? AND \"set\" = 'report' ORDER BY id",
            (name,)).fetchall()
        if not rows:
            continue
        print(f"\n{name}")
        for number, subject_name, subject, n, correct, low, high, slices in rows:
            slices = json.loads(slices)
            unseen = [s for s in slices if s["slice"] in new]
            share = sum(s["correct"] for s in unseen) / sum(s["n"] for s in unseen)
            skills = " ".join(f"{s['slice']} {round(100 * s['correct'] / s['n'])}" for s in slices)
            print(f"  {number} {subject_name:<15} {100 * correct / n:5.1f} ({100 * low:.1f} to {100 * high:.1f}, n = {n})  new skills {100 * share:5.1f}  {skills}")
        for number, outcome, reason, seconds in database.execute(
                "SELECT round, outcome, reason, seconds FROM rounds WHERE campaign = ? ORDER BY round", (name,)):
            print(f"  round {number} {outcome} after {seconds:.0f} s: {reason}")
        for step, seconds in database.execute(
                "SELECT step, SUM(seconds) FROM steps WHERE campaign = ? GROUP BY step ORDER BY 2 DESC", (name,)):
            print(f"    {step} {seconds:.1f} s", end="")
        print()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "table"])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--state", default="state-lab")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/selfimprove"))
    arguments = parser.parse_intermixed_args()
    {"run": run, "table": table}[arguments.command](arguments)

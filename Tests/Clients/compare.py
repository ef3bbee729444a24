#!/usr/bin/env python3
"""What `compare` promises, as a black box: files of generated scores, a thousand comparisons each.

    Tests/Clients/compare.py PROGRAM [--trials N] [--seed N]

Right and wrong answers are drawn; of two models the true difference is known. A share of 1,000 has a standard error of at most 1.6
points. Takes some minutes; standard library only; no part of `make clients`.
"""
import argparse, json, math, pathlib, random, subprocess, tempfile

from checks import check, finish


def rows(rng, n, only_a, only_b, task="t", clusters=None):
    """n prompts of which A alone is right in a share `only_a`, B alone in `only_b`, both or neither in the rest. With clusters of
    `clusters` prompts, half of the clusters go one way as a whole."""
    first, second = [], []
    for i in range(n):
        if clusters is None or i % clusters == 0:
            shared = rng.random()
        u = shared if clusters is not None and rng.random() < 0.5 else rng.random()
        a, b = (1, 0) if u < only_a else (0, 1) if u < only_a + only_b else (1, 1) if rng.random() < 0.5 else (0, 0)
        for to, mark in ((first, a), (second, b)):
            row = {"id": f"{task}{i}", "task": task, "correct": bool(mark)}
            if clusters is not None:
                row["template"] = f"{task}{i // clusters}"
            to.append(row)
    return first, second


def say(condition, claim):
    print(claim, flush=True)
    check(condition, claim)


def compare(program, folder, parts, *more):
    for name, side in (("a", 0), ("b", 1)):
        with open(folder / f"{name}.jsonl", "w") as file:
            for part in parts:
                file.writelines(json.dumps(row) + "\n" for row in part[side])
    command = [program, "compare", folder / "a.jsonl", folder / "b.jsonl", "--resamples", "2000", "--json", *more]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng, trials = random.Random(arguments.seed), arguments.trials

    def share(count):
        return f"{100 * count / trials:.1f}% of {trials}"

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def run(parts, trial, *more):
            return compare(arguments.program, folder, parts, "--seed", str(trial), *more)

        def count(test, make, *more):
            return sum(test(run(make(), trial, *more)) for trial in range(trials))

        promoted = count(lambda c: c["outcome"] == "promoted", lambda: [rows(rng, 500, 0.15, 0.15)])
        limit = 0.05 + 2 * math.sqrt(0.05 * 0.95 / trials)
        say(promoted <= limit * trials, f"equal models, n = 500: {share(promoted)} promoted, at most {100 * limit:.1f}%")

        promoted = count(lambda c: c["outcome"] == "promoted", lambda: [rows(rng, 500, 0.1, 0.2)])
        say(promoted >= 0.9 * trials, f"+10 points, n = 500, discordance .30: {share(promoted)} promoted")

        blocked = count(lambda c: c["outcome"] != "promoted",
                        lambda: [rows(rng, 700, 0.05, 0.35, "good"), rows(rng, 300, 0.225, 0.075, "bad")])
        say(blocked >= 0.9 * trials, f"+30 points in one task, -15 in another of 300: {share(blocked)} not promoted")

        def covers(c, truth):
            return c["difference"]["low"] <= truth <= c["difference"]["high"]

        covered = count(lambda c: covers(c, 0.1), lambda: [rows(rng, 500, 0.1, 0.2)])
        say(0.93 * trials <= covered <= 0.97 * trials, f"intervals of 95%: {share(covered)} cover the truth")
        covered = count(lambda c: covers(c, 0.1), lambda: [rows(rng, 500, 0.1, 0.2, clusters=4)], "--cluster", "template")
        say(0.93 * trials <= covered <= 0.97 * trials, f"the same with clusters of 4: {share(covered)}")
        ignored = count(lambda c: covers(c, 0.1), lambda: [rows(rng, 500, 0.1, 0.2, clusters=4)])
        print(f"where the clusters are not told: {share(ignored)}", flush=True)

        found = count(lambda c: c["difference"]["low"] > 0, lambda: [rows(rng, 500, 0.115, 0.185)])
        c = run([rows(rng, 500, 0.115, 0.185)], 0)
        print(f"a difference of 7 points is found in {share(found)}; a comparison says: {c['power']}", flush=True)
    finish()


if __name__ == "__main__":
    main()

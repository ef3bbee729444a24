#!/usr/bin/env python3
"""Seeded pairs of texts with the F-measure that rouge-score gives them.

    pip install rouge-score==0.1.2
    python3 Tests/Parity/rouge.py FILE [--pairs 20000] [--seed 1]
    ROUGE_CASES=FILE swift test --filter RougeLParityTests

    python3 Tests/Parity/rouge.py --golden > Tests/SelfImproveTests/Statistics/RougeLGolden.swift

Each row is {"a", "b", "f"}. Many pairs are near .7, some at it to the bit; texts have letters beyond ASCII, other scripts and none.
"""
import argparse, json, random, sys
from rouge_score.rouge_scorer import RougeScorer

WORDS = """write a story about the cat who lost its hat and found another one in an old house by the sea give me three ideas for
dinner with rice beans explain how photosynthesis works to child translate this sentence into french list all prime numbers below
100 what is capital of Peru don't it's e-mail C++ 3.14 stra\u00dfe Gr\u00f6\u00dfe caf\u00e9 \u0130stanbul \u212aelvin \u212a \u039f\u0394\u039f\u03a3
\u043c\u043e\u0441\u043a\u0432\u0430 \u6f22\u5b57 \ufb01nal \uff21\uff22 \u2460 x\u00b2 a_b \u00bd A-B-C NASA iPhone""".split()


def text(r, count):
    words = [r.choice(WORDS) for _ in range(count)]
    return "".join(r.choice([str, str, str.upper, str.title])(w) + r.choice([" ", " ", " ", ", ", "\n", "-", "\u3000"]) for w in words)


def pairs(seed, count):
    r = random.Random(seed)
    for _ in range(count):
        a = text(r, r.choice([0, 1, 2, 3, 5, 7, 10, 10, 14, 20, 20, 33, 70, 140]))
        kind = r.random()
        if kind < .25:
            b = text(r, r.randint(0, 30))
        else:  # a copy with some words gone, put in, or in another order
            words = a.split(" ")
            share = r.choice([.1, .2, .25, .3, .3, .35, .4, .5])
            words = [r.choice(WORDS) if r.random() < share else w for w in words]
            words = [w for w in words if r.random() > share / 4]
            if r.random() < .2:
                cut = r.randint(0, len(words))
                words = words[cut:] + words[:cut]
            b = " ".join(words)
        yield a, b


def lines(seed, count):
    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    for a, b in pairs(seed, count):
        yield json.dumps({"a": a, "b": b, "f": scorer.score(a, b)["rougeL"].fmeasure}, ensure_ascii=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?")
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--golden", action="store_true")
    arguments = parser.parse_args()
    if arguments.golden:
        body = "".join(f"        {line}\n" for line in lines(2, 60))
        print("// Made by Tests/Parity/rouge.py --golden\n\n/// Rows of JSON: two texts and rouge-score's F.\nenum RougeLGolden {")
        print(f'    static let pairs = #"""\n{body}        """#\n}}')
    elif arguments.file:
        rows = list(lines(arguments.seed, arguments.pairs))
        open(arguments.file, "w", encoding="utf-8").write("\n".join(rows) + "\n")
        scores = [json.loads(row)["f"] for row in rows]
        print(f"{len(rows)} pairs: {sum(f >= .7 for f in scores)} at .7 or more, {sum(f == .7 for f in scores)} at it, "
              f"{sum(abs(f - .7) < .03 for f in scores)} within .03, {sum(f == 0 for f in scores)} at 0")
    else:
        parser.error("FILE or --golden")


if __name__ == "__main__":
    main()

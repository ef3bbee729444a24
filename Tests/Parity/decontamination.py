#!/usr/bin/env python3
"""Seeded evaluation rows and prompts with planted near copies, and which of the prompts a plain implementation removes.

    python3 Tests/Parity/decontamination.py DIR [--prompts 10000] [--rows 2000] [--seed 1]
    DECONTAMINATION_CASES=DIR swift test --filter DecontaminationParityTests

    python3 Tests/Parity/decontamination.py --golden > Tests/SelfImproveTests/Prompts/DecontaminationGolden.swift

Writes evaluation.jsonl and prompts.jsonl ({"turns": [text]}) and expected.jsonl ({"line", "reason", "row", "words"}: of each
prompt that falls out the first evaluation row that it meets and the words they share). The implementation here shares nothing
with ours but the definition in NormalizedWords.swift: sets of tuples of strings, standard library only.
"""
import argparse, json, pathlib, random, re, sys, unicodedata

N, SHOWN = 13, 40
APOSTROPHES = "'\u2018\u2019\u02bc\u2032\uff07`\u00b4"
UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u312f\u31a0-\u31bf\u31f0-\u31ff"
                      "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff]")


def normalised(text):
    """The words of a text, by replacing and splitting."""
    text = unicodedata.normalize("NFKC", text)
    out = []
    for index, c in enumerate(text):
        category = unicodedata.category(c)
        if c in APOSTROPHES or category == "Cf":
            continue
        if category[0] in "LMN":
            if UNSPACED.match(c):
                out.append(f" {c} " if category[0] != "N" else c)
            else:
                out.append("".join(d.lower() for d in c.upper()) if category[0] != "N" else c)
        elif c in "*/%^" or category == "Pd" or c == "\u2212":
            rest = "".join(d for d in text[index + 1:index + 40] if d not in APOSTROPHES and unicodedata.category(d) != "Cf").lstrip()
            following = rest[:1]
            is_sign = following and unicodedata.category(following)[0] == "N"
            out.append((f" {c} " if c in "*/%^" else " - ") if is_sign else " ")
        elif category == "Sm" and c not in "|~":
            out.append(f" {c} ")
        else:
            out.append(" ")
    return "".join(out).split()


def expected(evaluation, prompts):
    wholes, grams = {}, {}
    for number, turns in enumerate(evaluation, 1):
        words = [normalised(turn) for turn in turns]
        if any(words):
            wholes.setdefault(json.dumps(words), number)
        for t, turn in enumerate(words):
            for i in range(len(turn) - N + 1):
                grams.setdefault(tuple(turn[i:i + N]), (number, turn, i))
    for line, turns in enumerate(prompts, 1):
        words = [normalised(turn) for turn in turns]
        row = wholes.get(json.dumps(words))
        if row is not None:
            shared = [word for turn in words for word in turn][:SHOWN]
            yield {"line": line, "reason": "exact", "row": row, "words": shared}
            continue
        met = next(((turn, i) for turn in words for i in range(len(turn) - N + 1) if tuple(turn[i:i + N]) in grams), None)
        if met:
            turn, i = met
            row, other, j = grams[tuple(turn[i:i + N])]
            length = N
            while length < SHOWN and i + length < len(turn) and j + length < len(other) and turn[i + length] == other[j + length]:
                length += 1
            yield {"line": line, "reason": "ngram", "row": row, "words": turn[i:i + length]}


# What the rows are made of: words of several scripts, composed and decomposed, with signs that matter and signs that do not.
WORDS = """the a of and to in is that it for was on are as with his they at be this from have or by one had not but what all were
when we there can an your which their said if do will each about how up out them then she many some so these would other into has
river mountain theorem triangle velocity photosynthesis enzyme market parliament violin harvest engine glacier satellite recipe
don't can\u2019t it\u02bcs o'clock well-known state-of-the-art COVID-19 x+y a/b C++ 3.14 1,000 2024 12 7 42 100% -5 50/50 e.g. i.e.
stra\u00dfe gro\u0308\u00dfe caf\u00e9 cafe\u0301 na\u00efve fa\u00e7ade \u0130stanbul \u017c\u00f3\u0142w \u00c5ngstr\u00f6m \ufb01nal \u2460 \u00bd
\u03bb\u03cc\u03b3\u03bf\u03c2 \u039f\u0394\u039f\u03a3 \u043c\u043e\u0441\u043a\u0432\u0430 \u0440\u0435\u043a\u0430 \u05e9\u05dc\u05d5\u05dd
\u0645\u0631\u062d\u0628\u0627 \ud55c\uad6d\uc5b4 \u092d\u093e\u0937\u093e \u6f22\u5b57 \u4e2d\u6587\u95ee\u9898 \u3053\u3093\u306b\u3061\u306f
\u0e20\u0e32\u0e29\u0e32 \uff21\uff22\uff23 \uff11\uff12 \U0001f600 2^10 co\u00adoperate \u0645\u06cc\u200c\u0634\u0648\u062f 5\u22123 6\u00d77 \u2264""".split()
MARKS = [",", ".", ";", ":", "!", "?", " -", " \u2014", "\u2026", "\u3002", "\uff0c", ")", "\"", "\u201d"]
SPACES = [" ", "  ", "\n", "\t", "\u00a0", "\u3000", " \n\n"]


def plain(random, count):
    return [random.choice(WORDS) for _ in range(count)]


def written(random, words, noise):
    """The words as a text: with noise, other case, punctuation, spacing and encoding of the same words."""
    out = []
    for word in words:
        if noise:
            if random.random() < .2:
                word = random.choice([str.upper, str.lower, str.title])(word)
            if random.random() < .2:
                word = unicodedata.normalize(random.choice(["NFC", "NFD"]), word)
            if random.random() < .2:
                word = word.replace("'", random.choice(APOSTROPHES))
            if random.random() < .15:
                word = random.choice(["(", "\"", "*", "**", "_", "\u201c"]) + word
            if random.random() < .2:
                word += random.choice(MARKS)
        out.append(word + (random.choice(SPACES) if noise else " "))
    return "".join(out)


def rows(seed, count, prompts):
    r = random.Random(seed)
    evaluation = []
    for _ in range(count):
        turns = 1 if r.random() < .9 else r.randint(2, 3)
        evaluation.append([plain(r, r.choice([0, 1, 2, 5, 8, 11, 12, 13, 14, 20, 30, 60])) for _ in range(turns)])
    made = []
    for _ in range(prompts):
        kind, source = r.choice(["fresh", "fresh", "copy", "noisy", "changed", "overlap", "short", "turns", "sign"]), r.choice(evaluation)
        flat = [word for turn in source for word in turn]
        if kind == "fresh" or not flat:
            turns = [written(r, plain(r, r.randint(0, 60)), r.random() < .5)]
        elif kind in ("copy", "noisy"):
            turns = [written(r, turn, kind == "noisy") for turn in source]
        elif kind == "changed":  # one word is another
            copy = [list(turn) for turn in source]
            turn = r.choice([turn for turn in copy if turn])
            turn[r.randrange(len(turn))] = r.choice(WORDS)
            turns = [written(r, turn, r.random() < .5) for turn in copy]
        elif kind in ("overlap", "short"):  # 11 to 16 words of it within others; or all of a short row within others
            length = r.randint(11, 16) if kind == "overlap" else len(flat)
            start = r.randint(0, max(0, len(flat) - length))
            part = flat[start:start + length]
            turns = [written(r, plain(r, r.randint(0, 20)) + part + plain(r, r.randint(0, 20)), r.random() < .5)]
        elif kind == "turns":  # its words with the turns cut elsewhere
            cut = r.randint(0, len(flat))
            turns = [written(r, flat[:cut], False), written(r, flat[cut:], False)]
        else:  # the same numbers with another sign between them
            a, b = r.randint(1, 9), r.randint(1, 9)
            turns = [f"What is {a} {r.choice(['+', '-', '*', '/', chr(0x2212), '%'])}{r.choice(['', ' '])}{b}?"]
            if r.random() < .3:
                source[:] = [turns[0].lower().split()]
        made.append(turns)
    return [[written(r, turn, r.random() < .3) for turn in row] for row in evaluation], made


def lines(values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory", nargs="?", type=pathlib.Path)
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--golden", action="store_true")
    arguments = parser.parse_args()
    if arguments.golden:
        evaluation, prompts = rows(2, 40, 120)
        texts = {"evaluation": lines({"turns": t} for t in evaluation), "prompts": lines({"turns": t} for t in prompts),
                 "expected": lines(expected(evaluation, prompts))}
        print("// Made by Tests/Parity/decontamination.py --golden\n\n/// Rows of JSON.\nenum DecontaminationGolden {")
        for name, text in texts.items():
            body = "".join(f"        {line}\n" for line in text.split("\n")[:-1])
            print(f'    static let {name} = #"""\n{body}        """#')
        print("}")
    elif arguments.directory:
        evaluation, prompts = rows(arguments.seed, arguments.rows, arguments.prompts)
        found = list(expected(evaluation, prompts))
        arguments.directory.mkdir(parents=True, exist_ok=True)
        for name, text in [("evaluation", lines({"turns": t} for t in evaluation)), ("prompts", lines({"turns": t} for t in prompts)),
                           ("expected", lines(found))]:
            (arguments.directory / f"{name}.jsonl").write_text(text, encoding="utf-8")
        reasons = [row["reason"] for row in found]
        print(f"{len(prompts)} prompts, {len(evaluation)} rows: {len(found)} fall out, "
              f"{reasons.count('exact')} exact, {reasons.count('ngram')} ngram")
    else:
        parser.error("DIR or --golden")


if __name__ == "__main__":
    main()

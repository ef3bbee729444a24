#!/usr/bin/env python3
"""Checks what swift format does not: length of lines, links between documents, words. `make lint` calls it.

    scripts/lint.py [columns] [links] [words]      all three by default

Prints one line per fault, `file:line: what is wrong`, and ends with 1 where there is one.
"""
import pathlib, re, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS = 120
# A string literal by itself cannot be broken; swift format leaves it alone as well.
LITERAL = re.compile(r'\s*(?:\w+: |[=!]= |[+?:] )?#?".*"#?[\])},]*(?: \+)?$')
# What nobody reads without their machine, and words that CONTRIBUTING.md replaces. In code these are about comments and messages.
WORDS = {
    r"(?<![\w./])/(?:tmp|work)/\w": "a path of one machine",
    r"\.\./shared\b": "a path outside the repository",
    r"\bstands? twice\b": "say duplicate",
    r"\bis no (?:key|peer|YAML|JSON|UTF-8)\b": "say unknown key, unknown peer, not valid YAML",
    r"\bgo(?:es|ing) on behind\b": "say resume after",
    r"\b[Ww]hoever\b": "name who it is",
    r"\banew\b": "say again, or from the beginning",
}


def tracked(*patterns):
    """Files under version control, and new ones that are not ignored; those that are gone from the working tree left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [name for name in sorted(set(listed)) if name and (ROOT / name).is_file()]


def lines(name):
    return enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1)


def columns():
    for name in tracked("Package.swift", "Sources/*.swift", "Tests/*.swift"):
        table = list(lines(name))
        if any("Made by Tests/" in line for _, line in table[:5]):  # generated
            continue
        for number, line in table:
            if len(line) > COLUMNS and not LITERAL.match(line):
                yield f"{name}:{number}: {len(line)} columns; at most {COLUMNS}"


def anchors(name):
    """GitHub's names of a document's headings."""
    for _, line in lines(name):
        if line.startswith("#"):
            heading = line.lstrip("#").strip().lower()
            yield re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")


def links():
    for name in tracked("*.md"):
        is_code = False
        for number, line in lines(name):
            is_code ^= line.startswith("```")
            if is_code or line.startswith("    "):
                continue
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                place = (ROOT / name).parent / path if path else ROOT / name
                if not place.exists():
                    yield f"{name}:{number}: the link {target} leads nowhere"
                elif anchor and anchor not in anchors(place.resolve().relative_to(ROOT)):
                    yield f"{name}:{number}: {path or name} has no heading #{anchor}"


def words():
    for name in tracked("*.md", "*.swift", "*.py", "*.sh", "*.c", "*.h", "*.yaml", "Makefile", ".ci/run"):
        if name in ("scripts/lint.py", "docs/LAB.md"):  # the list itself, and a record of what was written when
            continue
        for number, line in lines(name):
            for pattern, advice in WORDS.items():
                found = re.search(pattern, line)
                if found:
                    yield f"{name}:{number}: \"{found.group()}\": {advice}"


def main():
    checks = {"columns": columns, "links": links, "words": words}
    chosen = sys.argv[1:] or list(checks)
    if unknown := [name for name in chosen if name not in checks]:
        sys.exit(f"unknown check {unknown[0]}; there are {', '.join(checks)}")
    faults = [fault for name in chosen for fault in checks[name]()]
    print("\n".join(faults) if faults else f"{', '.join(chosen)}: no faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

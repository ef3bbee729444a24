#!/usr/bin/env python3
"""Holds `selfimprove model tokenize` against transformers, on every template of trl's collection and on the small ones.

    python3 templates.py ../../.build/release/selfimprove MODEL

MODEL is a Hugging Face directory whose chat_template.jinja is swapped, in a copy. Some 3,000 renderings are
compared, text and ids. An error counts as equal where transformers has one too; what the interpreter refuses as unknown is listed.
Prints one line of JSON at the end; the status is 1 where a text differs.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import make_template_cases as cases
from tokenizers import Tokenizer


def lines(program, model, state, inputs):
    """One output a line, or the error that ended the run; what follows it is asked again."""
    out = []
    while len(out) < len(inputs):
        text = "\n".join(json.dumps(i) for i in inputs[len(out):]) + "\n"
        run = subprocess.run(
            [program, "model", "tokenize", str(model), "--state", str(state)], input=text.encode(), capture_output=True, check=False)
        got = [json.loads(line) for line in run.stdout.decode().split("\n") if line]
        out += got
        if run.returncode and len(out) < len(inputs):
            error = {"error": run.stderr.decode().strip()}
            # A template that cannot be read fails before any row.
            out += [error]
            if not got and "chat_template.jinja" in error["error"]:
                out += [error] * (len(inputs) - len(out))
    return out


def main():
    program = sys.argv[1]
    source = pathlib.Path(sys.argv[2])
    templates = {path.stem: (path.read_text(), cases.CONVERSATIONS) for path in sorted(cases.FOLDER.glob("*.jinja"))}
    templates |= {name: (text, cases.CONVERSATIONS) for name, text in cases.KNOWN.items()}
    templates |= {f"small {i}": (text, [cases.MINI_CONVERSATION]) for i, text in enumerate(cases.minis()) if "%S" not in text}
    identical, different, refused, count = 0, [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        model, state = pathlib.Path(folder) / "model", pathlib.Path(folder) / "state"
        shutil.copytree(source, model)
        settings = json.loads((model / "tokenizer_config.json").read_text()) | cases.TOKENS
        settings.pop("chat_template", None)
        (model / "tokenizer_config.json").write_text(json.dumps(settings))
        # The file as it stands: AutoTokenizer would add the special tokens that it lacks.
        tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        for name, (text, conversations) in templates.items():
            (model / "chat_template.jinja").write_text(text, newline="")
            rows = [{"messages": c, "add_generation_prompt": add} for c in conversations for add in (False, True)]
            is_equal = True
            for row, got in zip(rows, lines(program, model, state, rows)):
                want = cases.expected(text, row["messages"], row["add_generation_prompt"], cases.TOKENS, still=False)
                count += 1
                if "error" in want:
                    same = "error" in got
                elif "error" in got:
                    same = False
                else:
                    same = got["rendered"] == want["text"] and got["ids"] == tokenizer.encode(want["text"], add_special_tokens=False).ids
                if not same:
                    is_equal = False
                    (refused if "error" in got and "text" in want else different).append(name)
                    print(f"{name}: {row}\n  transformers: {want}\n  selfimprove:  {got}", file=sys.stderr)
            identical += is_equal
    print(json.dumps({"templates": len(templates), "identical": identical, "renderings": count,
                      "different": sorted(set(different)), "refused": sorted(set(refused))}))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())

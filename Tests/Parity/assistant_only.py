#!/usr/bin/env python3
"""Holds the ids that conversations of several turns are trained on against TRL's SFTTrainer with assistant_only_loss.

    python3 assistant_only.py ../../.build/release/selfimprove MODEL

MODEL is a Hugging Face directory whose chat template is swapped, in a copy, for each of trl's training templates that mark answers with
{% generation %}. Each prepares 200 seeded conversations of 1 to 5 turns; every id and every label is compared.
Prints one line of JSON; the status is 1 where anything differs.
"""

import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import trl
from datasets import Dataset
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

WORDS = ["yes", "no", "Größe", "東京", "🙂", "a\nb", "x = 1", "one two", "...", "<b>", "0", "end.", "  indent", "tab\tbed", "{{ a }}", "é"]


def conversations(seed, count):
    random.seed(seed)
    rows = []
    for _ in range(count):
        messages = []
        if random.random() < 0.3:
            messages.append({"role": "system", "content": text()})
        for _ in range(random.choice([1, 2, 3, 3, 3, 4, 5])):
            messages += [{"role": "user", "content": text()}, {"role": "assistant", "content": text()}]
        rows.append({"messages": messages})
    return rows


def text():
    return " ".join(random.choice(WORDS) for _ in range(random.randint(1, 12))).strip()


def prepared(tokenizer, rows, folder):
    """What SFTTrainer makes of the rows: ids, and labels with -100 for what is not trained."""
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
                                         num_attention_heads=1))
    settings = trl.SFTConfig(output_dir=str(folder), assistant_only_loss=True, max_length=None, report_to=[], use_cpu=True, bf16=False)
    return trl.SFTTrainer(model, settings, train_dataset=Dataset.from_list(rows), processing_class=tokenizer).train_dataset


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    folder = pathlib.Path(trl.__file__).parent / "chat_templates"
    templates = {path.stem: path.read_text() for path in sorted(folder.glob("*.jinja")) if "generation %}" in path.read_text()}
    rows, compared, trained, different, refused = conversations(1, 200), 0, 0, [], []
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        model = place / "model"
        shutil.copytree(source, model)
        settings = json.loads((model / "tokenizer_config.json").read_text())
        settings.pop("chat_template", None)
        (model / "tokenizer_config.json").write_text(json.dumps(settings))
        for name, template in templates.items():
            (model / "chat_template.jinja").write_text(template, newline="")
            tokenizer = AutoTokenizer.from_pretrained(model)
            try:
                wanted = prepared(tokenizer, rows, place / "output")
            except Exception as error:  # a template that wants what these conversations do not have
                refused.append(f"{name}: {type(error).__name__}")
                continue
            lines = "".join(json.dumps(row | {"return_assistant_tokens_mask": True}) + "\n" for row in rows)
            run = subprocess.run([program, "model", "tokenize", str(model), "--state", str(place / "state")], input=lines.encode(),
                                 capture_output=True, check=False)
            got = [json.loads(line) for line in run.stdout.decode().split("\n") if line]
            if len(got) != len(rows):
                different.append({"template": name, "row": len(got), "error": run.stderr.decode().strip()})
                continue
            for index, (ours, theirs) in enumerate(zip(got, wanted)):
                labels = [i if m else -100 for i, m in zip(ours["ids"], ours["assistant_masks"])]
                compared += 1
                trained += sum(ours["assistant_masks"])
                if ours["ids"] != theirs["input_ids"] or labels != theirs["labels"]:
                    different.append({"template": name, "row": index})
    print(json.dumps({"templates": len(templates) - len(refused), "refused": refused, "conversations": compared, "trained": trained,
                      "different": len(different), "first": different[:5]}))
    sys.exit(1 if different or not compared else 0)


if __name__ == "__main__":
    main()

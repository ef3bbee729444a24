#!/usr/bin/env python3
"""Holds what we write against transformers and PEFT, on tiny random models.

    pip install torch transformers trl peft
    python3 Tests/Parity/round_trip.py --fixtures DIR --selfimprove .build/release/selfimprove

DIR holds directories <family>/model and <family>/sft.jsonl, tiny models as save_pretrained leaves them and conversational rows.
For each family:
  saved       our copy of the model, loaded by transformers: logits equal to the bit
  adapter     a LoRA adapter that we trained, loaded by PEFT: logits within 1e-4 of ours with --adapter
  merged      the same adapter merged by `model merge`, loaded by transformers: within 1e-4 of PEFT's
  continued   an adapter that PEFT made (random A and B), trained on by TRL and by us: losses within 1e-3
  reference   a fresh one (B is 0) by DPO, whose reference is the policy as it is given, here the base: losses within 1e-3
Prints the largest difference of each, then `N passed, N failed`; exit status 1 if any failed.
"""
import argparse, json, os, pathlib, subprocess, sys, tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
passed = failed = 0


def check(name, difference, limit):
    global passed, failed
    ok = difference <= limit
    passed, failed = passed + ok, failed + (not ok)
    print(f"{'ok    ' if ok else 'FAILED'} {name}: {difference:.2e} (at most {limit:g})", flush=True)


def call(binary, arguments, rows=()):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run([binary, *arguments], input=text, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: exit {done.returncode}: {done.stderr.strip()[-400:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def load(path):
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()


def logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0, -1].float()


def difference(a, b):
    return max(abs(x - y) for x, y in zip(a, b))


def train_ours(binary, kind, model, data, out, *extra):
    return call(binary, ["model", "train", kind, str(model), "--data", str(data), "--output", str(out), "--schedule", "constant", "--batch-size", "4",
                         "--weight-decay", "0", "--precision", "fp32", "--no-shuffle", "--json", *extra])


def train_theirs(kind, model, tokenizer, data, out, steps, rate):
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer
    rows = [json.loads(line) for line in open(data)]
    common = dict(output_dir=str(out), max_steps=steps, per_device_train_batch_size=len(rows), learning_rate=rate, lr_scheduler_type="constant", warmup_steps=0,
                  weight_decay=0.0, max_grad_norm=1.0, logging_steps=1, save_strategy="no", report_to=[], use_cpu=True, bf16=False, fp16=False,
                  gradient_checkpointing=False, max_length=512, disable_tqdm=True, seed=0)
    if kind == "sft":
        trainer = SFTTrainer(model=model, args=SFTConfig(packing=False, completion_only_loss=True, **common), train_dataset=Dataset.from_list(rows),
                             processing_class=tokenizer)
    else:
        trainer = DPOTrainer(model=model, args=DPOConfig(beta=0.1, **common), train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def family(binary, root, work):
    name, path = root.name, root / "model"
    ids = json.loads((root / "expected.json").read_text())["logprobs"][0]["ids"]
    base = load(path)
    want = logits(base, ids)

    train_ours(binary, "sft", path, root / "sft.jsonl", work / "saved", "--steps", "1", "--learning-rate", "0")
    saved = load(work / "saved")
    check(f"{name}: saved", (logits(saved, ids) - want).abs().max().item(), 0)

    train_ours(binary, "sft", path, root / "sft.jsonl", work / "adapter", "--steps", "6", "--learning-rate", "0.01", "--lora-rank", "4", "--lora-alpha", "10")
    adapted = logits(PeftModel.from_pretrained(load(path), work / "adapter").eval(), ids)
    ours = call(binary, ["model", "score", str(path), "--adapter", str(work / "adapter"), "--logits", "--json"], [{"ids": ids}])[0]["last_logits"]
    assert (adapted - want).abs().max().item() > 0.05, "the adapter does nothing"
    check(f"{name}: adapter", difference(adapted.tolist(), ours), 1e-4)
    call(binary, ["model", "merge", str(path), str(work / "adapter"), str(work / "merged"), "--json"])
    check(f"{name}: merged", (logits(load(work / "merged"), ids) - adapted).abs().max().item(), 1e-4)

    for kind, row in (("sft", "continued"), ("dpo", "reference")):
        torch.manual_seed(1)
        model = get_peft_model(load(path), LoraConfig(r=3, lora_alpha=6, use_rslora=kind == "dpo", target_modules=MODULES, task_type="CAUSAL_LM"))
        with torch.no_grad():
            for key, weight in model.named_parameters():
                if "lora_A" in key or ("lora_B" in key and kind == "sft"):
                    weight.copy_(torch.randn_like(weight) * 0.05)
        made = work / f"peft-{kind}"
        model.save_pretrained(made)
        theirs = train_theirs(kind, model, AutoTokenizer.from_pretrained(path), root / f"{kind}.jsonl", work / "trl", 6, 1e-3)
        log = train_ours(binary, kind, path, root / f"{kind}.jsonl", work / f"ours-{kind}", "--steps", "6", "--learning-rate", "0.001", "--adapter", str(made))
        check(f"{name}: {row}", difference(theirs, [line["loss"] for line in log]), 1e-3)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fixtures", required=True, type=pathlib.Path)
    parser.add_argument("--selfimprove", required=True)
    options = parser.parse_args()
    for root in sorted(options.fixtures.iterdir()):
        if (root / "model").is_dir():
            with tempfile.TemporaryDirectory() as work:
                family(options.selfimprove, root, pathlib.Path(work))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()

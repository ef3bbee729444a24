#!/usr/bin/env python3
"""Makes the golden files of the six families: what transformers and TRL compute in float32 on tiny models.

    pip install torch transformers trl
    OMP_NUM_THREADS=1 python3 Tests/Parity/make_golden.py Tests/LocalLMTests/Golden

For each family a folder with model/ (config.json, tokenizer.json, tokenizer_config.json, chat_template.jinja), sft.jsonl and dpo.jsonl in
TRL's conversational formats, and expected.json:

  texts[]     text, ids (no special tokens added), decoded
  chats[]     messages, rendered and ids, without and with generation prompt
  logprobs[]  ids, token_logprobs of ids[1:]
  greedy[]    prompt_ids, new_ids (EOS does not stop)
  sft, dpo    settings, and what TRL logged at each step, every step on the whole file

There are no weights in it: both sides draw them from the same counter-based stream (SplitMix64 keyed by the tensor's name), so the files
stay small. Decimal numbers are cut to six digits.
"""
import json, os, pathlib, random, shutil, string, sys, tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import numpy
import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (AutoModelForCausalLM, AutoTokenizer, Gemma2Config, LlamaConfig, MistralConfig,
                          PreTrainedTokenizerFast, Qwen2Config, Qwen3Config)

GPT2_SPLIT = None  # the ByteLevel pre-tokenizer's own pattern (GPT-2, SmolLM)
LLAMA3_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN_SPLIT = LLAMA3_SPLIT.replace(r"\p{N}{1,3}", r"\p{N}")

CHATML = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
LLAMA3 = ("{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] "
          "+ '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token "
          "+ content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")
QWEN25 = ("{%- if messages[0]['role'] == 'system' %}\n    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}\n"
          "{%- else %}\n    {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}\n{%- endif %}\n"
          "{%- for message in messages %}\n    {%- if (message.role == \"user\") or (message.role == \"system\" and not loop.first) or "
          "(message.role == \"assistant\") %}\n        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n"
          "    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n")
GEMMA = ("{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
         "{% for message in messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}"
         "{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
         "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}")
MISTRAL = ("{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
           "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
           "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
           "{{ message['content'] + eos_token }}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}")

def random_words(rng, n):
    letters = string.ascii_lowercase
    return ["".join(rng.choice(letters) for _ in range(rng.randint(2, 9))) for _ in range(n)]

def corpus(rng):
    """Text with what tokenizers trip over: digits, case, punctuation, contractions, runs of spaces, newlines, non-Latin, emoji."""
    words = random_words(rng, 400)
    extra = ["don't", "We'LL", "naïve", "Übergröße", "東京", "привет", "١٢٣", "🙂", "e\u0301", "x²", "1234567", "3.14", "a\tb", "  ", "\n\n", "\r\n", "—", "“q”"]
    lines = []
    for _ in range(600):
        row = [rng.choice(words) for _ in range(rng.randint(3, 12))]
        for _ in range(rng.randint(0, 3)):
            row.insert(rng.randrange(len(row) + 1), rng.choice(extra))
        lines.append(" ".join(row) + rng.choice([".", "!", "?", ",", "...", ""]))
    return lines

def byte_level(rng, specials, split, vocab_size, normalizer=None):
    tok = Tokenizer(models.BPE(ignore_merges=rng.random() < 0.5))
    if normalizer is not None: tok.normalizer = normalizer
    if split is None:
        tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    else:
        tok.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(split), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=specials,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tok.train_from_iterator(corpus(rng), trainer)
    return tok

def metaspace(rng, specials, vocab_size):
    """The SentencePiece-like BPE with byte fallback of Llama 2, Mistral and Gemma."""
    fallback = [f"<0x{b:02X}>" for b in range(256)]
    tok = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tok.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=specials + fallback, show_progress=False, limit_alphabet=60)
    tok.train_from_iterator(corpus(rng), trainer)
    return tok

def family(name, rng):
    """(config, tokenizer) of one family; sizes vary with the seed."""
    hd = rng.choice([8, 16]); heads = rng.choice([4, 6]); kv = rng.choice([1, 2]); hidden = hd * heads
    base = dict(hidden_size=hidden, intermediate_size=rng.choice([88, 136]), num_hidden_layers=rng.choice([2, 3]),
                num_attention_heads=heads, num_key_value_heads=kv, max_position_embeddings=512, rms_norm_eps=rng.choice([1e-5, 1e-6]))
    theta = float(rng.choice([10000, 500000]))
    rope = {"rope_type": "default", "rope_theta": theta}
    vocab = rng.choice([640, 768])
    if name == "smollm":
        tok, chat, eos = byte_level(rng, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], GPT2_SPLIT, vocab), CHATML, "<|im_end|>"
        cfg, special = LlamaConfig(tie_word_embeddings=True, rope_parameters=rope, **base), dict(eos_token=eos, pad_token=eos, bos_token="<|im_start|>")
    elif name == "llama3":
        sp = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|finetune_right_pad_id|>"]
        tok, chat = byte_level(rng, sp, LLAMA3_SPLIT, vocab), LLAMA3
        rope = {"rope_type": "llama3", "rope_theta": theta, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
        cfg, special = LlamaConfig(tie_word_embeddings=False, rope_parameters=rope, **base), dict(bos_token=sp[0], eos_token=sp[4], pad_token=sp[5])
    elif name == "qwen2":
        sp = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        tok, chat = byte_level(rng, sp, QWEN_SPLIT, vocab, normalizers.NFC()), QWEN25
        cfg, special = Qwen2Config(tie_word_embeddings=True, rope_parameters=rope, **base), dict(eos_token=sp[2], pad_token=sp[0])
    elif name == "qwen3":
        sp = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        tok, chat = byte_level(rng, sp, QWEN_SPLIT, vocab, normalizers.NFC()), CHATML
        cfg, special = Qwen3Config(tie_word_embeddings=False, head_dim=hd * 2, rope_parameters=rope, **base), dict(eos_token=sp[2], pad_token=sp[0])
    elif name == "mistral":
        tok, chat = metaspace(rng, ["<unk>", "<s>", "</s>"], vocab), MISTRAL
        cfg, special = MistralConfig(tie_word_embeddings=False, sliding_window=None, rope_parameters=rope, **base), dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="</s>")
    elif name == "gemma2":
        tok, chat = metaspace(rng, ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"], vocab), GEMMA
        cfg = Gemma2Config(tie_word_embeddings=True, head_dim=hd, query_pre_attn_scalar=hd, sliding_window=24, attn_logit_softcapping=50.0,
                           final_logit_softcapping=30.0, rope_parameters=rope, **base)
        special = dict(bos_token="<bos>", eos_token="<end_of_turn>", unk_token="<unk>", pad_token="<pad>")
    else:
        raise SystemExit(f"unknown family {name}")
    fast = PreTrainedTokenizerFast(tokenizer_object=tok, clean_up_tokenization_spaces=False, **special)
    fast.chat_template = chat
    cfg.vocab_size = (len(fast) + 15) // 16 * 16
    for key in ("bos_token_id", "eos_token_id", "pad_token_id"):
        setattr(cfg, key, getattr(fast, key))
    return cfg, fast

def sentence(rng, words):
    return " ".join(rng.choice(words) for _ in range(rng.randint(3, 9))).capitalize() + rng.choice([".", "?", "!"])

def rows(rng):
    words = random_words(rng, 60)
    user = lambda: {"role": "user", "content": sentence(rng, words)}
    bot = lambda: {"role": "assistant", "content": sentence(rng, words)}
    sft = [{"prompt": [user()], "completion": [bot()]} for _ in range(3)] + [{"prompt": [user(), bot(), user()], "completion": [bot()]}]
    dpo = [{"prompt": [user()], "chosen": [bot()], "rejected": [bot()]} for _ in range(4)]
    return sft, dpo

def train(kind, path, data, out, lr, steps, beta):
    from datasets import Dataset
    model, tok = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager"), AutoTokenizer.from_pretrained(path)
    common = dict(output_dir=str(out), max_steps=steps, per_device_train_batch_size=len(data), gradient_accumulation_steps=1, learning_rate=lr,
                  lr_scheduler_type="constant", warmup_steps=0, weight_decay=0.01, max_grad_norm=1.0, logging_steps=1, save_strategy="no",
                  report_to=[], use_cpu=True, bf16=False, fp16=False, gradient_checkpointing=False, max_length=512, disable_tqdm=True, seed=0)
    if kind == "sft":
        from trl import SFTConfig, SFTTrainer
        trainer = SFTTrainer(model=model, args=SFTConfig(packing=False, completion_only_loss=True, **common), train_dataset=Dataset.from_list(data), processing_class=tok)
    else:
        from trl import DPOConfig, DPOTrainer
        trainer = DPOTrainer(model=model, args=DPOConfig(beta=beta, **common), train_dataset=Dataset.from_list(data), processing_class=tok)
    trainer.train()
    keep = ("loss", "grad_norm", "rewards/margins", "rewards/accuracies")
    log = [{k: h[k] for k in keep if k in h} for h in trainer.state.log_history if "loss" in h]
    return dict(learning_rate=lr, steps=steps, weight_decay=0.01, betas=[0.9, 0.999], epsilon=1e-8, max_grad_norm=1.0, beta=beta, log=log)

def draw(name, count):
    """Uniform in [0, 1): `RandomStream(key: RandomKey.derive(0, name))` of LocalLM."""
    word = numpy.uint64
    def mix(z):
        z = (z ^ (z >> word(30))) * word(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> word(27))) * word(0x94D049BB133111EB)
        return z ^ (z >> word(31))
    with numpy.errstate(over="ignore"):
        key = word(0xCBF29CE484222325)
        for byte in name.encode():
            key = (key ^ word(byte)) * word(0x100000001B3)
        key = mix(mix(key + word(0x9E3779B97F4A7C15)))  # derive(0, key)
        states = key + numpy.arange(1, count + 1, dtype=numpy.uint64) * word(0x9E3779B97F4A7C15)
        return (mix(states) >> word(11)).astype(numpy.float64) * 2.0**-53

def short(value):
    if isinstance(value, float): return float(f"{value:.6g}")
    if isinstance(value, list): return [short(v) for v in value]
    if isinstance(value, dict): return {k: short(v) for k, v in value.items()}
    return value

def make(name, root, work):
    rng = random.Random(f"golden/{name}")
    cfg, tok = family(name, rng)
    model = AutoModelForCausalLM.from_config(cfg, attn_implementation="eager").float().eval()
    with torch.no_grad():
        for n, w in model.named_parameters():
            scale, center = (0.5, 0.0) if w.dim() > 1 else (1.0, 1.0 if "norm" in n and name != "gemma2" else 0.0)
            w.copy_(torch.from_numpy(((draw(n, w.numel()) - 0.5) * scale + center).astype(numpy.float32)).reshape(w.shape))
    path = work / "model"
    model.save_pretrained(path); tok.save_pretrained(path)
    (root / "model").mkdir(parents=True, exist_ok=True)
    for file in ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        text = (path / file).read_text()
        (root / "model" / file).write_text(json.dumps(json.loads(text), ensure_ascii=False) if file == "tokenizer.json" else text)
    model.generation_config.eos_token_id = None
    words = random_words(rng, 50)
    texts = [sentence(rng, words), "Don't  stop,\tWE'LL see 1234567 x² …\n\n  naïve 東京 🙂 e\u0301!", " lead and trail ", "", "a\r\nb", "<0x41> ▁ \u00a0"]
    two = [{"role": "user", "content": " Hi there \n"}, {"role": "assistant", "content": sentence(rng, words)}, {"role": "user", "content": "And 42?"}]
    chats = [two[:1], two] + ([] if name in ("gemma2", "mistral") else [[{"role": "system", "content": "Be brief."}] + two])
    exp = dict(texts=[], chats=[], logprobs=[], greedy=[])
    for t in texts:
        ids = tok(t, add_special_tokens=False)["input_ids"]
        exp["texts"].append(dict(text=t, ids=ids, decoded=tok.decode(ids)))
    for m in chats:
        c = dict(messages=m)
        for key, gen in (("", False), ("_with_generation_prompt", True)):
            s = tok.apply_chat_template(m, tokenize=False, add_generation_prompt=gen)
            c["rendered" + key], c["ids" + key] = s, tok(s, add_special_tokens=False)["input_ids"]
        exp["chats"].append(c)
    for ids in [exp["chats"][-1]["ids"], [rng.randrange(cfg.vocab_size) for _ in range(70)]]:
        with torch.no_grad():
            lp = torch.log_softmax(model(torch.tensor([ids])).logits[0].float(), -1)
            exp["logprobs"].append(dict(ids=ids, token_logprobs=[lp[i, t].item() for i, t in enumerate(ids[1:])]))
            out = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), max_new_tokens=24, do_sample=False, pad_token_id=0)
            exp["greedy"].append(dict(prompt_ids=ids, new_ids=out[0, len(ids):].tolist()))
    sft, dpo = rows(rng)
    for kind, data in (("sft", sft), ("dpo", dpo)):
        (root / f"{kind}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in data))
        exp[kind] = train(kind, path, data, work / "trl", 1e-3 if kind == "sft" else 2e-4, 8, 0.1)
    (root / "expected.json").write_text(json.dumps(short(exp), ensure_ascii=False))
    print(name, "sft", [round(h["loss"], 4) for h in exp["sft"]["log"]], "dpo", [round(h["loss"], 4) for h in exp["dpo"]["log"]], flush=True)

def main():
    for name in ("smollm", "llama3", "qwen2", "qwen3", "mistral", "gemma2"):
        root = pathlib.Path(sys.argv[1]) / name
        shutil.rmtree(root, ignore_errors=True)
        with tempfile.TemporaryDirectory() as work: make(name, root, pathlib.Path(work))

if __name__ == "__main__":
    main()

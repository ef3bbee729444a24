#!/usr/bin/env python3
"""Our tokenizer beside the `tokenizers` package, one thread each, on the same mixed text.

    python Benchmarks/tokenization.py [--megabytes 10] [--repetitions 5]

Needs tokenizers, torch and transformers. Tokenizers of 32,000 tokens are trained on the spot on a part of the text. Ours is timed
as `model tokenize`, from JSON lines to JSON lines, encoding *and* decoding, less the time it takes to load; theirs is timed on
texts in memory: `encode` of every text, then `decode` of its ids. Prints MB/s, medians and the ratio.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, sysconfig, tempfile, time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SCRIPTS = ["Ein Satz mit Umlauten: äöü, Straße, Größe.", "Съешь же ещё этих мягких французских булок, да выпей чаю.", "いろはにほへと ちりぬるを 我が世誰ぞ",
           "天地玄黃，宇宙洪荒。日月盈昃，辰宿列張。", "العربية لغة جميلة 123", "हिन्दी में एक वाक्य।", "👩‍👩‍👧 emoji 🎉🎉 and math ∑∫√", "한국어 문장입니다."]


def texts(size):
    """Code and documentation of this Python, and every tenth text one of other scripts: `size` bytes."""
    made, total = [], 0
    for path in sorted(pathlib.Path(sysconfig.get_paths()["purelib"]).rglob("*")):
        if path.suffix not in (".py", ".md", ".rst", ".txt") or not path.is_file():
            continue
        content = path.read_text(errors="ignore")
        for start in range(0, min(len(content), 40_000), 2_000):
            made.append(content[start:start + 2_000])
            if len(made) % 10 == 0:
                made.append(" ".join(SCRIPTS[(len(made) + k) % len(SCRIPTS)] for k in range(24)))
            total += len(made[-1].encode())
            if total >= size:
                return made
    return made


def kinds(sample):
    def byte_level(pattern):
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        t.decoder = decoders.ByteLevel()
        t.train_from_iterator(sample, trainers.BpeTrainer(vocab_size=32_000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
        return t

    def byte_fallback():
        t = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
        t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
        trainer = trainers.BpeTrainer(vocab_size=32_000, special_tokens=["<unk>"] + [f"<0x{i:02X}>" for i in range(256)], max_token_length=16, show_progress=False)
        # Trained word by word, as SentencePiece does.
        t.pre_tokenizer = pre_tokenizers.Split(Regex("▁"), "merged_with_next")
        t.train_from_iterator(sample, trainer)
        t.pre_tokenizer = None
        return t

    yield "byte-level, Llama 3's pattern", byte_level(WORDS)
    yield "byte-level, Qwen's pattern", byte_level(WORDS.replace("{1,3}", ""))
    yield "byte fallback, Llama 2's", byte_fallback()


def save(tokenizer, directory):
    from transformers import LlamaConfig, LlamaForCausalLM
    config = LlamaConfig(vocab_size=tokenizer.get_vocab_size(), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, num_key_value_heads=1)
    LlamaForCausalLM(config).save_pretrained(directory)
    tokenizer.save(str(pathlib.Path(directory, "tokenizer.json")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/selfimprove"))
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    documents = texts(int(arguments.megabytes * 1e6))
    size = sum(len(d.encode()) for d in documents) / 1e6
    lines = "".join(json.dumps({"text": d}) + "\n" for d in documents).encode()
    print(f"{len(documents)} texts, {size:.1f} MB", flush=True)
    for name, tokenizer in kinds(documents[::5]):
        with tempfile.TemporaryDirectory() as directory:
            save(tokenizer, directory)
            command = [arguments.binary, "model", "tokenize", directory]

            def run(data):
                start = time.perf_counter()
                out = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout
                return time.perf_counter() - start, out

            ours, encode, both = [], [], []
            for _ in range(arguments.repetitions):
                ours.append(run(lines)[0] - run(b'{"text":"a"}\n')[0])
                start = time.perf_counter()
                ids = [tokenizer.encode(d, add_special_tokens=False).ids for d in documents]
                encode.append(time.perf_counter() - start)
                decoded = [tokenizer.decode(i, skip_special_tokens=False) for i in ids]
                both.append(time.perf_counter() - start)
            mine = [json.loads(line) for line in run(lines)[1].splitlines()]
            same = sum(m["ids"] == i and m["decoded"] == d for m, i, d in zip(mine, ids, decoded))
            us, alone, them = (size / statistics.median(t) for t in (ours, encode, both))
            print(f"{name}: {us:.1f} MB/s [{size / max(ours):.1f} to {size / min(ours):.1f}] for all of it; tokenizers {alone:.1f} MB/s to encode, {them:.1f} for both "
                  f"[{size / max(both):.1f} to {size / min(both):.1f}]; ratio {us / them:.1f} (of encoding alone {us / alone:.1f}); "
                  f"{same} of {len(documents)} texts the same", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Make Tests/LocalLMTests/Golden/tokenizers.jsonl: tiny tokenizers of every kind, and what `tokenizers` does with them.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python make_tokenizer_cases.py > ../LocalLMTests/Golden/tokenizers.jsonl

One line a tokenizer: name, json (the text of tokenizer.json), encoded [{text, ids, decoded, skipped}] (no special tokens added;
`skipped` leaves special tokens out) and decoded [{ids, text}] of random ids, bytes that are no UTF-8 among them. Seeded.
"""
import json, random, sys
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
WORDS = ["the", "there", "naïve", "don't", "we'll", "straße", "日本語", "東京", "привет", "x1", "2024", "foo_bar", "def", "\n\n", "    ",
         "e\u0301", "🙂", "...", "ſ", "Ⅷ", "١٢٣", "1234567"]
ATOMS = ["a", "the", " the", "x", "Z", "'s", "'S", "'ſ", "'RE", "don't", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u0085", "\u2028", "\u3000",
         "\u200d", "1", "4567", "²", "½", "Ⅷ", "١", "\U00011de0", "é", "e\u0301", "e\u0323\u0301", "ﬁ", "\u212b", "가", "\u1100\u1161\u11a8", "日本",
         "я", "ſ", "İ", "Σ", "🙂", "👩\u200d👩\u200d👧", "🇩🇪", ".", "...", "<unk>", "<|end|>", "<r>", "<l>", "<n>", "foo", "foo_bar", "É", "▁", "▁a",
         "<0x41>", "\ufffd", "\u0378", "\U0010ffff", "\u0344", "\u0958"]

def corpus(rng):
    return [" ".join(rng.choice(WORDS) for _ in range(10)) for _ in range(300)]

def byte_level(rng, split, normalizer=None, size=400, **model):
    tok = Tokenizer(models.BPE(**model))
    if normalizer: tok.normalizer = normalizer
    tok.pre_tokenizer, tok.decoder = split, decoders.ByteLevel()
    tok.train_from_iterator(corpus(rng), trainers.BpeTrainer(vocab_size=size, special_tokens=["<|end|>"], show_progress=False,
                                                             initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tok.add_tokens([AddedToken("foo_bar", single_word=True), AddedToken("É", lstrip=True), AddedToken("<r>", rstrip=True, normalized=False, special=True)])
    return tok

def sentencepiece(rng, normalizer, split, decoder, partial=False, size=400, **model):
    fallback = [f"<0x{b:02X}>" for b in range(256) if not (partial and b % 7 == 0)] if model.get("byte_fallback") else []
    tok = Tokenizer(models.BPE(unk_token="<unk>", **model))
    if normalizer: tok.normalizer = normalizer
    if split: tok.pre_tokenizer = split
    tok.decoder = decoder
    text = corpus(rng) if split else [w for line in corpus(rng) for w in line.split(" ")]
    tok.train_from_iterator(text, trainers.BpeTrainer(vocab_size=size, special_tokens=["<unk>", "<s>", "</s>"] + fallback, show_progress=False))
    tok.add_tokens([AddedToken("foo", single_word=True), AddedToken("<n>", normalized=True, special=True), AddedToken("<l>", lstrip=True, rstrip=True, normalized=False)])
    return tok

def kinds(rng):
    P, N, D = pre_tokenizers, normalizers, decoders
    bare = P.ByteLevel(add_prefix_space=False, use_regex=False)
    split = lambda pattern, behavior="isolated", invert=False: P.Sequence([P.Split(Regex(pattern), behavior, invert), bare])
    llama = lambda: N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")])
    fallback = [D.Replace("▁", " "), D.ByteFallback(), D.Fuse()]
    yield "gpt2", byte_level(rng, P.ByteLevel(add_prefix_space=True))
    yield "llama3", byte_level(rng, split(LLAMA3), ignore_merges=True)
    yield "olmo", byte_level(rng, split(LLAMA3, "removed", True))
    yield "qwen", byte_level(rng, split(QWEN), N.NFC())
    yield "smollm", byte_level(rng, P.Sequence([P.Digits(individual_digits=True), P.ByteLevel(add_prefix_space=False)]), N.NFKC())
    yield "unsplit", byte_level(rng, bare, N.Sequence([N.NFD(), N.Lowercase()]))
    yield "llama2", sentencepiece(rng, llama(), None, D.Sequence(fallback + [D.Strip(" ", 1, 0)]), byte_fallback=True, fuse_unk=True)
    yield "partial", sentencepiece(rng, llama(), None, D.Sequence(fallback), partial=True, byte_fallback=True, fuse_unk=False)
    yield "gemma", sentencepiece(rng, N.Replace(" ", "▁"), P.Split(" ", "merged_with_previous"), D.Sequence(fallback), byte_fallback=True)
    yield "metaspace", sentencepiece(rng, N.Strip(), P.Metaspace(prepend_scheme="first"), D.Metaspace(), size=250, fuse_unk=True)

def main():
    sys.stdout.reconfigure(encoding="utf-8")
    rng = random.Random(20)
    for name, tok in kinds(rng):
        texts = ["", *ATOMS[::6]] + ["".join(rng.choice(ATOMS) for _ in range(rng.randint(2, 14))) for _ in range(22)] + ["the the" * 16 + "日本" * 20]
        size = max(tok.get_vocab().values()) + 3
        encoded = []
        for text in texts:
            ids = tok.encode(text, add_special_tokens=False).ids
            encoded.append(dict(text=text, ids=ids, decoded=tok.decode(ids, skip_special_tokens=False), skipped=tok.decode(ids)))
        lists = [[rng.randrange(3, size) for _ in range(rng.randint(1, 9))] for _ in range(20)]
        decoded = [dict(ids=ids, text=tok.decode(ids, skip_special_tokens=False)) for ids in lists]
        print(json.dumps(dict(name=name, json=tok.to_str(), encoded=encoded, decoded=decoded), ensure_ascii=False, separators=(",", ":")))

if __name__ == "__main__":
    main()

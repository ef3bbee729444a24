#!/usr/bin/env python3
"""Write Sources/ModelFiles/Tokenizer/Decompositions.swift: what the normalizers of `tokenizers` decompose, scalar by scalar.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python make_unicode_tables.py > ../../Sources/ModelFiles/Tokenizer/Decompositions.swift

The library's tables are those of Unicode 9 whatever the compiler's are, so they are asked for and kept as data. Hangul syllables
decompose by arithmetic and are left out.
"""
import sys, textwrap
from tokenizers import normalizers

NFD, NFC, NFKD = normalizers.NFD().normalize_str, normalizers.NFC().normalize_str, normalizers.NFKD().normalize_str
HANGUL = range(0xAC00, 0xD7A4)

def spelled(text):
    return " ".join(f"{ord(c):X}" for c in text)

def table(entries):
    """[(scalar, mapping)] as runs of neighbours: `C0:41 300,41 301;112:...`."""
    runs, last = [], None
    for scalar, mapping in entries:
        if last is not None and scalar == last + 1:
            runs[-1] += "," + mapping
        else:
            runs.append(f"{scalar:X}:{mapping}")
        last = scalar
    return ";".join(runs)

def literal(text):
    lines = textwrap.wrap(text.replace(" ", "_"), 150, break_on_hyphens=False)
    return "\n".join(f"        {line}\\" for line in lines)[:-1]

canonical, compatible = [], []
for value in range(0x110000):
    if 0xD800 <= value < 0xE000 or value in HANGUL:
        continue
    c = chr(value)
    if (d := NFD(c)) != c:
        canonical.append((value, ("!" if NFC(c) != c else "") + spelled(d)))
    if (k := NFKD(c)) != d:
        compatible.append((value, spelled(k)))
sys.stdout.write(f'''/// Decompositions of Unicode 9, which is what `tokenizers` 0.23 normalizes with. Made by Tests/Parity/make_unicode_tables.py.
///
/// Runs of neighbours: the first scalar, then the full decomposition of each in order (hexadecimal, scalars joined by `_`).
enum Decompositions {{
    /// NFD. After `!` one that composition never makes again.
    static let canonical = """
{literal(table(canonical))}
        """

    /// NFKD where it differs from NFD.
    static let compatible = """
{literal(table(compatible))}
        """
}}
''')

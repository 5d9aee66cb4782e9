"""Writes the shared test vectors of the text specification: clients/typescript/text/vectors.json (docs/text_op.md).

    python benchmarks/text_vectors.py            write
    python benchmarks/text_vectors.py --check    exit code 1 where the file differs from what would be written

Each text comes from the recipe below; its tokens and hashes are those of the Python runtime. Both sides are tested on
the file: tests/runtime/ops/test_text_vectors.py and clients/typescript/text/test/vectors.test.mjs.
"""

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.runtime.ops._bag import BagTable, bag_cells
from smeaton.runtime.ops._words import ngram_hashes, tokens, word_vectors
from smeaton.task.table import Array

VECTORS = Path(__file__).resolve().parents[1] / "clients/typescript/text/vectors.json"
WORDS, CHARS = [1, 2], [1, 3]

#: Written by hand: what is easy to get wrong.
PLAIN = [
    "", " ", "a", "The cat and the hat", "Hello, WORLD!", "a_b-c'd 12,5", "tab\tnew\nline\r\nend", "nul\0nul",
    "\x01\x7f", "\x1f\x85\xa0\u2028\u2029x", "don’t “quote” – dash", "ß ẞ STRASSE straße",
    "İstanbul ISPARTA ısı i̇", "ΣΑΣ σας ςΣσ", "ﬁn ﬃ ﬆ ſt", "ＡＢＣ１２３ ｶﾞ ﾊﾟ", "① ⑳ Ⅷ ⅷ ½ ² ₂", "№ ™ ℡ ㎏ ㏒",
    "e\u0301 é e\u0323\u0307 e\u0307\u0323", "A\u030a Å Å", "\u0301x", "x \u0301", "Ω Ω K K", "ʼn ǰ ΐ",
    "ᾳ ᾼ ῼ ᾐ", "ŉ և ﬓ", "Ꭰ ꭰ ᏸ Ᏸ", "Ა ა ᲀ", "Ꙋ ᲈ Ⴀ ⴀ", "Ⱥ ⱥ Ɀ", "日本語。東京", "東京　大阪",
    "ひらがな カタカナ ｶﾀｶﾅ", "㍿ ㌔ ㍻", "豈 \uf900 \ufa0e", "각 \u1100\u1161\u11a8 \u1100\u1161\u11a8\u11a8",
    "ㄱㅏ ￡ ﾡ", "สวัสดีครับ กำ", "ກຳ ຳ", "हिन्दी क\u093c क़", "ড় ড\u09bc", "தமிழ் கொ ொ", "മലയാളം", "བོད་སྐད",
    "မြန်မာ ខ្មែរ", "السلام عليكم", "ﷺ ﷲ ﻻ ﻼ", "مُحَمَّد ١٢٣ ۱۲۳", "שָׁלוֹם שׁ", "ܫܠܡܐ ߒߞߏ", "አማርኛ",
    "🙂 👩‍👩‍👧 👍🏽 🇩🇪", "❤️ a️b", "\u200b\u200c\u200d\u2060\ufeff", "soft\u00adhyphen", "x\u034fy",
    "𝐇𝐞𝐥𝐥𝐨 𝟘𝟙 𝕏", "𐐀𐐨 𞤀𞤢", "𠀀𠮷", "\U0002f800 \U0002f81d", "\U0001d15e \U0001d1bb", "\ud800", "a\ud800b",
    "\udc00\ud800", "x\udfffy z", "\u0378 a\u0378b", "\U0001f9ff\U0001fae0\U0001fae8x\U0001fae9",
    "\u1c89\u1c8a x", "\ua7dc\ua7da\u019b", "\U00010ec2\U00010efd", "\U00011f02a\U00031350", "\U0002ebf0 b",
    "\ufdd0\uffff\U0010ffff a", "\ue000a\U000f0000b", "\u0cf3 \u0ece \U0001e4ec1", "\u2ffc\u31ef a",
    "\u0897a\u0301", "\u1ace\u1acf", "a\u0897\u0301b", "a" + "\u0301" * 29, "a" + "\u0301" * 31 + "b",
    "a" + "\u0316\u0301" * 40 + "b c", "x" + "\u0344" * 35, "\uff9e" * 33 + "a", "\u0301" * 30, "\u0301" * 31,
    "a\u0300" * 40, "\u3099" * 61, "word " * 40, "a" * 200,
]  # fmt: skip

#: One text for each: the first, the middle and the last code point of a stretch, between letters and alone.
STRETCHES = [
    (0x00, 0x1F), (0x7F, 0xA0), (0xAA, 0xAF), (0xB2, 0xBE), (0x130, 0x131), (0x132, 0x133), (0x1C4, 0x1CC),
    (0x2B0, 0x2B8), (0x2D8, 0x2DD), (0x300, 0x36F), (0x370, 0x37A), (0x384, 0x38A), (0x3D0, 0x3D6),
    (0x3F0, 0x3F9), (0x483, 0x489), (0x530, 0x531), (0x587, 0x58F), (0x591, 0x5C7), (0x610, 0x61C),
    (0x64B, 0x65F), (0x675, 0x678), (0x6DD, 0x6E8), (0x7FD, 0x7FF), (0x86E, 0x89F), (0x8C8, 0x8D2),
    (0x958, 0x95F), (0x9DC, 0x9DF), (0xA33, 0xA36), (0xB5C, 0xB5D), (0xC3C, 0xC3D), (0xC5D, 0xC5E),
    (0xCDD, 0xCDE), (0xE33, 0xE34), (0xEB3, 0xEB4), (0xEDC, 0xEDD), (0xF43, 0xF4D), (0xF71, 0xF81),
    (0x10A0, 0x10CD), (0x10FC, 0x10FF), (0x1160, 0x1161), (0x11A7, 0x11A8), (0x135D, 0x135F), (0x13F8, 0x13FD),
    (0x170D, 0x1715), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x1AB0, 0x1ACE), (0x1C80, 0x1C88), (0x1C90, 0x1CBF),
    (0x1D2C, 0x1D6A), (0x1DC0, 0x1DFF), (0x1E90, 0x1E9F), (0x1F00, 0x1FFF), (0x2000, 0x200F), (0x2011, 0x2027),
    (0x202A, 0x202F), (0x2033, 0x2037), (0x203C, 0x205F), (0x2060, 0x206F), (0x2070, 0x209C), (0x20A8, 0x20C0),
    (0x20D0, 0x20F0), (0x2100, 0x214F), (0x2150, 0x218B), (0x222C, 0x2230), (0x2329, 0x232A), (0x2460, 0x24FF),
    (0x2A0C, 0x2A76), (0x2ADC, 0x2ADD), (0x2C2F, 0x2C5F), (0x2C7C, 0x2C7D), (0x2CEF, 0x2CF3), (0x2E9F, 0x2EF3),
    (0x2F00, 0x2FD5), (0x3000, 0x303D), (0x3099, 0x309F), (0x30FA, 0x30FF), (0x3131, 0x318E), (0x3192, 0x319F),
    (0x3200, 0x33FF), (0x9FFC, 0x9FFF), (0xA640, 0xA69D), (0xA770, 0xA7F9), (0xAB5C, 0xAB69), (0xAB70, 0xABBF),
    (0xABED, 0xABF0), (0xAC00, 0xD7A3), (0xD7A4, 0xD7CB), (0xF900, 0xFAD9), (0xFB00, 0xFB17), (0xFB1D, 0xFB4F),
    (0xFB50, 0xFDC7), (0xFDCF, 0xFDF0), (0xFDF2, 0xFDFF), (0xFE00, 0xFE2F), (0xFE30, 0xFE6B), (0xFE70, 0xFEFC),
    (0xFEFF, 0xFF01), (0xFF5F, 0xFFEE), (0xFFF9, 0xFFFF), (0x10400, 0x1044F), (0x10570, 0x105BC),
    (0x10780, 0x107BA), (0x10C80, 0x10CF2), (0x11099, 0x110BA), (0x1112E, 0x11131), (0x1134B, 0x1134C),
    (0x114BB, 0x114BE), (0x118A0, 0x118DF), (0x11938, 0x1193E), (0x16E40, 0x16E7F), (0x1B120, 0x1B122),
    (0x1CF00, 0x1CF46), (0x1D15E, 0x1D172), (0x1D400, 0x1D454), (0x1D6A8, 0x1D7FF), (0x1DF00, 0x1DF1E),
    (0x1E8D0, 0x1E8D6), (0x1E900, 0x1E94A), (0x1EE00, 0x1EEBB), (0x1F100, 0x1F1AD), (0x1F200, 0x1F251),
    (0x1F6D5, 0x1F6FF), (0x1FAF0, 0x1FBF9), (0x20000, 0x2A6DF), (0x2A6E0, 0x2B738), (0x2F800, 0x2FA1D),
    (0x30000, 0x3134A), (0xE0001, 0xE01EF), (0xF0000, 0x10FFFD),
]  # fmt: skip


def texts() -> list[str]:
    """The texts of the recipe."""
    found = list(PLAIN)
    for first, last in STRETCHES:
        letters = [chr(point) for point in dict.fromkeys((first, (first + last) // 2, last))]
        found += ["".join(f"A{letter}b" for letter in letters), " ".join(letters)]
    return found


def _npy(array: Array) -> str:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return base64.b64encode(out.getvalue()).decode("ascii")


def bags(some: list[str]) -> dict[str, Any]:
    """A small table, and the sums of some texts over it for each way to count."""
    blocks = [{"words": WORDS}, {"chars": CHARS}]
    keys = np.unique(bag_cells(some, blocks, 0, "plain").keys)[::2]
    numbers = np.arange(len(keys))
    idf = (1 + numbers % 7 / 4).astype(np.float32)
    rows = np.stack([numbers % 5 - 2, numbers % 3 / 8], axis=1).astype(np.float32)
    table = BagTable(keys, idf, rows, 0)
    cases = []
    for count in ("log1p", "log", "plain", "once"):
        for norm in (True, False):
            cells = bag_cells(some, blocks, 0, count)
            sums = table.sums(cells, len(some), len(blocks), norm)
            cases.append({"args": {"blocks": blocks, "count": count, "norm": norm}, "sums": sums.tolist()})
    return {"texts": some, "keys": _npy(keys), "idf": _npy(idf), "rows": _npy(rows), "cases": cases}


def content() -> str:
    """The content of the file."""
    every = texts()
    hashes, offsets = ngram_hashes(every, WORDS, CHARS)
    cases = [[text, tokens(text), hashes[offsets[row] : offsets[row + 1]].tolist()] for row, text in enumerate(every)]
    some = [every[3], every[4], "", every[11], every[30], every[51], "a a a a b a a", "𐐀 unknown words"]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    vectors = [[float(value) for value in row] for row in word_vectors(some, 16, (1, 2), (3,))]
    more = {
        "vectors": {"args": {"buckets": 16, "words": [1, 2], "chars": [3]}, "texts": some, "values": vectors},
        "bag": bags(some),
    }
    rest = ",\n".join(f'"{name}":{json.dumps(value, separators=(",", ":"))}' for name, value in more.items())
    return f'{{"words":{WORDS},"chars":{CHARS},\n"cases":[\n{lines}\n],\n{rest}}}\n'


def main() -> int:
    """Write or check the file."""
    text = content()
    if "--check" in sys.argv[1:]:
        return int(not VECTORS.is_file() or VECTORS.read_text("utf-8") != text)
    VECTORS.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What goes wrong in bodies: values of the wrong type, JSON that is none, lengths that lie."""

import json
from typing import Any

from benchmarks.soak.case import SECRET
from hypothesis import strategies as st

#: Written in place of a value; a JSON encoder would not.
_HOLE = '"@hole@"'
_LITERALS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "7" * 400,
    "7" * 5000,
    "-0",
    "01",
    "1.",
    "+1",
    "0x10",
    "'single'",
    '"\\ud800"',
    '"\\x41"',
    '"\x00"',
    "tru",
    "[" * 100 + "]" * 100,
    '{"a":' * 100 + "1" + "}" * 100,
    "[" * 100_000,
    "[" * 2000 + "]" * 2000,
    f'{{"{SECRET}": 1, "{SECRET}": 2}}',
    json.dumps(SECRET * 50_000),
    json.dumps("é" * 1_000_001),
)
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\ufdd0"), min_size=1, max_size=20)
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**70), 2**70)
    | TEXT
    | st.just(SECRET)
    | TEXT.map(lambda text: text + SECRET)
    | st.sampled_from(["", " ", "1e5", "nan", "true", "2026-02-30", "9999-99-99T99:99:99Z", "-1", "0" * 400])
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | st.just(SECRET), inner, max_size=4),
    max_leaves=8,
)
BYTES = st.binary(max_size=200) | st.binary(max_size=50).map(lambda blob: b'{"rows": [{"age": "' + blob + b'"}]}')


@st.composite
def with_hole(draw: st.DrawFn, body: Any, keys: list[Any]) -> bytes:
    """The body with one value, reached by keys, written as no encoder would."""
    inner = body
    for key in keys[:-1]:
        inner = inner[key]
    kept = inner[keys[-1]]
    inner[keys[-1]] = "@hole@"
    text = json.dumps(body)
    inner[keys[-1]] = kept
    return text.replace(_HOLE, draw(st.sampled_from(_LITERALS)), 1).encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """The body cut, or with bytes changed, taken out or put in."""
    found = bytearray(body)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(0, len(found) - 1)))
        match draw(st.sampled_from(["cut", "change", "remove", "insert"])):
            case "cut":
                del found[place:]
            case "change" if found:
                found[place] = draw(st.integers(0, 255))
            case "remove":
                del found[place : place + draw(st.integers(1, 8))]
            case _:
                found[place:place] = draw(st.binary(min_size=1, max_size=4))
    return bytes(found)

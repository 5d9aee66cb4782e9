"""The text forms a type is pinned to: `Type.form` is `layout` or `layout|word|word`.

The layout says how a value stands in text (`plain` numbers, `yes/no` booleans, `m/d/Y` dates); the words are the texts
that meant "missing" in training (`plain|NA`), and only these, so that an unknown word is refused and never taken for
a gap. A word that is a number or a moment means that value in every form it comes in: under `plain|-999` the number
-999 is missing too. No form at all means: plain numbers, ISO 8601 moments, true/false, and only empty text is missing.

| type | layouts |
|---|---|
| number, integer | `plain`, or an example of the notation: `1.234,5 EUR` (see `notation.py`), `h:m:s` |
| category | `plain` of whole numbers, `text` of texts: both only carry missing-words; `mixed`: texts and numbers |
| boolean, category of booleans | `true/false`, `yes/no` ..., `0/1` (see `BOOLEANS`), upper and lower case alike |
| timestamp | `iso`, and the layouts of `moments.py` |
| vector | the length, as a number |
| list of categories | `json`, or what stands between the labels: `comma`, `semicolon`, `bar` |
"""

import re
from functools import lru_cache
from typing import NamedTuple

from smeaton.task.types import Type

#: Layout of booleans -> (text of true, text of false), both compared without regard to case.
BOOLEANS = {
    name: (name.split("/")[0].casefold(), name.split("/")[1].casefold())
    for name in (
        "true/false", "True/False", "TRUE/FALSE", "yes/no", "Yes/No", "YES/NO", "t/f", "T/F", "y/n", "Y/N",
        "on/off", "ja/nein", "oui/non", "si/no", "sí/no", "sim/não", "ja/nee", "ja/nej", "ja/nei", "tak/nie", "да/нет",
        "wahr/falsch", "vrai/faux", "verdadero/falso", "vero/falso", "enabled/disabled",
    )
} | {"0/1": ("1", "0"), "words": ("", "")}  # fmt: skip
#: Under the layout `words` all of these are booleans: columns that people filled in, each in their way.
_TRUE = frozenset({"true", "yes", "y", "t", "on"})
_FALSE = frozenset({"false", "no", "n", "f", "off"})
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: Layout of a list of labels in text -> what stands between two labels. Text that begins with `[` is always JSON.
SEPARATORS = {"comma": ",", "semicolon": ";", "bar": "|"}
#: Words that may mean "missing" where the rest of a column is numbers, booleans or moments; case does not matter.
_MISSING = frozenset({
    "na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "null", "(null)", "none", "nan", "nat", "nil", "?", "??", "-",
    "--", "---", ".", "unknown", "unk", "missing", "not available", "not applicable", "not known", "undefined", "void",
    "empty", "(empty)", "blank", "(blank)", "\\n", "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!",
    "unbekannt", "keine angabe", "k.a.", "k. a.", "inconnu", "nc", "desconocido", "s/d", "sin dato", "tbd", "tba",
})  # fmt: skip


def is_missing_word(text: str) -> bool:
    """Whether a text (without spaces around it) may mean that there is no value."""
    return text in _MISSING or text.casefold() in _MISSING


class Form(NamedTuple):
    """A pinned form taken apart. An empty layout is the type's own."""

    layout: str
    missing: frozenset[str]


def form_of(spec: Type) -> Form:
    """The form a type is pinned to."""
    return _taken_apart(spec.form or "")


# Each column of a table asks several times, and nearly all are of one form.
@lru_cache(maxsize=1_024)
def _taken_apart(form: str) -> Form:
    layout, *words = form.split("|")
    return Form(layout, frozenset(words))


def join_form(layout: str, missing: frozenset[str] | set[str], default: str) -> str | None:
    """The text of a form; None where it says no more than the type does."""
    if not missing and layout == default:
        return None
    return "|".join([layout, *sorted(missing)])


def boolean_texts(spec: Type) -> dict[str, bool]:
    """The texts, in lower case, that are booleans under the type's form."""
    layout = form_of(spec).layout or "true/false"
    if layout == "words":
        return dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
    return dict(zip(BOOLEANS[layout], (True, False), strict=True))


def boolean_layout(words: set[str]) -> str | None:
    """The layout under which words (without spaces around them) are booleans; None where there is none.

    Both words must occur; of true and false, one is enough. Of layouts that differ in case, the one as written it is.
    """
    folded = {word.casefold() for word in words}
    fits = [
        name for name, pair in BOOLEANS.items()
        if name not in ("0/1", "words")
        and (folded == set(pair) or (pair == ("true", "false") and folded and folded < set(pair)))
    ]  # fmt: skip
    if fits:
        return next((name for name in fits if words <= set(name.split("/"))), fits[0])
    mixed = folded and folded <= _TRUE | _FALSE and folded & _TRUE and folded & _FALSE
    return "words" if mixed and len(folded) > 2 else None


def missing_numbers(spec: Type) -> frozenset[float]:
    """The numbers that mean "missing" under the type's form, whatever form they come in."""
    words = form_of(spec).missing
    return frozenset(float(word) for word in words if NUMBER.fullmatch(word)) if words else frozenset()

"""The text forms a type is pinned to: `Type.form` is `layout` or `layout|word|word`.

The layout says how a value stands in text (`plain` numbers, `yes/no` booleans, `m/d/Y` dates); the words are the texts
that meant "missing" in training (`plain|NA`), and only these, so that an unknown word is refused and never taken for
a gap. No form at all means: plain numbers, ISO 8601 moments, true/false, and only empty text is missing.

| type | layouts |
|---|---|
| number, integer | `plain` |
| category | `plain` if it is made of whole numbers, `text` of texts: both only carry missing-words |
| boolean, category of booleans | `true/false`, `True/False`, `TRUE/FALSE`, `yes/no` ..., `0/1` (see `BOOLEANS`) |
| timestamp | `iso`, and the layouts of `moments.py` |
| vector | the length, as a number |
| list of categories | `json`, or what stands between the labels: `comma`, `semicolon`, `bar` |
"""

from typing import NamedTuple

from smeaton.task.types import Type

#: Layout of booleans -> (text of true, text of false).
BOOLEANS = {
    "true/false": ("true", "false"), "True/False": ("True", "False"), "TRUE/FALSE": ("TRUE", "FALSE"),
    "yes/no": ("yes", "no"), "Yes/No": ("Yes", "No"), "YES/NO": ("YES", "NO"),
    "t/f": ("t", "f"), "T/F": ("T", "F"), "y/n": ("y", "n"), "Y/N": ("Y", "N"), "0/1": ("1", "0"),
}  # fmt: skip
#: Layout of a list of labels in text -> what stands between two labels. Text that begins with `[` is always JSON.
SEPARATORS = {"comma": ",", "semicolon": ";", "bar": "|"}
#: Words that may mean "missing" where the rest of a column is numbers, booleans or moments.
MISSING_WORDS = frozenset({
    "NA", "N/A", "n/a", "na", "#N/A", "NULL", "Null", "null", "None", "none", "NONE", "NaN", "nan", "NAN", "?", "-",
})  # fmt: skip


class Form(NamedTuple):
    """A pinned form taken apart. An empty layout is the type's own."""

    layout: str
    missing: frozenset[str]


def form_of(spec: Type) -> Form:
    """The form a type is pinned to."""
    layout, *words = (spec.form or "").split("|")
    return Form(layout, frozenset(words))


def join_form(layout: str, missing: frozenset[str] | set[str], default: str) -> str | None:
    """The text of a form; None where it says no more than the type does."""
    if not missing and layout == default:
        return None
    return "|".join([layout, *sorted(missing)])


def boolean_texts(spec: Type) -> dict[str, bool]:
    """The texts that are booleans under the type's form."""
    layout = form_of(spec).layout
    names = [layout] if layout else ["true/false", "True/False", "TRUE/FALSE"]
    return {text: value for name in names for text, value in zip(BOOLEANS[name], (True, False), strict=True)}

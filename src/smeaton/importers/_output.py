"""What type an output is, by the reference answers a source holds."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

_MOST_LABELS = 20
_LONGEST_LABEL = 60
_ROWS_A_LABEL = 3


def output_type(answers: Sequence[Any]) -> tuple[Any, str]:
    """The type of an output as a task writes it, and a note on what was concluded ('' where nothing was).

    A few short texts that come back again and again are labels; else text is free text, booleans and numbers are what
    they are, and anything else is text.
    """
    known = [answer for answer in answers if answer is not None]
    optional = " or null" if len(known) < len(answers) or not answers else ""
    if known and all(isinstance(answer, bool) for answer in known):
        return f"boolean{optional}", ""
    if known and all(isinstance(answer, int | float) and not isinstance(answer, bool) for answer in known):
        return f"number{optional}", ""
    counts = Counter(answer for answer in known if isinstance(answer, str))
    if counts.total() == len(known) and not optional and _are_labels(counts):
        labels = sorted(counts)
        note = (
            f"the answers are {len(labels)} short texts that come back: they are taken as labels ({', '.join(labels)})"
        )
        return labels, f"{note}; write `text` in the task's output if any other answer may be right"
    return f"text{optional}", ""


def _are_labels(counts: "Counter[str]") -> bool:
    fit = all(label.strip() == label and label.isprintable() and 0 < len(label) <= _LONGEST_LABEL for label in counts)
    return fit and 2 <= len(counts) <= _MOST_LABELS and counts.total() >= _ROWS_A_LABEL * len(counts)


def input_type(values: Sequence[Any]) -> str:
    """The type of an input column as a task writes it."""
    known = [value for value in values if value is not None]
    optional = " or null" if len(known) < len(values) else ""
    if known and all(isinstance(value, bool) for value in known):
        return f"boolean{optional}"
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return f"number{optional}"
    if all(isinstance(value, str) for value in known):
        return f"text{optional}"
    return f"json{optional}"


def as_written(value: Any, kind: Any) -> Any:
    """A value as a column of that type holds it: text columns hold text only."""
    if value is None or isinstance(value, str) or not str(kind).startswith("text"):
        return value
    return json.dumps(value, ensure_ascii=False)

"""`Type`: what one value may be. Parsing lives in `values.py`, guessing in `infer.py`."""

from typing import Literal

import msgspec

Kind = Literal[
    "number", "integer", "boolean", "category", "text", "timestamp", "image", "audio", "video", "document",
    "citations", "series", "json", "list", "vector", "messages", "object",
]  # fmt: skip
KINDS: tuple[str, ...] = Kind.__args__  # type: ignore[attr-defined]

Label = str | int | bool

#: The share of rows that prediction intervals hold where a task does not say.
LEVEL = 0.9

#: What kind of answer an output is: one label; any number of labels; a number; typed fields or spans; free text;
#: anything else.
Answer = Literal["class", "many", "number", "structure", "text", "other"]


class Type(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The type of an input or output.

    `labels` are the known values of a category, in order (None = to be learnt and pinned in the lock); `base` is what
    a category column was in training (text, integer or boolean). `form` is the text form a number, boolean or
    timestamp was pinned to, with the words that mean "missing" (see `forms.py`).

    `ordered` says that the labels of a category are in order (low to high). `known` are values of a category input that
    programs look for, though others may come: in order where it is `ordered`, else those of a list.

    `outside` is the label that means "none of these": rows that fit no label are answered with it, found by a
    calibrated rejection; `recall` is the share of such rows that must be caught (None: the share that balances catching
    them against turning others away).

    `interval` is the share of rows that prediction intervals of a number are to hold (None: LEVEL, 0: no intervals),
    `quantile` the quantile that is answered instead of the expected number.
    """

    type: Kind
    optional: bool = False
    labels: tuple[Label, ...] | None = None
    base: Literal["text", "integer", "boolean"] = "text"
    form: str | None = None
    of: "Type | None" = None
    fields: "dict[str, Type] | None" = None
    min: float | None = None
    max: float | None = None
    unit: str | None = None
    horizon: int | None = None
    about: str | None = None
    ordered: bool = False
    known: tuple[Label, ...] | None = None
    outside: Label | None = None
    recall: float | None = None
    interval: float | None = None
    quantile: float | None = None

    @property
    def level(self) -> float | None:
        """The share of rows that prediction intervals of this output are to hold, None where none are wanted."""
        if self.answer != "number" or self.horizon is not None or (self.interval is None and self.quantile is not None):
            return None
        return LEVEL if self.interval is None else self.interval or None

    @property
    def is_class(self) -> bool:
        """Whether a value is one of a closed set: a boolean, or a category."""
        return self.type in ("boolean", "category")

    @property
    def answer(self) -> Answer:
        """What kind of answer an output of this type is."""
        if self.is_class:
            return "class"
        if self.type in ("number", "integer"):
            return "number"
        if self.type == "text":
            return "text"
        part = self.of if self.type == "list" else self
        if part is not None and part.type == "object":
            return "structure"
        return "many" if part is not None and part.type == "category" else "other"

    def text_labels(self) -> tuple[str, ...]:
        """The labels as they stand in column names and JSON keys: `False` is `false`, `3` is `3`. A list of labels has
        those of its parts."""
        part = self.of if self.answer == "many" and self.of is not None else self
        return tuple(label_text(label) for label in part.labels or ())


def label_text(label: Label) -> str:
    """A label as text: booleans as in JSON."""
    return str(label).lower() if isinstance(label, bool) else str(label)

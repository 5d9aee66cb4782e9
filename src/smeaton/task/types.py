"""`Type`: what one value may be. Parsing lives in `values.py`, guessing in `infer.py`."""

from typing import Literal

import msgspec

Kind = Literal[
    "number", "integer", "boolean", "category", "text", "timestamp", "image", "audio", "video", "document",
    "citations", "series", "json", "list", "vector", "messages", "object",
]  # fmt: skip
KINDS: tuple[str, ...] = Kind.__args__  # type: ignore[attr-defined]

Label = str | int | bool


class Type(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The type of an input or output.

    `labels` are the known values of a category, in order (None = to be learnt and pinned in the lock); `base` is what
    a category column was in training (text, integer or boolean). `form` is the text form a number, boolean or
    timestamp was pinned to, with the words that mean "missing" (see `forms.py`).
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

    @property
    def is_class(self) -> bool:
        """Whether a value is one of a closed set: a boolean, or a category."""
        return self.type in ("boolean", "category")

    def text_labels(self) -> tuple[str, ...]:
        """The labels as they stand in column names and JSON keys: `False` is `false`, `3` is `3`."""
        return tuple(label_text(label) for label in self.labels or ())


def label_text(label: Label) -> str:
    """A label as text: booleans as in JSON."""
    return str(label).lower() if isinstance(label, bool) else str(label)

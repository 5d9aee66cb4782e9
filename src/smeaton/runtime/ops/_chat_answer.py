"""A reply's text as the typed answer, or why there is none.

A label is matched without regard to case, blanks, the marks around it, and a lead such as `Label:`; it is never guessed
from a longer text, and two labels that differ in nothing else must be met exactly.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from smeaton.llm.schema import answer_part
from smeaton.llm.typed import bare
from smeaton.runtime.ops._chat_args import Args
from smeaton.task.readers import value_reader
from smeaton.task.structure import answered, is_spans, span_fault
from smeaton.task.types import Label, Type, label_text

#: A reply's text (and the row's only text input, None where it has none or several) to the typed answer; ValueError
#: with words for the model where it is none.
Read = Callable[[str, str | None], Any]

_LEAD = re.compile(
    r"(?:the\s+)?(?:final\s+)?(?:answer|label|category|class|output|prediction)(?:\s+is\b)?(?:\s*[:=]\s*|\s+)", re.I
)
_MARKS = "\"'`*_.,;:!()[]{}<>\u201c\u201d\u2018\u2019\u00ab\u00bb \t\r\n"


def reader(args: Args) -> Read:
    """The reader of a step's replies.

    Raises:
        TaskError: answers of its type cannot be read by this version.
    """
    kind = args.kind
    read, known = value_reader(answered(kind)), Names(args.labels)

    def plain(text: str, _: str | None) -> Any:
        if args.labels:
            return known.label(text)
        return read(text if kind.type == "text" else text.strip(_MARKS.replace(".", "")))

    def json(text: str, source: str | None) -> Any:
        found = answer_part(bare(text))
        if args.labels and found is not None:
            found = known.labels(found) if kind.answer == "many" else known.label(found)
        value = read(found)
        fault = _span_fault(kind, value, source)
        if fault:
            raise ValueError(fault)
        return value

    return plain if args.how == "text" else json


class Names:
    """The labels of a step by what a model may write for them."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self._exact: dict[str, Label] = {label_text(label): label for label in labels}
        self._near: dict[str, Label | None] = {}
        for text, label in self._exact.items():
            if near := normal(text):
                self._near[near] = None if near in self._near else label
        shown = list(self._exact)[:20]
        self._expected = "one of: " + ", ".join(shown) + (" ..." if len(shown) < len(labels) else "")

    def label(self, said: Any) -> Label:
        """The label that was said.

        Raises:
            ValueError: it is none of them.
        """
        said = int(said) if isinstance(said, float) and said.is_integer() else said
        text = said if isinstance(said, str) else label_text(said) if isinstance(said, int) else ""
        lead = _LEAD.match(text.strip(_MARKS))
        for candidate in (text, text.strip(_MARKS)[lead.end() :] if lead else text):
            if candidate in self._exact:
                return self._exact[candidate]
            found = self._near.get(normal(candidate))
            if found is not None:
                return found
        raise ValueError(f"expected {self._expected}")

    def labels(self, said: Any) -> list[Label]:
        """Every label of a list.

        Raises:
            ValueError: it is no list, or one is none of them.
        """
        if not isinstance(said, list):
            raise ValueError("expected a list of labels")
        return [self.label(one) for one in said]


def normal(text: str) -> str:
    """A label as it is compared: compatibility forms, case and the marks around it do not count."""
    folded = unicodedata.normalize("NFKC", text).casefold().strip(_MARKS)
    return " ".join(re.split(r"[\s_-]+", folded))


def _span_fault(kind: Type, value: Any, source: str | None) -> str:
    return span_fault(kind, value, source) if is_spans(kind) and source is not None else ""

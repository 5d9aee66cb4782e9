"""The contract of an importer: a foreign form of evaluation or prompt read as a task; one file in this folder, bound to
the name `part`.

An importer reads and never runs: code in the source is text to it, and no file outside the source's folder is opened.
What it cannot carry over it says (`Lost`).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Kind = Literal[
    "equals", "iequals", "json_equals", "contains", "icontains", "contains_any", "icontains_any", "contains_all",
    "icontains_all", "starts_with", "starts_with_any", "regex", "is_json", "contains_json",
    "levenshtein", "fuzzy_any",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lost:
    """Something of the source that the task does not hold: what, where it stands there, and why it is left behind."""

    what: str
    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """Something an answer must satisfy. `value` is text, a list of texts, a number or None by its `kind`; `said` is its
    name in the source, as `not-contains`."""

    kind: Kind
    value: Any = None
    negated: bool = False
    said: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Python code of the source that judges answers: carried over only on the user's word. `call` is the function it
    defines; `rows` are the positions of the rows it judges (None = all); it passes from `threshold` on."""

    name: str
    source: str
    call: Literal["get_assert", "grade"]
    where: str
    threshold: float | None = None
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt: the instruction with `the input NAME` for each variable, and worked examples as
    `{"inputs": {...}, "answer": ...}`."""

    name: str
    instruction: str
    examples: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """A language model that judges answers by a rubric."""

    model: str
    rubric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A task as the source states it.

    `rows` hold a value or None for each of `inputs` and for `output`, and perhaps more; types are written as a task
    writes them. `cases[i]` are the assertions of row i. `items[i]` is row i as the source has it: what its code reads.
    `judged` says that equality with the output is what the source asks for, and nothing else.
    """

    source: str
    format: str
    name: str
    inputs: dict[str, Any]
    output: str
    output_type: Any
    rows: tuple[dict[str, Any], ...]
    goal: str = ""
    judged: bool = False
    cases: tuple[tuple[Assertion, ...], ...] = ()
    items: tuple[dict[str, Any], ...] = ()
    code: tuple[Code, ...] = ()
    judge: Judge | None = None
    prompts: tuple[Prompt, ...] = ()
    models: tuple[str, ...] = ()
    lost: tuple[Lost, ...] = ()
    notes: tuple[str, ...] = field(default=())


class Importer(Protocol):
    """One foreign form."""

    def detect(self, path: Path) -> bool:
        """Whether the file or folder looks like this form. Never raises for what a path may hold."""
        ...

    def read(self, path: Path) -> Imported:
        """Read it.

        Raises:
            DataError: it is damaged, or names a file outside its folder; says where, and the fix.
        """
        ...

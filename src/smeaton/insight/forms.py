"""The report as plain data: what `smeaton report --json` prints. Shares and probabilities lie between 0 and 1."""

from typing import Any

import msgspec

from smeaton.quality.forms import Drift

SECONDS = 10.0  #: about how long to look, where nobody says otherwise


class Form(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the report's parts: immutable."""


class Word(Form, frozen=True, kw_only=True):
    """A word with how strongly it speaks: a z-score for words that tell labels apart, a change of probability with its
    95 % interval for words that decided. `rows` is how many rows hold it."""

    word: str
    strength: float
    rows: int
    low: float | None = None
    high: float | None = None


class Example(Form, frozen=True, kw_only=True):
    """A row by its number among those with a target (from 1, in the order of the data), its id if there is one, and
    what it says."""

    row: int
    text: str
    id: str | None = None


class Confusion(Form, frozen=True, kw_only=True):
    """Rows of label `given` that were answered `said`: how many, and their share of that label's rows with its 95 %
    interval. The words speak for one label against the other."""

    given: str
    said: str
    rows: int
    of: int
    share: float
    low: float
    high: float
    words_given: tuple[Word, ...] = ()
    words_said: tuple[Word, ...] = ()
    examples: tuple[Example, ...] = ()


class Suspect(Form, frozen=True, kw_only=True):
    """A row whose target looks wrong. Labels: what is `given` and `suggested`, with the probability of each. Numbers:
    the target, the answer, and how many usual errors apart they are (`strength`)."""

    example: Example
    given: str
    suggested: str
    probability: float | None = None
    probability_given: float | None = None
    strength: float


class Pair(Form, frozen=True, kw_only=True):
    """Two rows of different parts that are near-copies, where each stands, the share of what they say in which they
    agree, and the columns in which they differ."""

    first: Example
    second: Example
    parts: tuple[str, str]
    likeness: float
    differing: tuple[str, ...] = ()


class NearCopies(Form, frozen=True, kw_only=True):
    """Near-copies across one split: `rows` of the second part have one in the first, of `of`. `same` is the share of
    the pairs that have the same target, `chance` how likely a row has a near-copy by chance."""

    between: str
    rows: int
    of: int
    same: float
    chance: float
    pairs: tuple[Pair, ...] = ()


class Conflict(Form, frozen=True, kw_only=True):
    """Rows with the same inputs, and how often each answer stands with them."""

    examples: tuple[Example, ...]
    rows: int
    answers: tuple[tuple[str, int], ...]


class LabelWords(Form, frozen=True, kw_only=True):
    """Words of one label, the strongest first; `rows` of that label were looked at."""

    label: str
    rows: int
    words: tuple[Word, ...]


class Phrase(Form, frozen=True, kw_only=True):
    """A run of words found more often in doubtful rows than in sure ones: `rows` of the doubtful ones hold it, `lift`
    times as large a share as of the sure ones, with its 95 % interval. `given` is the commonest label among them."""

    phrase: str
    rows: int
    sure: int
    lift: float
    low: float
    high: float
    given: str
    examples: tuple[Example, ...] = ()


class Report(Form, frozen=True, kw_only=True):
    """All of it. `left_out` names the parts that do not apply, and why; `notes` say what was looked at and what it
    cost. `expected` is how many of the `suspected` rows would be there if every target were right. `conflicting` rows
    share their inputs with rows of another target; `attainable` is the accuracy of who knows all answers to each input.
    """

    task: str
    target: str
    solution: str
    trial: str
    rows: int
    confusions: tuple[Confusion, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    suspected: int = 0
    deciding: tuple[LabelWords, ...] = ()
    telling: tuple[LabelWords, ...] = ()
    uncovered: tuple[Phrase, ...] = ()
    expected: float = 0.0
    conflicts: tuple[Conflict, ...] = ()
    conflicting: int = 0
    attainable: float | None = None
    near: tuple[NearCopies, ...] = ()
    drifts: tuple[Drift, ...] = ()
    left_out: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

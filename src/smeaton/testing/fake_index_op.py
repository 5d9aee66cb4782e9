"""A tiny word index over documents in a state folder: an op that learns after shipping.

Inputs: text columns. Outputs: `prediction`, `probability`, `error`, `unsure`, under any names, in this order. The
documents that share words with a row speak for their answers. Arguments: `labels`, `unsure` (a row is unsure where the
best label is less probable than that). The seed documents are the lines
`{"text", "answer"}` of `documents.jsonl` in the state's seed; written ones follow in its log. `write` returns once a
document is on disk, and then it is visible.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.errors import ProgramError, RowFault, RowsError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table
from smeaton.task.types import Label, label_text
from smeaton.testing._answers import Said, answer_columns, joined, words

DOCUMENTS = "documents.jsonl"


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text and the label it speaks for, as text."""

    text: str
    answer: str


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    labels: tuple[Label, ...]
    unsure: float = 0.6


class WordIndex:
    """Words to documents. One thread adds while others ask: lists only grow, and the count is raised last."""

    def __init__(self) -> None:
        self._codes: list[int] = []
        self._postings: defaultdict[str, list[int]] = defaultdict(list)
        self._count = 0

    def add(self, text: str, code: int) -> None:
        """Add a document that speaks for a label."""
        place = len(self._codes)
        self._codes.append(code)
        for word in sorted(set(words(text))):
            self._postings[word].append(place)
        self._count = place + 1

    def chances(self, text: str, labels: int) -> Array | None:
        """Probability of each label, (labels,): what each word's documents say, as if words were independent; None
        where no document shares a word."""
        score = np.zeros(labels)
        count, known = self._count, False
        for word in sorted(set(words(text))):
            codes = [self._codes[place] for place in self._postings.get(word, ()) if place < count]
            if codes:
                known = True
                score += np.log((np.bincount(codes, minlength=labels) + 0.5) / (len(codes) + 0.5 * labels))
        odds = np.exp(score - score.max())
        return np.asarray(odds / odds.sum()) if known else None


class IndexRunner:
    """A loaded `fake_index` step; also a `Learner`."""

    def __init__(self, step: Step, args: _Args, state: State) -> None:
        self._outputs = step.outputs
        self._args = args
        self._state = state
        self._codes = {label_text(label): code for code, label in enumerate(args.labels)}
        self._index = WordIndex()
        seed = state.folder / "seed" / DOCUMENTS
        lines = seed.read_bytes().splitlines() if seed.exists() else []
        for line in (*lines, *state.records()):
            document = msgspec.json.decode(line, type=Document)
            self._index.add(document.text, self._codes[document.answer])

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """The label most votes are for; a row that shares no word with any document has an `error`."""
        said = [self._said(text) for text in joined(columns)]
        unsure = np.array([answer.code < 0 or answer.chance < self._args.unsure for answer in said], dtype=bool)
        return dict(zip(self._outputs, (*answer_columns(said, self._args.labels), unsure), strict=True))

    def write(self, items: Sequence[Mapping[str, Any]], call: Call) -> int:
        """Take documents `{"text", "answer"}` in: all of them on disk, then all visible; returns the revision.

        Raises:
            RowsError: an item is no document, or its answer is no label. Nothing was written.
        """
        call.check()
        documents, faults = [], []
        for number, item in enumerate(items):
            try:
                document = Document(item["text"], label_text(item["answer"]))
                msgspec.convert(msgspec.to_builtins(document), Document)
            except (KeyError, msgspec.ValidationError) as error:
                faults.append(RowFault(number, "", f"is no document: {error}"))
                continue
            if document.answer not in self._codes:
                faults.append(RowFault(number, "answer", "is none of the labels"))
            documents.append(document)
        if faults:
            raise RowsError(faults, fix="send documents as {text, answer}")
        revision = self._state.append([msgspec.json.encode(document) for document in documents])
        for document in documents:
            self._index.add(document.text, self._codes[document.answer])
        return revision

    def _said(self, text: str) -> Said:
        chances = self._index.chances(text, len(self._args.labels))
        if chances is None:
            return Said(-1, error="no document has any of these words")
        return Said(int(chances.argmax()), float(chances.max()))


class IndexOp:
    """A word index. Keeps state."""

    effect: Effect = "state"

    def load(self, step: Step, files: Path, state: State | None) -> IndexRunner:
        """Read the seed documents and all that were written since.

        Raises:
            ProgramError: the arguments or the number of outputs are wrong, or there is no state folder.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a fake_index step are wrong: {error}") from error
        if len(step.outputs) != 4:
            raise ProgramError("a fake_index step has four outputs: prediction, probability, error, unsure")
        if state is None:
            raise ProgramError("a fake_index step needs a state folder", fix="set its `state`")
        return IndexRunner(step, args, state)


part = IndexOp()

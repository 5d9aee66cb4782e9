"""The desk: one question at a time, each answer on the disk before the next question."""

import threading
from collections.abc import Callable
from typing import Any

from smeaton.errors import InputError, SmeatonError
from smeaton.labelling.ask import Batch, Question
from smeaton.labelling.exchange import mark_picked, written
from smeaton.labelling.work import Work, with_labels
from smeaton.task.readers import value_reader
from smeaton.task.types import label_text

#: Answers after which the expected gain is worked out anew.
_EVERY = 50


class Stale(Exception):
    """An answer to a question that is no longer asked (another window was faster)."""


class Desk:
    """Questions, answers and a way back. Safe to use from several threads.

    Args:
        work: where the rows come from and the answers go.
        batch: the questions.
        gain: says in words what the next hundred answers would bring; called in a thread of its own.
    """

    def __init__(self, work: Work, batch: Batch, gain: Callable[[], str]) -> None:
        self.work = work
        self.questions = batch.questions
        self.how = batch.how
        self._gain = gain
        self._said = "is being worked out"
        self._next = 0
        self._answered = 0
        self._past: list[tuple[int, bool]] = []
        self._lock = threading.Lock()
        self._working: threading.Thread | None = None
        mark_picked(work, batch.questions)

    def start(self) -> None:
        """Begin to work out the expected gain."""
        self._work_out()

    def state(self) -> dict[str, Any]:
        """Everything the page shows."""
        with self._lock:
            return self._state()

    def answer(self, key: str, given: dict[str, Any]) -> dict[str, Any]:
        """Take an answer: `{"labels": [codes]}`, `{"number": x}` or `{"new": text}`; the new state.

        Raises:
            Stale: the question is another one by now.
            InputError: no answer of this task.
        """
        with self._lock:
            question = self._asked(key)
            value = self._value(given)
            row = question.row | {self.work.task.target: written(self.work, value)}
            self.work.answers.append(row)
            self.work.answered.add(key)
            self._past.append((self._next, True))
            self._next += 1
            self._answered += 1
            if self._answered % _EVERY == 0:
                self._work_out()
            return self._state()

    def skip(self, key: str) -> dict[str, Any]:
        """Pass a question over; it is not asked again. Raises Stale."""
        with self._lock:
            self._asked(key)
            self.work.marks.add([key], "skipped")
            self._past.append((self._next, False))
            self._next += 1
            return self._state()

    def undo(self) -> dict[str, Any]:
        """Go back one question, taking its answer out of the file.

        Raises:
            InputError: there is nothing to take back, or the file was changed since.
        """
        with self._lock:
            if not self._past:
                raise InputError("there is nothing to take back", fix="answers of earlier sessions are in the file")
            place, answered = self._past[-1]
            if answered and not self.work.answers.undo():
                raise InputError(
                    f"{self.work.answers.path.name} was changed by someone else since",
                    fix="take the row out of the file by hand",
                )
            self._past.pop()
            self._next = place
            self._answered -= answered
            key = self.questions[place].key
            self.work.answered.discard(key)
            if not answered:
                self.work.marks.add([key], "asked")
            return self._state()

    @property
    def answered(self) -> int:
        """Answers given here."""
        return self._answered

    def _asked(self, key: str) -> Question:
        if self._next >= len(self.questions) or self.questions[self._next].key != key:
            raise Stale
        return self.questions[self._next]

    def _value(self, given: dict[str, Any]) -> Any:
        kind = self.work.kind
        if set(given) == {"number"} and kind.answer == "number":
            return _read(kind, given["number"])
        if set(given) == {"new"} and self.work.open_labels:
            return self._new_label(str(given["new"]).strip())
        codes: Any = given.get("labels")
        known = self.work.labels
        if kind.answer == "number" or set(given) != {"labels"} or not _are_codes(codes, len(known)):
            raise InputError("this is no answer of the task", fix=f"send one of the {len(known)} labels")
        if kind.answer == "many":
            return [known[code] for code in sorted(set(codes))]
        if len(codes) != 1:
            raise InputError("this task takes one label a row", fix="send one")
        return known[codes[0]]

    def _new_label(self, text: str) -> Any:
        part = self.work.kind.of or self.work.kind
        label = _read(with_labels(part, ()), text)
        if label not in self.work.labels:
            self.work.kind = with_labels(self.work.kind, (*self.work.labels, label))
        return [label] if self.work.kind.answer == "many" else label

    def _state(self) -> dict[str, Any]:
        kind = self.work.kind
        done = self._next >= len(self.questions)
        return {
            "task": self.work.task.name,
            "goal": self.work.task.goal or f"Say what {self.work.task.target} is.",
            "target": self.work.task.target,
            "answer": kind.answer,
            "labels": [label_text(label) for label in self.work.labels],
            "open": self.work.open_labels,
            "place": self._next,
            "count": len(self.questions),
            "answered": self._answered,
            "undo": bool(self._past),
            "how": self.how,
            "gain": self._said,
            "file": str(self.work.answers.path),
            "question": None if done else self._question(self.questions[self._next]),
        }

    def _question(self, question: Question) -> dict[str, Any]:
        suggested = question.suggestion
        codes = None
        if suggested is not None and self.work.kind.answer != "number":
            given = suggested if isinstance(suggested, list) else [suggested]
            codes = [self.work.labels.index(label) for label in given]
        return {
            "key": question.key,
            "fields": [[name, question.row[name]] for name in self.work.names],
            "random": question.random,
            "suggestion": suggested if self.work.kind.answer == "number" else codes,
            "probability": question.probability,
        }

    def _work_out(self) -> None:
        if self._working is not None and self._working.is_alive():
            return
        self._working = threading.Thread(target=self._tell, name="smeaton-gain", daemon=True)
        self._working.start()

    def _tell(self) -> None:
        try:
            self._said = self._gain()
        except SmeatonError as error:
            self._said = f"cannot be told: {error.message}"


def _are_codes(codes: object, count: int) -> bool:
    return isinstance(codes, list) and all(type(code) is int and 0 <= code < count for code in codes)


def _read(kind: Any, value: Any) -> Any:
    try:
        return value_reader(kind)(value)
    except ValueError as error:
        raise InputError(f"this is no answer of the task: {error}", fix="correct it") from error

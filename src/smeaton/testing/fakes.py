"""Three families that need no model: `chat` (external), `index` (state), `cascade` (the index; where unsure, the chat).

They solve class tasks with text inputs, well enough to beat a constant. A task names them from a file of its own:

    # fakes.py beside the task                    # smeaton.yaml
    from smeaton.testing.fakes import chat        solutions: {only: [baseline], add: ["fakes.py:chat"]}

For other prices, delays and faults bind an instance: `chat = Chat(price=0.01, faults={"urgent": "fail"})`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data.fold import Fold
from smeaton.families import Config, Refusal, Run, Space
from smeaton.llm.purse import Purse
from smeaton.runtime.call import Call
from smeaton.runtime.check import externals
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.runtime.program import Program, Step
from smeaton.task.profile import Profile
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Array, Table
from smeaton.task.task import Task
from smeaton.testing._answers import joined, words
from smeaton.testing.fake_index_op import DOCUMENTS, Document

HOST = "chat.example"
ANSWERS = (PREDICTION, PROBABILITY, ERROR)
_DOCUMENTS_FILE = f"state/index/{DOCUMENTS}"
_SCRIPT = 40  # words in a learnt script


@dataclass(slots=True)
class FakeFitted:
    """A program with its files in memory."""

    program: Program
    files: Mapping[str, bytes]
    scratch: Path
    purse: Purse | None
    seed: int

    def predict(self, rows: Table) -> Table:
        """The program's own answers; they cost what the program costs."""
        folder = self.scratch / "fitted"
        self.export(folder)
        hosts = {external.host for external in externals(self.program)}
        with Engine(self.program, folder, self.scratch / "state", allow_external=hosts) as engine:
            return engine.run(rows, Call(purse=self.purse, seed=self.seed))

    def export(self, folder: Path) -> Program:
        """Write the files and `program.json`."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        folder.mkdir(parents=True, exist_ok=True)
        save_program(self.program, folder)
        return self.program


@dataclass(frozen=True, slots=True)
class Chat:
    """A scripted chat behind a price. The script is learnt: words that speak for one label."""

    price: float = 0.0001
    delay: float = 0.0
    faults: Mapping[str, str] = field(default_factory=dict)
    host: str = HOST
    timeout: float = 60.0

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One configuration."""
        return _refusal(task) or Space(starts=({},), external=(self.host,), effort=0.5)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> FakeFitted:
        """Learn the script from the training rows."""
        step = Step(op="fake_chat", inputs=_text_columns(task), outputs=ANSWERS, args=self.args(task, fold))
        program = Program(inputs=tuple(task.input_types), steps=(_table(task), step), outputs=ANSWERS)
        return FakeFitted(program, {}, run.scratch, run.purse, run.seed)

    def args(self, task: Task, fold: Fold) -> dict[str, Any]:
        """Arguments of the `fake_chat` step."""
        names = task.output_type.text_labels()
        script, default = _learnt(_texts(task, fold), fold.train.y, len(names))
        return {
            "host": self.host,
            "price": self.price,
            "labels": list(task.labels),
            "script": [[word, names[code]] for word, code in script],
            "default": names[default],
            "delay": self.delay,
            "timeout": self.timeout,
            "faults": dict(self.faults),
        }


@dataclass(frozen=True, slots=True)
class Index:
    """A word index over the training rows; it takes in more documents after shipping."""

    unsure: float = 0.6

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One configuration."""
        return _refusal(task) or Space(starts=({},), effort=0.5)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> FakeFitted:
        """The training rows become the seed documents."""
        step = self.step(task, (*ANSWERS, "unsure"))
        program = Program(inputs=tuple(task.input_types), steps=(_table(task), step), outputs=ANSWERS)
        return FakeFitted(program, {_DOCUMENTS_FILE: _documents(task, fold)}, run.scratch, None, run.seed)

    def step(self, task: Task, outputs: tuple[str, ...]) -> Step:
        """The `fake_index` step."""
        return Step(
            op="fake_index",
            inputs=_text_columns(task),
            outputs=outputs,
            args={"labels": list(task.labels), "unsure": self.unsure},
            files=(_DOCUMENTS_FILE,),
            state="index",
        )


@dataclass(frozen=True, slots=True)
class Cascade:
    """The index answers; where it is unsure the chat does, streamed."""

    index: Index = Index(unsure=0.8)
    chat: Chat = Chat()

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One configuration."""
        return _refusal(task) or Space(starts=({},), external=(self.chat.host,), effort=0.7)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> FakeFitted:
        """Both from the training rows."""
        first = tuple(f"index_{name}" for name in ANSWERS)
        chat = Step(
            op="fake_chat",
            inputs=_text_columns(task),
            outputs=ANSWERS,
            args=self.chat.args(task, fold),
            when="unsure",
            otherwise=first,
        )
        steps = (_table(task), self.index.step(task, (*first, "unsure")), chat)
        program = Program(inputs=tuple(task.input_types), steps=steps, outputs=ANSWERS)
        return FakeFitted(program, {_DOCUMENTS_FILE: _documents(task, fold)}, run.scratch, run.purse, run.seed)


chat = Chat()
index = Index()
cascade = Cascade()


def _refusal(task: Task) -> Refusal | None:
    if not task.is_class:
        return Refusal("it answers with one of a set of labels")
    if not _text_inputs(task):
        return Refusal("it reads text, and no input is text")
    return None


def _text_inputs(task: Task) -> tuple[str, ...]:
    return tuple(name for name, kind in task.input_types.items() if kind.type == "text")


def _text_columns(task: Task) -> tuple[str, ...]:
    return tuple(f"text:{name}" for name in _text_inputs(task))


def _table(task: Task) -> Step:
    """Checks every input and hands on the texts."""
    columns = [{"name": name, "type": msgspec.to_builtins(kind)} for name, kind in task.input_types.items()]
    return Step(
        op="table",
        inputs=tuple(task.input_types),
        outputs=_text_columns(task),
        args={"columns": columns, "texts": list(_text_inputs(task))},
    )


def _texts(task: Task, fold: Fold) -> list[str]:
    return joined({name: fold.train.x[name] for name in _text_inputs(task)})


def _documents(task: Task, fold: Fold) -> bytes:
    names = task.output_type.text_labels()
    pairs = zip(_texts(task, fold), fold.train.y.tolist(), strict=True)
    return b"".join(msgspec.json.encode(Document(text, names[code])) + b"\n" for text, code in pairs)


def _learnt(texts: list[str], codes: Array, labels: int) -> tuple[list[tuple[str, int]], int]:
    """Words that speak most clearly for a label, the clearest first, and the commonest label."""
    totals = np.bincount(codes, minlength=labels)
    counts = [Counter[str]() for _ in range(labels)]
    for text, code in zip(texts, codes.tolist(), strict=True):
        counts[code].update(set(words(text)))
    overall = sum(counts, Counter[str]())
    clear = []
    for word, seen in overall.items():
        shares = [counts[code][word] / max(int(totals[code]), 1) for code in range(labels)]
        code = int(np.argmax(shares))
        others = sum(shares) - shares[code]
        if seen >= 2 and shares[code] > others:
            clear.append((shares[code] - others, word, code))
    clear.sort(key=lambda entry: (-entry[0], entry[1]))
    return [(word, code) for _, word, code in clear[:_SCRIPT]], int(totals.argmax())

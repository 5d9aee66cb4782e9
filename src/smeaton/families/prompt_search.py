"""A prompt improved by search: the instruction is rewritten by reflection on its failures (`_prompt_improve.py`),
within a hard number of calls and the build's money. Examples beside the row stay as the configuration says.

Every row that is asked in the search is a training row. What ships is the plain instruction unless the search found one
that is better by its interval on training rows kept aside; the note of the trial says which, and with which figures.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.errors import ProgramError
from smeaton.families import Choice, Config, Refusal, Run, Space
from smeaton.families._chat import (
    ASKED_ROWS,
    Asking,
    ChatFitted,
    fitted,
    hosts,
    instruction,
    label_words,
    models,
    program,
    salt_of,
    shown_examples,
)
from smeaton.families._parts import STEPS
from smeaton.families._prompt_improve import Graded, Limits, improve
from smeaton.families._prompt_task import odds, refusal
from smeaton.llm import providers
from smeaton.llm.client import Client
from smeaton.llm.endpoint import LOCAL
from smeaton.llm.messages import Ask, Message
from smeaton.metrics._defaults import load_metric
from smeaton.runtime.ops._chat_cell import as_json
from smeaton.runtime.ops._chat_prompt import Prompt
from smeaton.task.profile import Profile
from smeaton.task.table import ERROR, PREDICTION, Array, Table, take
from smeaton.task.task import Task

_CALLS = 150
_LEAST_ROWS = 60  # below so many there is nothing to keep aside
_SEARCHING = 0.6  # of the seconds a fit has; the rest is for the rows kept aside and the calibration
_WRITING = 900  # tokens of a new instruction


class PromptSearchFamily:
    """Improves the instruction for each usable model."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """One search a model, plain or with examples."""
        why = refusal(task)
        if why:
            return Refusal(why)
        if profile.rows < _LEAST_ROWS:
            return Refusal(f"{profile.rows} rows are too few to search on and to keep some aside ({_LEAST_ROWS})")
        usable, _ = models(task, profile)
        if not usable:
            return Refusal("no language model can be asked here: see the rows of `prompt`")
        here = all(providers.host(model) == LOCAL for model in usable)
        seconds = 0.3 if here else 0.2
        return Space(
            starts=tuple({"model": model, "calls": _CALLS} for model in usable),
            params={"examples": Choice((0, 2, 4))},
            effort=20.0,
            external=hosts(usable),
            masks=True,
            asked_rows=ASKED_ROWS,
            row_seconds=seconds,
            seconds=seconds * (_CALLS + min(ASKED_ROWS, profile.rows) / 5),
            whole=1,
        )

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> ChatFitted:
        """Search on the training rows, then calibrate what was found on stop rows."""
        reference, shots = str(config["model"]), int(config.get("examples", 0))
        salt = salt_of(fold)
        asking = Asking(
            reference=reference,
            prompt=Prompt(instruction(task), label_words(task)),
            examples=shown_examples(task, fold.train, reference, salt) if shots else (),
            shots=shots,
            how="text" if task.answer == "text" else "json",
            probability=odds(task, reference),
        )
        search = _Search(task, asking, fold.train, run, salt)
        found = improve(
            asking.prompt.instruction,
            len(fold.train),
            search.answer,
            search.reflect,
            Limits(int(config.get("calls", _CALLS)), _SEARCHING * run.seconds, config.get(STEPS)),
            seed=run.seed,
        )
        evidence = {
            "outcome": found.words,
            "gain": found.gain,
            "rows_kept_aside": found.rows_apart,
            "calls": found.calls,
            "tried": [{"instruction": text, "mean": mean} for text, mean in found.tried],
        }
        best = replace(asking, prompt=Prompt(found.best, asking.prompt.labels), evidence=evidence)
        return replace(fitted(task, best, fold, run, found.words), steps=found.steps)


class _Search:
    """Answers and reflects for `improve`, on the rows of one fold."""

    def __init__(self, task: Task, asking: Asking, rows: Rows, run: Run, salt: str) -> None:
        self._task, self._asking, self._rows, self._run, self._salt = task, asking, rows, run, salt
        self._metric = load_metric("exact_match", task) if task.answer in ("many", "structure", "text") else None

    def answer(self, text: str, places: Sequence[int]) -> Graded:
        """Answers some training rows with an instruction."""
        asking = replace(self._asking, prompt=Prompt(text, self._asking.prompt.labels))
        try:
            made, files = program(self._task, asking, self._salt)
        except ProgramError as error:  # what a weak model writes need not be an instruction
            return Graded([0.0] * len(places), [{"Feedback": f"unusable: {error.message}"}] * len(places))
        index = np.asarray(places, dtype=np.int64)
        rows = take(self._rows.x, index)
        answers = ChatFitted(made, files, self._run.scratch, self._run.purse, self._run.seed).predict(rows)
        scores = self._scores(answers, self._rows.y[index])
        return Graded(scores.tolist(), self._records(rows, answers, self._rows.y[index], scores))

    def reflect(self, text: str) -> str:
        """The model's own words on its failures."""
        import asyncio

        client = Client([self._asking.reference])
        ask = Ask(messages=(Message(role="user", text=text),), max_tokens=_WRITING, temperature=0.7)

        async def asked() -> str:
            async with client:
                return (await client.ask(ask, purse=self._run.purse, salt=self._run.seed)).reply.text

        return asyncio.run(asked())

    def _scores(self, answers: Table, y: Array) -> Array:
        """How right each answer is, from 0 to 1; what has no answer is wrong."""
        task, said = self._task, answers[PREDICTION]
        if task.is_class:
            return np.array([float(one == task.labels[code]) for one, code in zip(said, y, strict=True)])
        if task.answer == "number":
            spread = float(np.std(self._rows.y)) or 1.0
            off = np.abs(np.where(np.isfinite(said.astype(float)), said.astype(float), np.inf) - y) / spread
            return np.asarray(np.maximum(0.0, 1.0 - off))
        assert self._metric is not None
        return np.asarray(self._metric.rows(answers, y, task.labels), dtype=np.float64).reshape(len(y), -1)[:, 0]

    def _records(self, rows: Table, answers: Table, y: Array, scores: Array) -> list[dict[str, Any]]:
        """What the reflecting model is shown of each row: as the model saw it, with what was wrong."""
        shown = shown_examples(self._task, Rows(rows, y, None, np.arange(len(y))), self._asking.reference, self._salt)
        found = []
        for place, example in enumerate(shown):
            right, said = example["answer"], as_json(answers[PREDICTION][place])
            fault = answers[ERROR][place]
            wrong = f"wrong: the right answer is {msgspec.json.encode(right).decode()}"
            found.append(
                {
                    "Inputs": msgspec.json.encode(example["inputs"]).decode(),
                    "Generated Outputs": str(fault) if fault else msgspec.json.encode(said).decode(),
                    "Feedback": "right" if scores[place] >= 1 else wrong,
                }
            )
        return found


part = PromptSearchFamily()

"""`talk`: an external op that repeats a text word by word, fails, stalls or hangs on request, and says what it took.

It reads the task's input as it is typed (no `table` step before it), as the ops of language models do.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from smeaton import plugins
from smeaton.bundle.manifest import Facts, Manifest, Running, Winner
from smeaton.bundle.write import write_bundle
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.program import Program, Step
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import Array, Table, object_column
from smeaton.task.task import Data, Task
from smeaton.task.types import Type

OUTPUTS = ("prediction", "error", "usage")


class Runner:
    """`cut` counts the waits that were ended from outside; `under_way` those that wait now."""

    cut = 0
    under_way = 0

    def __init__(self, step: Step) -> None:
        self._input, self._outputs = step.inputs[0], step.outputs
        self._price = float(step.args.get("price", 0.0))

    async def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """All rows at once."""
        answers = await asyncio.gather(*(self._answer(text, call) for text in columns[self._input].tolist()))
        return {name: object_column([answer[place] for answer in answers]) for place, name in enumerate(self._outputs)}

    async def stream(self, columns: Table, call: Call) -> AsyncIterator[tuple[int, str, str]]:
        """Word by word; `stall` hangs after the first word."""
        for row, text in enumerate(columns[self._input].tolist()):
            said, error, usage = await self._answer(text, call)
            for number, word in enumerate((said or "").split(" ") if said else ()):
                if number and "stall" in text:
                    await self._hang()
                yield row, "prediction", word if not number else f" {word}"
            if error:
                yield row, "error", error
            yield row, "usage", msgspec.json.encode(usage).decode()

    async def _answer(self, text: str, call: Call) -> tuple[str | None, str | None, dict[str, Any]]:
        if "hang" in text:
            await self._hang()
        words = len(text.split())
        usage = {"model": "openai:talk", "input": words, "output": words, "cost": self._price, "seconds": 0.01}
        if call.purse is not None and self._price:
            call.purse.settle(call.purse.reserve(self._price, "a talk"), self._price)
        return (None, "it was filtered", usage) if "fail" in text else (f"You said: {text}", None, usage)

    async def _hang(self) -> None:
        Runner.under_way += 1
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            Runner.cut += 1
            raise
        finally:
            Runner.under_way -= 1


class Op:
    """External."""

    effect: Effect = "external"

    def load(self, step: Step, files: Path, state: State | None) -> Runner:
        return Runner(step)


def install(monkeypatch: Any) -> None:
    """Let programs find the op."""
    usual = plugins.load
    monkeypatch.setattr(plugins, "load", lambda kind, name: Op() if name == "talk" else usual(kind, name))
    Runner.cut = Runner.under_way = 0


def talk_bundle(folder: Path, host: str = "talk.example", price: float = 0.001, name: str = "talk") -> Path:
    """A bundle that answers a text with a text."""
    task = Task(name=name, data=Data(), inputs={"text": Type(type="text")}, output={"reply": Type(type="text")})
    step = Step(op="talk", inputs=("text",), outputs=OUTPUTS, args={"host": host, "price": price})
    manifest = Manifest(
        name=name,
        created="2026-11-28T12:00:00+00:00",
        outcome="ready",
        task=task,
        program=Program(inputs=("text",), steps=(step,), outputs=OUTPUTS),
        profile=Profile(rows=10, columns=(ColumnProfile(name="text", type="text"),)),
        metric="exact_match",
        validation=(),
        test=(),
        winner=Winner(family="prompt", key="0123456789abcdef", config={}, how="holdout", why="the only one"),
        running=Running(p50=0.1, p95=0.2, cost_per_1k=1.0, size=1000),
        data=Facts(hash="ab" * 32, train_rows=8, test_rows=2),
    )
    (folder / "program").mkdir(parents=True)
    return write_bundle(folder / f"{name}.bundle", manifest, folder / "program").path

"""What a judge on another machine is shown: the columns of `privacy.mask` as tokens, in the row and in the answer.

With the salt of the candidate's own `mask` step the tokens are those the candidate saw, so an answer that repeats one
fits its row. An answer that repeats a masked text itself, as one of a model of this machine may, gets the token in its
place; what it says of the text in other words cannot be found.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from smeaton import plugins
from smeaton.llm.endpoint import LOCAL
from smeaton.metrics._judging import judge_host
from smeaton.metrics._plain import plain_rows, plain_values
from smeaton.metrics._verdicts import Shown, shown_plain
from smeaton.runtime.call import Call
from smeaton.runtime.program import Program, Step
from smeaton.task.table import Table, take
from smeaton.task.task import Task

_LEAST = 3  # characters of a text that is looked for in an answer: shorter ones are in every word
_SALT_ROWS = 200


def salt_of(program: Program) -> str:
    """The salt of a program's `mask` step, '' without one."""
    return next((str(step.args["salt"]) for step in program.steps if step.op == "mask"), "")


def models_of(program: Program) -> tuple[str, ...]:
    """The models that a program asks, those it falls back to included."""
    found: dict[str, None] = {}
    for step in program.steps:
        if step.op == "chat":
            found[str(step.args["model"])] = None
            found |= dict.fromkeys(str(other["model"]) for other in step.args.get("fallback", ()))
    return tuple(found)


def shown(task: Task, rows: Table, answers: Table, salt: str) -> Shown | None:
    """What the judge sees; None where nothing is masked."""
    masked = [name for name in task.privacy.mask if name in task.input_types]
    if task.judge is None or not masked or judge_host(task.judge) == LOCAL:
        return None
    given = {name: rows[name] for name in masked}
    step = Step(
        op="mask",
        inputs=tuple(masked),
        outputs=tuple(masked),
        args={"columns": masked, "salt": salt or _own_salt(given)},
    )
    tokens: Mapping[str, Any] = plugins.load("ops", "mask").load(step, Path(), None)(given, Call())
    plain = shown_plain(task, rows, answers)
    pairs = [_pairs(masked, before, after) for before, after in zip(plain.inputs, plain_rows(tokens), strict=True)]
    inputs = {name: plain_values(column) for name, column in tokens.items()}
    return Shown(
        [row | {name: inputs[name][number] for name in masked} for number, row in enumerate(plain.inputs)],
        [_without(answer, pair) for answer, pair in zip(plain.answers, pairs, strict=True)],
        [_without(answer, pair) for answer, pair in zip(plain.expected, pairs, strict=True)],
    )


def _pairs(names: list[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Masked texts of a row with their tokens, the longest first."""
    found = [(before[name], after[name]) for name in names if isinstance(before[name], str)]
    return sorted((pair for pair in found if len(pair[0]) >= _LEAST), key=lambda pair: -len(pair[0]))


def _without(value: Any, pairs: list[tuple[str, str]]) -> Any:
    """A JSON value whose texts hold tokens in place of what they stand for."""
    if isinstance(value, str):
        for text, token in pairs:
            value = value.replace(text, token)
        return value
    if isinstance(value, dict):
        return {name: _without(part, pairs) for name, part in value.items()}
    return [_without(part, pairs) for part in value] if isinstance(value, list) else value


def _own_salt(given: Table) -> str:
    """Of the rows themselves: the same whenever they are judged, and known to nobody who lacks them."""
    some = plain_rows(take(given, range(min(_SALT_ROWS, len(next(iter(given.values())))))))  # type: ignore[arg-type]
    return hashlib.sha256(msgspec.json.encode(some)).hexdigest()[:32]

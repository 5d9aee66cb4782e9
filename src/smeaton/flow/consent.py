"""What would leave this machine in a build, in exact words, and the question whether it may.

Models on this machine are not meant: nothing leaves for them. The rows are those of training and validation; the sealed
test is opened once, for the chosen solution alone.
"""

import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from smeaton.errors import InputError
from smeaton.families import Space
from smeaton.flow._leaving import Asked, asks_others, planned
from smeaton.task.profile import Profile
from smeaton.task.table import Table, rows_in, take
from smeaton.task.task import Task
from smeaton.task.units import show_dollars
from smeaton.trials.measure import MOST_ROWS, request_rows

_SAMPLES = 3
_WIDE = 48  # characters of a value in a sample


@dataclass(frozen=True, slots=True)
class Mask:
    """A column whose values are replaced by tokens before they leave; `distinct` is how many values it has."""

    column: str
    distinct: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """What would leave.

    `rows` of the `built_on` rows of training and validation are sent, `test_rows` stay sealed until the chosen solution
    answers them. `samples` are rows as they would leave, values shortened. `cap` is the build's money in dollars,
    `judge` the model that judges answers ('' = none).
    """

    rows: int
    built_on: int
    test_rows: int
    columns: tuple[str, ...]
    target: str
    masks: tuple[Mask, ...]
    samples: tuple[dict[str, Any], ...]
    models: tuple[Asked, ...]
    cap: float
    judge: str = ""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that would be reached, sorted."""
        return tuple(sorted({model.host for model in self.models}))

    @property
    def price(self) -> float | None:
        """About what the first tries cost in dollars; None where a price is unknown."""
        return _sum(model.price for model in self.models if model.reference)

    @property
    def most(self) -> float | None:
        """The most that the first tries may cost in dollars, without the cap; None where a price is unknown."""
        return _sum(model.most for model in self.models if model.reference)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return asdict(self) | {"hosts": list(self.hosts), "price": self.price, "most": self.most}


def leaving(
    task: Task,
    profile: Profile,
    table: Table,
    spaces: Mapping[str, Space],
    *,
    test_rows: int = 0,
    judge: str = "",
) -> Leaving | None:
    """What a build with these families would send; None if nothing leaves this machine.

    `table` holds the typed inputs of the rows the build works on (training and validation, never the sealed test),
    `judge` names the model that would judge the answers.

    Raises:
        InputError: a family names a model of an unknown provider.
    """
    if not asks_others(spaces, judge):  # to write out the rows of a large table takes long
        return None
    names = tuple(task.input_types)
    shown = [_masked(row, task.privacy.mask) for row in _rows(table, names)]
    models = planned(task, spaces, shown, judge)
    if not models:
        return None
    return Leaving(
        rows=max(model.rows for model in models),
        built_on=len(shown),
        test_rows=test_rows,
        columns=names,
        target=task.target,
        masks=tuple(Mask(name, profile[name].distinct) for name in task.privacy.mask),
        samples=tuple(_short(row) for row in shown[:_SAMPLES]),
        models=models,
        cap=task.budget.money,
        judge=judge,
    )


def words(found: Leaving) -> tuple[str, ...]:
    """What would leave, as lines for people; the question is not among them."""
    most = f"{found.rows:,}" if found.rows == found.built_on else f"{found.rows:,} of {found.built_on:,}"
    lines = [
        f"This build sends rows to {_listed(found.hosts)}.",
        f"  rows     {most} of training and validation, each once for every try",
        f"  columns  {_listed(found.columns)}; {found.target} too, of rows that are shown as examples"
        + (" and of answers that are judged" if found.judge else ""),
    ]
    if found.masks:
        lines += [
            f"  masked   {mask.column}: each of {mask.distinct:,} values becomes a stable token such as "
            f"{_token(mask.column)}"
            for mask in found.masks
        ]
    else:
        lines.append("  masked   no column (privacy.mask names those to mask)")
    sealed = f"{found.test_rows:,} sealed rows stay here" if found.test_rows else "the sealed test stays here"
    lines.append(f"  test     {sealed} until the search is over; then the chosen solution alone answers them, once")
    lines.append(f"  for example, as they would leave (long values cut at {_WIDE} characters):")
    lines += [f"    {_printable(json.dumps(row, ensure_ascii=False))}" for row in found.samples]
    for model in found.models:
        lines += _model(model)
    return (*lines, *_money(found))


def ask(found: Leaving, *, yes: bool, stream: TextIO, command: str = "") -> bool:
    """Show what would leave on `stream`, and ask on a terminal whether it may; `yes` is the answer given beforehand.

    `command` is the command that was given, for the advice where nobody can be asked (default: this process's own).

    Raises:
        InputError: it was not agreed to beforehand, and there is no terminal to ask at.
    """
    for line in words(found):
        print(line, file=stream)
    if yes:
        print("Agreed to beforehand (--yes).", file=stream, flush=True)
        return True
    if not (stream.isatty() and sys.stdin is not None and sys.stdin.isatty()):
        raise InputError(
            f"rows would leave this machine for {_listed(found.hosts)}, and there is no terminal to ask at",
            fix=f"read the lines above; if you agree, run: {_again(command)}",
        )
    print("Send them? [y/N] ", end="", file=stream, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _again(command: str) -> str:
    if command:
        return f"{command} --yes"
    name = Path(sys.argv[0]).name
    return f"{shlex.join(['smeaton', *sys.argv[1:]])} --yes" if name == "smeaton" else "the same with --yes"


def _model(model: Asked) -> list[str]:
    rate = f" (prices of {model.source}{', ' + model.as_of if model.as_of else ''})" if model.source else ""
    price = "its price is unknown: it is not asked before you state one" if model.price is None else "about "
    if model.price is not None and model.most is not None:
        price += f"{show_dollars(model.price)}, at most {show_dollars(model.most)}{rate}"
    if not model.reference:
        return [f"  to {model.host}: {_listed(model.families)} too; how much is not known beforehand"]
    lines = [
        f"  to {model.host}: {model.reference}, by {_listed(model.families)}",
        f"    {model.calls:,} calls, about {model.input:,} tokens in and {model.output:,} out, at most "
        f"{model.most_input:,} and {model.most_output:,}",
        f"    {price}",
    ]
    if model.per_1k is not None:
        lines.append(f"    as a service: about {show_dollars(model.per_1k)} per 1,000 calls")
    return lines


def _money(found: Leaving) -> list[str]:
    cap = "Calibration, retries, repairs and further tries come on top; all ends before the cap of "
    cap += f"{show_dollars(found.cap)}."
    if not found.cap:
        cap = "The cap is $0.00: no paid call is made (allow some with --money)."
    if found.price is None or found.most is None:
        return ["The price of all first tries together is unknown.", cap]
    return [f"All first tries: about {show_dollars(found.price)}, at most {show_dollars(found.most)}.", cap]


def _rows(table: Table, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every row as a client would send it."""
    for start in range(0, rows_in(table), MOST_ROWS):
        yield from request_rows(take(table, np.arange(start, min(start + MOST_ROWS, rows_in(table)))), names)


def _masked(row: Mapping[str, Any], mask: tuple[str, ...]) -> dict[str, Any]:
    return {name: _token(name) if name in mask and value is not None else value for name, value in row.items()}


def _token(column: str) -> str:
    """The shape of a token, without digits: those depend on the build, and none must look like a value's own."""
    return f"<{column}_xxxxxxxxxxxx>"


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _cut(value) for name, value in row.items()}


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _WIDE else value[:_WIDE] + "..."
    form = json.dumps(value, ensure_ascii=False, default=str)
    return value if len(form) <= _WIDE else form[:_WIDE] + "..."


def _printable(text: str) -> str:
    """Nothing in a row may steer the terminal it is shown on."""
    return "".join(mark if mark.isprintable() else f"\\u{ord(mark):04x}" for mark in text)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _sum(amounts: Any) -> float | None:
    found = list(amounts)
    return None if not found or any(amount is None for amount in found) else float(sum(found))

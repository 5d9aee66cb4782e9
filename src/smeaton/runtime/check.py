"""What can be said of a program before it runs: is it well formed, what does it touch."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from smeaton import plugins
from smeaton.errors import ProgramError
from smeaton.llm.endpoint import LOCAL
from smeaton.runtime.ops import Effect, Op
from smeaton.runtime.program import Program, Step

_ORDER: tuple[Effect, ...] = ("pure", "state", "external")


@dataclass(frozen=True, slots=True)
class External:
    """A step that talks to another machine, or to a model server on this one (`local`): its host, and the most one call
    costs in dollars."""

    step: str
    host: str
    price: float

    @property
    def local(self) -> bool:
        """Whether rows stay on this machine."""
        return self.host == LOCAL


def check_program(program: Program) -> None:
    """Check that the columns of a program fit together.

    Raises:
        ProgramError: a column is read before it is written, written twice (but for an input that is
            read no more), promised and never written; a `when`
            without its `otherwise`; a step without inputs (it could not know how many rows to answer); two steps with
            one state (each has one writer).
    """
    _no_repeats(program.inputs, "the program's inputs")
    _no_repeats(program.outputs, "the program's outputs")
    if not program.steps or not program.outputs:
        raise ProgramError("a program needs at least one step and one output", fix="export the program again")
    _no_repeats(tuple(step.state for step in program.steps if step.state is not None), "the states of the steps")
    known, written = set(program.inputs), set[str]()
    for number, step in enumerate(program.steps):
        where = place(number, step)
        _check_shape(step, where)
        wanted = (*step.inputs, *((step.when,) if step.when else ()), *step.otherwise)
        for name in wanted:
            if name not in known:
                raise ProgramError(
                    f"the column {name!r} is read before any step writes it", where=where, fix=_known(known)
                )
        for name in step.outputs:
            if name in known and (name in written or not _unread(program, number, name)):
                raise ProgramError(f"the column {name!r} is written twice", where=where, fix="give it another name")
        known.update(step.outputs)
        written.update(step.outputs)
    for name in program.outputs:
        if name not in written:
            raise ProgramError(f"no step writes the output {name!r}", fix=_known(written))


def _unread(program: Program, number: int, name: str) -> bool:
    """Whether neither this step nor a later one reads the input of that name: then an answer may have it too."""
    later = program.steps[number:]
    return all(name not in (*step.inputs, step.when, *step.otherwise) for step in later)


#: How far two answers of the same program to the same row may be apart, where no step says otherwise.
TOLERANCE = 1e-9


def tolerance_of(program: Program, elsewhere: bool = False) -> float:
    """How far the answers of a program may be from those expected of it: the most that any of its steps asks for
    (`Op.tolerance(step, elsewhere)`, where an op has it). `elsewhere`: the others were made on another machine."""
    worst = TOLERANCE
    for step in program.steps:
        ask = getattr(op_of(step), "tolerance", None)
        worst = max(worst, TOLERANCE if ask is None else float(ask(step, elsewhere)))
    return worst


def is_slow(program: Program) -> bool:
    """Whether a program has a step that may look up what it computed before, because that takes long."""
    return any(step.op == "embed" and step.args.get("kind") == "onnx" for step in program.steps)


def op_of(step: Step) -> Op:
    """The op of a step.

    Raises:
        ProgramError: no op has that name.
    """
    return cast(Op, plugins.load("ops", step.op))


def effect_of(program: Program) -> Effect:
    """The strongest effect of any step: pure < state < external."""
    return _ORDER[max(_ORDER.index(op_of(step).effect) for step in program.steps)]


def externals(program: Program) -> tuple[External, ...]:
    """The steps that talk to other machines, so that an operator can decide before anything starts.

    Raises:
        ProgramError: an external step names no host, or its price is not a finite number >= 0.
    """
    found = []
    for number, step in enumerate(program.steps):
        if op_of(step).effect != "external":
            continue
        host, price = step.args.get("host"), step.args.get("price", 0.0)
        found.append(_external(place(number, step), host, price))
        # A chat step may name others that answer when the first does not.
        others = step.args.get("fallback", ())
        found += [_external(place(number, step), other.get("host"), other.get("price", 0.0)) for other in others]
    return tuple(found)


def _external(where: str, host: object, price: object) -> External:
    if not isinstance(host, str) or not host:
        raise ProgramError("an external step names no host", where=where, fix="set args.host")
    if isinstance(price, bool) or not isinstance(price, int | float) or not (math.isfinite(price) and price >= 0):
        raise ProgramError(f"{price!r} is no price", where=where, fix="set args.price in dollars")
    return External(where, host, float(price))


def check_allowed(program: Program, allow_external: Collection[str], trust: Collection[str]) -> None:
    """Default deny: other machines and code only where the caller names them.

    Raises:
        ProgramError: a host is not in `allow_external`, or neither the name of a `code` step nor its files are in
            `trust`.
    """
    for external in externals(program):
        if external.host not in allow_external:
            raise ProgramError(
                f"this program sends rows to {external.host!r}, which was not allowed",
                fix=f"allow it by name: --allow-external {external.host}",
                where=external.step,
            )
    for number, step in enumerate(program.steps):
        files = untrusted_files(step, trust)
        if files:
            name = step.args.get("name", files[0])
            raise ProgramError(
                f"this program runs code from {', '.join(files)}, which was not trusted",
                fix=f"read it, then trust it by name: --trust-code {name}, or load(..., trust=[{name!r}])",
                where=place(number, step),
            )


def untrusted(program: Program, trust: Collection[str]) -> bool:
    """Whether a program holds code that is not trusted."""
    return any(untrusted_files(step, trust) for step in program.steps)


def untrusted_files(step: Step, trust: Collection[str]) -> list[str]:
    """The files of a `code` step that are not trusted: neither they nor the step's name are among those that are."""
    if step.op != "code" or step.args.get("name") in trust:
        return []
    return [name for name in step.files if name not in trust]


def place(number: int, step: Step) -> str:
    """A step as error messages name it."""
    return f"step {number + 1} ({step.op})"


def _check_shape(step: Step, where: str) -> None:
    if not step.inputs or not step.outputs:
        raise ProgramError("a step needs at least one input and one output", where=where, fix="name its columns")
    _no_repeats(step.inputs, f"the inputs of {where}")
    _no_repeats(step.outputs, f"the outputs of {where}")
    if step.when is None and step.otherwise:
        raise ProgramError("`otherwise` without `when` means nothing", where=where, fix="add `when`, or drop it")
    if step.when is not None and len(step.otherwise) != len(step.outputs):
        raise ProgramError(
            f"`when` needs one `otherwise` column for each of {len(step.outputs)} outputs, not {len(step.otherwise)}",
            where=where,
            fix="name a column for the rows that do not go through",
        )


def _no_repeats(names: tuple[str, ...], what: str) -> None:
    if len(set(names)) != len(names):
        raise ProgramError(f"{what} name a column twice: {', '.join(names)}", fix="name each column once")


def _known(names: Collection[str]) -> str:
    return f"use one of: {', '.join(sorted(names))}"

"""A small model's program and a language model's as one: the second only where the first is unsure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from smeaton.compile.calibrate import Calibration
from smeaton.compile.export import label_rule
from smeaton.compile.graph import load_model
from smeaton.compile.merge import average
from smeaton.errors import ProgramError
from smeaton.families._cascade_graph import pass_names
from smeaton.runtime.check import effect_of, op_of
from smeaton.runtime.files import copy_files, open_program
from smeaton.runtime.ops.unsure import Measure
from smeaton.runtime.program import Program, Step
from smeaton.task.table import PREDICTION, PROBABILITY, Array
from smeaton.task.task import Task

SMALL, CHAT = "small", "chat"
_UNSURE, _NULL = "unsure", "null"
_TABLE = "said.npy"
#: Ops in front of a chat that cost much and make object columns: they too see only the rows that are asked.
_COSTLY = ("examples", "mask")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a cascade is made of: folders of programs, the small one's calibration, when it is unsure, and how likely
    the other says each label where another is true (None: what it says is taken as it is)."""

    small: Path
    calibration: Calibration | None
    chat: Path
    measure: Measure
    threshold: float
    table: Array | None


def assemble(task: Task, parts: Parts, out: Path) -> Program:
    """Write the files of a cascade into `out` and return its program; the caller saves it.

    Raises:
        ProgramError: the small program is not pure, or the other has none or several steps that ask a model, or keeps
            state.
    """
    small, chat = _small(parts, out), open_program(parts.chat)
    asking = _asking(chat, parts.chat)
    copy_files(chat.files(), parts.chat, out / CHAT)
    known = {name: name for name in dict.fromkeys((*small.inputs, *chat.inputs))}
    first, own = _renamed(small.steps, SMALL, known, ())
    second, names = _renamed(chat.steps, CHAT, known, _final(chat, parts))
    _rename_models(small.steps, first, out)
    _rename_models(chat.steps, second, out)
    switch = Step(
        op="unsure",
        inputs=(own[PROBABILITY],),
        outputs=(_UNSURE, _NULL),
        args={
            "measure": parts.measure,
            "threshold": parts.threshold,
            **({"many": True} if task.answer == "many" else {}),
        },
    )
    otherwise = {names[name]: own.get(name, _NULL) for name in chat.outputs}
    routed = [
        _routed(step, otherwise) if number >= asking or step.op in _COSTLY else step
        for number, step in enumerate(second)
    ]
    last: tuple[Step, ...] = ()
    if parts.table is not None:
        last = (_combine(task, own, names[PREDICTION], parts.table, out),)
    inputs = tuple(name for name in task.input_types if name in known)
    outputs = tuple(dict.fromkeys((PREDICTION, PROBABILITY, *chat.outputs) if last else chat.outputs))
    return Program(inputs=inputs, steps=(*first, switch, *routed, *last), outputs=outputs)


def _final(chat: Program, parts: Parts) -> tuple[str, ...]:
    """The outputs that are the cascade's own as the chat gives them."""
    return tuple(name for name in chat.outputs if parts.table is None or name not in (PREDICTION, PROBABILITY))


def _small(parts: Parts, out: Path) -> Program:
    """The small program with its calibration, its files in a folder of their own."""
    goal = out / SMALL
    goal.mkdir(parents=True, exist_ok=True)
    if parts.calibration is not None:
        return average([parts.small], [1.0], [parts.calibration], goal)
    program = open_program(parts.small)
    if effect_of(program) != "pure":
        raise ProgramError("the first part of a cascade must be pure", where=str(parts.small))
    copy_files(program.files(), parts.small, goal)
    return program


def _asking(chat: Program, folder: Path) -> int:
    """The number of the step that asks a model."""
    found = [number for number, step in enumerate(chat.steps) if op_of(step).effect == "external"]
    if len(found) != 1 or any(step.state is not None for step in chat.steps):
        raise ProgramError(
            "the second part of a cascade asks a model in one step and keeps no state", where=str(folder)
        )
    return found[0]


def _renamed(
    steps: tuple[Step, ...], part: str, inputs: Mapping[str, str], final: tuple[str, ...]
) -> tuple[list[Step], dict[str, str]]:
    """Steps whose columns and files bear the part's name, but for the inputs and what is `final`; and the new names."""
    names, renamed = dict(inputs), []
    for step in steps:
        own = {name: name if name in final else f"{part}:{name}" for name in step.outputs}
        renamed.append(
            msgspec.structs.replace(
                step,
                inputs=tuple(names[name] for name in step.inputs),
                outputs=tuple(own.values()),
                files=tuple(f"{part}/{name}" for name in step.files),
                args=_columns(step, names),
                when=None if step.when is None else names[step.when],
                otherwise=tuple(names[name] for name in step.otherwise),
            )
        )
        names.update(own)
    return renamed, names


def _rename_models(before: Sequence[Step], after: Sequence[Step], out: Path) -> None:
    """Graphs name their columns themselves: have them pass from and to the new names."""
    for old, new in zip(before, after, strict=True):
        if old.op == "onnx":
            path = out / new.files[0]
            model = load_model(path)
            pass_names(
                model, dict(zip(old.inputs, new.inputs, strict=True)), dict(zip(old.outputs, new.outputs, strict=True))
            )
            path.write_bytes(model.SerializeToString(deterministic=True))


def _columns(step: Step, names: Mapping[str, str]) -> dict[str, object]:
    """Arguments of a chat step name its input columns."""
    args = dict(step.args)
    if step.op != CHAT:
        return args
    args["inputs"] = [{**one, "column": names[one["column"]]} for one in args.get("inputs", ())]
    if args.get("examples"):
        args["examples"] = names[args["examples"]]
    return args


def _routed(step: Step, otherwise: Mapping[str, str]) -> Step:
    """A step that only the unsure rows go through."""
    if step.when is not None:
        raise ProgramError("the second part of a cascade is a cascade itself")
    return msgspec.structs.replace(
        step, when=_UNSURE, otherwise=tuple(otherwise.get(name, _NULL) for name in step.outputs)
    )


def _combine(task: Task, own: Mapping[str, str], said: str, table: Array, out: Path) -> Step:
    np.save(out / _TABLE, table, allow_pickle=False)
    rule = label_rule(task)
    return Step(
        op="combine",
        inputs=(own[PROBABILITY], said),
        outputs=(PREDICTION, PROBABILITY),
        args={"labels": list(task.labels), **({} if rule == "likeliest" else {"rule": rule})},
        files=(_TABLE,),
        when=_UNSURE,
        otherwise=(own[PREDICTION], own[PROBABILITY]),
    )

"""The grammar of a task: from a tree of items to a `Task`, strictly (design section 5).

Every function raises TaskError with the place, what was given, what was expected, and the nearest valid word.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

from smeaton import plugins
from smeaton.errors import TaskError
from smeaton.task.costs import check_costs
from smeaton.task.items import Item, fields, flag, mapping, misspelt, nearest, text, texts, wrong
from smeaton.task.ownform import REFERENCE, read_own
from smeaton.task.readers import value_reader
from smeaton.task.source import no_secrets, read_data, read_path
from smeaton.task.task import (
    Accept,
    Bar,
    Budget,
    Judge,
    Limits,
    Own,
    Privacy,
    RowRoles,
    Solutions,
    Task,
    TestShare,
    Tools,
)  # fmt: skip
from smeaton.task.typeform import read_types
from smeaton.task.types import Type
from smeaton.task.units import dollars, seconds, size_bytes

KEYS = (
    "smeaton", "name", "goal", "data", "inputs", "output", "rows", "test", "metric", "bars", "limits", "budget",
    "privacy", "solutions", "tools", "checks", "judge", "accept",
    "costs",
)  # fmt: skip
DEVICES = ("cpu", "gpu")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_METRIC = re.compile(r"[a-z][a-z0-9_]*(?:@[0-9]+)?")
_BAR = re.compile(r"(>=|<=) ?(-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]{1,2})?)")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*:\S*")


def read(root: Item, folder: Path) -> Task:
    """The task a tree describes. `folder` is where its relative paths start."""
    parts = fields(root, KEYS, "a task")
    for key in ("smeaton", "data", "output"):
        if key not in parts:
            raise TaskError(f"the task has no {key!r}", fix=_EXAMPLES[key], where=root.where)
    if parts["smeaton"].value != 1 or isinstance(parts["smeaton"].value, bool):
        raise wrong(parts["smeaton"], "grammar version 1", "write smeaton: 1, or update Smeaton")
    no_secrets(root)
    found: dict[str, Any] = {key: _PARTS[key](part) for key, part in parts.items() if key != "smeaton"}
    task = Task(**{"name": slug(folder.resolve().name), **found}, folder=str(folder))
    _check_output(task, parts)
    _check_columns(task, parts)
    _check_agent(task, parts, root)
    return task


_EXAMPLES = {
    "smeaton": "write smeaton: 1 in the first line",
    "data": "add where the rows are, such as data: customers.csv",
    "output": "add what is to be predicted, such as output: {churned: boolean}",
}


def slug(words: str) -> str:
    """Lower-case letters, digits and dashes: a name fit for folders and routes."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "task"


def _name(item: Item) -> str:
    name = text(item, "a name such as ticket-triage")
    if _SLUG.fullmatch(name) is None:
        raise wrong(item, "a name of small letters, digits, - and _", f"write {slug(name)}")
    return name


def _goal(item: Item) -> str:
    goal = text(item, "one sentence")
    if "\n" in goal.strip() or len(goal) > 500:
        raise wrong(item, "one sentence of at most 500 characters")
    return goal.strip()


def _output(item: Item) -> dict[str, Type]:
    outputs = read_types(item, "outputs")
    pair = [outputs[name].type for name in ("answer", "sources") if name in outputs]
    if len(outputs) > 1 and not (len(outputs) == 2 and pair == ["text", "citations"]):
        second = list(outputs)[1]
        raise TaskError(
            f"a task has one output, this has {len(outputs)}: one score ranks the solutions, and two outputs have two",
            fix="make one task for each output, or one object with a field for each: output: {NAME: {FIELD: TYPE, ...}}"
            " (only answer: text with sources: citations go together)",
            where=item.keys[second],
        )
    return outputs if pair != ["text", "citations"] else {name: outputs[name] for name in ("answer", "sources")}


def _rows(item: Item) -> RowRoles:
    parts = fields(item, ("id", "time", "group", "weight", "ignore"), "rows")
    found: dict[str, Any] = {name: text(part, "a column's name") for name, part in parts.items() if name != "ignore"}
    if "ignore" in parts:
        found["ignore"] = texts(parts["ignore"], "column's name")
    return RowRoles(**found)


def _test(item: Item) -> TestShare:
    parts = fields(item, ("share", "after"), "test")
    if len(parts) != 1:
        raise wrong(item, "a share or a moment", "write {share: 0.2} or {after: 2024-01-31}, one of them")
    if "share" in parts:
        share = parts["share"].value
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            raise wrong(parts["share"], "a share between 0 and 1, such as 0.2 (0: none is sealed)")
        return TestShare(share=float(share))
    after = text(parts["after"], "a moment such as 2024-01-31")
    try:
        value_reader(Type(type="timestamp"))(after)
    except ValueError as error:
        raise wrong(parts["after"], "a moment in ISO 8601 such as 2024-01-31 or 2024-01-31T12:00Z") from error
    return TestShare(after=after)


def _metric(item: Item) -> str:
    metric = text(item, "a metric's name, or file.py:function")
    if REFERENCE.fullmatch(metric):
        return _reference(item)
    if _METRIC.fullmatch(metric) is None:
        raise wrong(item, "a metric's name such as log_loss or ndcg@10, or file.py:function")
    # A name unlike any known one may be of a metric to come: it is refused when the build asks for it.
    near = misspelt(metric, plugins.names("metrics"))
    if near is not None:
        raise TaskError(f"there is no metric {metric!r}", fix=f"did you mean {near!r}?", where=item.where)
    return metric


def _bars(item: Item) -> dict[str, Bar]:
    bars: dict[str, Bar] = {}
    for name, part in mapping(item, 'a mapping of metrics: {accuracy: ">= 0.9"}').items():
        metric = _metric(Item(name, item.keys[name]))
        found = _BAR.fullmatch(part.value) if isinstance(part.value, str) else None
        if found is None:
            raise wrong(part, 'a bar such as ">= 0.9" or "<= 12"')
        bars[metric] = Bar(op=cast(Literal[">=", "<="], found[1]), value=float(found[2]))
    return bars


def _amount(item: Item, reader: Callable[[str], Any]) -> Any:
    try:
        return reader(item.value)
    except ValueError as error:
        raise TaskError(str(error), fix="write the number with its unit", where=item.where) from error


def _limits(item: Item) -> Limits:
    readers: dict[str, Callable[[str], Any]] = {
        "p95": seconds, "cost_per_1k": dollars, "size": size_bytes, "memory": size_bytes,
    }  # fmt: skip
    parts = fields(item, (*readers, "device", "offline"), "limits")
    found = {name: _amount(parts[name], reader) for name, reader in readers.items() if name in parts}
    for name in ("p95", "size", "memory"):
        if found.get(name) == 0:
            raise wrong(parts[name], "more than nothing")
    if "device" in parts:
        found["device"] = text(parts["device"], "cpu or gpu")
        if found["device"] not in DEVICES:
            fix = nearest(found["device"], DEVICES)
            raise TaskError(f"there is no device {found['device']!r}", fix=fix, where=parts["device"].where)
    if "offline" in parts:
        found["offline"] = flag(parts["offline"])
    return Limits(**found)


def _budget(item: Item) -> Budget:
    parts = fields(item, ("time", "money"), "budget")
    found = {name: _amount(part, seconds if name == "time" else dollars) for name, part in parts.items()}
    if found.get("time", 1.0) < 1:
        raise wrong(parts["time"], "at least 1s")
    return Budget(**found)


def _privacy(item: Item) -> Privacy:
    parts = fields(item, ("external", "mask"), "privacy")
    return Privacy(
        external="external" in parts and flag(parts["external"]),
        mask=texts(parts["mask"], "column's name") if "mask" in parts else (),
    )


def _solutions(item: Item) -> Solutions:
    parts = fields(item, ("only", "never", "add"), "solutions")
    only = texts(parts["only"], "family's name") if "only" in parts else None
    never = texts(parts["never"], "family's name") if "never" in parts else ()
    if only is not None and not only:
        raise wrong(parts["only"], "at least one family")
    known = plugins.names("families")
    for key in {"only", "never"} & parts.keys():
        for part in parts[key].value:
            near = misspelt(part.value, known)
            if near is not None:
                raise TaskError(f"there is no family {part.value!r}", fix=f"did you mean {near!r}?", where=part.where)
            if part.value in never and only is not None and part.value in only:
                raise TaskError(f"{part.value!r} is both in only and in never", fix="keep one", where=part.where)
    added = read_own(parts["add"]) if "add" in parts else {}
    return Solutions(
        only=only, never=never, add=tuple(added), own={name: own for name, own in added.items() if own != Own()}
    )


def _tools(item: Item) -> Tools:
    parts = fields(item, ("use", "writes", "world", "policy"), "tools")
    if "use" not in parts or not texts(parts["use"], "tool"):
        raise TaskError("tools needs a list of tools under 'use'", fix="add use: [file.py:function]", where=item.where)
    found: dict[str, Any] = {name: texts(parts[name], "tool") for name in ("use", "writes") if name in parts}
    found |= {name: text(parts[name], "text") for name in ("world", "policy") if name in parts}
    if found.get("writes") and "world" not in found:
        raise TaskError(
            "tools that write run only in a simulated world, and there is none",
            fix="add world: file.py:name",
            where=item.keys["writes"],
        )
    return Tools(**found)


def _reference(item: Item) -> str:
    reference = text(item, "file.py:function")
    path = reference.rsplit(":", 1)[0]
    if REFERENCE.fullmatch(reference) is None:
        raise wrong(item, "file.py:function")
    if path.startswith(("/", "~")) or ".." in path.split("/"):
        raise TaskError("code is taken only from the task's own folder", fix="move the file there", where=item.where)
    return reference


def _checks(item: Item) -> tuple[str, ...]:
    checks = texts(item, "file.py:function")
    for part in item.value:
        _reference(part)
    return checks


def _judge(item: Item) -> Judge:
    parts = fields(item, ("model", "rubric", "labelled", "same_family", "always"), "judge")
    for name, example in (("model", "model: anthropic:claude-haiku-4-5"), ("rubric", "rubric: what a good answer is")):
        if name not in parts:
            raise TaskError(f"judge has no {name!r}", fix=f"add {example}", where=item.where)
    model = text(parts["model"], "a model such as anthropic:claude-haiku-4-5")
    if _MODEL.fullmatch(model) is None:
        raise wrong(parts["model"], "provider:model, such as anthropic:claude-haiku-4-5 or local:")
    found: dict[str, Any] = {name: flag(parts[name]) for name in ("same_family", "always") if name in parts}
    if "labelled" in parts:
        found["labelled"] = read_path(parts["labelled"], "a file of judged answers")
    rubric = text(parts["rubric"], "what makes an answer good, in words").strip()
    if not rubric:
        raise wrong(parts["rubric"], "what makes an answer good, in words")
    return Judge(model=model, rubric=rubric, **found)


def _accept(item: Item) -> Accept:
    parts = fields(item, Accept.__struct_fields__, "accept")
    return Accept(**{name: texts(part, "column's name") for name, part in parts.items()})


def _costs(item: Item) -> dict[str, dict[str, float]]:
    expected = "a mapping of costs: {ACTUAL: {PREDICTED: COST}}"
    return {
        actual: {predicted: _cost(cost) for predicted, cost in mapping(part, expected).items()}
        for actual, part in mapping(item, expected).items()
    }


def _cost(item: Item) -> float:
    if isinstance(item.value, bool) or not isinstance(item.value, int | float) or item.value < 0:
        raise wrong(item, "what an answer costs, 0 or more")
    return float(item.value)


_PARTS: dict[str, Callable[[Item], Any]] = {
    "name": _name,
    "goal": _goal,
    "data": read_data,
    "inputs": lambda item: read_types(item, "inputs"),
    "output": _output,
    "rows": _rows,
    "test": _test,
    "metric": _metric,
    "bars": _bars,
    "limits": _limits,
    "budget": _budget,
    "privacy": _privacy,
    "solutions": _solutions,
    "tools": _tools,
    "checks": _checks,
    "judge": _judge,
    "accept": _accept,
    "costs": _costs,
}


def _check_output(task: Task, parts: dict[str, Item]) -> None:
    where = parts["output"].keys[task.target]
    if task.costs:
        given = parts["costs"]
        places: dict[tuple[str, ...], str] = {(): given.where} | {(name,): place for name, place in given.keys.items()}
        places |= {(name, other): place for name, part in given.value.items() for other, place in part.keys.items()}
        check_costs(task, places)
    if task.output_type.horizon is not None and task.rows.time is None:
        raise TaskError("a forecast needs a time column", fix="add rows: {time: COLUMN}", where=where)
    for name in task.output:
        if name in (task.inputs or {}):
            raise TaskError(f"{name!r} is both input and output", fix="remove one", where=parts["inputs"].keys[name])
    for name, kind in (task.inputs or {}).items():
        if kind.horizon is not None:
            place = parts["inputs"].keys[name]
            raise TaskError("only an output has a horizon", fix="remove horizon", where=place)
        for key in ("interval", "quantile"):
            if getattr(kind, key) is not None:
                place = parts["inputs"].keys[name]
                raise TaskError(f"only an output has {key!r}", fix=f"remove {key}", where=place)


def _check_columns(task: Task, parts: dict[str, Item]) -> None:
    roles = {"id": task.rows.id, "time": task.rows.time, "group": task.rows.group, "weight": task.rows.weight}
    for role, name in roles.items():
        if name is not None and name in task.output:
            place = parts["rows"].value[role].where
            raise TaskError(f"the output {name!r} cannot be rows.{role}", fix="name another column", where=place)
    for item in parts["rows"].value["ignore"].value if task.rows.ignore else ():
        if item.value in task.output or item.value in (task.inputs or {}):
            fix = "remove it here or there"
            raise TaskError(f"{item.value!r} is used and ignored at once", fix=fix, where=item.where)
    if task.test.after is not None and task.rows.time is None:
        raise TaskError("test.after needs a time column", fix="add rows: {time: COLUMN}", where=parts["test"].where)
    if "test" in parts and task.data.test is not None:
        raise TaskError("data.test is the test already", fix="remove test", where=parts["test"].where)
    for key, name in (("privacy", "mask"), ("accept", "leak")):
        for item in parts[key].value[name].value if key in parts and name in parts[key].value else ():
            if task.inputs is not None and item.value not in task.inputs:
                fix = nearest(item.value, task.inputs)
                raise TaskError(f"there is no input {item.value!r}", fix=fix, where=item.where)


def _check_agent(task: Task, parts: dict[str, Item], root: Item) -> None:
    if task.tools is not None and not task.checks:
        raise TaskError(
            "a task with tools needs checks: without them nobody can say whether an agent did right",
            fix="add checks: [file.py:function]",
            where=root.keys["tools"],
        )
    if task.data.examples is None and task.data.documents is None:
        raise TaskError("data has no examples", fix="add examples: PATH", where=parts["data"].where)

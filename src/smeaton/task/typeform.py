"""How a type is written in a task: `text or null`, a list of labels, a mapping of fields, or the long form."""

from typing import Any

from smeaton.errors import TaskError
from smeaton.task.clock import CLOCK
from smeaton.task.forms import BOOLEANS, SEPARATORS
from smeaton.task.items import Item, fields, flag, mapping, nearest, text, wrong
from smeaton.task.moments import COUNTED, LAYOUTS
from smeaton.task.notation import layout_of
from smeaton.task.readers import LARGEST_INTEGER, NULL_TEXT, show
from smeaton.task.types import KINDS, Label, Type

_LONG = (
    "type", "of", "fields", "labels", "base", "form", "optional", "min", "max", "unit", "horizon", "about",
    "ordered", "known", "outside", "recall", "interval", "quantile",
)  # fmt: skip
#: Keys that only some types have.
_ONLY = {
    "of": ("list", "series"), "fields": ("object", "json"), "labels": ("category", "boolean"), "base": ("category",),
    "form": ("number", "integer", "boolean", "timestamp", "category", "vector", "list", "json"),
    "min": ("number", "integer"), "max": ("number", "integer"), "unit": ("number", "integer"),
    "horizon": ("number", "integer"),
    "ordered": ("category",), "known": ("category",), "outside": ("category",), "recall": ("category",),
    "interval": ("number", "integer"), "quantile": ("number", "integer"),
}  # fmt: skip
_BASES: dict[type, Any] = {str: "text", int: "integer", bool: "boolean"}
_OR_NULL = " or null"


def read_types(item: Item, what: str) -> dict[str, Type]:
    """Names with their types."""
    parts = mapping(item, f"a mapping of {what}: {{name: type}}")
    for name in parts:
        if not name.strip() or NULL_TEXT in name:
            raise TaskError(f"{name!r} is no name of a column", fix="write the column's name", where=item.keys[name])
    return {name: read_type(part) for name, part in parts.items()}


def read_type(item: Item) -> Type:
    """One type, in any of its forms.

    Raises:
        TaskError: unknown type or key, or a key the type does not have.
    """
    if isinstance(item.value, str):
        name = item.value.removesuffix(_OR_NULL)
        return Type(type=_kind(item, name), optional=name != item.value)
    if isinstance(item.value, list):
        labels = _labels(item)
        return Type(type="category", labels=labels, base=_BASES[type(labels[0])])
    if isinstance(item.value, dict) and "type" not in item.value:
        return Type(type="object", fields=read_types(item, "fields"))
    if isinstance(item.value, dict):
        return _long(item)
    raise wrong(item, "a type such as number, text or null, or a list of labels", nearest(str(item.value), KINDS))


def _kind(item: Item, name: str) -> Any:
    if name not in KINDS:
        raise TaskError(f"there is no type {name!r}", fix=nearest(name, KINDS), where=item.where)
    return name


def _long(item: Item) -> Type:
    parts = fields(item, _LONG, "a type")
    name = text(parts["type"], "the name of a type")
    kind = _kind(parts["type"], name.removesuffix(_OR_NULL))
    for key, kinds in _ONLY.items():
        if key in parts and kind not in kinds:
            raise TaskError(
                f"a type {kind} has no {key!r}; only {' and '.join(kinds)} have",
                fix=f"remove {key}",
                where=item.keys[key],
            )
    for key, owner in (("of", "list"), ("fields", "object")):
        if kind == owner and key not in parts:
            raise TaskError(f"a type {kind} needs {key!r}", fix=f"add {key}", where=item.where)
    labels = _labels(parts["labels"]) if "labels" in parts else None
    found = Type(
        type=kind,
        optional=name.endswith(_OR_NULL) or ("optional" in parts and flag(parts["optional"])),
        labels=labels,
        base=_base(parts.get("base"), labels) if kind == "category" else "text",
        form=text(parts["form"], "a form such as m/d/Y") if "form" in parts else None,
        of=read_type(parts["of"]) if "of" in parts else None,
        fields=read_types(parts["fields"], "fields") if "fields" in parts else None,
        min=_bound(parts.get("min")),
        max=_bound(parts.get("max")),
        unit=text(parts["unit"], "a unit as text") if "unit" in parts else None,
        horizon=_horizon(parts.get("horizon")),
        about=text(parts["about"], "a sentence") if "about" in parts else None,
        ordered="ordered" in parts and flag(parts["ordered"]),
        known=_labels(parts["known"], least=1) if "known" in parts else None,
        outside=_outside(parts["outside"], labels) if "outside" in parts else None,
        recall=_recall(parts) if "recall" in parts else None,
        interval=_interval(parts["interval"]) if "interval" in parts else None,
        quantile=_share(parts["quantile"], "a share between 0 and 1, such as 0.9") if "quantile" in parts else None,
    )
    _check_whole(item, parts, found)
    return found


def _check_whole(item: Item, parts: dict[str, Item], found: Type) -> None:
    if found.form is not None:
        _check_form(parts["form"], found)
    if found.min is not None and found.max is not None and found.min > found.max:
        raise TaskError(f"min {found.min:g} is above max {found.max:g}", fix="swap them", where=item.keys["min"])
    if found.type == "boolean" and found.labels is not None and found.labels != (False, True):
        raise wrong(parts["labels"], "[false, true], the labels of a boolean")


def _check_form(item: Item, found: Type) -> None:
    layout = str(found.form).split("|")[0]
    known: tuple[str, ...] = {
        "boolean": tuple(BOOLEANS), "timestamp": ("iso", *LAYOUTS, *COUNTED),
        "category": {"text": ("text", "mixed"), "integer": ("plain",), "boolean": tuple(BOOLEANS)}[found.base],
        "list": ("json", "python", *SEPARATORS) if found.answer == "many" else ("json", "python"),
        "json": ("json", "python"),
    }.get(found.type, ("plain",))  # fmt: skip
    if found.type == "vector":
        if not (layout.isascii() and layout.isdigit() and 0 < int(layout) < 10**6) or "|" in str(found.form):
            raise wrong(item, "the length of a vector, such as '384'")
    elif layout not in known and not (found.type in ("number", "integer") and (layout == CLOCK or layout_of(layout))):
        raise TaskError(f"a {found.type} has no form {layout!r}", fix=nearest(layout, known), where=item.where)


def _base(item: Item | None, labels: tuple[Label, ...] | None) -> Any:
    stated = None if item is None else text(item, "text, integer or boolean")
    if item is not None and stated not in _BASES.values():
        raise TaskError(
            f"a category has no base {stated!r}", fix=nearest(str(stated), _BASES.values()), where=item.where
        )
    if labels is None:
        return stated or "text"
    if item is not None and stated != _BASES[type(labels[0])]:
        raise TaskError(f"the labels are not of base {stated}", fix="remove base", where=item.where)
    return _BASES[type(labels[0])]


def _labels(item: Item, least: int = 2) -> tuple[Label, ...]:
    expected = "at least two labels, all text or all whole numbers"
    if not isinstance(item.value, list) or len(item.value) < least:
        raise wrong(item, expected, "write [first, second]; a single value is nothing to choose from")
    first = item.value[0].value
    for part in item.value:
        if part.value.__class__ not in _BASES or part.value == "" or NULL_TEXT in str(part.value):
            raise wrong(part, "a label (text, a whole number, true or false)")
        if part.value.__class__ is not first.__class__:
            fix = f"put it in quotes: '{show(part.value).rsplit(' ', 1)[-1]}'" if isinstance(first, str) else ""
            raise wrong(part, f"labels all of one kind, like {first!r}", fix)
        if isinstance(part.value, int) and abs(part.value) > LARGEST_INTEGER:
            raise wrong(part, "whole numbers up to 2^53", "quote the labels")
    labels = tuple(part.value for part in item.value)
    for place, part in enumerate(item.value):
        if part.value in labels[:place]:
            raise TaskError(f"the label {part.value!r} stands twice", fix="remove one", where=part.where)
    return labels


def _outside(item: Item, labels: tuple[Label, ...] | None) -> Label:
    label = item.value
    if not isinstance(label, str | int) or label == "":
        raise wrong(item, "the label that means none of the others")
    if labels is not None and label not in labels:
        raise TaskError(f"{label!r} is none of the labels", fix=nearest(str(label), map(str, labels)), where=item.where)
    return label


def _recall(parts: dict[str, Item]) -> float:
    item = parts["recall"]
    if "outside" not in parts:
        raise TaskError("recall needs outside", fix="add outside: LABEL", where=item.where)
    return _share(item, "a share between 0 and 1, such as 0.8")


def _interval(item: Item) -> float:
    if item.value == "none":
        return 0.0
    return _share(item, "the share of rows an interval holds, such as 0.8, or none")


def _share(item: Item, expected: str) -> float:
    if isinstance(item.value, bool) or not isinstance(item.value, int | float) or not 0 < item.value < 1:
        raise wrong(item, expected)
    return float(item.value)


def _bound(item: Item | None) -> float | None:
    if item is None:
        return None
    if isinstance(item.value, bool) or not isinstance(item.value, int | float):
        raise wrong(item, "a number")
    return float(item.value)


def _horizon(item: Item | None) -> int | None:
    if item is None:
        return None
    if isinstance(item.value, bool) or not isinstance(item.value, int) or not 1 <= item.value <= 100_000:
        raise wrong(item, "a whole number of steps, 1 or more")
    return item.value


def write_type(kind: Type) -> Any:
    """The shortest plain form that `read_type` reads back as the same type."""
    extra: dict[str, Any] = {
        "labels": None if kind.labels is None else list(kind.labels),
        "base": kind.base if kind.labels is None and kind.base != "text" else None,
        "form": kind.form,
        "of": None if kind.of is None else write_type(kind.of),
        "fields": None if kind.fields is None else {name: write_type(part) for name, part in kind.fields.items()},
        "min": kind.min,
        "max": kind.max,
        "unit": kind.unit,
        "horizon": kind.horizon,
        "about": kind.about,
        "ordered": kind.ordered or None,
        "known": None if kind.known is None else list(kind.known),
        "outside": kind.outside,
        "recall": kind.recall,
        "interval": "none" if kind.interval == 0 else kind.interval,
        "quantile": kind.quantile,
    }
    extra = {key: value for key, value in extra.items() if value is not None}
    if not extra:
        return kind.type + (_OR_NULL if kind.optional else "")
    if not kind.optional and list(extra) == ["labels"] and kind.type == "category":
        return extra["labels"]
    if kind.type == "object" and not kind.optional and list(extra) == ["fields"] and "type" not in extra["fields"]:
        return extra["fields"]
    return {"type": kind.type, **({"optional": True} if kind.optional else {}), **extra}

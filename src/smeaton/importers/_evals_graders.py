"""The graders of OpenAI Evals: string checks become checks, models a judge, Python code is kept for who trusts it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smeaton.importers import Assertion, Code, Judge, Kind, Lost
from smeaton.importers._names import identifier
from smeaton.importers._template import filled, has_logic, names, only, worded

_ANSWER = "sample.output_text"
_OPERATIONS: dict[str, tuple[Kind, bool]] = {
    "eq": ("equals", False), "ne": ("equals", True), "like": ("contains", False), "ilike": ("icontains", False),
}  # fmt: skip


@dataclass(slots=True)
class Graded:
    """What the graders ask: `cases[i]` of row i, one judge, code. `reference` is the field that holds the right answer
    ('' = none), `fields` those that graders look at; `judged` says that equality with it is all that is asked."""

    cases: list[tuple[Assertion, ...]]
    reference: str = ""
    fields: set[str] = field(default_factory=set)
    judge: Judge | None = None
    code: tuple[Code, ...] = ()
    judged: bool = False


def grade(
    criteria: Sequence[Any], items: Sequence[Mapping[str, Any]], where: str, lost: list[Lost], notes: list[str]
) -> Graded:
    """Read the graders of an eval, over its rows."""
    graded = Graded([() for _ in items])
    rubrics: list[tuple[str, str]] = []
    known = [one for one in criteria if isinstance(one, Mapping) and isinstance(one.get("type"), str)]
    lost += [Lost("a grader", where, "it has no type")] * (len(criteria) - len(known))
    for number, one in enumerate(known):
        place = f"{where}: testing_criteria[{number}]"
        reader = _READERS.get(one["type"])
        graded.fields |= _fields(one)
        if reader is None:
            lost.append(Lost(f"the grader {one.get('name')!r}", place, f"no check does what {one['type']} does"))
        else:
            reader(_Grader(one, place, items, lost, rubrics), graded)
    graded.judge = _judge(rubrics, notes)
    equal = len(known) == len(criteria) == 1 and known[0].get("operation") == "eq"
    graded.judged = equal and bool(graded.reference)
    return graded


@dataclass(frozen=True, slots=True)
class _Grader:
    stated: Mapping[str, Any]
    where: str
    items: Sequence[Mapping[str, Any]]
    lost: list[Lost]
    rubrics: list[tuple[str, str]]

    @property
    def name(self) -> str:
        return str(self.stated.get("name") or self.stated["type"])

    def lose(self, why: str) -> None:
        self.lost.append(Lost(f"the grader {self.name!r}", self.where, why))


def _fields(one: Mapping[str, Any]) -> set[str]:
    """The fields of a row that a grader looks at."""
    texts = [one.get("reference")] + [
        message_words(message) for message in one.get("input") or [] if not isinstance(message, str)
    ]
    said = {name for text in texts if isinstance(text, str) for name in names(text)}
    return {name.split(".")[1] for name in said if name.startswith("item.")}


def message_words(message: Any) -> str | None:
    """The words of a message template, None where there are none, or more than words."""
    content = message.get("content") if isinstance(message, Mapping) else None
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
    plain = [text for text in texts if isinstance(text, str)]
    return "\n".join(plain) if plain and len(plain) == len(texts) else None


def word(name: str) -> str:
    """A placeholder of Evals in words."""
    return "the answer" if name.startswith("sample.") else f"the input {name.removeprefix('item.')}"


def _string_check(grader: _Grader, graded: Graded) -> None:
    operation = grader.stated.get("operation")
    reference = grader.stated.get("reference")
    if operation not in _OPERATIONS or not isinstance(reference, str):
        grader.lose(f"its operation is {operation!r}, or it has no reference")
        return
    if only(str(grader.stated.get("input"))) != _ANSWER:
        grader.lose("it compares a part of the answer: make the output of the task an object of fields instead")
        return
    if has_logic(reference):
        grader.lose("its reference has logic or filters")
        return
    kind, negated = _OPERATIONS[operation]
    _reference(reference, operation, graded)
    for number, item in enumerate(grader.items):
        try:
            value = filled(reference, {"item": item})
        except KeyError as error:
            grader.lose(f"row {number + 1} has no {error.args[0]!r}; it and others like it are not checked")
            return
        said = f"{grader.name} {operation}"
        graded.cases[number] += (Assertion(kind, value, negated, said, grader.where),)


def _reference(reference: str, operation: object, graded: Graded) -> None:
    name = only(reference)
    if operation in ("eq", None) and name.startswith("item.") and name.count(".") == 1 and not graded.reference:
        graded.reference = name.removeprefix("item.")


def _text_similarity(grader: _Grader, graded: Graded) -> None:
    metric = grader.stated.get("evaluation_metric")
    _reference(str(grader.stated.get("reference")), None, graded)
    grader.lose(f"no check measures {metric}; the reference is kept as the output, and a judge can compare with it")


def _label_model(grader: _Grader, graded: Graded) -> None:
    text = _rubric(grader)
    labels, passing = grader.stated.get("labels"), grader.stated.get("passing_labels")
    if text is None or not isinstance(labels, list) or not isinstance(passing, list):
        return
    good = ", ".join(map(str, passing))
    grader.rubrics.append((f"{text}\nOf the labels {', '.join(map(str, labels))}, good is: {good}.", _model(grader)))


def _score_model(grader: _Grader, graded: Graded) -> None:
    text = _rubric(grader)
    if text is None:
        return
    span = grader.stated.get("range")
    low, high = span if isinstance(span, list) and len(span) == 2 else (0, 1)
    least = grader.stated.get("pass_threshold")
    least = least if isinstance(least, int | float) else (low + high) / 2
    grader.rubrics.append(
        (f"{text}\nOn a scale from {low} to {high}, good is a score of {least} or more.", _model(grader))
    )
    grader.lost.append(
        Lost(f"the score of {grader.name!r}", grader.where, f"a judge says good or not: {least} or more is good")
    )


def _rubric(grader: _Grader) -> str | None:
    messages = grader.stated.get("input")
    texts = [message_words(message) for message in messages] if isinstance(messages, list) else []
    plain = [text for text in texts if text is not None and not has_logic(text)]
    if not plain or len(plain) < len(texts):
        grader.lose("its messages hold more than words")
        return None
    told = [worded(text, word).strip() for text in plain if not only(text)]
    return "\n\n".join(filter(None, told)) or None


def _model(grader: _Grader) -> str:
    said = grader.stated.get("model")
    return f"openai:{said}" if isinstance(said, str) and said and not any(mark.isspace() for mark in said) else ""


def _python(grader: _Grader, graded: Graded) -> None:
    source = grader.stated.get("source")
    least = grader.stated.get("pass_threshold")
    if not isinstance(source, str) or not source.strip():
        grader.lose("it has no source")
        return
    threshold = float(least) if isinstance(least, int | float) else None
    name = identifier(grader.name, {code.name for code in graded.code})
    graded.code += (Code(name, source, "grade", grader.where, threshold),)


def _multi(grader: _Grader, graded: Graded) -> None:
    grader.lose("it is a formula over other graders; state them one by one")


_READERS = {
    "string_check": _string_check,
    "text_similarity": _text_similarity,
    "label_model": _label_model,
    "score_model": _score_model,
    "python": _python,
    "multi": _multi,
}


def _judge(rubrics: Sequence[tuple[str, str]], notes: list[str]) -> Judge | None:
    """One judge for all model graders: the first one's model, and all rubrics."""
    if not rubrics:
        return None
    models = [model for _, model in rubrics if model]
    if len(set(models)) > 1:
        notes.append(f"the graders use {len(set(models))} models, a task has one judge: {models[0]} is taken")
    if len(rubrics) > 1:
        notes.append(f"{len(rubrics)} model graders became one rubric: an answer is good if all of them hold")
    notes.append("rows judged by people calibrate the judge: give them as judge.labelled (FILE)")
    return Judge(models[0] if models else "openai:gpt-5-mini", "\n\n".join(text for text, _ in rubrics))

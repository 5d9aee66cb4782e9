"""The open-source registry of OpenAI Evals: a YAML of evals, and samples with `input` and `ideal`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smeaton.errors import DataError
from smeaton.importers import Assertion, Imported, Judge, Kind, Lost, Prompt
from smeaton.importers._files import inside, read_jsonl, read_yaml, shape
from smeaton.importers._output import output_type
from smeaton.importers._template import as_text

#: Class of the registry -> how its answers are judged against `ideal`.
_CLASSES: dict[str, Kind] = {"Match": "starts_with_any", "Includes": "contains_any", "FuzzyMatch": "fuzzy_any"}
_JUDGED = "ModelBasedClassify"
_JUDGE = "openai:gpt-5-mini"


def is_registry(value: Any) -> bool:
    """Whether a YAML value is a registry of evals."""
    return isinstance(value, dict) and any(_is_eval(part) for part in value.values())


def is_samples(path: Path) -> bool:
    """Whether a JSON Lines file begins with a sample."""
    first = next(read_jsonl(path), ("", None))[1]
    return isinstance(first, dict) and "input" in first and "item" not in first


def registry(path: Path) -> Imported:
    """The one eval of a registry file.

    Raises:
        DataError: it holds none or several, or its samples are missing.
    """
    value = read_yaml(path)
    evals = {name: part for name, part in value.items() if _is_eval(part)} if isinstance(value, dict) else {}
    if not evals:
        raise DataError(
            "no eval with a class and its args is here", fix="name a file of registry/evals", where=str(path)
        )
    if len(evals) > 1:
        why = "one eval is one task; import a file with this eval alone"
        lost = [Lost(f"the eval {name!r}", f"{path}: {name}", why) for name in list(evals)[1:]]
    else:
        lost = []
    name, stated = next(iter(evals.items()))
    args = stated["args"]
    where = f"{path}: {name}"
    file = _samples_file(path, args.get("samples_jsonl"), where)
    about = value.get(name.split(".")[0])
    goal = str(about.get("description") or "") if isinstance(about, dict) else ""
    lost += [
        Lost(f"the argument {key!r}", where, "a task has nothing like it")
        for key in args
        if key not in ("samples_jsonl", "modelgraded_spec", "ignore_case")
    ]
    return _task(file, name.split(".")[0], goal, stated["class"].rsplit(":", 1)[-1], args, where, lost)


def samples(path: Path) -> Imported:
    """The task of samples alone: an answer is right if it begins with an ideal one, as the registry's Match has it."""
    return _task(path, path.parent.name or path.stem, "", "Match", {}, str(path), [])


def _is_eval(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("class"), str) and isinstance(part.get("args"), dict)


def _samples_file(path: Path, name: Any, where: str) -> Path:
    """The samples: beside the YAML, or in `data` of the registry that it belongs to."""
    if not isinstance(name, str):
        raise DataError("the eval names no samples_jsonl", fix="add it below args", where=where)
    home = path.parent
    if home.name == "evals" and (home.parent / "data").is_dir():
        return inside(home.parent / "data", name, where)
    return inside(home, name, where)


def _task(
    file: Path, name: str, goal: str, judged: str, args: Mapping[str, Any], where: str, lost: list[Lost]
) -> Imported:
    found = [_sample(value, place) for place, value in read_jsonl(file)]
    if not found:
        raise DataError("the file holds no sample", fix="name another", where=str(file))
    told = _common([messages for messages, _ in found])
    rows, cases = [], []
    for messages, ideals in found:
        rows.append({"input": _text(messages[len(told) :]), "ideal": ideals[0] if ideals else None})
        kind = "icontains_any" if judged == "Includes" and args.get("ignore_case") else _CLASSES.get(judged)
        cases.append((Assertion(kind, ideals, False, judged, where),) if kind and ideals else ())
    kind_of, note = output_type([row["ideal"] for row in rows])
    notes = [note] if note else []
    if any(len(ideals) > 1 for _, ideals in found):
        notes.append("where several answers are ideal, the first is the reference; the check takes each of them")
    judge = _judge(judged, args, where, lost, notes)
    if judged not in _CLASSES and judge is None:
        lost.append(Lost(f"how {judged} judges", where, "no check does it; answers are compared with the ideal one"))
    return Imported(
        source=str(file),
        format="OpenAI Evals",
        name=name,
        goal=goal,
        inputs={"input": "text"},
        output="ideal",
        output_type=kind_of,
        judged=judged not in _CLASSES and judge is None,
        rows=tuple(rows),
        cases=tuple(cases),
        judge=judge,
        prompts=(Prompt("registry", _text(told)),) if told else (),
        lost=tuple(lost),
        notes=tuple(notes),
    )


def _sample(value: Any, where: str) -> tuple[list[tuple[str, str]], list[str]]:
    """A sample's messages, (role, text), and its ideal answers."""
    if not isinstance(value, dict) or "input" not in value:
        raise DataError("a sample has no input", fix="write input and ideal in each line", where=where)
    stated = value["input"]
    messages = [("user", stated)] if isinstance(stated, str) else []
    for message in stated if isinstance(stated, list) else []:
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(content, str):
            raise DataError(f"a message holds {shape(content)}, not text", fix="write role and content", where=where)
        messages.append((str(message.get("role") or "user"), content))
    if not messages:
        raise DataError(f"an input is {shape(stated)}", fix="write text, or messages", where=where)
    ideal = value.get("ideal", value.get("answer"))
    ideals = ideal if isinstance(ideal, list) else [] if ideal is None else [ideal]
    return messages, [as_text(one) for one in ideals]


def _common(samples: Sequence[list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """The messages that all samples begin with; the last message of each is its own."""
    if len(samples) < 2:
        return [message for message in samples[0][:-1] if message[0] == "system"]
    count = 0
    while all(len(one) > count + 1 and one[count] == samples[0][count] for one in samples):
        count += 1
    return samples[0][:count]


def _text(messages: Sequence[tuple[str, str]]) -> str:
    """Messages as one text; a single one is its own words."""
    if len(messages) == 1 or all(role == "system" for role, _ in messages):
        return "\n\n".join(text for _, text in messages)
    return "\n\n".join(f"{role}: {text}" for role, text in messages)


def _judge(judged: str, args: Mapping[str, Any], where: str, lost: list[Lost], notes: list[str]) -> Judge | None:
    if judged != _JUDGED:
        return None
    spec = args.get("modelgraded_spec")
    lost.append(
        Lost(
            f"the grading words {spec!r}",
            where,
            "they stand in another file of the registry: put them into judge.rubric",
        )
    )
    notes.append(f"the judge is {_JUDGE}, and its rubric only compares with the ideal answer")
    return Judge(_JUDGE, "The answer agrees with the ideal one in every fact; other words for the same are as good.")

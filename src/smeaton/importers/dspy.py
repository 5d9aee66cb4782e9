"""DSPy: the JSON state of a program (`program.save("program.json")`): instructions, fields and worked examples.

The state does not say which fields are inputs: what stands before the reasoning is input, or, without reasoning, all
but the last field. Pickled programs are never opened.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smeaton.errors import DataError
from smeaton.importers import Imported, Lost, Prompt
from smeaton.importers._files import read_json, shape
from smeaton.importers._names import column, file_name, model
from smeaton.importers._output import as_written, input_type, output_type

_REASONING = ("reasoning", "rationale")
_MARKS = ("augmented", "dspy_uuid", "dspy_split")  # of an example, no fields
_OLD = ("signature_instructions", "extended_signature_instructions")
_PICKLES = (".pkl", ".pickle")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class _Predictor:
    name: str
    where: str
    instructions: str
    fields: tuple[_Field, ...]
    demos: tuple[dict[str, Any], ...]
    lm: str
    sure: bool

    @property
    def reasoning(self) -> str:
        return next((field.name for field in self.fields if field.name in _REASONING), "")

    @property
    def split(self) -> int:
        """How many fields are inputs."""
        names = [field.name for field in self.fields]
        return names.index(self.reasoning) if self.reasoning else max(len(names) - 1, 0)

    @property
    def inputs(self) -> tuple[_Field, ...]:
        return self.fields[: self.split]

    @property
    def outputs(self) -> tuple[_Field, ...]:
        return tuple(field for field in self.fields[self.split :] if field.name != self.reasoning)


class Dspy:
    """See the module."""

    def detect(self, path: Path) -> bool:
        """A JSON file with predictors, or the folder of a pickled program."""
        if path.is_dir():
            return (path / "program.pkl").is_file()
        if path.suffix in _PICKLES:
            return True
        if path.suffix != ".json":
            return False
        try:
            return bool(_states(read_json(path)))
        except DataError:
            return False

    def read(self, path: Path) -> Imported:
        """Read it; see `Importer`."""
        if path.is_dir() or path.suffix in _PICKLES:
            raise DataError(
                "this program is pickled; a pickle can run any code, so it is never opened",
                fix='save the state as JSON: program.save("program.json")',
                where=str(path),
            )
        state = read_json(path)
        found = _states(state)
        if not found:
            raise DataError(
                "no predictor is in this file",
                fix='save the program with program.save("program.json")',
                where=str(path),
            )
        predictors = [_predictor(name, part, f"{path}: {name}") for name, part in found.items()]
        return _imported(path, predictors, _others(state, found, path))


part = Dspy()


def _states(state: Any) -> dict[str, dict[str, Any]]:
    """The predictors of a state by name."""
    if not isinstance(state, dict):
        return {}
    if _is_predictor(state):
        return {"predict": state}
    return {name: value for name, value in state.items() if _is_predictor(value)}


def _is_predictor(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("demos"), list):
        return False
    return isinstance(_signature(value), dict) or any(isinstance(value.get(name), str) for name in _OLD)


def _signature(value: Mapping[str, Any]) -> Any:
    return value.get("extended_signature") or value.get("signature")


def _predictor(name: str, value: Mapping[str, Any], where: str) -> _Predictor:
    signature = _signature(value)
    signature = signature if isinstance(signature, dict) else {}
    said = signature.get("instructions") or next((value[key] for key in _OLD if value.get(key)), "")
    demos = tuple(demo for demo in value["demos"] if isinstance(demo, dict))
    if len(demos) < len(value["demos"]):
        raise DataError("an example is no mapping of fields", fix="save the program again", where=f"{where}.demos")
    demos = tuple({key: part for key, part in demo.items() if key not in _MARKS} for demo in demos)
    stated = signature.get("fields")
    fields, sure = _fields(stated if isinstance(stated, list) else [], demos)
    lm = value.get("lm")
    lm_name = lm.get("model") if isinstance(lm, dict) else lm
    return _Predictor(name, where, str(said).strip(), fields, demos, lm_name if isinstance(lm_name, str) else "", sure)


def _fields(stated: Sequence[Any], demos: Sequence[Mapping[str, Any]]) -> tuple[tuple[_Field, ...], bool]:
    """The fields in order, and whether their names are sure: a state holds prefixes and descriptions, and names only
    where a description was left as it came (`${name}`) or an example has them."""
    known = {_plain(name): name for demo in demos for name in demo}
    found: dict[str, _Field] = {}
    for part in stated:
        if not isinstance(part, dict):
            continue
        prefix, about = str(part.get("prefix") or ""), str(part.get("description") or part.get("desc") or "")
        same = re.fullmatch(r"\$\{(\w+)\}", about)
        name = same[1] if same else known.get(_plain(prefix), re.sub(r"\W+", "_", prefix.lower()).strip("_"))
        if name and name not in found:
            found[name] = _Field(name, "" if same else about)
    if not found:
        return tuple(_Field(name, "") for name in known.values()), False
    return tuple(found.values()), all(_plain(name) in known for name in found) or not known


def _plain(words: str) -> str:
    return re.sub(r"[\W_]+", "", words.lower())


def _others(state: Any, found: Mapping[str, Any], path: Path) -> tuple[Lost, ...]:
    if not isinstance(state, dict) or _is_predictor(state):
        return ()
    return tuple(
        Lost(f"the state of {name!r}", f"{path}: {name}", f"it is {shape(value)}, no predictor (a retriever, a tool)")
        for name, value in state.items()
        if name not in found and name != "metadata"
    )


def _imported(path: Path, predictors: Sequence[_Predictor], lost: tuple[Lost, ...]) -> Imported:
    main = predictors[-1]
    if not main.fields or not main.outputs:
        raise DataError("no field of the signature can be told", fix="save the program again", where=main.where)
    name = main.outputs[0].name if len(main.outputs) == 1 else "result"
    name = column(name, {field.name for field in main.inputs})
    rows = tuple(_row(demo, main, name) for demo in _distinct(main.demos) if _is_whole(demo, main))
    partial = len(main.demos) - len(rows)
    if partial:
        lost += (Lost(f"{partial} examples", f"{main.where}.demos", "they lack a field, or stand there twice"),)
    if len(main.outputs) == 1:
        kind, note = output_type([row[name] for row in rows])
    else:
        kind = {field.name: output_type([row[name][field.name] for row in rows])[0] for field in main.outputs}
        kind, note = {key: value if isinstance(value, str) else "text" for key, value in kind.items()}, ""
    inputs = {field.name: input_type([row[field.name] for row in rows]) for field in main.inputs}
    if not rows:
        inputs, kind = dict.fromkeys(inputs, "text"), kind if isinstance(kind, str) else dict.fromkeys(kind, "text")
    typed = tuple({key: as_written(value, inputs.get(key, kind)) for key, value in row.items()} for row in rows)
    goal = re.split(r"(?<=[.!?])\s", main.instructions.partition("\n")[0], maxsplit=1)[0]
    return Imported(
        source=str(path),
        format="DSPy",
        name=path.stem,
        goal=goal if len(goal) <= 300 else "",
        inputs=inputs,
        output=name,
        output_type=kind,
        judged=True,
        rows=typed,
        prompts=_prompts(predictors, name),
        models=tuple(dict.fromkeys(filter(None, (model(one.lm) for one in predictors)))),
        lost=lost + _lost(predictors),
        notes=tuple(filter(None, (*_notes(main, len(rows)), note))),
    )


def _distinct(demos: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [demo for number, demo in enumerate(demos) if demo not in demos[:number]]


def _is_whole(demo: Mapping[str, Any], main: _Predictor) -> bool:
    return all(demo.get(field.name) is not None for field in (*main.inputs, *main.outputs))


def _row(demo: Mapping[str, Any], main: _Predictor, name: str) -> dict[str, Any]:
    return {field.name: demo[field.name] for field in main.inputs} | {name: _answer(demo, main)}


def _answer(demo: Mapping[str, Any], main: _Predictor) -> Any:
    if len(main.outputs) == 1:
        return demo[main.outputs[0].name]
    return {field.name: demo[field.name] for field in main.outputs}


def _prompts(predictors: Sequence[_Predictor], output: str) -> tuple[Prompt, ...]:
    taken: set[str] = set()
    found = []
    for one in predictors:
        name = file_name(one.name, taken)
        taken.add(name)
        about = [f"- the input {field.name}: {field.about}" for field in one.inputs if field.about]
        about += [f"- the answer ({field.name}): {field.about}" for field in one.outputs if field.about]
        text = one.instructions or f"Answer with {', '.join(field.name for field in one.outputs) or output}."
        examples = tuple(
            {"inputs": {field.name: demo[field.name] for field in one.inputs}, "answer": _answer(demo, one)}
            for demo in _distinct(one.demos)
            if _is_whole(demo, one)
        )
        found.append(Prompt(name, "\n".join([text, *(["", *about] if about else [])]), examples))
    return tuple(found)


def _lost(predictors: Sequence[_Predictor]) -> tuple[Lost, ...]:
    lost = []
    for one in predictors:
        if any(one.reasoning in demo for demo in one.demos if one.reasoning):
            why = "an example holds inputs and the answer; a model reasons anew, or not at all"
            lost.append(Lost("the reasoning of the examples", f"{one.where}.demos", why))
        if one.lm and not model(one.lm):
            why = "its provider is none of Smeaton's; state it in llm.toml and add it to solutions.add"
            lost.append(Lost(f"the model {one.lm}", f"{one.where}.lm", why))
        elif one.lm:
            lost.append(Lost(f"the settings of {one.lm}", f"{one.where}.lm", "the search sets them"))
    lost += [
        Lost(
            f"the step {one.name!r}", one.where, "a task is one step; its prompt is kept, the program around it is code"
        )
        for one in predictors[:-1]
    ]
    return tuple(lost)


def _notes(main: _Predictor, rows: int) -> tuple[str, ...]:
    notes = []
    inputs = ", ".join(field.name for field in main.inputs) or "none"
    outputs = ", ".join(field.name for field in main.outputs)
    if not main.reasoning:
        notes.append(
            f"the state does not say which fields are inputs: taken are {inputs}, and {outputs} as the output "
            "(the last field)"
        )
    if not main.sure:
        notes.append("the names of the fields are told from their prefixes: compare them with the program's signature")
    if rows:
        notes.append(
            "the worked examples are the rows of data.jsonl too: a score of the prompt with its examples flatters it "
            "until you bring rows of your own"
        )
    if rows < 50:
        notes.append(
            f"the state holds {rows} examples, too few to choose by: add labelled rows to data.jsonl before a build"
        )
    return tuple(notes)

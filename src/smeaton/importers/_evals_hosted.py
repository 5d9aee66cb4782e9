"""Exports of the hosted OpenAI Evals: records told apart by their shape, then one task of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from smeaton.errors import DataError
from smeaton.importers import Imported, Lost, Prompt
from smeaton.importers._evals_graders import Graded, grade, message_words, word
from smeaton.importers._files import read_json, read_jsonl
from smeaton.importers._names import column, file_name
from smeaton.importers._output import as_written, input_type, output_type
from smeaton.importers._template import has_logic, names, only, worded

_ITEM = "item."


@dataclass(slots=True)
class Export:
    """The records of an export, each with its place."""

    evals: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    runs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    outputs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    items: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing of an eval is there."""
        return not (self.evals or self.runs or self.outputs or self.items)


def gather(files: Sequence[Path]) -> Export:
    """Sort the records of files.

    Raises:
        DataError: a file is damaged.
    """
    export = Export()
    for file in files:
        values = read_jsonl(file) if file.suffix == ".jsonl" else iter([(str(file), read_json(file))])
        for where, value in values:
            for record in _records(value):
                _sort(export, where, record)
    return export


def _records(value: Any) -> Iterator[Any]:
    """The records of a page of a listing, of a list, or the record itself."""
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        yield from value["data"]
    elif isinstance(value, list):
        yield from value
    else:
        yield value


def _sort(export: Export, where: str, record: Any) -> None:
    if not isinstance(record, dict):
        export.others.append(where)
    elif isinstance(record.get("testing_criteria"), list):
        export.evals.append((where, record))
    elif record.get("object") == "eval.run" or ("data_source" in record and "eval_id" in record):
        export.runs.append((where, record))
    elif isinstance(record.get("datasource_item"), dict):
        export.outputs.append((where, record))
    elif isinstance(record.get("item"), dict):
        export.items.append((where, record))
    else:
        export.others.append(where)


def hosted(path: Path, export: Export) -> Imported:
    """The task of an export.

    Raises:
        DataError: it holds several evals, or rows that are no mappings.
    """
    if len({record.get("id", where) for where, record in export.evals}) > 1:
        said = ", ".join(str(record.get("name") or record.get("id")) for _, record in export.evals)
        raise DataError(
            f"this export holds {len(export.evals)} evals: {said}",
            fix="put each with its runs and rows into a folder of its own: one eval is one task",
            where=str(path),
        )
    where, definition = export.evals[0] if export.evals else (str(path), {})
    lost: list[Lost] = [Lost("a record", place, "it is no part of an eval that is known") for place in export.others]
    notes: list[str] = []
    items = _items(export, where)
    graded = grade(definition.get("testing_criteria") or [], items, where, lost, notes)
    templates = _templates(export.runs, lost)
    names_in = _inputs(definition, items, graded, templates, notes)
    found = _imported(path, definition, items, graded, names_in)
    prompts, models = _written(templates, lost), _models(export, lost)
    return replace(found, prompts=prompts, models=models, lost=tuple(lost), notes=(*notes, *found.notes))


def _items(export: Export, where: str) -> list[dict[str, Any]]:
    """The rows, each once: of datasets, of the content of runs, of output items; the first kind that is there."""
    content: list[dict[str, Any]] = []
    for _, run in export.runs:
        data = run.get("data_source")
        source = data.get("source") if isinstance(data, dict) else None
        parts = source.get("content") if isinstance(source, dict) else None
        content += [
            part["item"] for part in parts or [] if isinstance(part, dict) and isinstance(part.get("item"), dict)
        ]
    answered = {
        (record.get("eval_id"), record.get("datasource_item_id", number)): record["datasource_item"]
        for number, (_, record) in enumerate(export.outputs)
    }
    plain = [record["item"] for _, record in export.items]
    found = plain or content or [item.get("item", item) for item in answered.values()]
    if not all(isinstance(item, dict) for item in found):
        raise DataError("an item is no mapping", fix="export the rows again", where=where)
    seen: dict[str, dict[str, Any]] = {}
    for item in found:
        seen.setdefault(json.dumps(item, sort_keys=True, ensure_ascii=False), item)
    return list(seen.values()) if not plain else found


def _templates(runs: Sequence[tuple[str, dict[str, Any]]], lost: list[Lost]) -> list[tuple[str, str, list[Any]]]:
    """The different prompts of the runs: name, place, messages."""
    found: dict[str, tuple[str, str, list[Any]]] = {}
    for where, run in runs:
        data = run.get("data_source")
        data = data if isinstance(data, dict) else {}
        messages = data.get("input_messages")
        template = messages.get("template") if isinstance(messages, dict) else None
        if isinstance(template, list):
            key = json.dumps(template, sort_keys=True)
            found.setdefault(key, (str(run.get("name") or data.get("model") or "prompt"), where, template))
        elif isinstance(messages, dict):
            lost.append(
                Lost("the input messages of a run", where, "they stand in the rows themselves: no prompt of words")
            )
        if data.get("sampling_params"):
            lost.append(Lost("the sampling parameters of a run", where, "the search sets them"))
    return list(found.values())


def _inputs(
    definition: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    graded: Graded,
    templates: Sequence[tuple[str, str, list[Any]]],
    notes: list[str],
) -> list[str]:
    """Names of the fields that a model sees: those that the prompts name, else all that no grader holds against it."""
    config = definition.get("data_source_config")
    schema = config.get("schema") or config.get("item_schema") if isinstance(config, dict) else None
    known = schema.get("properties") if isinstance(schema, dict) else None
    inner = known.get("item") if isinstance(known, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("properties"), dict):
        known = inner["properties"]
    fields = list(
        dict.fromkeys([*(known if isinstance(known, dict) else []), *(name for item in items for name in item)])
    )
    fields = [name for name in fields if name != "sample" and name.strip()]
    said = {name for _, _, template in templates for name in names(json.dumps(template, ensure_ascii=False))}
    shown = {name.removeprefix(_ITEM).split(".")[0] for name in said if name.startswith(_ITEM)}
    chosen = [name for name in fields if name in shown and name != graded.reference]
    if chosen:
        rest = [name for name in fields if name not in chosen and name != graded.reference]
        if rest:
            notes.append(f"the prompts do not show {', '.join(rest)}: these fields of the rows are no inputs")
        return chosen
    held = {*graded.fields, graded.reference}
    chosen = [name for name in fields if name not in held] or [name for name in fields if name != graded.reference]
    notes.append(f"no prompt says what a model sees: taken are {', '.join(chosen) or 'no fields'}")
    return chosen


def _written(templates: Sequence[tuple[str, str, list[Any]]], lost: list[Lost]) -> tuple[Prompt, ...]:
    prompts: list[Prompt] = []
    for name, where, template in templates:
        told = []
        for message in template:
            text = message_words(message)
            if text is None or has_logic(text):
                why = "it holds a picture, sound or logic: only words are carried over"
                lost.append(Lost(f"a message of the prompt {name!r}", where, why))
            elif not only(text):
                told.append(worded(text, word))
        if told:
            prompts.append(Prompt(file_name(name, {one.name for one in prompts}), "\n\n".join(told)))
        else:
            lost.append(Lost(f"the prompt {name!r}", where, "it is nothing but variables"))
    return tuple(prompts)


def _models(export: Export, lost: list[Lost]) -> tuple[str, ...]:
    models = []
    for where, run in export.runs:
        data = run.get("data_source")
        said = data.get("model") if isinstance(data, dict) else None
        said = said or run.get("model")
        if not isinstance(said, str) or not said or any(mark.isspace() for mark in said):
            continue
        if said.startswith("ft:"):
            lost.append(
                Lost(f"the model {said}", where, "it is fine-tuned, of one account: add it by hand if it is there")
            )
            continue
        wire = "responses" if isinstance(data, dict) and data.get("type") == "responses" else "openai"
        models.append(f"{wire}:{said}")
    if export.outputs:
        where = export.outputs[0][0]
        why = "they are of models and graders, no truth; the board asks the models anew"
        lost.append(Lost(f"answers and results of {len(export.outputs)} output items", where, why))
    return tuple(dict.fromkeys(models))


def _imported(
    path: Path,
    definition: Mapping[str, Any],
    items: Sequence[dict[str, Any]],
    graded: Graded,
    inputs: Sequence[str],
) -> Imported:
    output = column(graded.reference or "answer", set(inputs))
    answers = [item.get(graded.reference) if graded.reference else None for item in items]
    kind, note = output_type(answers)
    types = {name: input_type([item.get(name) for item in items]) if items else "text" for name in inputs}
    rows = tuple(
        {name: as_written(item.get(name), types[name]) for name in inputs} | {output: as_written(answer, kind)}
        for item, answer in zip(items, answers, strict=True)
    )
    return Imported(
        source=str(path),
        format="OpenAI Evals",
        name=str(definition.get("name") or path.stem),
        inputs=types,
        output=output,
        output_type=kind,
        judged=graded.judged,
        rows=rows,
        cases=tuple(() if graded.judged else case for case in graded.cases),
        items=tuple(items),
        code=graded.code,
        judge=graded.judge,
        notes=(note,) if note else (),
    )

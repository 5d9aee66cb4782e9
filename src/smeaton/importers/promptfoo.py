"""promptfoo: a configuration (`promptfooconfig.yaml`) with its prompts, models, tests and assertions.

Files it names are read where they are text, YAML, JSON or CSV in its folder; scripts are named, and never run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smeaton.errors import DataError
from smeaton.importers import Code, Imported, Judge, Lost
from smeaton.importers._files import read_json, read_yaml, shape
from smeaton.importers._names import column, model
from smeaton.importers._output import as_written, input_type, output_type
from smeaton.importers._promptfoo_asserts import Asked, Reader
from smeaton.importers._promptfoo_prompts import prompts
from smeaton.importers._promptfoo_tests import tests

CONFIG = ("promptfooconfig.yaml", "promptfooconfig.yml", "promptfooconfig.json")
_SCRIPTS = (".js", ".cjs", ".mjs", ".ts")
_KEYS = {"prompts", "providers", "targets", "tests", "defaultTest", "scenarios"}
_READ = {*_KEYS, "description"}
_HARMLESS = {"$schema", "outputPath", "sharing", "evaluateOptions", "commandLineOptions", "tags", "writeLatestResults"}
_JUDGE = "openai:gpt-5-mini"  # a cheap one, where the source names none


@dataclass(slots=True)
class _Found:
    """What is gathered while reading."""

    path: Path
    config: dict[str, Any]
    lost: list[Lost] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.path.parent


class Promptfoo:
    """See the module."""

    def detect(self, path: Path) -> bool:
        """A configuration by its keys, or a folder with one."""
        try:
            found = _config_path(path)
            return found is not None and (found.suffix in _SCRIPTS or _is_config(_load(found)))
        except DataError:
            return False

    def read(self, path: Path) -> Imported:
        """Read it; see `Importer`."""
        config_path = _config_path(path)
        if config_path is None:
            raise DataError(f"there is no {CONFIG[0]} here", fix="name the configuration", where=str(path))
        if config_path.suffix in _SCRIPTS:
            raise DataError(
                "the configuration is a script, and no code of a source is run",
                fix="write it as YAML, or let promptfoo write one",
                where=str(config_path),
            )
        config = _load(config_path)
        if not isinstance(config, dict) or not _is_config(config):
            raise DataError("this is no configuration of promptfoo", fix="name the file", where=str(config_path))
        return _imported(_Found(config_path, config))


part = Promptfoo()


def _config_path(path: Path) -> Path | None:
    if path.is_dir():
        names = (*CONFIG, *(f"promptfooconfig{suffix}" for suffix in _SCRIPTS))
        return next((path / name for name in names if (path / name).is_file()), None)
    if path.suffix in (".yaml", ".yml", ".json"):
        return path
    return path if path.suffix in _SCRIPTS and path.name.startswith("promptfooconfig") else None


def _load(path: Path) -> Any:
    return read_json(path) if path.suffix == ".json" else read_yaml(path)


def _is_config(value: Any) -> bool:
    return isinstance(value, dict) and len(_KEYS & value.keys()) >= 2 and bool({"prompts", "tests"} & value.keys())


def _imported(found: _Found) -> Imported:
    config, where = found.config, str(found.path)
    for key in sorted(config.keys() - _READ - _HARMLESS):
        found.lost.append(Lost(f"the part {key!r}", f"{where}: {key}", "a task has nothing like it"))
    _refuse_scenarios(found)
    cases = tests(found.folder, config, where, found.lost)
    if not cases:
        raise DataError(
            "the configuration holds no test that can be carried over",
            fix="; ".join(f"{lost.what}: {lost.why}" for lost in found.lost[:3]) or "add tests with vars",
            where=where,
        )
    reader = Reader(where, found.lost)
    asked = [reader.read(case) for case in cases]
    names = list(dict.fromkeys(name for case in cases for name in case.values))
    output = column("answer", names)
    references, judged = _references(asked)
    kind, note = output_type(references)
    inputs = {name: input_type([case.values.get(name) for case in cases]) for name in names}
    # A value that is no text goes into a prompt as text: so it does here.
    inputs = {name: "text or null" if kind.endswith("or null") else "text" for name, kind in inputs.items()}
    rows = [
        {name: as_written(case.values.get(name), inputs[name]) for name in names} | {output: answer}
        for case, answer in zip(cases, references, strict=True)
    ]
    judge = _judge(found, asked)
    written = prompts(found.folder, config.get("prompts"), where, found.lost)
    models = _models(found)
    found.notes += [note] if note else []
    _vacuous(found, asked, rows, names)
    return Imported(
        source=where,
        format="promptfoo",
        name=found.path.stem if found.path.stem != "promptfooconfig" else found.path.resolve().parent.name,
        goal=str(config.get("description") or ""),
        inputs=inputs,
        output=output,
        output_type=kind,
        judged=judged,
        rows=tuple(rows),
        cases=tuple(() if judged else tuple(one.assertions) for one in asked),
        items=tuple(case.values for case in cases),
        code=_code(asked),
        judge=judge,
        prompts=written,
        models=models,
        lost=tuple(found.lost),
        notes=tuple(found.notes),
    )


def _refuse_scenarios(found: _Found) -> None:
    scenarios = found.config.get("scenarios")
    if scenarios:
        count = len(scenarios) if isinstance(scenarios, list) else 1
        why = "each is a grid of configurations and tests; write their rows out as tests"
        found.lost.append(Lost(f"{count} scenarios", f"{found.path}: scenarios", why))


def _references(asked: Sequence[Asked]) -> tuple[list[Any], bool]:
    """The reference answer of each row, where one equality names it, and whether equality is all that is asked."""
    references = []
    for one in asked:
        equal = [check for check in one.assertions if check.kind in ("equals", "json_equals") and not check.negated]
        references.append(equal[0].value if len(equal) == 1 else None)
    alone = all(len(one.assertions) == 1 and not one.rubrics and not one.code for one in asked)
    return references, alone and all(reference is not None for reference in references)


def _judge(found: _Found, asked: Sequence[Asked]) -> Judge | None:
    """The one judge of the task: the rubrics that all rows share."""
    shared = [rubric for rubric in asked[0].rubrics if all(rubric in one.rubrics for one in asked[1:])]
    single = {(rubric.text, rubric.where) for one in asked for rubric in one.rubrics if rubric not in shared}
    for text, where in sorted(single):
        short = text if len(text) <= 60 else f"{text[:57]}..."
        why = "a task's judge has one rubric for all rows, and this one is asked of some; put it into words for all"
        found.lost.append(Lost(f"the rubric {short!r}", where, why))
    if not shared:
        return None
    said = next((rubric.provider for rubric in shared if rubric.provider), "")
    named = model(said) if said else ""
    if not named:
        found.notes.append(
            f"the judge is {_JUDGE}: the source names {'none' if not said else said + ', which is not known here'}"
        )
    text = "\n".join(rubric.text for rubric in shared)
    found.notes.append("rows judged by people calibrate the judge: give them as judge.labelled (FILE)")
    return Judge(named or _JUDGE, text)


def _code(asked: Sequence[Asked]) -> tuple[Code, ...]:
    """The Python code of the rows, each once, with the rows it judges."""
    rows: dict[tuple[str, float | None], list[int]] = {}
    where: dict[tuple[str, float | None], str] = {}
    for number, one in enumerate(asked):
        for code in one.code:
            key = (code.source, code.threshold)
            rows.setdefault(key, []).append(number)
            where.setdefault(key, code.where)
    return tuple(
        Code(
            f"python_{count}",
            source,
            "get_assert",
            where[source, threshold],
            threshold,
            None if len(numbers) == len(asked) else tuple(numbers),
        )
        for count, ((source, threshold), numbers) in enumerate(rows.items(), 1)
    )


def _models(found: _Found) -> tuple[str, ...]:
    key = "providers" if "providers" in found.config else "targets"
    stated = found.config.get(key) or []
    models = []
    for number, one in enumerate(stated if isinstance(stated, list) else [stated]):
        where = f"{found.path}: {key}[{number}]"
        said, settings = _provider(one)
        named = model(said)
        if not named:
            why = "its provider is none of Smeaton's; an OpenAI-compatible one can be stated in llm.toml"
            found.lost.append(Lost(f"the model {said or shape(one)}", where, why))
            continue
        models.append(named)
        if settings:
            found.lost.append(Lost(f"settings of {said}: {', '.join(settings)}", where, "the search sets them"))
    return tuple(dict.fromkeys(models))


def _provider(one: Any) -> tuple[str, list[str]]:
    """The name of a provider and the names of its settings."""
    if isinstance(one, str):
        return one, []
    if isinstance(one, Mapping) and isinstance(one.get("id"), str):
        config = one.get("config")
        more = [name for name in one if name not in ("id", "label", "config")]
        return one["id"], [*(config if isinstance(config, Mapping) else []), *more]
    if isinstance(one, Mapping) and len(one) == 1:
        name, settings = next(iter(one.items()))
        return name, list(settings) if isinstance(settings, Mapping) else []
    return "", []


def _vacuous(found: _Found, asked: Sequence[Asked], rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    if any(not one.assertions and not one.rubrics and not one.code for one in asked):
        bare = sum(not one.assertions and not one.rubrics and not one.code for one in asked)
        found.notes.append(f"{bare} of {len(asked)} tests assert nothing that can be checked here")
    keys = {tuple(str(row[name]) for name in names) for row in rows}
    if len(keys) < len(rows):
        found.notes.append(
            f"{len(rows) - len(keys)} tests have the variables of another: each such row answers to the checks of both"
        )
    if any(one.assertions for one in asked):
        found.notes.append("a check that asks nothing of a row passes there: the share of passed checks counts it")

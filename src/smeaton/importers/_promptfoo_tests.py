"""The tests of a promptfoo configuration: rows of variables with what is asserted of each."""

import csv
import io
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smeaton.errors import DataError
from smeaton.importers import Lost
from smeaton.importers._files import globbed, inside, read_json, read_jsonl, read_text, read_yaml, shape
from smeaton.importers._template import as_text

_MOST = 100_000
_SCRIPTS = (".py", ".js", ".cjs", ".mjs", ".ts")
_TEXTS = (".txt", ".md", ".html", ".xml", ".log")
#: Columns of CSV that are read, or say nothing of the answer.
_CSV_READ = ("__expected", "__description", "__metric")
_READ = {"vars", "assert", "description", "metadata", "threshold", "options", "provider"}


@dataclass(frozen=True, slots=True)
class Case:
    """One test: its variables, its assertions as written, where it stands, and who judges it ('' = not said)."""

    values: dict[str, Any]
    asserts: tuple[Any, ...]
    where: str
    judge: str = ""


def tests(folder: Path, config: Mapping[str, Any], where: str, lost: list[Lost]) -> list[Case]:
    """All tests, the default test's variables and assertions included.

    Raises:
        DataError: a file is damaged or outside the folder, or a test is no mapping.
    """
    default = config.get("defaultTest") or {}
    if isinstance(default, str):
        default = _value_of(inside(folder, default, f"{where}: defaultTest"))
    if not isinstance(default, dict):
        raise DataError("defaultTest is no mapping", fix="write vars and assert below it", where=where)
    _note_rest(default, f"{where}: defaultTest", lost)
    found: list[Case] = []
    for place, test in _stated(folder, config.get("tests"), f"{where}: tests", lost):
        found += _cases(folder, test, default, place, lost)
        if len(found) > _MOST:
            raise DataError(f"there are more than {_MOST:,} tests", fix="split the file", where=place)
    return found


def _stated(folder: Path, value: Any, where: str, lost: list[Lost]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every test as a mapping, wherever it stands."""
    for number, one in enumerate(value if isinstance(value, list) else [] if value is None else [value]):
        place = f"{where}[{number}]" if isinstance(value, list) else where
        if isinstance(one, str):
            yield from _named(folder, one, place, lost)
        elif isinstance(one, dict) and isinstance(one.get("path"), str) and "vars" not in one:
            yield from _named(folder, one["path"], place, lost)
        elif isinstance(one, dict):
            yield place, one
        else:
            raise DataError(f"a test is {shape(one)}, not a mapping", fix="write vars and assert below it", where=place)


def _named(folder: Path, name: str, where: str, lost: list[Lost]) -> Iterator[tuple[str, dict[str, Any]]]:
    plain = name.removeprefix("file://")
    if "://" in plain or plain.startswith("huggingface:"):
        lost.append(Lost(f"the tests of {name}", where, "nothing is fetched; save them as a file beside the source"))
        return
    if (
        any(mark in plain for mark in (".py", ".js", ".cjs", ".mjs", ".ts"))
        and Path(plain.rsplit(":", 1)[0]).suffix in _SCRIPTS
    ):
        lost.append(Lost(f"the tests that {name} makes", where, "no code of a source is run; save its tests as CSV"))
        return
    for path in globbed(folder, name, where):
        if path.suffix == ".csv":
            yield from _csv(path)
        elif path.suffix == ".jsonl":
            for place, value in read_jsonl(path):
                yield from _stated(folder, [value], place, lost)
        elif path.suffix in (".json", ".yaml", ".yml"):
            value = _value_of(path)
            yield from _stated(folder, value if isinstance(value, list) else [value], str(path), lost)
        else:
            lost.append(Lost(f"the tests of {name}", where, f"{path.suffix or 'a file without suffix'} is not read"))


def _csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line a test: columns are variables, those that begin with `__` say more."""
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
        for row in reader:
            if None in row or any(value is None for value in row.values()):
                raise DataError(
                    "the line has not as many cells as the header", fix="correct it", where=f"{path}:{reader.line_num}"
                )
            values = {name: value for name, value in row.items() if not name.startswith("__")}
            expected = [value for name, value in row.items() if name.startswith("__expected") and value.strip()]
            test: dict[str, Any] = {"vars": values, "assert": expected}
            said = {name: value for name, value in row.items() if name.startswith("__") and value}
            test |= {name: value for name, value in said.items() if not name.startswith(_CSV_READ)}
            yield f"{path}:{reader.line_num}", test
    except csv.Error as error:
        raise DataError(f"this is not CSV: {error}", fix="save it again", where=str(path)) from error


def _cases(
    folder: Path, test: Mapping[str, Any], default: Mapping[str, Any], where: str, lost: list[Lost]
) -> Iterator[Case]:
    _note_rest(test, where, lost)
    values = {**_vars(folder, default, where, lost), **_vars(folder, test, where, lost)}
    asserts = (*_list(default, where), *_list(test, where))
    judge = _judge(test) or _judge(default)
    listed = {name: value for name, value in values.items() if isinstance(value, list)}
    for combination in itertools.islice(itertools.product(*listed.values()), _MOST + 1):
        yield Case({**values, **dict(zip(listed, combination, strict=True))}, asserts, where, judge)


def _list(test: Mapping[str, Any], where: str) -> list[Any]:
    asserts = test.get("assert") or []
    if not isinstance(asserts, list):
        raise DataError(f"assert is {shape(asserts)}", fix="write a list of assertions", where=where)
    return asserts


def _vars(folder: Path, test: Mapping[str, Any], where: str, lost: list[Lost]) -> dict[str, Any]:
    values = test.get("vars") or {}
    if isinstance(values, str):
        values = _value_of(inside(folder, values, where))
    if not isinstance(values, dict):
        raise DataError(f"vars is {shape(values)}", fix="write names with values", where=where)
    if not all(name.strip() for name in values):
        raise DataError("a variable has no name", fix="name it", where=where)
    return {name: _var(folder, name, value, where, lost) for name, value in values.items()}


def _var(folder: Path, name: str, value: Any, where: str, lost: list[Lost]) -> Any:
    """A variable's value: the text of the file, where it names one."""
    if not isinstance(value, str):
        return value
    if "{{" in value or "{%" in value:
        lost.append(Lost(f"the template in {name!r}", f"{where}.vars.{name}", "the variable is left as it is written"))
    if not value.startswith("file://"):
        return value
    path = inside(folder, value.partition("?")[0], f"{where}.vars.{name}")
    if path.suffix in (".json", ".yaml", ".yml"):
        return as_text(_value_of(path))
    if path.suffix in _TEXTS:
        return read_text(path)
    lost.append(Lost(f"the variable {name!r}", where, f"{path.suffix} files are neither run nor read"))
    return None


def _judge(test: Mapping[str, Any]) -> str:
    options = test.get("options")
    said = options.get("provider") if isinstance(options, Mapping) else None
    said = said.get("id") if isinstance(said, Mapping) else said
    return said if isinstance(said, str) else ""


def _note_rest(test: Mapping[str, Any], where: str, lost: list[Lost]) -> None:
    options = test.get("options")
    rest = sorted(test.keys() - _READ)
    rest += [f"options.{name}" for name in options if name != "provider"] if isinstance(options, Mapping) else []
    lost += [Lost(f"{name!r} of a test", where, "a task has nothing like it") for name in rest]
    if test.get("threshold") is not None:
        lost.append(Lost("the threshold of a test", where, "each check counts by itself: set a bar on checks"))
    if test.get("provider"):
        lost.append(Lost("the provider of a test", where, "all models of a task answer the same rows"))


def _value_of(path: Path) -> Any:
    return read_json(path) if path.suffix == ".json" else read_yaml(path)

"""Files of a source: read whole, within bounds, and never outside the source's folder."""

import datetime
import glob
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from smeaton.errors import DataError
from smeaton.extras import needs

_LARGEST = 200_000_000  # bytes
_LARGEST_YAML = 5_000_000  # parsed in Python: seconds for each megabyte
_DEEPEST = 100
_MOST_YAML = 500_000  # values: aliases can name one value any number of times


def inside(folder: Path, name: str, where: str) -> Path:
    """The file that a source names, certain to lie in its folder.

    Raises:
        DataError: it leads outside, or there is none.
    """
    plain = name.removeprefix("file://")
    fix = "put the file into the folder of the source, and name it relative to it"
    if not plain or "\0" in plain or Path(plain).is_absolute() or ".." in Path(plain).parts or "\\" in plain:
        raise DataError(f"{name!r} does not lie in the folder of the source", fix=fix, where=where)
    try:
        path = (folder / plain).resolve(strict=True)
        if path.is_relative_to(folder.resolve(strict=True)) and path.is_file():
            return folder / plain
    except (OSError, RuntimeError) as error:
        raise DataError(f"there is no file {plain!r} in {folder}", fix=fix, where=where) from error
    raise DataError(f"{name!r} is no file of the folder of the source", fix=fix, where=where)


def globbed(folder: Path, name: str, where: str) -> list[Path]:
    """The files a name or pattern stands for, sorted.

    Raises:
        DataError: there is none, or one leads outside.
    """
    plain = name.removeprefix("file://")
    if not any(mark in plain for mark in "*?["):
        return [inside(folder, plain, where)]
    if Path(plain).is_absolute() or ".." in Path(plain).parts:
        return [inside(folder, plain, where)]
    found = [part for part in glob.glob(plain, root_dir=folder, recursive=True) if (folder / part).is_file()]
    if not found:
        raise DataError(f"no file is named like {plain!r}", fix="correct the pattern", where=where)
    return [inside(folder, part, where) for part in sorted(found)]


def read_text(path: Path, most: int = _LARGEST) -> str:
    """The text of a file.

    Raises:
        DataError: it is not there, too large, or no UTF-8.
    """
    try:
        if path.stat().st_size > most:
            raise DataError(f"the file is larger than {most:,} bytes", fix="split it", where=str(path))
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("the file is not UTF-8 text", fix="save it as UTF-8", where=str(path)) from error
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror}", fix="check the path", where=str(path)) from error
    if text.startswith("version https://git-lfs"):
        raise DataError("the file is a pointer of Git LFS", fix="fetch its content: git lfs pull", where=str(path))
    return text


def parse_json(text: str, where: str) -> Any:
    """The value of a JSON text.

    Raises:
        DataError: it is none.
    """
    try:
        return _plain(msgspec.json.decode(text), where, len(text))
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise DataError(f"this is not JSON: {error}", fix="export the file again", where=where) from error


def read_json(path: Path) -> Any:
    """The value of a JSON file. Raises as `parse_json`."""
    return parse_json(read_text(path), str(path))


def read_jsonl(path: Path) -> Iterator[tuple[str, Any]]:
    """The values of a JSON Lines file, each with its place. Raises as `parse_json`."""
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            yield f"{path}:{number}", parse_json(line, f"{path}:{number}")


def read_yaml(path: Path) -> Any:
    """The value of a YAML file (1.2, plain data; dates as text).

    Raises:
        DataError: it is no YAML, or holds tags that make objects.
        ExtraMissing: ruamel.yaml is not installed.
    """
    with needs("build"):
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    text = read_text(path, _LARGEST_YAML)
    try:
        loaded = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise DataError(f"this is not plain YAML: {problem}", fix="correct the line", where=where) from error
    except (RecursionError, ValueError, TypeError, AttributeError, LookupError, AssertionError) as error:
        # What the parser does not expect it lets fail anywhere; the text is at fault all the same.
        raise DataError(f"this is not YAML: {error}", fix="write it plainer", where=str(path)) from error
    return _plain(loaded, str(path), _MOST_YAML)


def _plain(value: Any, where: str, most: int) -> Any:
    """The value as JSON has it; it is made of at most so many values."""
    left = [most]

    def walk(part: Any, depth: int) -> Any:
        left[0] -= 1
        if depth > _DEEPEST or left[0] < 0:
            raise DataError("the file is nested too deeply, or too large", fix="write it flatter", where=where)
        if isinstance(part, dict):
            return {_key(name, where): walk(inner, depth + 1) for name, inner in part.items()}
        if isinstance(part, list | tuple | set):
            return [walk(inner, depth + 1) for inner in part]
        if isinstance(part, datetime.date | datetime.datetime):
            return part.isoformat()
        if isinstance(part, float) and not math.isfinite(part):
            raise DataError(f"{part} is no number of JSON", fix="write it as text or leave it out", where=where)
        if part is None or isinstance(part, str | bool | int | float):
            return part
        raise DataError(f"a value of the kind {type(part).__name__} is no plain data", fix="write text", where=where)

    return walk(value, 0)


def _key(name: Any, where: str) -> str:
    if isinstance(name, str | int | float | bool) or name is None:
        return str(name)
    raise DataError("a name is a list or a mapping", fix="write names as text", where=where)


def shape(value: Any) -> str:
    """What kind of value it is, in words of JSON."""
    kinds = {dict: "a mapping", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing")

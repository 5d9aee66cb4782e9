"""Near-duplicates and search over files: the texts of a source, and what is found in them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smeaton.data.read import Raw, read
from smeaton.data.sources._columns import nearest
from smeaton.errors import DataError, InputError
from smeaton.similarity.duplicates import THRESHOLD, Group, near_duplicates
from smeaton.similarity.index import By, Hit, Index

_DOCUMENTS = (".txt", ".md", ".rst")


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts with the place of each for people. `column` is "" for a folder of documents; `chosen`: nobody named it."""

    texts: list[str | None]
    places: list[str]
    column: str = ""
    chosen: bool = False


def texts_of(source: Any, column: str | None = None) -> Texts:
    """The texts of a table's column (the one with the longest texts, unless named), of a folder of documents
    (`.txt`, `.md`, `.rst`), or of a list.

    Raises:
        DataError: it cannot be read, or has no such column, or none of text.
    """
    if isinstance(source, list | tuple) and all(isinstance(text, str | None) for text in source):
        return Texts(list(source), [f"row {row}" for row in range(len(source))])
    if isinstance(source, str | Path) and Path(source).is_dir():
        return _documents(Path(source))
    raw = read(source, Path("."))
    name = column or _longest(raw)
    if name not in raw.table:
        raise DataError(
            f"there is no column {name!r}; {nearest(name, raw.table)}", where=raw.where, fix="correct the column name"
        )
    texts = [
        None if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)
        for value in raw.table[name].tolist()
    ]
    return Texts(texts, [f"row {row + 1}" for row in range(len(texts))], name, column is None)


def find_duplicates(source: Any, column: str | None = None, threshold: float = THRESHOLD) -> tuple[list[Group], Texts]:
    """Groups of near-duplicate rows of a source, and its texts. Raises as `texts_of` and `near_duplicates` do."""
    texts = texts_of(source, column)
    return near_duplicates(texts.texts, threshold), texts


def search(
    source: Any, query: str, k: int = 10, *, column: str | None = None, by: By = "words", model: str | None = None
) -> list[Hit]:
    """The `k` rows or documents of a source that fit a query best: `search("tickets.csv", "cannot log in")`.

    Args:
        source: a file, a folder of documents, a table, or a list of texts.
        query: what is looked for, in any words.
        k: how many to give.
        column: the column with the texts; None takes the one with the longest.
        by: `words`, `meaning` (needs pretrained weights) or `both` (words alone where no weights are installed).
        model: a reference of the weights; None takes what is installed.

    Raises:
        DataError: the source cannot be read.
        InputError: no weights to search by meaning, weights that are of no use to `words`, or nothing to look for.
    """
    return find(source, query, k, column=column, by=by, model=model)[0]


def find(
    source: Any, query: str, k: int = 10, *, column: str | None = None, by: By = "words", model: str | None = None
) -> tuple[list[Hit], Texts, Index]:
    """As `search`, with the texts and the index; its `by` says what was searched by."""
    from smeaton.similarity.embed import embedder
    from smeaton.weights import discover

    if not query.strip():
        raise InputError("the query is empty", fix="say what to look for")
    if k < 1:
        raise InputError(f"{k} hits are none", fix="ask for 1 or more")
    if by == "words" and model is not None:
        raise InputError("search by words uses no weights", fix='search by "meaning" or "both", or name no weights')
    texts = texts_of(source, column)
    if by == "both" and model is None and not discover():
        by = "words"
    index = Index(texts.texts, by, model=None if by == "words" else embedder(model))
    return index.search(query, k), texts, index


def _longest(raw: Raw) -> str:
    lengths = {
        name: _mean([value for value in column.tolist() if isinstance(value, str)])
        for name, column in raw.table.items()
        if column.dtype == object
    }
    found = {name: length for name, length in lengths.items() if length > 0}
    if not found:
        raise DataError("there is no column of text", where=raw.where, fix="name a column with --column")
    return max(found, key=lambda name: found[name])


def _mean(texts: Sequence[str]) -> float:
    return sum(map(len, texts)) / len(texts) if texts else 0.0


def _documents(folder: Path) -> Texts:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _DOCUMENTS and path.is_file())
    if not paths:
        raise DataError(
            f"the folder holds no document ({', '.join(_DOCUMENTS)})", where=str(folder), fix="name a file or a folder"
        )
    return Texts([_read(path) for path in paths], [str(path.relative_to(folder)) for path in paths])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("the file is not UTF-8 text", where=str(path), fix="save it as UTF-8") from error

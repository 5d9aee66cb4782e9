"""`Index`: search among texts by words, by meaning, or both; kept in a folder without pickle."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from smeaton.errors import DataError, InputError
from smeaton.similarity.embed import embedder
from smeaton.similarity.passages import LENGTH, OVERLAP, Passage, cut
from smeaton.similarity.vectors import Embedder
from smeaton.similarity.words import Words
from smeaton.task.arrays import open_table, save_table
from smeaton.task.table import Array, object_column

By = Literal["words", "meaning", "both"]
WAYS: tuple[By, ...] = ("words", "meaning", "both")
_FILE, _VERSION = "index.json", 1
#: Constant of reciprocal rank fusion, as in its paper, and how far down each list is looked at.
_FUSE, _DEEP = 60.0, 200


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found: its place, the best passage in it (`start`, `end` in characters, `text`), and its score.

    Scores order the hits of one query and mean nothing else: BM25 by words, the cosine by meaning, and the sum of
    reciprocal ranks where both are used.
    """

    document: int
    score: float
    start: int
    end: int
    text: str


class Index:
    """Texts that can be searched.

    Args:
        texts: the documents; nulls and blank ones are never found.
        by: `words` needs nothing else; `meaning` and `both` need an embedder.
        model: the embedder; None takes the one that `smeaton.weights` finds.
        length, overlap: longest passage, and by how much two in a row overlap, in characters.

    Raises:
        InputError: an unknown way, impossible lengths, or no weights to search by meaning.
    """

    def __init__(
        self,
        texts: Sequence[str | None],
        by: By = "words",
        *,
        model: Embedder | None = None,
        length: int = LENGTH,
        overlap: int = OVERLAP,
    ) -> None:
        if by not in WAYS:
            raise InputError(f"there is no search by {by!r}", fix=f"use one of: {', '.join(WAYS)}")
        if not 0 <= 2 * overlap < length:
            raise InputError(
                f"passages of {length} characters cannot overlap by {overlap}", fix="overlap by less than half"
            )
        self.by = by
        self.texts = list(texts)
        self.passages = cut(self.texts, length, overlap)
        cuts = [self._text(passage) for passage in self.passages]
        self._words = None if by == "meaning" else Words.of(cuts)
        self._model = None if by == "words" else (model or embedder())
        self._vectors = None if self._model is None else _unit(self._model(cuts))

    @property
    def model(self) -> str | None:
        """Name of the embedder that meaning is judged by."""
        return None if self._model is None else self._model.name

    def search(self, query: str, k: int = 10, by: By | None = None) -> list[Hit]:
        """The `k` documents that fit a query best, best first; ties in the order of the documents.

        Fewer are given where fewer have anything in common with the query. `both` joins the two lists by reciprocal
        rank fusion (Cormack, Clarke and Buettcher 2009).

        Raises:
            InputError: a way the index was not made for.
        """
        by = by or self.by
        if by not in WAYS or self.by not in (by, "both"):
            raise InputError(f"this index was made for search by {self.by}, not {by}", fix='make it with by="both"')
        lists = []
        if by != "meaning" and self._words is not None:
            scores = self._words.scores(query)
            lists.append((scores, scores > 0))
        if by != "words" and self._model is not None and self._vectors is not None:
            cosine = self._vectors @ _unit(self._model([query], query=True))[0]
            lists.append((cosine.astype(np.float64), np.full(len(cosine), bool(query.strip()))))
        ranked = [self._documents(scores, found) for scores, found in lists]
        best = ranked[0] if len(ranked) == 1 else _fused(ranked, self.passages)
        return [self._hit(place, score) for place, score in best[: max(k, 0)]]

    def _documents(self, scores: Array, found: Array) -> list[tuple[int, float]]:
        """Passages in order, the best one of each document only."""
        order = np.argsort(-scores, kind="stable")
        best: dict[int, tuple[int, float]] = {}
        for place in order[found[order]].tolist():
            best.setdefault(self.passages[place].document, (place, float(scores[place])))
        return list(best.values())

    def _hit(self, place: int, score: float) -> Hit:
        passage = self.passages[place]
        return Hit(passage.document, score, passage.start, passage.end, self._text(passage))

    def _text(self, passage: Passage) -> str:
        return (self.texts[passage.document] or "")[passage.start : passage.end]

    def save(self, folder: Path) -> None:
        """Write the index into `folder`: arrays as `.npy`, texts, and `index.json` with every file's hash (last)."""
        folder = Path(folder)
        arrays: dict[str, Array] = {} if self._words is None else self._words.arrays()
        if self._vectors is not None:
            arrays["vectors"] = self._vectors
        places = [(passage.document, passage.start, passage.end) for passage in self.passages]
        arrays["passages"] = np.array(places, dtype=np.int64).reshape(-1, 3)
        save_table({"text": object_column(self.texts)}, folder / "texts")
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        names = [f"{name}.npy" for name in arrays] + [f"texts/{path.name}" for path in (folder / "texts").iterdir()]
        facts = {
            "version": _VERSION,
            "by": self.by,
            "model": self.model,
            "files": {name: _digest(folder / name) for name in sorted(names)},
        }
        (folder / _FILE).write_text(json.dumps(facts, indent=1), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path, model: Embedder | None = None) -> "Index":
        """Open what `save` wrote; `model` must be the embedder it was made with (None looks for it by its name).

        Raises:
            DataError: no index lies here, a file was changed, or the embedder is another one.
        """
        folder = Path(folder)
        facts = _facts(folder)
        index = cls([], "words")
        index.by = facts["by"]
        index.texts = open_table(folder / "texts")["text"].tolist()
        own = [name for name in facts["files"] if "/" not in name]
        arrays = {name.removesuffix(".npy"): np.load(folder / name, allow_pickle=False) for name in own}
        index.passages = [Passage(*place) for place in arrays["passages"].tolist()]
        count = len(index.passages)
        index._words = None if index.by == "meaning" else Words.from_arrays(arrays, count)
        if index.by != "words":
            index._model = model or embedder(facts["model"])
            if index._model.name != facts["model"] or len(arrays["vectors"]) != count:
                raise DataError(
                    f"the index was made with {facts['model']!r}, not {index._model.name!r}",
                    where=str(folder),
                    fix="give the same weights, or make the index again",
                )
            index._vectors = arrays["vectors"]
        return index


def _fused(ranked: Sequence[Sequence[tuple[int, float]]], passages: Sequence[Passage]) -> list[tuple[int, float]]:
    """Lists of passages, one a document each, as one list of documents; the first list's passage is shown."""
    sums: dict[int, float] = {}
    shown: dict[int, int] = {}
    for found in ranked:
        for rank, (place, _) in enumerate(found[:_DEEP], start=1):
            document = passages[place].document
            sums[document] = sums.get(document, 0.0) + 1.0 / (_FUSE + rank)
            shown.setdefault(document, place)
    order = sorted(sums, key=lambda document: (-sums[document], document))
    return [(shown[document], sums[document]) for document in order]


def _unit(vectors: Array) -> Array:
    lengths = np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    unit: Array = (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return unit


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        version, files = facts["version"], dict(facts["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError("no search index lies here", where=str(folder), fix="make it again") from error
    if version != _VERSION:
        raise DataError(f"the index has version {version}, not {_VERSION}", where=str(folder), fix="make it again")
    for name, digest in files.items():
        path = folder / name
        plain = not Path(name).is_absolute() and ".." not in Path(name).parts
        if not plain or not path.is_file() or _digest(path) != digest:
            raise DataError("this file of the search index was changed", where=str(path), fix="make the index again")
    return dict(facts)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""Search by words, by meaning, and by both: ndcg@10 with an interval over queries, and the time a query takes.

The folder holds `corpus.jsonl` (id, title, text), `queries.jsonl` (id, text) and `qrels.tsv` (query, doc, grade), each
plain or `.gz`. A document without a judgement counts as not relevant.

    python benchmarks/search.py FOLDER [--by words meaning both] [--model REF] [--json]
"""

import argparse
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.read import read
from smeaton.similarity.embed import embedder
from smeaton.similarity.index import By, Index

DEEP = 10


def part(folder: Path, name: str) -> dict[str, list[Any]]:
    """The columns of one file of the folder."""
    path = next(path for path in (folder / name, folder / f"{name}.gz") if path.exists())
    return {column: values.tolist() for column, values in read(path, Path(".")).table.items()}


def ndcg(found: Sequence[str], grades: Mapping[str, float]) -> float:
    """Normalised discounted cumulative gain of the first ten (Jarvelin and Kekalainen 2002)."""
    gain = sum(max(grades.get(name, 0.0), 0.0) / math.log2(place + 2) for place, name in enumerate(found[:DEEP]))
    best = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:DEEP]
    ideal = sum(grade / math.log2(place + 2) for place, grade in enumerate(best))
    return gain / ideal


def judged(folder: Path) -> dict[str, dict[str, float]]:
    """Grades by query, for queries with something relevant."""
    table = part(folder, "qrels.tsv")
    grades: dict[str, dict[str, float]] = {}
    for query, doc, grade in zip(table["query"], table["doc"], table["grade"], strict=True):
        grades.setdefault(str(query), {})[str(doc)] = float(grade)
    return {query: found for query, found in grades.items() if max(found.values()) > 0}


def measure(folder: Path, ways: Sequence[By], model: str | None = None) -> dict[str, Any]:
    """Scores and times of each way; `model` names the weights of meaning (None: those installed)."""
    corpus, queries, grades = part(folder, "corpus.jsonl"), part(folder, "queries.jsonl"), judged(folder)
    titles = corpus.get("title", [""] * len(corpus["id"]))
    texts = [f"{title or ''}\n{text or ''}" for title, text in zip(titles, corpus["text"], strict=True)]
    names = [str(name) for name in corpus["id"]]
    started = time.perf_counter()
    plain = list(ways) == ["words"]
    index = Index(texts, "words" if plain else "both", model=None if plain else embedder(model))
    made = time.perf_counter() - started
    asked = [
        (str(name), text) for name, text in zip(queries["id"], queries["text"], strict=True) if str(name) in grades
    ]
    results = {}
    for way in ways:
        started = time.perf_counter()
        scores = np.array(
            [ndcg([names[hit.document] for hit in index.search(text, DEEP, way)], grades[name]) for name, text in asked]
        )
        seconds = (time.perf_counter() - started) / len(asked)
        draws = np.random.default_rng(0).integers(0, len(scores), (2000, len(scores)))
        low, high = np.percentile(scores[draws].mean(axis=1), [2.5, 97.5])
        results[way] = {"ndcg@10": scores.mean(), "low": low, "high": high, "ms_per_query": 1000 * seconds}
    return {
        "documents": len(texts),
        "queries": len(asked),
        "index_seconds": made,
        "model": index.model,
        "ways": results,
    }


def main() -> None:
    """Measure one folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--by", nargs="+", choices=["words", "meaning", "both"], default=["words"])
    parser.add_argument("--model", help="reference of the weights")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = measure(args.folder, args.by, args.model)
    if args.json:
        print(json.dumps(found, default=float))
        return
    print(f"{found['documents']:,} documents, {found['queries']} queries, indexed in {found['index_seconds']:.2f} s")
    print(f"weights: {found['model']}")
    for way, score in found["ways"].items():
        print(
            f"{way:8} ndcg@10 {score['ndcg@10']:.4f} ({score['low']:.4f} to {score['high']:.4f}), "
            f"{score['ms_per_query']:.1f} ms a query"
        )


if __name__ == "__main__":
    main()

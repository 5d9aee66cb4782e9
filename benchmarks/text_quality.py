"""Quality on real texts: `smeaton build` against tf-idf with a linear SVM, paired on the same test rows.

    python benchmarks/text_quality.py FOLDER                        all sets, splits 0 to 4, 60 s a build
    python benchmarks/text_quality.py FOLDER --sets sms_spam --seeds 0
    python benchmarks/text_quality.py FOLDER --summary              only print what is there

FOLDER holds one folder for each set (see `SETS`). One cell is one set and split: 80 % of the rows to build from, 20 %
to be judged on (labels even); the test rows are given to the build as its sealed test (`data: {examples, test}`), so
both sides learn from the same rows. A finished cell is one line in the results file with its answers beside it, and is
not run again.

The reference: words 1-2 and characters 2-5, each tf-idf, side by side, and a linear SVM; scikit-learn's defaults.
Errors are the share of wrong rows; where a label is more than twice as common as another, 1 - macro F1.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
HERE = Path(__file__).resolve().parent
TEST_SHARE = 0.2
REPLICATES = 1_000
UNEVEN = 2.0  # times as many rows of one label as of another


@dataclass(frozen=True)
class Set:
    """One set: its files, the text columns and the label column."""

    name: str
    files: tuple[str, ...]
    texts: tuple[str, ...]
    label: str


SETS = (
    Set("ag_news_small", ("data.csv.gz",), ("title", "text"), "label"),
    Set("clinc_oos", ("train.csv.gz", "val.csv.gz", "test.csv.gz"), ("text",), "intent"),
    Set("sms_spam", ("data.csv.gz",), ("text",), "label"),
    Set("snips", ("train.jsonl.gz", "test.jsonl.gz"), ("text",), "intent"),
    Set("tweet_emotion", ("train.csv.gz", "val.csv.gz", "test.csv.gz"), ("text",), "label"),
)


def read(folder: Path, one: Set) -> list[dict[str, str]]:
    """The rows of a set: its text columns and its label."""
    import csv

    rows: list[dict[str, str]] = []
    for name in one.files:
        with gzip.open(folder / one.name / name, "rt", encoding="utf-8", newline="") as file:
            found = map(json.loads, file) if ".jsonl" in name else csv.DictReader(file)
            rows += [{key: row[key] for key in (*one.texts, one.label)} for row in found]
    return rows


def split(labels: list[str], seed: int) -> Array:
    """True for test rows: a fifth of each label's rows."""
    rank = np.random.default_rng([seed, 76]).random(len(labels))
    test = np.zeros(len(labels), dtype=bool)
    names = np.array(labels)
    for label in np.unique(names):
        own = np.flatnonzero(names == label)
        test[own[np.argsort(rank[own])[: round(TEST_SHARE * len(own))]]] = True
    return test


def reference(train: list[dict[str, str]], test: list[dict[str, str]], one: Set) -> list[str]:
    """Labels by tf-idf and a linear SVM."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    def text(rows: list[dict[str, str]]) -> list[str]:
        return [" ".join(row[name] for name in one.texts) for row in rows]

    features = make_union(TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer(analyzer="char", ngram_range=(2, 5)))
    model = make_pipeline(features, LinearSVC())
    model.fit(text(train), [row[one.label] for row in train])
    return [str(label) for label in model.predict(text(test))]


def smeaton(train: list[dict[str, str]], test: list[dict[str, str]], one: Set, budget: str, work: Path) -> Any:
    """Labels by what `smeaton build` ships, and what the build said of itself."""
    for name, rows in (("train", train), ("test", test)):
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        (work / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    task = {
        "smeaton": 1,
        "name": one.name.replace("_", "-"),
        "data": {"examples": "train.jsonl", "test": "test.jsonl"},
        "inputs": dict.fromkeys(one.texts, "text"),
        "output": {one.label: {"type": "category"}},
        "budget": {"time": budget},
    }
    (work / "smeaton.yaml").write_text(json.dumps(task), encoding="utf-8")
    command = [sys.executable, "-m", "smeaton"]
    build = subprocess.run([*command, "build", "--json"], capture_output=True, text=True, cwd=work, check=False)
    if not build.stdout.strip():
        raise RuntimeError(f"build ended with {build.returncode}: {build.stderr[-2000:]}")
    said = json.loads(build.stdout)
    done = subprocess.run(
        [*command, "predict", said["bundle"], "test.jsonl", "-o", "answers.jsonl", "--json"],
        capture_output=True, text=True, cwd=work, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 6):
        raise RuntimeError(f"predict ended with {done.returncode}: {done.stderr[-2000:]}")
    lines = (work / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    return [str(json.loads(line)["prediction"]) for line in lines], said


def error(truth: Array, answer: Array, weight: Array, labels: int, uneven: bool) -> Array:
    """The share of wrong rows, or 1 - macro F1, under weights (..., rows). Codes; -1 is no label."""
    right = truth == answer
    if not uneven:
        return 1.0 - (weight @ right) / weight.sum(axis=-1)
    hot = np.eye(labels)[truth]
    said = np.eye(labels + 1)[answer][:, :labels]
    both, true, answered = (weight @ (hot * right[:, None])), weight @ hot, weight @ said
    with np.errstate(invalid="ignore"):
        each = np.where(true + answered > 0, 2 * both / (true + answered), np.nan)
    return np.asarray(1.0 - np.nanmean(each, axis=-1))


def run_cell(folder: Path, one: Set, seed: int, budget: str, results: Path) -> dict[str, Any]:
    """Build, predict and score one cell; append its line."""
    rows = read(folder, one)
    labels = sorted({row[one.label] for row in rows})
    counts = np.unique([row[one.label] for row in rows], return_counts=True)[1]
    mask = split([row[one.label] for row in rows], seed)
    train = [row for row, tested in zip(rows, mask, strict=True) if not tested]
    test = [row for row, tested in zip(rows, mask, strict=True) if tested]
    start = time.monotonic()
    theirs = reference(train, test, one)
    reference_seconds, start = time.monotonic() - start, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="smeaton-text-") as place:
        ours, said = smeaton(train, test, one, budget, Path(place))
    total = time.monotonic() - start
    place_of = {label: code for code, label in enumerate(labels)}
    truth, found, other = (
        np.array([place_of.get(label, -1) for label in column])
        for column in ([row[one.label] for row in test], ours, theirs)
    )
    uneven = bool(counts.max() > UNEVEN * counts.min())
    flat = np.ones(len(truth))
    cell = {
        "set": one.name,
        "seed": seed,
        "budget": budget,
        "uneven": uneven,
        "labels": len(labels),
        "rows": len(train),
        "test_rows": len(test),
        "smeaton": float(error(truth, found, flat, len(labels), uneven)),
        "reference": float(error(truth, other, flat, len(labels), uneven)),
        "wrong": int((truth != found).sum()),
        "reference_wrong": int((truth != other).sum()),
        "build_seconds": said.get("seconds"),
        "total_seconds": round(total, 2),
        "reference_seconds": round(reference_seconds, 2),
        "outcome": said.get("outcome"),
        "winner": said.get("winner"),
        "load": os.getloadavg()[0],
    }
    np.savez_compressed(
        answers_file(results, cell), row=np.flatnonzero(mask), truth=truth, smeaton=found, reference=other
    )
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(cell) + "\n")
    return cell


def answers_file(results: Path, cell: dict[str, Any]) -> Path:
    """Where the answers of a cell are kept."""
    folder = results.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{cell['set']}-{cell['seed']}-{cell['budget']}.npz"


def read_cells(results: Path, budget: str) -> list[dict[str, Any]]:
    """Finished cells with that budget."""
    if not results.exists():
        return []
    cells = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [cell for cell in cells if cell["budget"] == budget]


def paired(cells: list[dict[str, Any]], results: Path) -> tuple[float, float]:
    """95 % interval of the mean difference over a set's splits (ours less the reference's): Poisson bootstrap over the
    set's rows, a row counting the same in every split it was tested in."""
    stored = [dict(np.load(answers_file(results, cell))) for cell in cells]
    labels, uneven = cells[0]["labels"], cells[0]["uneven"]
    size = 1 + max(int(one["row"].max()) for one in stored)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(REPLICATES // 20):
        weight = rng.poisson(1.0, (20, size)).astype(np.float64)
        each = [
            error(one["truth"], one["smeaton"], weight[:, one["row"]], labels, uneven)
            - error(one["truth"], one["reference"], weight[:, one["row"]], labels, uneven)
            for one in stored
        ]
        found.append(np.mean(each, axis=0))
    low, high = np.quantile(np.concatenate(found), [0.025, 0.975])
    return float(low), float(high)


def summary(cells: list[dict[str, Any]], results: Path) -> None:
    """Per set the errors, their ratio and the paired difference; over sets the mean ratio."""
    print(f"{'set':15} {'splits':>6} {'what':>10} {'ours':>8} {'tf-idf':>8} {'fewer':>7}  difference (95 % interval)")
    ratios, worse = [], []
    for name in dict.fromkeys(cell["set"] for cell in cells):
        own = [cell for cell in cells if cell["set"] == name]
        ours, theirs = (float(np.mean([cell[key] for cell in own])) for key in ("smeaton", "reference"))
        low, high = paired(own, results)
        mark = "  WORSE" if low > 0 else "  better" if high < 0 else ""
        what = "1-macroF1" if own[0]["uneven"] else "wrong"
        print(
            f"{name:15} {len(own):6} {what:>10} {ours:8.4f} {theirs:8.4f} {1 - ours / theirs:7.1%}"
            f"  {ours - theirs:+.4f} ({low:+.4f} to {high:+.4f}){mark}"
        )
        ratios.append(ours / theirs)
        worse += [name] if low > 0 else []
    print(f"fewer errors on average over {len(ratios)} sets: {1 - float(np.mean(ratios)):.1%}")
    print(f"sets with the whole interval on the wrong side: {', '.join(worse) or 'none'}")


def main() -> int:
    """Run the cells that are missing, then print the summary. 1 if a cell failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", help="names, with commas between (default all)")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "text_quality.jsonl")
    parser.add_argument("--summary", action="store_true", help="run nothing, print what is there")
    args = parser.parse_args()
    args.results.parent.mkdir(parents=True, exist_ok=True)
    chosen = [one for one in SETS if not args.sets or one.name in args.sets.split(",")]
    failed = 0
    for seed in [] if args.summary else [int(seed) for seed in args.seeds.split(",")]:
        for one in chosen:
            if (one.name, seed) in {(cell["set"], cell["seed"]) for cell in read_cells(args.results, args.budget)}:
                continue
            try:
                cell = run_cell(args.folder, one, seed, args.budget, args.results)
            except (RuntimeError, OSError, ValueError, KeyError) as fault:
                failed += 1
                print(f"{one.name} split {seed} failed: {fault}", file=sys.stderr)
                continue
            print(f"{one.name} split {seed}: {cell['smeaton']:.4f} against {cell['reference']:.4f}", flush=True)
    cells = [cell for cell in read_cells(args.results, args.budget) if cell["set"] in {one.name for one in chosen}]
    if cells:
        summary(cells, args.results)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

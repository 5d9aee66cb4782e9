"""Spans and intents of short texts: `smeaton build` against a common CRF and a token classifier, on the same rows.

    python benchmarks/slots.py TRAIN TEST --peer-python PYTHON            all rows, 60 s a build
    python benchmarks/slots.py TRAIN TEST --peer-python PYTHON --rows 3000
    python benchmarks/slots.py TRAIN TEST --only intent

TRAIN and TEST are JSON lines {"text", "intent", "slots": [{"slot", "text", "start", "end"}]}. PYTHON has
python-crfsuite and scikit-learn. A span is right if slot, start and end are. Seconds are wall clock with one thread a
process, reading included; bytes are those of the whole bundle and of the peers' files. Intervals of 95 % are by a
bootstrap over the test rows, paired for `ahead_of`. Results are appended, one object for each run.

The peers see the features usual for such a model: the word, its lower case, shape, first and last letters, and its
neighbours up to two away. CRF: L-BFGS, c1 = c2 = 0.1, at most 100 iterations. Token classifier: logistic regression
(scikit-learn) of each token's BIO tag on the same features, no transitions, stored as float32.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
REPLICATES = 1_000
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
TOKEN = re.compile(r"\w+|[^\w\s]")

Row = dict[str, Any]
Spans = list[tuple[str, int, int]]

SLOTS = {
    "type": "list",
    "of": {
        "type": "object",
        "fields": {
            "slot": {"type": "category"},
            "start": {"type": "integer"},
            "end": {"type": "integer"},
            "text": {"type": "text"},
        },
    },
}


def read(path: Path, rows: int | None = None) -> list[Row]:
    """The rows of a file, or so many of them drawn at random."""
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return found if rows is None or rows >= len(found) else random.Random(0).sample(found, rows)


def truth_of(row: Row) -> Spans:
    """The spans of a row."""
    return [(span["slot"], span["start"], span["end"]) for span in row["slots"]]


def write(path: Path, rows: list[Row]) -> None:
    """Rows as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def build(train: list[Row], test: list[Row], target: str, output: Any, budget: str) -> tuple[list[Any], Row]:
    """Answers for the test rows by what `smeaton build` ships, and what is to be noted of it."""
    with tempfile.TemporaryDirectory(prefix="smeaton-slots-") as place:
        work = Path(place)
        for name, rows in (("train", train), ("test", test)):
            write(work / f"{name}.jsonl", [{"text": row["text"], target: row[target]} for row in rows])
        task = {
            "smeaton": 1,
            "name": target,
            "data": {"examples": "train.jsonl", "test": "test.jsonl"},
            "inputs": {"text": "text"},
            "output": {target: output},
            "budget": {"time": budget},
        }
        (work / "smeaton.yaml").write_text(json.dumps(task), encoding="utf-8")
        start = time.monotonic()
        said = json.loads(command(work, "build", "--json"))
        seconds, start = time.monotonic() - start, time.monotonic()
        command(work, "predict", said["bundle"], "test.jsonl", "-o", "answers.jsonl", "--json")
        predicting = time.monotonic() - start
        lines = (work / "answers.jsonl").read_text(encoding="utf-8").splitlines()
        size = sum(path.stat().st_size for path in Path(work, said["bundle"]).rglob("*") if path.is_file())
        answers = [json.loads(line)["prediction"] for line in lines]
    note = {"budget": budget, "seconds": seconds, "predict_seconds": predicting, "bytes": size, **part_of(said)}
    return answers, note


def part_of(said: Row) -> Row:
    """What a build says of itself that is worth keeping."""
    return {key: said.get(key) for key in ("winner", "outcome")}


def command(work: Path, *words: str) -> str:
    """What `smeaton` prints; a build that is not ready is no failure here."""
    done = subprocess.run(
        [sys.executable, "-m", "smeaton", *words], capture_output=True, text=True, cwd=work, check=False,
        env={**os.environ, **ONE_THREAD},
    )  # fmt: skip
    if done.returncode not in (0, 6):
        raise RuntimeError(f"smeaton {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def tokens_of(text: str) -> list[tuple[int, int]]:
    """Places of words and marks."""
    return [found.span() for found in TOKEN.finditer(text)]


def tags_of(row: Row, places: list[tuple[int, int]]) -> list[str]:
    """BIO tags; a token belongs to the span it lies in."""
    tags = ["O"] * len(places)
    for slot, start, end in truth_of(row):
        inside = [number for number, (a, b) in enumerate(places) if a < end and b > start]
        for number in inside:
            tags[number] = ("B-" if number == inside[0] else "I-") + slot
    return tags


def spans_of(tags: list[str], places: list[tuple[int, int]]) -> Spans:
    """Spans of BIO tags; an I without its B begins one."""
    found: Spans = []
    former = "O"
    for tag, (start, end) in zip(tags, places, strict=True):
        if tag[0] == "I" and former[2:] == tag[2:]:
            found[-1] = (found[-1][0], found[-1][1], end)
        elif tag != "O":
            found.append((tag[2:], start, end))
        former = tag
    return found


def shape_of(word: str) -> str:
    """X for capitals, x for other letters, 0 for digits, repeats once."""
    plain = "".join("X" if c.isupper() else "x" if c.isalpha() else "0" if c.isdigit() else c for c in word)
    return re.sub(r"(.)\1+", r"\1", plain)


def features_of(words: list[str]) -> list[list[str]]:
    """Named features of each token of a text."""
    found = []
    for place, word in enumerate(words):
        low = word.lower()
        own = ["bias", f"w={word}", f"l={low}", f"s={shape_of(word)}"]
        own += [f"p{n}={low[:n]}" for n in (1, 2, 3)] + [f"e{n}={low[-n:]}" for n in (1, 2, 3)]
        for offset in (-2, -1, 1, 2):
            at = place + offset
            if 0 <= at < len(words):
                own += [f"{offset}l={words[at].lower()}", f"{offset}s={shape_of(words[at])}"]
            else:
                own.append(f"{offset}none")
        found.append(own)
    return found


def prepared(rows: list[Row]) -> tuple[list[Any], list[Any], list[Any]]:
    """Places, features and tags of each row."""
    places = [tokens_of(row["text"]) for row in rows]
    features = [
        features_of([row["text"][a:b] for a, b in own]) for row, own in zip(rows, places, strict=True)
    ]  # fmt: skip
    return places, features, [tags_of(row, own) for row, own in zip(rows, places, strict=True)]


def peers(folder: Path) -> None:
    """Fit and apply both peers (run by the peers' Python); answers and notes are files in the folder."""
    train, test = read(folder / "train.jsonl"), read(folder / "test.jsonl")
    for name, fit in (("crf", crf), ("tokens", token_classifier)):
        start = time.monotonic()
        _, features, tags = prepared(train)
        apply, size = fit(features, tags, folder)
        seconds, start = time.monotonic() - start, time.monotonic()
        places, features, _ = prepared(test)
        said = [spans_of(own, at) for own, at in zip(apply(features), places, strict=True)]
        note = {"seconds": seconds, "predict_seconds": time.monotonic() - start, "bytes": size, "answers": said}
        (folder / f"{name}.json").write_text(json.dumps(note), encoding="utf-8")


def crf(features: list[Any], tags: list[Any], folder: Path) -> tuple[Any, int]:
    """A linear-chain CRF by python-crfsuite: a function from features to tags, and the size of its file."""
    import pycrfsuite  # type: ignore[import-not-found]

    trainer = pycrfsuite.Trainer(verbose=False)
    for own, truth in zip(features, tags, strict=True):
        if own:
            trainer.append(own, truth)
    trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 100, "feature.possible_transitions": True})
    path = folder / "model.crfsuite"
    trainer.train(str(path))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    return (lambda given: [tagger.tag(own) if own else [] for own in given]), path.stat().st_size


def token_classifier(features: list[Any], tags: list[Any], folder: Path) -> tuple[Any, int]:
    """Logistic regression for each token: a function from features to tags, and the size of its weights on disk."""
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.linear_model import LogisticRegression

    hasher = FeatureHasher(n_features=1 << 18, input_type="string", alternate_sign=False, dtype=np.float32)
    matrix = hasher.transform([own for row in features for own in row])
    seen = np.flatnonzero(np.asarray((matrix > 0).sum(axis=0)).ravel() >= 2)
    model = LogisticRegression(C=1.0, max_iter=60).fit(matrix[:, seen], [tag for row in tags for tag in row])
    np.savez_compressed(folder / "tokens.npz", weights=model.coef_.astype(np.float32))

    def apply(given: list[Any]) -> list[list[str]]:
        said = iter(model.predict(hasher.transform([own for row in given for own in row])[:, seen]).tolist())
        return [[next(said) for _ in row] for row in given]

    return apply, (folder / "tokens.npz").stat().st_size


def counts_of(test: list[Row], answers: list[Spans]) -> Any:
    """(right, said, true) of each row."""
    return np.array(
        [
            (len({*map(tuple, said)} & {*truth_of(row)}), len(said), len(row["slots"]))
            for row, said in zip(test, answers, strict=True)
        ]
    )


def drawn(counts: Any) -> Any:
    """Slot F1 of bootstrap samples of the rows; the same samples for the same number of rows."""
    size = len(counts)
    sums = np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), REPLICATES) @ counts
    return 2 * sums[:, 0] / (sums[:, 1] + sums[:, 2])


def score(counts: Any) -> Row:
    """Slot F1 and its interval, precision and recall."""
    right, said, true = (int(number) for number in counts.sum(axis=0))
    low, high = np.quantile(drawn(counts), [0.025, 0.975])
    return {
        "f1": 2 * right / (said + true), "low": low, "high": high, "precision": right / said, "recall": right / true,
    }  # fmt: skip


def slots(train: list[Row], test: list[Row], args: argparse.Namespace) -> Row:
    """The tagger and both peers."""
    answers, note = build(train, test, "slots", SLOTS, args.budget)
    said = [[(span["slot"], span["start"], span["end"]) for span in spans or ()] for spans in answers]
    own = counts_of(test, said)
    found: Row = {"smeaton": score(own) | note}
    if not args.peer_python:
        return found
    with tempfile.TemporaryDirectory(prefix="smeaton-slots-") as place:
        write(Path(place) / "train.jsonl", train)
        write(Path(place) / "test.jsonl", test)
        peer = [args.peer_python, str(Path(__file__).resolve()), "--peers-in", place]
        subprocess.run(peer, check=True, env={**os.environ, **ONE_THREAD})
        for name in ("crf", "tokens"):
            note = json.loads((Path(place) / f"{name}.json").read_text(encoding="utf-8"))
            counts = counts_of(test, note.pop("answers"))
            low, high = np.quantile(drawn(own) - drawn(counts), [0.025, 0.975])
            found[name] = score(counts) | note
            found["smeaton"][f"ahead_of_{name}"] = [low, high]
    return found


def intent(train: list[Row], test: list[Row], args: argparse.Namespace) -> Row:
    """The share of intents that are right."""
    answers, note = build(train, test, "intent", {"type": "category"}, args.budget)
    return {
        "accuracy": float(np.mean([said == row["intent"] for said, row in zip(answers, test, strict=True)])),
        **note,
    }


def main() -> int:
    """Run, print and append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, nargs="?")
    parser.add_argument("test", type=Path, nargs="?")
    parser.add_argument("--peer-python", help="a Python with python-crfsuite and scikit-learn; without it no peers")
    parser.add_argument("--rows", type=int, help="learn from so many rows, drawn at random (default all)")
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--only", choices=("slots", "intent"))
    parser.add_argument("--results", type=Path, default=HERE / "results" / "slots.json")
    parser.add_argument("--peers-in", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peers_in:
        peers(args.peers_in)
        return 0
    if not args.train or not args.test:
        parser.error("TRAIN and TEST are needed")
    train, test = read(args.train, args.rows), read(args.test)
    result: Row = {"rows": len(train), "test_rows": len(test), "load": os.getloadavg()[0]}
    for name, run in (("slots", slots), ("intent", intent)):
        if args.only in (None, name):
            result[name] = run(train, test, args)
    print(json.dumps(result, indent=2, default=float))
    before = json.loads(args.results.read_text(encoding="utf-8")) if args.results.exists() else []
    args.results.parent.mkdir(parents=True, exist_ok=True)
    args.results.write_text(json.dumps([*before, result], indent=2, default=float) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

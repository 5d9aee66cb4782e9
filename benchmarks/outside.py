"""Rows that fit no label: Smeaton's rejection beside "one class more", side by side on one sealed test.

    python benchmarks/outside.py train.csv [more.csv ...] --test test.csv --text text --label intent --outside oos

The other side is what is done without a rejection: TF-IDF of words 1-2 and characters 2-5, with a linear SVM and with
logistic regression, the outside label as one more class. Reported for each: outside F1, outside recall and inside
accuracy with 95 % bootstrap intervals, and how many times the SVM's outside F1. Smeaton builds from the training files
alone, within `--budget`; the test files are read only to be answered.
"""

import argparse
import csv
import gzip
import io
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

METRICS = ("outside_f1", "outside_recall", "inside_accuracy")


def read(paths: list[Path], text: str, label: str) -> tuple[list[str], list[str]]:
    """Texts and labels of CSV files, gzipped or not."""
    texts: list[str] = []
    labels: list[str] = []
    for path in paths:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        for row in csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")):
            texts.append(row[text])
            labels.append(row[label])
    return texts, labels


def one_class_more(texts: list[str], labels: list[str], asked: list[str]) -> dict[str, list[str]]:
    """Answers of the SVM and of logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    features = make_union(words, chars)
    train, test = features.fit_transform(texts), features.transform(asked)
    answers = {"svm, one class more": LinearSVC(C=1.0).fit(train, labels).predict(test).tolist()}
    regression = LogisticRegression(C=10.0, max_iter=200, tol=1e-3).fit(train, labels)
    return answers | {"logistic, one class more": regression.predict(test).tolist()}


def smeaton(texts: list[str], labels: list[str], asked: list[str], args: argparse.Namespace) -> tuple[list[str], str]:
    """Answers of the bundle that a build makes, and which solution it is."""
    from smeaton import build, load

    output: dict[str, Any] = {"type": "category", "outside": args.outside}
    if args.recall is not None:
        output["recall"] = args.recall
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "train.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label"])
            writer.writerows(zip(texts, labels, strict=True))
        task: dict[str, Any] = {
            "smeaton": 1, "name": "outside", "data": "train.csv", "inputs": {"text": "text"},
            "output": {"label": output}, "test": {"share": 0.02}, "budget": {"time": args.budget},
        }  # fmt: skip
        if args.only:
            task["solutions"] = {"only": args.only.split(",")}
        (Path(folder) / "smeaton.yaml").write_text(json.dumps(task), encoding="utf-8")
        built = build(Path(folder) / "smeaton.yaml")
        assert built.bundle is not None
        with load(built.bundle) as model:
            return [answer["prediction"] for answer in model.predict([{"text": text} for text in asked])], built.winner


def judge(answers: list[str], truth: list[str], outside: str) -> dict[str, tuple[float, float, float]]:
    """Each metric with its 95 % interval."""
    from smeaton.metrics._defaults import load_metric
    from smeaton.metrics._intervals import interval
    from smeaton.task.table import object_column
    from smeaton.task.task import Data, Task
    from smeaton.task.types import Type

    labels = tuple(sorted({*truth, *answers, outside}))
    task = Task(data=Data(), output={"label": Type(type="category", labels=labels, outside=outside)})
    codes = np.array([labels.index(label) for label in truth])
    found = {}
    for name in METRICS:
        metric = load_metric(name, task)
        found[name] = interval(metric, metric.rows({"prediction": object_column(answers)}, codes, labels), None, None)
    return found


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", nargs="+", type=Path)
    parser.add_argument("--test", nargs="+", type=Path, required=True)
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--outside", required=True)
    parser.add_argument("--recall", type=float, default=None)
    parser.add_argument("--budget", default="120s")
    parser.add_argument("--only", default="", help="families, with commas between them")
    parser.add_argument("-o", "--out", type=Path, default=None, help="a .json file to write the figures to")
    args = parser.parse_args()
    texts, labels = read(args.train, args.text, args.label)
    asked, truth = read(args.test, args.text, args.label)
    start = time.monotonic()
    answers = one_class_more(texts, labels, asked)
    middle = time.monotonic()
    mine, winner = smeaton(texts, labels, asked, args)
    answers[f"smeaton ({winner})"] = mine
    print(f"{len(texts):,} rows to learn from, {len(asked):,} asked; {middle - start:.0f} s and "
          f"{time.monotonic() - middle:.0f} s")  # fmt: skip
    scores = {name: judge(found, truth, args.outside) for name, found in answers.items()}
    base = scores["svm, one class more"]["outside_f1"][0]
    for name, found in scores.items():
        said = "; ".join(
            f"{metric} {value:.4f} ({low:.4f} to {high:.4f})" for metric, (value, low, high) in found.items()
        )
        print(f"{name}: {said}; {found['outside_f1'][0] / base:.2f} times the svm's F1" if base else f"{name}: {said}")
    if args.out:
        args.out.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

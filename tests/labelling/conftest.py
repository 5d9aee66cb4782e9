"""A small pool in a folder, and tasks over it."""

import csv
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from smeaton.labelling.work import Work, open_work
from smeaton.task.yaml import read_task

TOPICS = {
    "billing": ("invoice", "refund", "payment", "charge"),
    "login": ("password", "account", "signing", "locked"),
    "shipping": ("parcel", "courier", "delivery", "address"),
}
WORDS = ("please", "hello", "again", "today", "since", "problem", "with", "about", "question", "urgent")
LABELS = "[billing, login, shipping]"


def made(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """(text, label): every text says its topic by some words."""
    draw = random.Random(seed)
    rows: list[tuple[str, str]] = []
    for number in range(count):
        label = draw.choice(sorted(TOPICS))
        words = [*draw.choices(TOPICS[label], k=2), *draw.sample(WORDS, 4), f"ref{number}"]
        draw.shuffle(words)
        rows.append((" ".join(words), label))
    return rows


def write(path: Path, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])
    return path


Open = Callable[..., Work]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Open the work of a folder with `pool` texts, `labelled` (text, answer) rows, and an output."""

    def make(
        pool: Sequence[str] = (),
        labelled: Sequence[tuple[str, str]] = (),
        output: str = LABELS,
        *,
        write_it: bool = True,
        **options: Any,
    ) -> Work:
        if pool:
            write(tmp_path / "pool.csv", ["text", "id"], [(text, number) for number, text in enumerate(pool)])
        if labelled:
            write(tmp_path / "labels.csv", ["text", "id", "label"], [(text, "x", answer) for text, answer in labelled])
        task = tmp_path / "smeaton.yaml"
        task.write_text(
            f"smeaton: 1\nname: desk\ngoal: Say which team.\ninputs: {{text: text}}\noutput: {{label: {output}}}\n"
            "data: {examples: labels.csv, unlabelled: pool.csv}\n",
            encoding="utf-8",
        )
        return open_work(read_task(task), write=write_it, **options)

    return make

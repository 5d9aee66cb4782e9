"""Solutions in words: what a family is to somebody who never heard of it, what a configuration says."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from smeaton.leaderboard.board import BASELINE
from smeaton.leaderboard.forms import Board, Row
from smeaton.task.task import Task
from smeaton.trials.choose import MEMBERS

#: What each family is. Those of others and the user's own are told apart by their names.
_FAMILIES = {
    "baseline": "always the same answer, whatever is asked",
    "linear": "a weighted sum of the columns",
    "boosting": "hundreds of small decision trees, each mending what those before it got wrong",
    "catboost": "hundreds of even decision trees, each mending what those before it got wrong",
    "xgboost": "hundreds of small decision trees, each mending what those before it got wrong",
    "mixed": "small decision trees over the columns and over what each text says",
    "forest": "many decision trees that vote",
    "network": "a small neural network for tables",
    "tfidf": "weights for words and runs of characters",
    "static": "the mean of word vectors that others trained, and a linear model on it",
    "encoder": "a language encoder that others trained, and a linear model on its vectors",
    "finetune": "a language encoder trained further on these rows",
    "tagger": "a model that marks the words of interest in a text",
    "prompt": "a language model that is told what to do",
    "prompt_search": "a language model with an instruction that was improved step by step",
    "cascade": "a small model, and a language model for the rows that it is unsure of",
    "distil": "a small model taught by a language model",
    "blend": "several models whose answers are averaged, each with its own weight",
    "student": "one small model that has learnt to answer like several together",
}
_LONG = 240  # characters of a configuration


def family_words(row: Row, board: Board, task: Task) -> str:
    """What a solution is, in plain words."""
    if row.family in task.solutions.add:
        return "your own solution"
    said = _FAMILIES.get(row.family, "a solution that was installed beside Smeaton's own")
    if row.family == BASELINE and task.answer == "class":
        said = "always the same answer: how common each label is"
    made = members(row, board)
    return f"{said}: {made}" if made else said


def members(row: Row, board: Board) -> str:
    """What a solution is put together of: `2 boosting, 1 linear`; '' for one that stands alone."""
    keys = row.config.get(MEMBERS)
    if not isinstance(keys, list):
        return ""
    names = {one.key: one.name for one in board.rows}
    found = Counter(names[key] for key in keys if key in names)
    return ", ".join(f"{many} {name}" for name, many in found.most_common())


def own_rows(board: Board, task: Task) -> list[Row]:
    """The rows of the user's own solutions (code, model files, prompts), in the board's order."""
    mine = set(task.solutions.add)
    return [row for row in board.rows if row.family in mine or row.config.get("prompt") in mine]


def config_words(config: Mapping[str, Any]) -> str:
    """A configuration in at most 240 characters."""
    said = ", ".join(f"{name} {_value(value)}" for name, value in config.items() if name != MEMBERS)
    made = config.get(MEMBERS)
    if isinstance(made, list):
        said = ", ".join(filter(None, (f"{len(made)} members", said)))
    return said if len(said) <= _LONG else said[: _LONG - 1].rstrip(", ") + "…"


def _value(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return " + ".join(map(str, value)) if len(value) <= 4 else f"of {len(value)}"
    return f"of {len(value)}" if isinstance(value, dict) else " ".join(str(value).split())

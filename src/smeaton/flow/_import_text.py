"""The texts of an imported task's folder: the task, its rows, prompts and `IMPORT.md`."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smeaton.importers import Imported, Lost, Prompt
from smeaton.importers._checks import Checks
from smeaton.runtime.ops import _chat_prompt as chat
from smeaton.runtime.ops._chat_prompt import write_prompt
from smeaton.task.grammar import slug
from smeaton.task.writer import task_text
from smeaton.task.yaml import task_from

DATA_FILE, NOTES_FILE, PROMPTS = "data.jsonl", "IMPORT.md", "prompts"


def task_yaml(found: Imported, checks: Checks, folder: Path) -> str:
    """The task file.

    Raises:
        TaskError: the source's names or types make no task.
    """
    named = [f"{PROMPTS}/{prompt.name}.md" for prompt in found.prompts]
    form: dict[str, Any] = {
        "smeaton": 1,
        "name": slug(found.name)[:60].strip("-") or "imported",
        "goal": _sentence(found.goal),
        "data": DATA_FILE,
        "inputs": found.inputs,
        "output": {found.output: found.output_type},
        "metric": _metric(found, checks),
        "checks": references(checks),
        "judge": {"model": found.judge.model, "rubric": found.judge.rubric.replace("${", "$ {")}
        if found.judge
        else None,
        "solutions": {"add": [*found.models, *named]} if found.models or named else None,
    }
    return task_text(task_from({key: value for key, value in form.items() if value}, folder))


def references(checks: Checks) -> list[str]:
    """The checks as a task names them: those of `checks.py`, then those in files of their own."""
    own = {name.removesuffix(".py") for name in checks.code}
    return [f"{name if name in own else 'checks'}.py:{name}" for name in checks.names]


def rows_text(found: Imported) -> str:
    """The rows as JSON Lines: inputs, then the output."""
    names = [*found.inputs, found.output]
    lines = (json.dumps({name: row.get(name) for name in names}, ensure_ascii=False) for row in found.rows)
    return "".join(f"{line}\n" for line in lines)


def prompt_text(prompt: Prompt) -> str:
    """The prompt as the `chat` op reads it. Its own headings go one level down: they would begin a new part."""
    return write_prompt(chat.Prompt(re.sub(r"(?m)^# ", "## ", prompt.instruction)))


def examples_text(prompt: Prompt) -> str:
    """The worked examples as JSON Lines."""
    return "".join(f"{json.dumps(example, ensure_ascii=False)}\n" for example in prompt.examples)


def notes_text(found: Imported, lost: Sequence[Lost], files: Sequence[str], next_steps: Sequence[str]) -> str:
    """`IMPORT.md`: what was written, what was concluded, what is not carried over."""
    lines = [f"# Imported from {found.format}", "", f"Source: `{_cell(found.source)}`. Written:", ""]
    lines += [f"- `{name}`" for name in files]
    lines += ["", "## Concluded, to be looked at", ""]
    lines += [f"- {_cell(note)}" for note in found.notes] or ["Nothing."]
    lines += ["", "## Not carried over", ""]
    if lost:
        lines += ["| what | where | why |", "|---|---|---|"]
        lines += [f"| {_cell(one.what)} | {_cell(one.where)} | {_cell(one.why)} |" for one in lost]
    else:
        lines.append("Everything was carried over.")
    lines += ["", "## Next", "", *(f"- {step}" for step in next_steps)]
    return "\n".join(lines) + "\n"


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


def _sentence(goal: str) -> str:
    """A goal as a task has it: one line, no reference to the environment."""
    words = " ".join(goal.split())
    return words if len(words) <= 500 and "${" not in words else ""


def _metric(found: Imported, checks: Checks) -> str | None:
    """Equality alone is ranked as such; checks and judges have metrics of their own, which the task takes by itself."""
    if not found.judged or checks.names or found.judge:
        return None
    kind = found.output_type
    return "accuracy" if isinstance(kind, list) or str(kind).startswith("boolean") else None

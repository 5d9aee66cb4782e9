"""A prompt to a language model: the instruction alone, or with examples, chosen for each row or the same for all.

A prompt beside the task is named in a configuration with a hash of its text: once edited it is another candidate.

Probabilities come from the tokens' alternatives where the model gives them, else from how often what it says is true on
rows apart (`_chat.learnt`).
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.data.fold import Fold
from smeaton.errors import ProgramError, TaskError
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._chat import (
    ASKED_ROWS,
    MOST_STOP,
    Asking,
    ChatFitted,
    fitted,
    hosts,
    instruction,
    label_words,
    models,
    salt_of,
    shown_examples,
)
from smeaton.families._prompt_task import odds, refusal
from smeaton.llm import providers
from smeaton.llm.endpoint import LOCAL
from smeaton.runtime.ops._chat_prompt import Prompt, read_prompt
from smeaton.task.profile import Profile
from smeaton.task.task import Task

_SHOTS = 4
_LOCAL_SECONDS, _FAR_SECONDS = 0.3, 0.2  # a row takes about so long: one after the other here, eight at a time there
_STYLES: tuple[dict[str, Any], ...] = (
    {"examples": 0},
    {"examples": _SHOTS},
    {"examples": _SHOTS, "nearest": False},
    {"reasoning": True},
)


class PromptFamily:
    """Asks a model with a prompt made from the task, or one that the task names."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """Each usable model plain, with examples near the row, with fixed ones, with a reason first."""
        why = refusal(task)
        if why:
            return Refusal(why)
        usable, refused = models(task, profile)
        if not usable:
            return Refusal("no language model can be asked here", refused)
        starts: list[dict[str, Any]] = []
        written = [name for name in task.solutions.add if name.endswith(".md")]
        for style in _STYLES:
            starts += [{"model": model, **style} for model in usable]
        starts[: len(usable)] += [
            {"model": model, "prompt": name, "text": text_hash(task, name)} for name in written for model in usable
        ]
        here = all(providers.host(model) == LOCAL for model in usable)
        seconds = _LOCAL_SECONDS if here else _FAR_SECONDS
        rows = min(ASKED_ROWS, profile.rows) / 5 + min(MOST_STOP, 0.12 * profile.rows)
        return Space(
            starts=tuple(starts),
            params={"examples": Range(1, 8, integer=True), "model": Choice(usable)} if len(usable) > 1 else {},
            effort=8.0,
            external=hosts(usable),
            masks=True,
            refused=refused,
            asked_rows=ASKED_ROWS,
            row_seconds=seconds,
            seconds=seconds * rows,
            whole=1,
        )

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> ChatFitted:
        """Write the prompt, take examples from the training rows, calibrate on stop rows."""
        reference = str(config["model"])
        shots = int(config.get("examples", 0))
        examples = shown_examples(task, fold.train, reference, salt_of(fold)) if shots else []
        if shots and not config.get("nearest", True):
            examples = spread(examples, shots)
        asking = Asking(
            reference=reference,
            prompt=start_prompt(task, config),
            examples=examples,
            shots=shots,
            nearest=bool(config.get("nearest", True)),
            how="text" if task.answer == "text" else "json",
            reasoning="field" if config.get("reasoning") and task.answer != "text" else "off",
            probability=odds(task, reference),
            evidence={"chosen_by": "written from the task" if not config.get("prompt") else str(config["prompt"])},
        )
        return fitted(task, asking, fold, run, _style(config))


def _style(config: Config) -> str:
    """How the model is asked, for the board."""
    shots = int(config.get("examples", 0))
    near = "chosen for each row" if config.get("nearest", True) else "the same for all rows"
    parts = [f"{shots} examples {near}" if shots else "no examples"]
    parts += ["a reason before the answer"] if config.get("reasoning") else []
    parts += [f"the prompt {config['prompt']}"] if config.get("prompt") else []
    return ", ".join(parts)


def start_prompt(task: Task, config: Config) -> Prompt:
    """The prompt a configuration begins with: one beside the task, else one made from its words.

    Raises:
        TaskError: the file cannot be read, is no prompt, or is no longer the one of the configuration.
    """
    if config.get("prompt"):
        name = str(config["prompt"])
        if config.get("text") not in (None, text_hash(task, name)):
            raise TaskError(f"{name} was changed since this build began", fix="build again", where=name)
        found = _read(task, name)
        return Prompt(found.instruction, {**label_words(task), **found.labels})
    return Prompt(instruction(task), label_words(task))


def text_hash(task: Task, name: str) -> str:
    """A hash of what a prompt beside the task says; notes for people do not count.

    Raises:
        TaskError: the file leads out of the task's folder, cannot be read, or is no prompt.
    """
    found = _read(task, name)
    return hashlib.sha256(repr((found.instruction, list(found.labels.items()))).encode()).hexdigest()[:16]


def _read(task: Task, name: str) -> Prompt:
    home = Path(task.folder).resolve()
    path = (home / name).resolve()
    if not path.is_relative_to(home):
        raise TaskError(
            f"the prompt {name} is not in the task's folder", fix="put the file into the task's folder", where=name
        )
    try:
        return read_prompt(path.read_text(encoding="utf-8"))
    except ProgramError as error:
        raise TaskError(error.message, fix=error.fix, where=name) from error
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"the prompt {name} cannot be read: {error}", fix="write it as UTF-8", where=name) from error


def spread(examples: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """A few examples that show as many answers as can be, in the order of the rows."""
    firsts: dict[str, int] = {}
    for place, example in enumerate(examples):
        firsts.setdefault(repr(example["answer"]), place)
    chosen = list(firsts.values())[:count]
    rest = [place for place in np.linspace(0, len(examples) - 1, 4 * count).astype(int).tolist() if place not in chosen]
    chosen += list(dict.fromkeys(rest))[: count - len(chosen)]
    return [examples[place] for place in sorted(chosen)]


part = PromptFamily()

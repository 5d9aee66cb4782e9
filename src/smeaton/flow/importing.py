"""`import`: an evaluation or prompt of another tool becomes a task folder; what cannot be carried over is said."""

import ast
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from smeaton import plugins
from smeaton.errors import DataError, InputError
from smeaton.flow._import_text import (
    DATA_FILE,
    NOTES_FILE,
    PROMPTS,
    examples_text,
    notes_text,
    prompt_text,
    rows_text,
    task_yaml,
)
from smeaton.importers import Code, Imported, Lost
from smeaton.importers._checks import ADAPTED, CASES_FILE, CHECKS_FILE, Checks
from smeaton.task.yaml import TASK_FILE


@dataclass(frozen=True, slots=True)
class Report:
    """What an import wrote. `files` are relative to `folder`; `next` are the commands to go on with."""

    folder: Path
    format: str
    source: str
    rows: int
    checks: tuple[str, ...]
    files: tuple[str, ...]
    notes: tuple[str, ...]
    lost: tuple[Lost, ...]
    next: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return asdict(self) | {"folder": str(self.folder)}


def import_task(
    source: str | Path, output: str | Path | None = None, *, form: str = "", trust_code: bool = False
) -> Report:
    """Read a source and write its task folder: whole, or not at all.

    Args:
        source: a file or a folder.
        output: the new folder (default: the source's name, beside the working folder's other files).
        form: the importer's name; default, the one that knows the source.
        trust_code: take Python code of the source over as checks. It is not run here, but builds will run it.

    Raises:
        InputError: no importer knows the source, it is damaged, or the folder is there already.
    """
    path = Path(source)
    if not path.exists():
        raise InputError(f"there is no {path}", fix="check the path")
    found = _importer(path, form).read(path)
    folder = (
        Path(output) if output is not None else Path(path.stem if path.is_file() else f"{path.resolve().name}-task")
    )
    if folder.exists() or folder.is_symlink():
        raise InputError(f"{folder} is there already", fix="name a new folder with -o", where=str(folder))
    return _written(_checked(found), folder, trust_code)


def _importer(path: Path, name: str) -> Any:
    known = plugins.names("importers")
    if name:
        if name not in known:
            raise InputError(f"there is no importer {name!r}", fix=f"the formats are: {', '.join(known)}")
        return plugins.load("importers", name)
    parts = {one: plugins.load("importers", one) for one in known}
    fitting = [one for one, part in parts.items() if part.detect(path)]
    if not fitting:
        raise InputError(
            f"{path} looks like none of: {', '.join(known)}",
            fix="name its form with --format, and what is wrong will be said",
            where=str(path),
        )
    if len(fitting) > 1:
        raise InputError(f"{path} may be {' or '.join(fitting)}", fix=f"add --format {fitting[0]}", where=str(path))
    return parts[fitting[0]]


def _checked(found: Imported) -> Imported:
    """Rows of which none has an answer, and no rows at all, are tasks too; that they cannot be built yet is a note."""
    notes = found.notes
    answered = sum(row.get(found.output) is not None for row in found.rows)
    if not found.inputs:
        raise DataError(
            "the source names no variable: every row would be the same",
            fix="import one with inputs",
            where=found.source,
        )
    if not found.rows:
        notes += (f"the source holds no rows: fill {DATA_FILE} before a build",)
    elif answered < len(found.rows):
        notes += (f"{len(found.rows) - answered:,} of {len(found.rows):,} rows have no reference answer",)
    return replace(found, notes=notes)


def _written(found: Imported, folder: Path, trust_code: bool) -> Report:
    codes, refused = _trusted(found.code, trust_code)
    checks = Checks(found, codes)
    lost = (*found.lost, *refused)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        partial.mkdir(parents=True)
        texts = _texts(found, checks, partial)
        steps = _next(found, folder)
        texts[NOTES_FILE] = notes_text(found, lost, sorted(texts), steps)
        for name, text in texts.items():
            (partial / name).parent.mkdir(exist_ok=True)
            (partial / name).write_text(text, encoding="utf-8", newline="\n")
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Report(
        folder=folder,
        format=found.format,
        source=found.source,
        rows=len(found.rows),
        checks=tuple(checks.names),
        files=tuple(sorted(texts)),
        notes=found.notes,
        lost=lost,
        next=steps,
    )


def _texts(found: Imported, checks: Checks, folder: Path) -> dict[str, str]:
    texts = {TASK_FILE: task_yaml(found, checks, folder), DATA_FILE: rows_text(found), **checks.code}
    if checks.text:
        texts[CHECKS_FILE] = checks.text
    if checks.cases is not None:
        texts[CASES_FILE] = json.dumps(checks.cases, ensure_ascii=False, indent=1) + "\n"
    for prompt in found.prompts:
        texts[f"{PROMPTS}/{prompt.name}.md"] = prompt_text(prompt)
        if prompt.examples:
            texts[f"{PROMPTS}/{prompt.name}.examples.jsonl"] = examples_text(prompt)
    return texts


def _trusted(codes: Sequence[Code], trust: bool) -> tuple[list[Code], list[Lost]]:
    """The code that is taken over, and the code that is not."""
    taken, lost = [], []
    for code in codes:
        why = _distrusted(code) if trust else "look at it, then import with --trust-code: unasked no code is taken over"
        if why:
            lost.append(Lost(f"the Python code {code.name!r}", code.where, why))
        else:
            taken.append(code)
    return taken, lost


def _distrusted(code: Code) -> str:
    """Why code cannot be a check, '' if it can. It is parsed, not run."""
    try:
        names = {part.name for part in ast.parse(code.source).body if isinstance(part, ast.FunctionDef)}
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"it is no Python: {error}"
    if code.call not in names:
        return f"it defines no function {code.call}"
    return f"it defines {', '.join(sorted(names & ADAPTED))}, which the check needs" if names & ADAPTED else ""


def _next(found: Imported, folder: Path) -> tuple[str, ...]:
    steps = [f"look at `{folder / TASK_FILE}`, above all at the types of its inputs and output"]
    steps.append(f"`smeaton build {folder / TASK_FILE}` builds what this machine can")
    if any(not model.startswith("local:") for model in found.models) or found.judge:
        steps.append(
            f"`smeaton build {folder / TASK_FILE} --money 1 --external` asks the models too, after it has shown what "
            "would leave and the price"
        )
    return tuple(steps)

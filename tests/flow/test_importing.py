"""An imported task is built like any other: with enough rows to the end, with too few as far as they go."""

import json
from pathlib import Path

import pytest

import smeaton
from smeaton.errors import SmeatonError
from smeaton.flow.importing import import_task

FILES = Path(__file__).parents[1] / "importers" / "files"


@pytest.mark.slow
def test_an_imported_task_with_rows_is_built(tmp_path: Path) -> None:
    demos = [
        {"x": f"words {n} about {'bugs' if n % 3 else 'bills'}", "y": "bug" if n % 3 else "bill"} for n in range(90)
    ]
    fields = [{"prefix": "X:", "description": "${x}"}, {"prefix": "Y:", "description": "${y}"}]
    state = {"predict": {"demos": demos, "signature": {"instructions": "Sort.", "fields": fields}, "lm": None}}
    (tmp_path / "state.json").write_text(json.dumps(state))
    import_task(tmp_path / "state.json", tmp_path / "task")
    path = tmp_path / "task/smeaton.yaml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("solutions")]
    path.write_text("\n".join([*lines, "solutions: {only: [baseline]}", "budget: {time: 20s}"]))
    built = smeaton.build(tmp_path / "task")
    assert built.outcome in ("ready", "no solution")
    assert (tmp_path / "task/state.bundle").is_dir()


@pytest.mark.parametrize("source", ["dspy_triage.json", "evals_hosted"])
def test_too_few_rows_are_said_and_never_a_fault(source: str, tmp_path: Path) -> None:
    import_task(FILES / source, tmp_path / "task")
    path = tmp_path / "task/smeaton.yaml"
    text = path.read_text()
    path.write_text(text[: text.index("solutions:")] + "solutions: {only: [baseline]}\nbudget: {time: 20s}\n")
    with pytest.raises(SmeatonError) as caught:
        smeaton.build(tmp_path / "task")
    assert caught.value.exit_code in (2, 4)
    assert caught.value.fix

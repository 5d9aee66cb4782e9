"""The page on bringing one's own models, done as it says."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import smeaton
from smeaton.errors import ProgramError
from smeaton.flow.build import Built, build

PAGE = Path(__file__).parents[2] / "docs" / "bring_your_own.md"


def files_of(page: Path) -> dict[str, str]:
    """The blocks of a page that begin with the name of a file."""
    blocks = re.findall(r"```(?:yaml|python)\n# (\S+)\n(.*?)```", page.read_text(), re.DOTALL)
    return dict(blocks)


def test_the_page_names_what_there_is() -> None:
    assert list(files_of(PAGE)) == ["smeaton.yaml", "model.py", "rules.py"]
    from smeaton.compile.estimators.boosters import BOOSTERS
    from smeaton.compile.estimators.linear import LINEAR
    from smeaton.compile.estimators.steps import STEPS
    from smeaton.compile.estimators.trees import TREES
    from smeaton.task.ownform import MODEL_FILES

    text = PAGE.read_text()
    assert [ending for ending in MODEL_FILES if f"`{ending}`" not in text] == []
    assert [name for name in STEPS if f"`{name}`" not in text and name != "FunctionTransformer"] == []
    for name in ("LogisticRegression", "SGDClassifier", "OneVsRestClassifier"):
        assert name in LINEAR
        assert name in text
    assert any(name.startswith("HistGradientBoosting") for name in TREES)
    assert {name[:3] for name in BOOSTERS} == {"LGB", "XGB", "Cat"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    lightgbm = pytest.importorskip("lightgbm")
    pytest.importorskip("pandas")
    folder = tmp_path_factory.mktemp("clients")
    rng = np.random.default_rng(5)
    age, spend = rng.integers(18, 80, 240), rng.lognormal(3, 1, 240).round(2)
    plan = rng.choice(["basic", "pro", "team"], 240)
    left = np.where(3 * (plan == "basic") - 1 + (age - 49) / 10 + rng.normal(0, 0.5, 240) > 0, "yes", "no")
    lines = [
        f"{a},{'' if i % 9 == 0 else s},{p},{y}"
        for i, (a, s, p, y) in enumerate(zip(age, spend, plan, left, strict=True))
    ]
    (folder / "clients.csv").write_text("\n".join(["age,spend,plan,left", *lines]))
    for name, content in files_of(PAGE).items():
        (folder / name).write_text(content)
    matrix = np.column_stack([age, spend])
    trained = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_threads": 1}, lightgbm.Dataset(matrix, left == "yes"), 40
    )
    trained.save_model(str(folder / "old.txt"))
    return build(folder / "smeaton.yaml", budget="40s")


@pytest.mark.slow
def test_all_stand_on_the_board_and_only_what_may_ship_wins(built: Built) -> None:
    rows = {row.family: row for row in built.board.rows}
    assert rows["model.py:make"].rank is not None
    assert rows["rules.py:answer"].rank is not None
    assert rows["model.py:margins"].barred == "SVC: not compiled; ships only as trusted code (trust: true)"
    assert rows["old.txt"].barred.startswith("fitted elsewhere: may have seen these rows")
    assert rows["old.txt"].score is not None
    assert "ahead" in rows["old.txt"].why or "behind" in rows["old.txt"].why
    assert built.winner in ("model.py:make", "rules.py:answer")
    assert built.outcome == "ready"


@pytest.mark.slow
def test_what_was_compiled_needs_no_trust(built: Built) -> None:
    assert built.winner == "model.py:make"
    with smeaton.load(built.bundle) as model:
        assert {step.op for step in model.engine.program.steps} == {"table", "onnx", "labels"}
        assert model.predict({"age": 70, "spend": None, "plan": "basic"})["prediction"] == "yes"


@pytest.mark.slow
def test_code_runs_where_it_is_trusted_and_nowhere_else(built: Built, tmp_path: Path) -> None:
    assert built.bundle is not None
    task = (built.bundle.parent / "smeaton.yaml").read_text().partition("solutions:")[0]
    for name in ("clients.csv", "rules.py"):
        (tmp_path / name).write_text((built.bundle.parent / name).read_text())
    own = "solutions: {only: [baseline], add: [{file: 'rules.py:answer', trust: true}]}\n"
    (tmp_path / "smeaton.yaml").write_text(task + own)
    built = build(tmp_path / "smeaton.yaml", budget="30s")
    assert (built.winner, built.outcome) == ("rules.py:answer", "ready"), built.summary()
    row = {"age": 30, "spend": None, "plan": "basic"}
    with pytest.raises(ProgramError, match=r"runs code from rules.py, which was not trusted"):
        smeaton.load(built.bundle)
    with smeaton.load(built.bundle, trust=["rules.py:answer"]) as model:
        assert model.predict(row) == {"prediction": "yes", "probability": {"no": 0.0, "yes": 1.0}}
    (tmp_path / "new.csv").write_text("age,spend,plan\n30,,basic\n")
    command = [sys.executable, "-m", "smeaton", "predict", str(built.bundle), str(tmp_path / "new.csv")]
    command += ["-o", str(tmp_path / "out.csv")]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--trust-code rules.py:answer" in refused.stderr
    done = subprocess.run([*command, "--trust-code", "rules.py:answer"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("yes,")
    verify = [sys.executable, "-m", "smeaton", "verify", str(built.bundle)]
    for more, said in (
        ([], "none was answered"),
        (["--trust-code", "rules.py:answer"], "answered as when it was built"),
    ):
        done = subprocess.run([*verify, *more], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout

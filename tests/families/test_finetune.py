"""Training an encoder on the task: both ways, adapters, the export, the refusals. Most of it needs torch."""

import importlib.util
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import as_program, make_profile, make_run

from smeaton.data.fold import Fold, Rows
from smeaton.errors import ExtraMissing, InputError, SmeatonError
from smeaton.families import Refusal, Run, Space, _finetune_plan
from smeaton.families._finetune_plan import effort_of
from smeaton.families.finetune import keeps_int8, part
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import PREDICTION, PROBABILITY, object_column
from smeaton.task.task import Budget, Data, Solutions, Source, Task
from smeaton.task.types import Type
from smeaton.trials.clock import Clock
from smeaton.trials.plan import make_plan

COLOURS, ANIMALS = ("red", "blue"), ("cat", "dog")
FILLERS = ("the", "a", "big", "small", "sleeps", "runs", "früh", "猫")
HAS_TORCH = importlib.util.find_spec("torch") is not None and importlib.util.find_spec("transformers") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="needs smeaton[torch]")


def make_task(folder: Path, kind: str = "binary", budget: float = 3600.0, table: bool = False, **more: Any) -> Task:
    output = Type(type="number") if kind == "number" else Type(type="category", labels=("no", "yes"))
    inputs = {"note": Type(type="text", optional=True)}
    if table:
        inputs |= {"size": Type(type="number", optional=True), "city": Type(type="category", optional=True)}
    return Task(
        data=Data(examples=Source(files=("x.csv",))),
        output={"y": output},
        inputs=inputs,
        budget=Budget(time=budget),
        folder=str(folder),
        **({"solutions": Solutions(add=("toy",))} | more),
    )


def sentence(rng: random.Random, code: int) -> str:
    """Whether colour and animal go together is no sum of words: an untouched encoder's mean does not show it."""
    colour = rng.randrange(2)
    words = [rng.choice(FILLERS) for _ in range(2)] + [COLOURS[colour], ANIMALS[colour ^ code]]
    rng.shuffle(words)
    return " ".join(words)


def make_rows(count: int, kind: str = "binary", seed: int = 0, table: bool = False) -> Rows:
    rng = random.Random(seed)
    codes = np.array([i % 2 for i in range(count)], dtype=np.int64)
    x: dict[str, Any] = {"note": object_column([sentence(rng, code) for code in codes])}
    if table:
        x["size"] = np.where(np.arange(count) % 7 == 0, np.nan, codes + np.arange(count) % 5)
        x["city"] = object_column([None if i % 5 == 0 else ("York", "Hull")[i % 2] for i in range(count)])
    y = codes * 10.0 + 5.0 if kind == "number" else codes
    return Rows(x, y, None, np.arange(count))


def make_fold(kind: str = "binary", table: bool = False) -> Fold:
    held = make_rows(20, kind, 3, table)
    return Fold(0, make_rows(96, kind, 1, table), make_rows(32, kind, 2, table), held.x, held.index)


def profile_of(task: Task, rows: int, mean_length: float = 40.0) -> Profile:
    columns = tuple(
        ColumnProfile(name=name, type=form.type, mean_length=mean_length) for name, form in task.input_types.items()
    )
    return Profile(rows=rows, columns=columns, shares=(0.5, 0.5))


CONFIG = {"weights": "toy", "way": "full", "epochs": 50.0, "rate": 3e-3, "batch": 16, "int8": False}


@dataclass(frozen=True)
class Toy:
    """A folder that holds the weights in `toy`, and their encoder's loader."""

    folder: Path

    def encoder(self) -> Any:
        from smeaton.families._torch_encoder import load

        return load(self.folder / "toy", cls=False, normalise=True)

    def texts(self, rows: Rows, kind: str = "class") -> Any:
        from smeaton.families._torch_fit import ids_of
        from smeaton.families._torch_train import Texts
        from smeaton.runtime.ops._embed import Tokens

        ids = ids_of(Tokens(self.folder / "toy" / "tokenizer.json"), rows.x["note"].tolist(), 32, "")
        y = rows.y
        if kind == "many":
            y = np.eye(2, dtype=np.int8)[rows.y]
        elif kind == "number":
            y = rows.y - 0.5
        return Texts([ids], kind, y, np.ones(len(rows)), 0 if kind == "number" else 2)


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A tiny random transformer as sentence-transformers would save it."""
    torch = pytest.importorskip("torch", reason="needs smeaton[torch]")
    transformers = pytest.importorskip("transformers", reason="needs smeaton[torch]")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("weights")
    (folder / "toy" / "1_Pooling").mkdir(parents=True)
    words = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *COLOURS, *ANIMALS, *FILLERS)
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "toy" / "tokenizer.json"))
    torch.manual_seed(0)
    form = transformers.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, initializer_range=0.2,
    )  # fmt: skip
    transformers.utils.logging.disable_progress_bar()
    transformers.BertModel(form).save_pretrained(folder / "toy")
    (folder / "toy" / "modules.json").write_text(
        '[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},'
        '{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},'
        '{"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]'
    )
    (folder / "toy" / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    return Toy(folder)


# --- without torch ---


def test_without_the_packages_it_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    task = make_task(tmp_path, solutions=Solutions())
    monkeypatch.setattr(_finetune_plan, "find_spec", lambda name: None if name == "torch" else object())
    found = part.space(task, profile_of(task, 100))
    assert found == Refusal("the package 'torch' is not installed; run: pip install 'smeaton[torch]'")


@pytest.mark.skipif(HAS_TORCH, reason="torch is installed")
def test_a_fit_without_torch_names_the_extra(tmp_path: Path) -> None:
    with pytest.raises(ExtraMissing, match=r"(?s)torch") as caught:
        part.fit(make_task(tmp_path), CONFIG, make_fold(), make_run(tmp_path))
    assert caught.value.fix == "run: pip install 'smeaton[torch]'"


def test_a_table_without_text_is_refused(tmp_path: Path) -> None:
    task = make_task(tmp_path).with_(inputs={"size": Type(type="number")})
    found = part.space(task, make_profile(100, task, np.array([0, 1])))
    assert isinstance(found, Refusal)
    assert "no input is one" in found.why


@pytest.mark.parametrize(("goal", "quality", "points", "kept"), [
    (0.90, 0.895, True, True), (0.90, 0.894, True, False), (0.90, 0.98, True, True),
    (-2.0, -2.01, False, True), (-2.0, -2.02, False, False), (0.0, 0.0, False, True),
])  # fmt: skip
def test_int8_is_kept_where_it_costs_next_to_nothing(goal: float, quality: float, points: bool, kept: bool) -> None:
    assert keeps_int8(goal, quality, points=points) is kept


@pytest.mark.parametrize("budget", [60.0, 300.0, 3600.0])
@pytest.mark.parametrize("rows", [200, 2_000, 50_000])
def test_one_holdout_is_planned_for_it(tmp_path: Path, budget: float, rows: int) -> None:
    """An encoder for every fold would be large to ship."""
    task = make_task(tmp_path, budget=budget)
    profile = profile_of(task, rows)
    space = Space(starts=({},), effort=effort_of(task, profile))
    plan = make_plan(task, profile, {"finetune": space}, Clock(budget, 0.0, lambda: 0.0), slots=4)
    assert (plan.folds, plan.ships) == (1, "holdout")


# --- with torch ---


@pytest.mark.slow
@needs_torch
def test_space_plans_by_the_budget(toy: Toy) -> None:
    task = make_task(toy.folder)
    found = part.space(task, profile_of(task, 500))
    assert isinstance(found, Space)
    assert [start["way"] for start in found.starts[:2]] == ["contrastive", "full"]
    assert all(start["weights"].startswith("toy#sha256=") for start in found.starts)
    assert all(start["epochs"] == 10.0 for start in found.starts[:2])
    short = make_task(toy.folder, budget=20.0)
    refused = part.space(short, profile_of(short, 500))
    assert isinstance(refused, Refusal)
    assert "set budget.time to" in refused.why


@pytest.mark.slow
@needs_torch
def test_space_refuses_weights_it_cannot_find_or_train(toy: Toy, tmp_path: Path) -> None:
    task = make_task(tmp_path, solutions=Solutions())
    found = part.space(task, profile_of(task, 500))
    assert isinstance(found, Refusal)
    assert "with config.json and model.safetensors" in found.why
    with pytest.raises(InputError):
        part.fit(task, {**CONFIG, "weights": "nowhere"}, make_fold(), make_run(tmp_path))


@pytest.mark.slow
@needs_torch
@pytest.mark.parametrize("kind", ["class", "many", "number"])
@pytest.mark.parametrize(("way", "rank"), [("contrastive", 0), ("full", 0), ("full", 8)])
def test_training_teaches_what_the_untouched_encoder_does_not_show(
    toy: Toy, tmp_path: Path, kind: str, way: Any, rank: int
) -> None:
    from smeaton.families._torch_fit import Course, Until, probe, tune
    from smeaton.families._torch_train import row_vectors

    encoder = toy.encoder()
    rows, stop = toy.texts(make_rows(96, seed=1), kind), toy.texts(make_rows(32, seed=2), kind)

    def loss() -> float:
        return probe(rows, row_vectors(encoder, rows), stop, row_vectors(encoder, stop), False)[2]

    before = loss()
    progress = tune(encoder, rows, stop, Course(way, 60.0, 3e-3, 16, rank), make_run(tmp_path), Until(float("inf")))
    assert progress.best_step > 0
    assert loss() < 0.8 * before


@pytest.mark.slow
@needs_torch
def test_a_merged_adapter_answers_as_it_did(toy: Toy) -> None:
    import torch

    from smeaton.families._torch_encoder import adapt, adapter_class, merge

    encoder, texts = toy.encoder(), toy.texts(make_rows(12)).columns[0]
    plain = encoder.vectors(texts)
    assert adapt(encoder, 4) == 13  # six in each of two layers, and the pooler
    assert np.array_equal(encoder.vectors(texts), plain)  # an adapter begins as nothing
    torch.manual_seed(1)
    for module in encoder.body.modules():
        if isinstance(module, adapter_class()):
            torch.nn.init.normal_(module.up, std=0.2)
    trained = {name for name, weight in encoder.body.named_parameters() if weight.requires_grad}
    assert trained
    assert all(name.endswith((".up", ".down")) for name in trained)
    adapted = encoder.vectors(texts)
    assert np.abs(adapted - plain).max() > 0.01
    merge(encoder)
    assert not any(isinstance(module, adapter_class()) for module in encoder.body.modules())
    assert np.abs(encoder.vectors(texts) - adapted).max() < 1e-6


@pytest.mark.slow
@needs_torch
def test_the_export_answers_as_torch_and_says_where_it_does_not(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smeaton.families import _torch_export

    encoder, texts = toy.encoder(), toy.texts(make_rows(40)).columns[0]
    texts = [*texts, [2, *[5] * 50, 3], [2, 3]]  # longer and shorter than what was traced
    assert _torch_export.write_onnx(encoder, tmp_path / "one.onnx", texts) < 1e-5
    _torch_export.write_onnx(encoder, tmp_path / "two.onnx", texts)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
    monkeypatch.setattr(_torch_export, "_FAR", 1e-12)
    with pytest.raises(SmeatonError, match="differ from the trained one's"):
        _torch_export.write_onnx(encoder, tmp_path / "three.onnx", texts)


@pytest.mark.slow
@needs_torch
@pytest.mark.parametrize(
    ("kind", "table", "int8"), [("binary", False, True), ("binary", True, False), ("number", True, None)]
)
def test_the_program_answers_as_the_model(toy: Toy, tmp_path: Path, kind: str, table: bool, int8: bool | None) -> None:
    task, fold = make_task(toy.folder, kind, table=table), make_fold(kind, table)
    fitted = part.fit(task, {**CONFIG, "int8": int8}, fold, make_run(tmp_path))
    engine = as_program(fitted, task, tmp_path / "program")
    odd = {name: column[:6].copy() for name, column in fold.held.items()}
    odd["note"] = object_column([None, "", " ", "東京 unknown words", "red " * 300, "the red cat"])
    for rows in (fold.held, odd):
        model, program = fitted.predict(rows), engine.predict(rows)
        key = PROBABILITY if kind == "binary" else PREDICTION
        assert np.abs(model[key] - program[key]).max() <= 1e-9 * max(1.0, np.abs(model[key]).max())
    if kind == "binary":
        y = make_rows(20, kind, 3, table).y
        assert (fitted.predict(fold.held)[PROBABILITY].argmax(axis=1) == y).mean() >= 0.9
    names = {path.name for path in (tmp_path / "program").iterdir()}
    assert names >= set(fitted.embedding.files)
    if int8 is not None:
        assert ("encoder-int8.onnx" in names) is int8


@pytest.mark.slow
@needs_torch
def test_the_stop_rows_decide_about_int8(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from smeaton.families import finetune

    task, fold = make_task(toy.folder), make_fold()
    quick = {**CONFIG, "epochs": 1.0, "int8": None}
    for keeps, model in ((True, "encoder-int8.onnx"), (False, "encoder.onnx")):
        monkeypatch.setattr(finetune, "keeps_int8", lambda goal, quality, points, keeps=keeps: keeps)
        fitted = part.fit(task, quick, fold, make_run(tmp_path))
        assert fitted.embedding.files[1] == model
        assert fitted.refit["int8"] is keeps
        assert "on the stop rows" in fitted.note


def answers(task: Task, config: dict[str, Any], fold: Fold, run: Run) -> tuple[Any, bytes]:
    fitted = part.fit(task, config, fold, run)
    return fitted, fitted.predict(fold.held)[PROBABILITY].tobytes()


@pytest.mark.slow
@needs_torch
def test_the_same_fit_gives_the_same_bits(toy: Toy, tmp_path: Path) -> None:
    task, fold = make_task(toy.folder), make_fold()
    one, other = (answers(task, {**CONFIG, "epochs": 6.0}, fold, make_run(tmp_path, seed=4))[1] for _ in range(2))
    assert one == other
    assert answers(task, {**CONFIG, "epochs": 6.0}, fold, make_run(tmp_path, seed=5))[1] != one


@pytest.mark.slow
@needs_torch
def test_a_fit_that_the_clock_ended_can_be_repeated(toy: Toy, tmp_path: Path) -> None:
    task, fold = make_task(toy.folder), make_fold()
    for way in ("contrastive", "full"):
        config = {**CONFIG, "way": way}
        cut, said = answers(task, config, fold, make_run(tmp_path, seconds=1e-6))
        assert cut.steps == 1
        assert "the clock ended it after 1 steps" in cut.note
        again, repeated = answers(task, {**config, "_steps": 1}, fold, make_run(tmp_path))
        assert again.steps == 1
        assert repeated == said


@pytest.mark.slow
@needs_torch
def test_a_refit_needs_no_rows_to_stop_on(toy: Toy, tmp_path: Path) -> None:
    task, fold = make_task(toy.folder), make_fold()
    first = part.fit(task, CONFIG, fold, make_run(tmp_path))
    none = Rows({name: column[:0] for name, column in fold.stop.x.items()}, fold.stop.y[:0], None, fold.stop.index[:0])
    whole = Fold(0, fold.train, none, fold.held, fold.held_index)
    again = part.fit(task, {**CONFIG, **(first.refit or {})}, whole, make_run(tmp_path))
    assert (again.steps, again.embedding.files) == (0, first.embedding.files)
    same = first.predict(fold.held)[PREDICTION] == again.predict(fold.held)[PREDICTION]
    assert same.mean() >= 0.9

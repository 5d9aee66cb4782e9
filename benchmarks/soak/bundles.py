"""The bundles of the soak: the model of the speed benchmark, a second one of the same name, one with a column of every
type, and one that keeps a state."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import lightgbm
import msgspec
import pandas as pd
from benchmarks.serving.model import BOOSTER, BUNDLE, CATEGORIES, COLUMNS, NUMBERS, Model
from benchmarks.serving.training import TASK, TREES, write_model
from tests.service.conftest import ROW, fake, fake_bundle, table_bundle

from smeaton.bundle.read import open_bundle
from smeaton.bundle.write import write_bundle
from smeaton.compile.encode import Layout, learn
from smeaton.compile.export import assemble, export_forest
from smeaton.compile.trees import read_lightgbm
from smeaton.families._parts import recipe

Row = dict[str, Any]
_FEWER = TREES // 2
EVERY_TYPE = ROW  #: a row of the bundle `churn`


class Bundles:
    """Made in a folder when first asked for, a few seconds each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def model(self) -> Model:
        """300 trees over 8 numbers and 6 categories."""
        return write_model(self.folder / "first")

    @property
    def rows(self) -> list[Row]:
        """Rows to ask the model."""
        return [row for row, _ in self.model.rows]

    @cached_property
    def other(self) -> Path:
        """A bundle of the same name that answers otherwise: half as many of the trees."""
        folder, first = self.folder / "other", self.model
        booster = lightgbm.Booster(model_file=str(first.folder / BOOSTER))
        known = json.loads((first.folder / COLUMNS).read_text(encoding="utf-8"))["categories"]
        frame = pd.DataFrame({name: pd.Series(known[name]).astype(object) for name in CATEGORIES})
        vocabulary = learn(frame.to_numpy(dtype=object))
        trees = read_lightgbm(booster.model_to_string(num_iteration=_FEWER))
        step = export_forest(trees, Layout(len(NUMBERS), len(CATEGORIES)), vocabulary, folder / "program")
        program = assemble(TASK, recipe(TASK).steps(), step)
        manifest = msgspec.structs.replace(open_bundle(first.bundle).manifest, program=program)
        return write_bundle(folder / BUNDLE, manifest, folder / "program").path

    @cached_property
    def churn(self) -> Path:
        """A column of every type, without training."""
        return table_bundle(self.folder / "churn").path

    @cached_property
    def tickets(self) -> Path:
        """Learns while it is served."""
        (self.folder / "tickets").mkdir()
        return fake_bundle(self.folder / "tickets", fake("index")).path

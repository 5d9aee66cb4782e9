"""Numbers at the ends of what a float holds, nulls everywhere, one kind of row: an answer, and never a fault."""

from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.data._make import DAY, classes, numbers, with_table

from smeaton.data.dataset import Dataset
from smeaton.data.split import make_folds, split_test
from smeaton.quality.parts import drifts
from smeaton.quality.probe import probe
from smeaton.task.table import object_column
from smeaton.task.types import Type

ROWS = 60
EXTREME = st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324, 1e-300, 1.0, 2.5, np.nan, 1e15, -1e150])
WORDS = st.sampled_from(["", " ", "a", "A ", None, "\x00", "l0", "1e999", "ß", "x" * 300])


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(EXTREME, min_size=ROWS, max_size=ROWS),
    st.lists(EXTREME, min_size=ROWS, max_size=ROWS),
    st.lists(WORDS, min_size=ROWS, max_size=ROWS),
    st.lists(st.integers(-(2**53), 2**53), min_size=ROWS, max_size=ROWS),
    st.integers(0, 3),
)
def test_whatever_the_values(one: Any, two: Any, words: Any, whole: Any, kind: int) -> None:
    moments = DAY + np.arange(ROWS) * np.timedelta64(1, "D")
    target = np.nan_to_num(np.array(two)) if kind % 2 else np.arange(ROWS) % 2
    roles = {"time": moments} if kind > 1 else {}
    made: Dataset = (numbers if kind % 2 else classes)(target, **roles)
    table = {"a": np.array(one), "b": np.array(two), "w": object_column(words), "i": np.array(whole), "m": moments}
    kinds = ("number", "number", "category", "integer", "timestamp")
    types = {name: Type(type=kind_of) for name, kind_of in zip(table, kinds, strict=True)}  # type: ignore[arg-type]
    dataset = with_table(made, table, types)
    train, test = split_test(dataset, 0)
    suspects, notes = probe(dataset, train, test)
    assert all(one.why and one.accept.startswith("accept: {leak: [") for one in suspects)
    assert all(isinstance(note, str) for note in notes)
    found = drifts(dataset, make_folds(dataset, train, 3, 0))
    assert all(0 <= shift.p <= 1 and 0 <= shift.distance <= 1 for one in found for shift in one.shifts)

"""Masks: stable tokens that hold nothing of the value."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops.mask import part
from smeaton.runtime.program import Step
from smeaton.task.table import object_column

SALT = "0123456789abcdef"
TOKEN = re.compile(r"<email_[0-9a-f]{12}>")


def masked(column, salt=SALT, name="email"):
    step = Step(op="mask", inputs=("email",), outputs=("hidden",), args={"columns": [name], "salt": salt})
    return part.load(step, Path(), None)({"email": column}, Call())["hidden"].tolist()


@given(st.lists(st.none() | st.text(min_size=1) | st.booleans() | st.integers(-(2**53), 2**53)))
def test_no_value_survives_and_equal_ones_stay_equal(values):
    found = masked(object_column(values))
    assert [token is None for token in found] == [value is None for value in values]
    for value, token in zip(values, found, strict=True):
        if value is not None:
            assert TOKEN.fullmatch(token)
            assert token != value
    kinds = {(type(value), value): token for value, token in zip(values, found, strict=True)}
    assert len({token for token in kinds.values() if token}) == sum(key[1] is not None for key in kinds)


def test_tokens_depend_on_salt_and_column():
    value = object_column(["ann@example.com"])
    assert masked(value) == masked(value)
    assert masked(value, salt=SALT[::-1]) != masked(value)
    assert masked(value, name="mail")[0][6:] != masked(value)[0][7:]


def test_columns_of_any_type():
    assert masked(np.array([1.0, np.nan]))[1] is None
    assert masked(np.array([1, 1])) == masked(np.array([1.0, 1.0]))
    assert masked(np.array(["2026-01-01", "NaT"], dtype="datetime64[us]"))[1] is None


def test_wrong_arguments_are_refused():
    with pytest.raises(ProgramError, match="16 characters"):
        masked(object_column([]), salt="short")
    step = Step(op="mask", inputs=("a", "b"), outputs=("c", "d"), args={"columns": ["a"], "salt": SALT})
    with pytest.raises(ProgramError, match="one name for each input"):
        part.load(step, Path(), None)

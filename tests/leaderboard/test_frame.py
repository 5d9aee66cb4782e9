"""A board as a table: one row for each solution, numbers as numbers."""

from importlib import util
from typing import Any

import pandas as pd
import pytest

from smeaton.leaderboard.frame import board_frame, board_rows
from smeaton.trials.record import Cost


def test_numbers_stay_numbers(world: Any, small: Cost) -> None:
    world.constant()
    world.add("linear", own=0.02, cost=small)
    world.refused("prompt", "no money")
    board = world.board()
    frame = board_frame(board)
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == len(board.rows)
    first = frame.iloc[0]
    assert (first["rank"], first["solution"], first["state"]) == (1, "linear", "done")
    assert first["rmse"] == board.rows[0].score.value  # type: ignore[union-attr]
    assert first["low"] < first["rmse"] < first["high"]
    assert first["p95"] == small.p95
    refused = frame[frame["state"] == "refused"].iloc[0]
    assert pd.isna(refused["rmse"])
    assert refused["why"] == "no money"


def test_without_pandas_it_is_a_list(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.constant()
    board = world.board()
    real = util.find_spec
    monkeypatch.setattr("smeaton.leaderboard.frame.find_spec", lambda name: None if name == "pandas" else real(name))
    assert board_frame(board) == board_rows(board)

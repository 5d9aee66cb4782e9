"""Time, money and leave given beside a task, for once."""

from pathlib import Path

import pytest

from smeaton.errors import InputError
from smeaton.flow.request import resolve
from smeaton.task.task import Task


def task(folder: Path) -> Path:
    file = folder / "smeaton.yaml"
    file.write_text("smeaton: 1\ndata: x.csv\noutput: {y: boolean}\nbudget: {time: 3m, money: $0.10}\n")
    (folder / "x.csv").write_text("a,y\n1,true\n")
    return file


def asked(folder: Path, budget: object, external: bool = False) -> Task:
    return resolve(task(folder), None, budget, None, external=external).task


def test_time_alone_keeps_the_money(tmp_path: Path) -> None:
    found = asked(tmp_path, "60s").budget
    assert (found.time, found.money) == (60.0, 0.1)


@pytest.mark.parametrize("money", [2, 2.0, "2", "$2", "$2.00"])
def test_money_in_every_form_keeps_the_time(tmp_path: Path, money: object) -> None:
    found = asked(tmp_path, {"money": money}).budget
    assert (found.time, found.money) == (180.0, 2.0)


@pytest.mark.parametrize("money", ["two", "-1", -1, float("nan"), float("inf"), "$", "2 EUR"])
def test_no_amount(tmp_path: Path, money: object) -> None:
    with pytest.raises(InputError, match=r"budget\.money") as error:
        asked(tmp_path, {"money": money})
    assert "dollars" in error.value.fix


def test_no_budget(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no budget"):
        asked(tmp_path, {"dollars": 3})


def test_leave_for_once(tmp_path: Path) -> None:
    assert asked(tmp_path, None, external=True).privacy.external
    assert not asked(tmp_path, None).privacy.external
    assert "privacy" not in task(tmp_path).read_text()

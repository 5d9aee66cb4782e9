"""The examples of `docs/sql.md` are done as they are written."""

import random
import re
from pathlib import Path

import pytest

from smeaton.data.read import read
from smeaton.errors import DataError
from smeaton.task.task import Step, Task
from smeaton.task.yaml import parse_task

PAGE = (Path(__file__).parents[3] / "docs" / "sql.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```([a-z]*)\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = [text for form, text in BLOCKS if form == "yaml"]
SAID = [text for form, text in BLOCKS if not form]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = random.Random(0)
    lines = ["order_id,customer_id,channel,amount,discount,ordered,note,returned"]
    for number in range(1, 201):
        amount = -1 if number in (7, 70) else 1 + draw.randrange(500)
        channel, back = draw.choice(["web", "shop"]), draw.choice(["yes", "no"])
        lines.append(f"{number},{number % 20},{channel},{amount},0,2026-01-{number % 28 + 1:02},n{number},{back}")
    (tmp_path / "orders.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "customers.csv").write_text("customer_id,region\n" + "".join(f"{n},r{n % 3}\n" for n in range(20)))
    return tmp_path


def task(text: str, folder: Path) -> Task:
    return parse_task(
        text if "smeaton: 1" in text else f"smeaton: 1\n{text}output: {{returned: boolean}}\n", "x", folder
    )


def test_every_example_is_a_task(folder: Path) -> None:
    assert len(EXAMPLES) == 2
    for text in EXAMPLES:
        assert task(text, folder).data.examples is not None


def test_the_pipeline(folder: Path) -> None:
    source = task(EXAMPLES[1], folder).data.examples
    assert source is not None
    raw = read(source, folder)
    assert len(raw) == 198
    assert list(raw.table) == ["order_id", "amount", "channel", "region", "returned"]
    assert raw.notes == ("clean: computed, 198 rows", "clean: 8 checks hold", "joined: computed, 198 rows")
    text = EXAMPLES[1].replace("amount > 0", "amount >= 0")
    changed = task(text, folder).data.examples
    assert changed is not None
    assert "\n".join(read(changed, folder).notes) + "\n" == SAID[2]


def test_the_check_that_fails(folder: Path) -> None:
    orders = (folder / "orders.csv").read_text().splitlines()
    orders[17] = "17,17,web,250000,0,2026-01-18,n17,no"
    orders[42] = "42,2,shop,180000,0,2026-01-15,n42,no"
    (folder / "orders.csv").write_text("\n".join(orders) + "\n")
    source = task(EXAMPLES[1], folder).data.examples
    assert source is not None
    columns = Step(query="SELECT order_id, customer_id, channel, amount FROM orders WHERE amount > 0")
    checks = type(source.steps["clean"].checks)(range={"amount": (0, 100000)})
    steps = {"clean": Step(query=columns.query, checks=checks)}
    with pytest.raises(DataError) as caught:
        read(type(source)(tables=source.tables, steps=steps), folder)
    said = f"smeaton: {caught.value}".replace(f"{folder}/", "")
    assert said.startswith(SAID[1])

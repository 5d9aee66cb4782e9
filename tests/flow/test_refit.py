"""A holdout's winner is fitted again on all rows, and says that its score is its parent's."""

import random
from pathlib import Path

import pytest
from tests.conftest import QUICK

import smeaton
from smeaton.errors import InputError
from smeaton.flow.build import board

TASK = """\
smeaton: 1
name: sales
data: sales.csv
output: {sold: number}
rows: {time: day}
solutions: {only: [baseline], add: ["quick.py:quick"]}
budget: {time: 60s}
"""
#: One start and nothing else to try: the search ends long before its time, and leaves enough to fit again.
BOOSTED = QUICK.replace("families.linear", "families.boosting").replace("linear", "boosting")


def write_sales(folder: Path) -> None:
    rng = random.Random(4)
    lines = ["day,price,promo,sold"]
    for number in range(600):
        price, promo = rng.uniform(1, 9), rng.choice(["yes", "no", "half"])
        sold = 100 - 8 * price + {"yes": 30, "no": 0, "half": 12}[promo] + rng.gauss(0, 4)
        lines.append(f"2026-01-{1 + number // 24:02d}T{number % 24:02d}:00:00,{price:.3f},{promo},{sold:.2f}")
    (folder / "sales.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "smeaton.yaml").write_text(TASK, encoding="utf-8")
    (folder / "quick.py").write_text(BOOSTED, encoding="utf-8")


@pytest.mark.slow
def test_a_holdouts_best_is_fitted_again_and_a_replay_repeats_it(tmp_path: Path) -> None:
    write_sales(tmp_path)
    built = smeaton.build(tmp_path)
    rows = board(tmp_path).rows
    refits = [row for row in rows if row.estimated_from]
    assert len(refits) == 1
    parent = next(row for row in rows if row.key == refits[0].estimated_from)
    assert refits[0].score == parent.score
    assert built.board.winner == refits[0].key
    assert built.bundle is not None
    with smeaton.load(built.bundle) as model:
        manifest = model.bundle.manifest
    assert manifest.winner.how == "refit"
    assert "fitted again on all rows" in (built.bundle / "card.md").read_text(encoding="utf-8")
    again = smeaton.build(tmp_path, replay=True)
    assert (again.board.winner, again.test) == (built.board.winner, built.test)


def test_a_replay_of_nothing_is_refused(tmp_path: Path) -> None:
    write_sales(tmp_path)
    with pytest.raises(InputError, match="no earlier build"):
        smeaton.build(tmp_path, replay=True)

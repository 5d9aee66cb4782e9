"""Slices: what was planted is found, what is chance is not."""

import numpy as np
import pytest

from smeaton.reporting.sections._parts import Parts
from smeaton.reporting.sections._patience import Patience
from smeaton.reporting.sections._shares import Units
from smeaton.reporting.sections._slicing import Sliced, sliced


def parts(name: str, codes: np.ndarray) -> Parts:
    return Parts(name, codes, tuple(f"v{code}" for code in range(int(codes.max()) + 1)), False)


def search(columns: list[Parts], losses: np.ndarray, units: Units | None = None, most: int = 10) -> Sliced:
    return sliced(iter(columns), len(columns), losses, units or Units(np.ones(len(losses))), most, Patience(30))


def drawn(rows: int, seed: int = 0, count: int = 6) -> tuple[list[Parts], np.ndarray]:
    draw = np.random.default_rng(seed)
    return [parts(f"c{number}", draw.integers(0, 4, rows)) for number in range(count)], draw.exponential(size=rows)


def test_a_value_with_worse_answers_is_found_with_its_rows() -> None:
    columns, losses = drawn(2000)
    losses[columns[2].codes == 3] *= 2
    found = search(columns, losses)
    worst = found.shown[0]
    assert worst.names == (("c2", "v3"),)
    assert worst.clear
    assert worst.low < 2 < worst.high
    assert worst.elsewhere == pytest.approx(1.0, abs=0.1)
    assert worst.rows.sum() == (columns[2].codes == 3).sum()


def test_a_pair_is_found_where_neither_value_alone_tells() -> None:
    columns, losses = drawn(4000, seed=1)
    both = (columns[0].codes == 1) & (columns[1].codes == 2)
    losses[both] *= 4
    names = [one.names for one in search(columns, losses).shown]
    assert set(names[0]) == {("c0", "v1"), ("c1", "v2")}


def test_without_a_difference_hardly_anything_is_clear() -> None:
    clear = [search(*drawn(1000, seed=seed)).clear for seed in range(20)]
    assert sum(count > 0 for count in clear) <= 3
    found = search(*drawn(1000, seed=0))
    assert found.shown
    assert not any(one.clear for one in found.shown) or found.clear


def test_slices_of_about_the_same_rows_are_shown_once() -> None:
    draw = np.random.default_rng(0)
    codes, losses = draw.integers(0, 4, 2000), draw.exponential(size=2000)
    losses[codes == 1] *= 3
    found = search([parts("one", codes), parts("same", codes.copy())], losses)
    assert len({one.names[0][0] for one in found.shown if one.clear and ("v1" in one.names[0])}) == 1


def test_clusters_that_share_their_luck_make_no_slice() -> None:
    draw = np.random.default_rng(0)
    group = np.repeat(np.arange(12), 100)
    losses = np.exp(draw.normal(size=12))[group] + 0.01 * draw.exponential(size=1200)
    column = parts("c", group % 3)
    assert search([column], losses).clear > 0
    assert search([column], losses, Units(np.ones(1200), (group,))).clear == 0


def test_too_few_rows_give_no_slice() -> None:
    found = search([parts("c", np.arange(30) % 2)], np.ones(30))
    assert (found.shown, found.tested, found.least) == ((), 0, 20)
    assert search([Parts("none", np.full(100, -1), (), False)], np.ones(100)).tested == 0


def test_equal_losses_are_no_finding() -> None:
    columns, losses = drawn(400)
    assert search(columns, np.ones_like(losses)).clear == 0

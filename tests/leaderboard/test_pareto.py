from hypothesis import given
from hypothesis import strategies as st

from smeaton.leaderboard.pareto import front
from smeaton.trials.record import Cost


def cost(p95: float, money: float | None, size: int) -> Cost:
    return Cost(p50=p95, p95=p95, cost_per_1k=money, size=size)


def test_the_front_by_hand() -> None:
    costs = [cost(1, 1, 1), cost(2, 1, 1), cost(2, None, 1), None]
    assert front([0.5, 0.5, 0.9, 1.0], costs) == [True, False, True, False]
    assert front([0.5, 0.5], [cost(1, None, 1), cost(1, 9.0, 1)]) == [False, True]
    assert front([], []) == []


point = st.tuples(st.integers(0, 3), st.integers(1, 3), st.one_of(st.none(), st.integers(0, 3)), st.integers(0, 3))


@given(st.lists(point, min_size=1, max_size=12))
def test_whatever_is_off_the_front_is_dominated_by_something_on_it(
    points: list[tuple[int, int, int | None, int]],
) -> None:
    flags = front([p[0] for p in points], [cost(*p[1:]) for p in points])
    assert any(flags)

    def beats(a: tuple[int, int, int | None, int], b: tuple[int, int, int | None, int]) -> bool:
        money = [float("inf") if p[2] is None else p[2] for p in (a, b)]
        pairs = [(-a[0], -b[0]), (a[1], b[1]), (money[0], money[1]), (a[3], b[3])]
        return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)

    on = [p for p, flag in zip(points, flags, strict=True) if flag]
    for p, flag in zip(points, flags, strict=True):
        assert flag != any(beats(other, p) for other in on)

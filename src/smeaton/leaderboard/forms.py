"""The board as plain data: JSON-able, kept in the build's folder and the bundle."""

from typing import Any

import msgspec

from smeaton.metrics import Better, Unit
from smeaton.trials.record import Cost, Interval, State

BOARD_FILE = "board.json"  #: in the build's folder


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One solution (or a family that did not run) as the board shows it.

    `luck` is what its score owes to being the best of many tries: what was put together of them competes without.
    `rank` counts from 1, None for what has no full score. `behind` is how much worse it is than the best score among
    what can win, paired on the same rows (positive = worse; None = not comparable). `tie`: no worse than the best for
    what anyone can tell (decision 0003). `limits` and `bars` say in words what it breaks; `judged` holds its scores on
    the metrics of the bars. `why` says in words why it stands here. `barred` says why it must never be chosen ('' = it
    may): such a row has a score and no rank.
    """

    key: str
    family: str
    state: State
    rank: int | None = None
    config: dict[str, Any] = {}
    what: str = ""
    score: Interval | None = None
    luck: float = 0.0
    behind: Interval | None = None
    tie: bool = False
    cost: Cost | None = None
    pareto: bool = False
    limits: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()
    judged: dict[str, Interval] = {}
    seconds: float = 0.0
    money: float = 0.0
    why: str = ""
    estimated_from: str | None = None
    barred: str = ""

    @property
    def name(self) -> str:
        """What people call it: the family, and the model it asks."""
        model = self.config.get("model")
        return f"{self.family} {model}" if isinstance(model, str) and ":" in model else self.family

    @property
    def fits(self) -> bool:
        """Whether it breaks no limit and misses no bar, as far as was measured."""
        return not self.limits and not self.bars


class Board(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Trials ranked. `winner` is the key of the row to ship (None = nothing was scored), `reasons` why in words.

    `lead` is how much better the winner is than the constant baseline, paired (positive = better); None where one of
    the two is missing. `baseline` is the baseline's key. `intervals` says how rows that belong together were drawn for
    the intervals ('' = every row for itself). `later` is where the winner's score will probably lie on rows that come
    after the sealed test; None for rows without group and time, and before the test is opened.
    """

    task: str
    metric: str
    better: Better
    unit: Unit
    rows: tuple[Row, ...]
    winner: str | None = None
    reasons: tuple[str, ...] = ()
    baseline: str | None = None
    lead: Interval | None = None
    intervals: str = ""
    later: Interval | None = None

    def __getitem__(self, key: str) -> Row:
        return next(row for row in self.rows if row.key == key)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

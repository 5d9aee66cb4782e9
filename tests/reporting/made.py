"""A report and a board made by hand: every kind of part, and texts that would break a careless page."""

from smeaton.leaderboard.forms import Board, Row
from smeaton.reporting.forms import BuildReport, Fact, Figure, Grid, Head, Note, Section
from smeaton.trials.record import Cost, Interval

HOSTILE = "</title></script><script>alert('x')</script><img src=x onerror=alert(1)> \"quoted\" & 'single'"
TURNED = "\u202eevil \u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627"
BROKEN = "nul \x00, bell \x07, half \ud83d"
LONG = "word " * 1_200
KEYS = tuple(f"{number:016x}" for number in range(1, 5))
NAMES = ("linear", "boosting", HOSTILE, TURNED)


def made_board() -> Board:
    """Four candidates, and one that did not run."""
    rows = [
        Row(
            key=key,
            family=name,
            state="done",
            rank=place + 1,
            config={"rounds": 100 * place, "note": HOSTILE},
            what=f"rounds {100 * place}",
            score=Interval(0.9 - 0.05 * place, 0.87 - 0.05 * place, 0.92 - 0.05 * place),
            cost=Cost(p50=0.001, p95=0.002 * (place + 1), cost_per_1k=0.01, size=40_000 * (place + 1), memory=10**7),
            pareto=place < 2,
            seconds=3.5,
            why="best accuracy" if place == 0 else f"behind by {place}",
        )
        for place, (key, name) in enumerate(zip(KEYS, NAMES, strict=True))
    ]
    refused = Row(key="f" * 16, family="prompt", state="refused", why="no rows may leave this machine")
    return Board(
        task="clients", metric="accuracy", better="higher", unit="share", rows=(*rows, refused), winner=KEYS[0],
        reasons=("linear ships: nothing is better by its interval",), baseline=KEYS[3], lead=Interval(0.2, 0.1, 0.3),
    )  # fmt: skip


def made_report() -> BuildReport:
    """Sections of every kind of part."""
    return BuildReport(
        version="0.0", task="clients", goal=f"Who leaves? {HOSTILE}", target="churned", metric="accuracy",
        better="higher", outcome="ready", solution="linear", trial=KEYS[0], built="2026-01-02T03:04:05+00:00",
        sections=(answer(), pareto(), classes(), hostile()), left_out={"Residuals": "answers are labels"}, seconds=1.25,
    )  # fmt: skip


def answer() -> Section:
    return Section(
        id="answer",
        title="The answer",
        shows="The chosen solution, how good it is on rows nobody tuned on, and what it costs.",
        do="Read what stands in the way first; then decide whether the gain is worth the cost.",
        teach="The sealed test holds rows that nobody looked at until the solution was chosen.",
        facts=(
            Fact(name="chosen", value="linear", note="rounds 100"),
            Fact(name="accuracy on the sealed test", value="0.9014", note="0.8712 to 0.9240", mood="good"),
            Fact(name="against always the commonest", value="+0.201", note="0.10 to 0.30 better", mood="good"),
            Fact(name="p95 of one call", value="2 ms", mood="warn"),
            Fact(name="suspects", value="12 rows", mood="bad", note=HOSTILE),
        ),
        notes=(
            Note(text="It beats the constant answer at its interval.", mood="good"),
            Note(text="12 rows look mislabelled.", mood="warn"),
            Note(text=f"A column gives the target away: {HOSTILE}", mood="bad"),
            Note(text="Intervals are bootstrapped over rows."),
        ),
        figures=(bars("scores", "How good it is, with its interval"),),
    )


def pareto() -> Section:
    return Section(
        id="pareto",
        title="What quality costs",
        shows="Each solution by its quality and its latency.",
        do="Take the leftmost point that is good enough.",
        figures=(
            Figure(
                id="latency", chart="pareto", title="Quality against latency", says="linear is best and fastest.",
                how="Scores on held-out rows; p95 in a process of its own.", x="p95 (ms)", y="accuracy",
                columns={
                    "x": [2.0, 4.0, 6.0, 8.0], "y": [0.9, 0.85, 0.8, 0.75], "name": list(NAMES),
                    "kind": ["chosen", "front", "", ""], "front": [True, True, False, False],
                    "key": list(KEYS), "low": [0.87, 0.82, 0.77, 0.72],
                    "high": [0.92, 0.87, 0.82, 0.77],
                },
            ),
        ),
        grids=(
            Grid(
                id="board", title="The board", how="Paired differences on the same rows.", strong=(0,),
                heads=(
                    Head(name="key"), Head(name="solution"), Head(name="accuracy", kind="interval"),
                    Head(name="p95", kind="seconds"), Head(name="size", kind="bytes"),
                    Head(name="1,000 calls", kind="dollars"), Head(name="share", kind="share"),
                    Head(name="number", kind="number", note="any number"), Head(name="fits", kind="mark"),
                ),
                rows=tuple(
                    (
                        KEYS[number % 4], f"{NAMES[number % 4]} {number}",
                        None if number == 5 else [0.9 - number / 100, 0.86 - number / 100, 0.93 - number / 100],
                        0.002 * (number + 1), 40_000 * (number + 1), 0.01 * number, number / 12,
                        None if number == 4 else 1234567 - number, ("ok", "warn", "bad", "")[number % 4],
                    )
                    for number in range(12)
                ),
            ),
        ),
    )  # fmt: skip


def classes() -> Section:
    figures = tuple(bars(f"f{number}", f"Figure {number}") for number in range(5))
    return Section(
        id="classes", title="Where it is wrong", shows="Which labels are mixed up.", do="Look at the worst pair.",
        teach="A confusion is a row of one label that was answered with another.", figures=figures,
    )  # fmt: skip


def hostile() -> Section:
    rows = ((LONG, 1.5, BROKEN), (HOSTILE, None, TURNED), ("", -2, ""))
    heads = (Head(name=HOSTILE), Head(name=TURNED, kind="number"), Head(name=""))
    return Section(
        id="words", title=HOSTILE, shows=TURNED, do=HOSTILE, teach=BROKEN, notes=(Note(text=LONG),),
        facts=(Fact(name=HOSTILE, value=TURNED),),
        figures=(bars("hostile", HOSTILE, (HOSTILE, TURNED, BROKEN, LONG)),),
        grids=(Grid(id="rows", title=TURNED, heads=heads, rows=rows),),
    )  # fmt: skip


def bars(name: str, title: str, names: tuple[str, ...] = ("linear", "boosting", "baseline")) -> Figure:
    """A figure with an interval for each name."""
    places = range(len(names))
    return Figure(
        id=name, chart="interval_bars", title=title, says=f"{names[0]} is the best.", x="accuracy",
        how="On rows held out of the fit.",
        columns={
            "name": list(names), "value": [0.9 - place / 20 for place in places],
            "low": [0.87 - place / 20 for place in places], "high": [0.92 - place / 20 for place in places],
        },
    )  # fmt: skip

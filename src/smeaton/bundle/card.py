"""`card.md`: what a bundle is, for the person who decides whether to use it."""

from collections.abc import Iterator, Sequence

from smeaton.bundle.manifest import Manifest, Score
from smeaton.runtime.check import External
from smeaton.task.profile import ColumnProfile
from smeaton.task.structure import words as type_words
from smeaton.task.types import Type
from smeaton.task.units import show_bytes, show_dollars, show_seconds


def make_card(manifest: Manifest, externals: Sequence[External] = ()) -> str:
    """The card as Markdown. Text that came with the task or the data is escaped, never taken as markup."""
    sections = (
        ("", _head(manifest)),
        ("What it does", _purpose(manifest)),
        ("How good it is", _scores(manifest)),
        ("What it costs to run", _running(manifest, externals)),
        ("What it was built from", _data(manifest)),
        ("What it reads", _inputs(manifest)),
        ("What else was tried", _board(manifest)),
        ("What to mind", _caveats(manifest)),
        ("How to use it", _usage(manifest)),
    )
    blocks = []
    for title, lines in sections:
        text = "\n".join(lines)
        if text:
            blocks.append(f"## {title}\n\n{text}" if title else text)
    return "\n\n".join(blocks) + "\n"


def plain(text: object) -> str:
    """Text as one line in which no character is Markdown or HTML."""
    line = " ".join(str(text).split())
    for mark in "\\`*_[]|":
        line = line.replace(mark, f"\\{mark}")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _head(manifest: Manifest) -> Iterator[str]:
    yield f"# {plain(manifest.name)}"
    yield ""
    yield f"Outcome: **{manifest.outcome}**"
    if manifest.reasons:
        yield ""
        yield from (f"- {plain(reason)}" for reason in manifest.reasons)


def _purpose(manifest: Manifest) -> Iterator[str]:
    task = manifest.task
    if task.goal:
        yield plain(task.goal)
        yield ""
    yield f"It answers `{task.target}` ({_kind(task.output_type)}) from {len(manifest.program.inputs)} inputs."
    winner = manifest.winner
    words = {"bag": "the folds' programs averaged", "refit": "one program, fitted again on all rows"}
    shipped = words.get(winner.how, "one program")
    yield f"It is a `{winner.family}` solution, {shipped}: {plain(winner.why)}"


def _scores(manifest: Manifest) -> Iterator[str]:
    yield f"Ranked by `{manifest.metric}`. Intervals are 95 %."
    yield ""
    yield "| metric | rows | value | from | to |"
    yield "|---|---|---|---|---|"
    yield from (_score(score, "sealed test") for score in manifest.test)
    yield from (_score(score, "validation") for score in manifest.validation)
    opened = manifest.data.test_opened
    yield ""
    yield f"The sealed test of these rows was opened {opened} time{'' if opened == 1 else 's'}."
    if manifest.task.bars:
        bars = ", ".join(f"{name} {bar.op} {bar.value:g}" for name, bar in manifest.task.bars.items())
        yield f"Bars it was held to: {plain(bars)}."


def _score(score: Score, where: str) -> str:
    better = "higher" if score.better == "higher" else "lower"
    name = f"{plain(score.metric)} on {where} ({better} is better)"
    return f"| {name} | {score.rows} | {score.value:.4g} | {score.low:.4g} | {score.high:.4g} |"


def _running(manifest: Manifest, externals: Sequence[External]) -> Iterator[str]:
    running = manifest.running
    dollars = "unknown" if running.cost_per_1k is None else show_dollars(running.cost_per_1k)
    yield f"- one call: {show_seconds(running.p50)} (p50), {show_seconds(running.p95)} (p95), one caller, one thread"
    yield f"- 1,000 calls: {dollars}"
    yield f"- size: {show_bytes(running.size)}"
    if running.memory is not None:
        yield f"- memory: {show_bytes(running.memory)}"
    for external in externals:
        price = show_dollars(external.price)
        yield f"- sends rows to `{plain(external.host)}`, at most {price} a call; refused unless allowed"
    if not externals:
        yield "- no row leaves the machine"


def _data(manifest: Manifest) -> Iterator[str]:
    data = manifest.data
    yield f"{data.train_rows:,} rows to learn from, {data.test_rows:,} sealed for the test; hash `{data.hash[:12]}`."
    if data.notes:
        yield ""
        yield from (f"- {plain(note)}" for note in data.notes)


def _inputs(manifest: Manifest) -> Iterator[str]:
    types = manifest.task.input_types
    columns = {column.name: column for column in manifest.profile.columns}
    yield "| input | type | missing | seen in training |"
    yield "|---|---|---|---|"
    for name in manifest.program.inputs:
        column = columns.get(name)
        share = column.missing / max(manifest.profile.rows, 1) if column else 0.0
        yield f"| {plain(name)} | {_kind(types[name])} | {share:.1%} | {_range(column)} |"


def _range(column: ColumnProfile | None) -> str:
    if column is None:
        return ""
    if column.values:
        shown = ", ".join(value for value, _ in column.values[:5])
        return plain(shown + (", ..." if len(column.values) > 5 else ""))
    if len(column.quantiles) >= 3 and column.type != "timestamp":
        inner = column.quantiles[1:-1]
        return f"{inner[0]:.4g} to {inner[-1]:.4g} (1 % to 99 %)"
    return ""


def _board(manifest: Manifest) -> Iterator[str]:
    if not manifest.board:
        return
    yield "| rank | solution | score | from | to | p95 | size | why |"
    yield "|---|---|---|---|---|---|---|---|"
    for entry in manifest.board:
        numbers = ("" if value is None else f"{value:.4g}" for value in (entry.score, entry.low, entry.high))
        p95 = "" if entry.p95 is None else show_seconds(entry.p95)
        size = "" if entry.size is None else show_bytes(entry.size)
        rank = "" if entry.rank is None else str(entry.rank)
        yield f"| {rank} | {plain(entry.family)} | {' | '.join(numbers)} | {p95} | {size} | {plain(entry.why)} |"


def _caveats(manifest: Manifest) -> Iterator[str]:
    yield "- Scores hold for rows like those it was built from; watch whether that stays so."
    for suspect in manifest.profile.suspects:
        state = "accepted by the builder" if suspect.accepted else "not accepted"
        yield f"- Suspect ({plain(suspect.kind)}, {state}): {plain(suspect.why)}"
    for note in manifest.profile.notes:
        yield f"- {plain(note)}"
    rare = [column.name for column in manifest.profile.columns if column.rare]
    if rare:
        yield f"- Values seen in few rows are treated as unseen in: {plain(', '.join(rare))}."
    if manifest.proof is not None:
        proof = manifest.proof
        rows = proof.held_rows + proof.adversarial_rows
        yield f"- Compiled program against trained model on {rows:,} rows: {proof.largest:.1e} apart at most."


def _usage(manifest: Manifest) -> Iterator[str]:
    bundle = f"{manifest.name}.bundle"
    yield from ("```", f"smeaton verify {bundle}", f"smeaton predict {bundle} rows.csv -o answers.csv")
    yield from (f"smeaton serve {bundle}", "```", "")
    yield from ("```python", "import smeaton", f'model = smeaton.load("{bundle}")', "model.predict(rows)", "```")


def _kind(kind: Type) -> str:
    labels = kind.text_labels()
    shown = f": {', '.join(labels[:8])}{', ...' if len(labels) > 8 else ''}" if labels else ""
    order = "ordered " if kind.ordered else ""
    return plain(f"{order}{type_words(kind)}{shown}{' or null' if kind.optional else ''}")

"""The report as lines for people: one plain sentence on what each part shows and what to do about it."""

from collections.abc import Iterator, Sequence

from smeaton.insight.forms import (
    Conflict,
    Confusion,
    Example,
    LabelWords,
    NearCopies,
    Pair,
    Phrase,
    Report,
    Suspect,
    Word,
)  # fmt: skip
from smeaton.quality.forms import Drift, Shift

_LABELS = 12  # labels whose words are shown; --json has all
_PAIRS, _SHIFTS = 5, 12


def render(report: Report) -> str:
    """The whole report."""
    head = f"{report.task}: what the answers of {report.solution} to {report.rows:,} held-out rows say"
    lines = [head, ""]
    for name, title, advice, body in _parts(report):
        lines.append(title)
        if name in report.left_out:
            lines += [f"  does not apply: {report.left_out[name]}", ""]
            continue
        shown = list(body)
        lines += [f"  {advice if shown else 'nothing stands out'}", *shown, ""]
    lines += [f"{note}" for note in report.notes]
    lines.append(f"took {report.seconds:.1f} s; nothing left this machine")
    return "\n".join(lines)


def _parts(report: Report) -> Iterator[tuple[str, str, str, Iterator[str]]]:
    yield (
        "confusions",
        "Labels that are mixed up",
        "These labels are taken for each other most: merge them, sharpen what sets them apart, or add rows that do.",
        (line for one in report.confusions for line in _confusion(one)),
    )
    yield (
        "suspects",
        "Rows that look mislabelled",
        f"{report.suspected:,} rows are answered with confidence as something else than they say "
        f"({report.suspected / max(report.rows, 1):.1%}; by chance about {report.expected:,.0f} would stand here, rare "
        "and right): look at these first, and correct what is wrong.",
        (line for one in report.suspects for line in _suspect(one)),
    )
    yield (
        "conflicts",
        "Same inputs, different answers",
        f"{report.conflicting:,} training rows share all inputs with a row that says something else: correct them, or "
        "add the column that tells them apart." + _attainable(report),
        (line for one in report.conflicts for line in _conflict(one)),
    )
    yield (
        "near",
        "Near-copies across the split",
        "A score on a copy of a training row is memory: remove the copies, or name what they share in rows.group.",
        (line for one in report.near for line in _near(one)),
    )
    yield (
        "drifts",
        "Drift between parts",
        "These columns differ by more than chance allows (at most 5 % of such findings are false): a score may not "
        "hold where they go on.",
        (line for one in report.drifts for line in _drift(one)),
    )
    yield (
        "uncovered",
        "Phrases that no label covers",
        "These are found more often in rows that are wrong, turned away or unsure: where they share a meaning, a new "
        "label or more rows may be due.",
        (line for one in report.uncovered for line in _phrase(one)),
    )
    yield (
        "deciding",
        "Words that decided",
        "Taking the word out lowers the probability of the answer by so much on average: a word that should not "
        "matter is a leak.",
        _labels(report.deciding, "{:+.2f}"),
    )
    yield (
        "telling",
        "Words of each label",
        "These are over-represented in the rows of a label (z-score): a name, a date or a greeting here is an accident "
        "of the data.",
        _labels(report.telling, "{:.1f}"),
    )


def _confusion(one: Confusion) -> Iterator[str]:
    share = f"{one.share:.0%} of {one.of:,} ({one.low:.0%} to {one.high:.0%})"
    yield f"  {one.given} -> {one.said}: {one.rows:,} rows, {share}"
    if one.words_given or one.words_said:
        yield f"      {one.given} says {_plain(one.words_given)}; {one.said} says {_plain(one.words_said)}"
    yield from (f"      {_example(example)}" for example in one.examples)


def _suspect(one: Suspect) -> Iterator[str]:
    if one.probability is None or one.probability_given is None:
        yield f"  {one.given}, answered {one.suggested} ({one.strength:.1f} usual errors apart)"
    else:
        yield f"  {one.given} ({one.probability_given:.2f}), rather {one.suggested} ({one.probability:.2f})"
    yield f"      {_example(one.example)}"


def _attainable(report: Report) -> str:
    if report.attainable is None:
        return ""
    return f" With these inputs no solution is right in more than {report.attainable:.1%} of the training rows."


def _conflict(one: Conflict) -> Iterator[str]:
    yield f"  {one.rows:,} rows: " + ", ".join(f"{answer} {count:,} times" for answer, count in one.answers)
    yield from (f"      {_example(example)}" for example in one.examples)


def _near(one: NearCopies) -> Iterator[str]:
    share = f"{one.rows:,} of {one.of:,} rows ({one.rows / max(one.of, 1):.1%})"
    yield f"  between {one.between}: {share}, {one.same:.0%} with the same answer; by chance {one.chance:.1%}"
    for pair in one.pairs[:_PAIRS]:
        yield from _pair(pair)
    if len(one.pairs) > _PAIRS:
        yield f"      and {len(one.pairs) - _PAIRS:,} more, in --json"


def _pair(one: Pair) -> Iterator[str]:
    yield f"      {one.parts[0]}, {_example(one.first)}"
    off = f"; they differ in {', '.join(map(repr, one.differing[:6]))}" if one.differing else ""
    yield f"      {one.parts[1]}, {_example(one.second)} (alike by {one.likeness:.0%}{off})"


def _drift(one: Drift) -> Iterator[str]:
    if not one.shifts and (one.p is None or one.p > 0.05):
        return
    told = ""
    if one.auc is not None and one.p is not None and one.p <= 0.05:
        told = f"; a classifier tells them apart by an AUC of {one.auc:.2f} ({one.low:.2f} to {one.high:.2f})"
        told += f", by {', '.join(map(repr, one.told_by))}" if one.told_by else ""
    yield f"  {one.second} against {one.first}: {len(one.shifts):,} of {one.tested:,} comparisons{told}"
    yield from (f"      {_shift(shift)}" for shift in one.shifts[:_SHIFTS])
    if len(one.shifts) > _SHIFTS:
        yield f"      and {len(one.shifts) - _SHIFTS:,} more, in --json"


def _shift(one: Shift) -> str:
    if one.what == "values":
        size = "much" if one.psi >= 0.25 else "somewhat" if one.psi >= 0.1 else "slightly"
        return f"{one.column!r} {size} otherwise: stability index {one.psi:.2f}, distance {one.distance:.2f}"
    if one.what == "missing":
        return f"{one.column!r} missing in {one.second:.1%} instead of {one.first:.1%}"
    return f"{one.column!r} holds values never seen before in {one.second:.1%} of the rows"


def _phrase(one: Phrase) -> Iterator[str]:
    times = f"{one.lift:.1f} times as often ({one.low:.1f} to {one.high:.1f})"
    yield f'  "{one.phrase}": {one.rows:,} doubtful rows, {one.sure:,} sure ones, {times}; mostly {one.given}'
    yield from (f"      {_example(example)}" for example in one.examples)


def _labels(found: Sequence[LabelWords], form: str) -> Iterator[str]:
    for one in found[:_LABELS]:
        said = ", ".join(f"{word.word} {form.format(word.strength)}" for word in one.words)
        yield f"  {one.label}: {said}"
    if len(found) > _LABELS:
        yield f"  and {len(found) - _LABELS:,} more labels, in --json"


def _plain(words: Sequence[Word]) -> str:
    return ", ".join(word.word for word in words) or "nothing of its own"


def _example(example: Example) -> str:
    name = f"row {example.row:,}" if example.id is None else f"row {example.row:,} ({example.id})"
    return f"{name}: {example.text}"

"""The report as lines for people: one plain sentence on what each part shows and what to do about it."""

from collections.abc import Iterator, Sequence

from smeaton.insight.forms import Confusion, Example, LabelWords, Phrase, Report, Suspect, Word

_LABELS = 12  # labels whose words are shown; --json has all


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
        f"{report.suspected:,} rows are answered with confidence as something else than they say: look at these first, "
        "and correct what is wrong.",
        (line for one in report.suspects for line in _suspect(one)),
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

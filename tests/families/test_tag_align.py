"""Training values to tags: spans onto tokens, values of fields to where they stand in the text."""

from typing import Any

import numpy as np
import pytest

from smeaton.families._tag_align import locate_fields, tag_spans
from smeaton.runtime.ops._tag_chain import spans_of
from smeaton.runtime.ops._tag_values import Field
from smeaton.runtime.ops._tag_words import read_tokens
from smeaton.task.types import Type


def pieces(texts: list[str], tags: Any, kinds: int) -> list[list[tuple[int, str]]]:
    """The tagged pieces of each text, with their kinds."""
    tokens = read_tokens(texts)
    found = []
    for row, text in enumerate(texts):
        first, last = int(tokens.ends[row]), int(tokens.ends[row + 1])
        start, stop = tokens.start[first:last], tokens.stop[first:last]
        found.append([(kind, text[start[a] : stop[b - 1]]) for kind, a, b in spans_of(tags[first:last], kinds)])
    return found


def test_spans_onto_tokens() -> None:
    texts = ["play Ágætis byrjun now", "20kg of tea", "nothing"]
    values = [
        [{"k": "song", "start": 5, "end": 18}, {"k": "when", "start": 19, "end": 22}],
        [{"k": "when", "start": 0, "end": 2}, {"k": "song", "start": 9, "end": 11}],
        None,
    ]
    tags, lost = tag_spans(texts, read_tokens(texts), values, "k", ["song", "when"])
    assert pieces(texts, tags, 2) == [[(0, "Ágætis byrjun"), (1, "now")], [(1, "20"), (0, "tea")], []]
    assert lost == 1  # "te" was widened to "tea"


def test_spans_that_overlap_or_are_empty_are_counted() -> None:
    texts = ["one two three"]
    values = [[{"start": 0, "end": 7}, {"start": 4, "end": 13}, {"start": 3, "end": 3}, {"start": 3, "end": 4}]]
    tags, lost = tag_spans(texts, read_tokens(texts), values, "", [""])
    assert pieces(texts, tags, 1) == [[(0, "two three")]]
    assert lost == 3


def located(texts: list[str], values: list[Any], kind: Type) -> tuple[list[list[str]], Field, dict[str, int]]:
    tags, fields, lost = locate_fields(
        texts, read_tokens(texts), [{"f": value} for value in values], [Field(name="f", type=kind)]
    )
    return [[piece for _, piece in row] for row in pieces(texts, tags, 1)], fields[0], lost


@pytest.mark.parametrize(
    ("text", "value", "piece"),
    [
        ("pay $1,249.50 now", 1249.5, ["1,249.50"]),
        ("pay 1.249,50 € now", 1249.5, ["1.249,50"]),
        ("pay 1 249,50 € now", 1249.5, ["1 249,50"]),
        ("pay 12% now", 12.0, ["12"]),
        ("it is -5 there", -5.0, ["-5"]),
        ("items 3, 4 and 5.", 4.0, ["4"]),
        ("at 10.5.", 10.5, ["10.5"]),
        ("version 1.2.3", 2.0, []),
        ("no number", 3.0, []),
        ("٣٤ خط", 34.0, ["٣٤"]),
    ],
)
def test_numbers_are_found_by_value(text: str, value: float, piece: list[str]) -> None:
    found, _, lost = located([text], [value], Type(type="number"))
    assert found == [piece]
    assert lost == ({} if piece else {"f": 1})


@pytest.mark.parametrize(
    ("text", "piece", "layout"),
    [
        ("on 2024-06-03 we met", "2024-06-03", "iso"),
        ("on 3 June 2024 we met", "3 June 2024", "d b Y"),
        ("on Jun 3, 2024, we met", "Jun 3, 2024", "b d, Y"),
        ("(03.06.2024)", "03.06.2024", "d.m.Y"),
        ("in June", None, "iso"),
    ],
)
def test_moments_are_found_by_value(text: str, piece: str | None, layout: str) -> None:
    found, field, _ = located([text], ["2024-06-03T00:00:00.000000Z"], Type(type="timestamp"))
    assert found == [[piece] if piece else []]
    assert field.layouts == (layout,)


def test_texts_are_found_but_for_case_and_space_the_exact_ones_first() -> None:
    found, _, lost = located(
        ["new york or New York", "in NEW\n York", "Boston", "nothing"],
        ["New York", "New York", "New York", None],
        Type(type="text"),
    )
    assert found == [["New York"], ["NEW\n York"], [], []]
    assert lost == {"f": 1}


def test_the_decimal_mark_is_the_one_that_reads_right() -> None:
    texts, values = [f"total 1.{n}00,5 EUR" for n in range(2, 6)], [1000.5 + 100 * n for n in range(2, 6)]
    assert located(texts, values, Type(type="number"))[1].decimal == ","
    assert located(["total 12.5"], [12.5], Type(type="number"))[1].decimal == "."


def test_of_several_places_the_one_with_the_usual_neighbours_counts() -> None:
    texts = [f"room {n} costs {n + 90} euros" for n in range(1, 8)] + ["room 7 costs 7 euros"]
    tags, _, _ = locate_fields(
        texts,
        read_tokens(texts),
        [{"cost": float(n + 90)} for n in range(1, 8)] + [{"cost": 7.0}],
        [Field(name="cost", type=Type(type="number"))],
    )
    last = int(read_tokens(texts).ends[-2])
    assert np.flatnonzero(tags[last:]).tolist() == [3]


def test_two_fields_never_share_a_place() -> None:
    texts = ["from 3 to 3"]
    fields = [Field(name=name, type=Type(type="integer")) for name in ("a", "b")]
    tags, _, lost = locate_fields(texts, read_tokens(texts), [{"a": 3, "b": 3}], fields)
    assert sorted(kind for kind, _ in pieces(texts, tags, 2)[0]) == [0, 1]
    tags, _, lost = locate_fields(texts, read_tokens(["only 3"]), [{"a": 3, "b": 3}], fields)
    assert sum(lost.values()) == 1

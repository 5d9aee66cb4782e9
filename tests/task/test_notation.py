import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import TaskError
from smeaton.task.infer import infer_type
from smeaton.task.notation import NOTATIONS, Layout, layout_of, number_text
from smeaton.task.table import object_column
from smeaton.task.types import Type
from smeaton.task.values import parse_column, value_reader

LAYOUTS = [
    Layout(notation, before, after, accounting)
    for notation in NOTATIONS
    for before, after in (("", ""), ("$", ""), ("€ ", ""), ("", "%"), ("", " kg"), ("", " EUR"))
    for accounting in (False, True)
]


def written(number: float, layout: Layout) -> str:
    """A number as a layout has it."""
    group, point = NOTATIONS[layout.notation]
    whole, _, rest = f"{abs(number):.2f}".partition(".")
    if layout.notation == "12,34,567.8" and len(whole) > 3:
        head, tail = whole[:-3], whole[-3:]
        pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
        whole = ",".join([*reversed(pairs), tail])
    elif group:
        whole = f"{int(whole):,}".replace(",", group)
    text = f"{layout.before}{whole}{point}{rest}{layout.after}"
    if number < 0:
        return f"({text})" if layout.accounting else f"-{text}"
    return text


@given(st.integers(-(10**9), 10**9).map(lambda cents: cents / 100), st.sampled_from(LAYOUTS))
def test_a_number_is_read_as_it_was_written(number: float, layout: Layout) -> None:
    assert layout_of(str(layout)) == layout
    kind = Type(type="number", form=str(layout))
    text = written(number, layout)
    assert value_reader(kind)(text) == number
    assert value_reader(kind)(number) == number  # a client sends numbers as such


@given(
    st.lists(st.integers(-(10**9), 10**9).map(lambda cents: cents / 100), min_size=1, max_size=8),
    st.sampled_from(LAYOUTS),
)
def test_what_is_found_of_a_column_reads_every_value_right(numbers: list[float], layout: Layout) -> None:
    texts = object_column([written(number, layout) for number in numbers])
    kind = infer_type(texts, "c")
    if kind.type not in ("number", "integer"):
        assert all(number < 0 for number in numbers)  # all in parentheses
        return
    column, faults = parse_column(texts, kind, "c")
    assert not faults
    assert column.tolist() == numbers


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("1,234.5", "1.234,5"), ("1,234.5", "12,34"), ("1.234,5", "1,234.5"), ("1 234,5", "1 23"),
        ("$1,234.5", "1,200"),
        ("$1,234.5", "$"), ("1234.5%", "12"), ("1234.5%", "12 kg"), ("(1,234.5)", "(5"), ("(1,234.5)", "-(5)"),
        ("1,234.5", "--5"), ("1,234.5", "-5-"), ("1,234.5", "1,234.5.6"), ("1,234.5", ""), ("1,234.5", "five"),
        ("1'234.5", "1,234.5"), ("1,234.5", "0,123"), ("1,234.5", "inf"),
    ],
)  # fmt: skip
def test_what_a_layout_does_not_read(layout: str, text: str) -> None:
    found = layout_of(layout)
    assert found is not None
    assert number_text(found)(text) is None


@pytest.mark.parametrize("text", ["plain", "1,23", "", "A1", "12 1234.5", "1234.5|x", "kg"])
def test_what_is_no_layout(text: str) -> None:
    assert layout_of(text) is None


def test_a_form_that_is_none_is_an_error_and_a_wrong_text_says_what_is_right() -> None:
    with pytest.raises(TaskError, match="there is no form"):
        value_reader(Type(type="number", form="numbers"))
    with pytest.raises(ValueError, match=r"expected a number \(as text: 1.234,5 EUR\), got the text '5 USD'"):
        value_reader(Type(type="number", form="1.234,5 EUR"))("5 USD")

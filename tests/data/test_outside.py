import pytest

from smeaton.data._outside import with_outside
from smeaton.errors import TaskError
from smeaton.task.types import Label, Type


def kind(labels: tuple[Label, ...], outside: Label | None, ordered: bool = False) -> Type:
    return Type(type="category", labels=labels, outside=outside, ordered=ordered)


def test_the_label_is_among_the_labels_once() -> None:
    assert with_outside(kind(("a", "b"), "none"), "y").labels == ("a", "b", "none")
    assert with_outside(kind(("a", "none", "z"), "none"), "y").labels == ("a", "none", "z")
    assert with_outside(kind(("a", "b"), None), "y").labels == ("a", "b")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (kind(("a", "none"), "none"), "at least two other labels, and there is only 'a'"),
        (kind((1, 2), "none"), "another kind"),
        (kind((False, True), 0), "another kind"),
        (kind(("a", "b"), "none", ordered=True), "in order"),
    ],
)
def test_what_cannot_be_is_refused(given: Type, said: str) -> None:
    with pytest.raises(TaskError, match=said):
        with_outside(given, "y")

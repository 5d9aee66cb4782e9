"""Messages of the control channel: put together from any pieces, strict on what is a message."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import BundleError, DataError, InputError, NotReady, RowFault, RowsError, SmeatonError
from smeaton.service import channel
from smeaton.service.channel import ChannelError, Lines, describe, pack, revive

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
messages = st.dictionaries(st.text(), values, max_size=4).map(lambda given: given | {"kind": "beat"})


@given(st.lists(messages, max_size=5), st.data())
def test_messages_survive_any_cut(sent: list[dict[str, object]], data: st.DataObject) -> None:
    stream = b"".join(map(pack, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    lines = Lines()
    got = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += lines.feed(stream[start:end])
    assert got == sent


@given(st.binary(max_size=200))
def test_what_is_no_message_is_refused(noise: bytes) -> None:
    lines = Lines()
    try:
        got = lines.feed(noise + b"\n")
    except ChannelError:
        return
    assert all(isinstance(message, dict) and isinstance(message["kind"], str) for message in got)


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"{}", b'{"kind": 1}', b'{"kind": "x", "n": NaN}', b"\xff", b"[" * 200_000]
)
def test_a_bad_line_is_refused(line: bytes) -> None:
    with pytest.raises(ChannelError):
        Lines().feed(line + b"\n")


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_message_without_end_is_refused(monkeypatch: pytest.MonkeyPatch, end: bytes) -> None:
    monkeypatch.setattr(channel, "MOST", 100)
    with pytest.raises(ChannelError, match="more than 100"):
        Lines().feed(b'{"kind":"' + b"a" * 100 + end)


def test_nan_is_not_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack({"kind": "beat", "value": float("nan")})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BundleError("damaged", fix="build it again", where="a.bundle"), BundleError),
        (NotReady("a bar was missed", fix="--accept", where="b"), NotReady),
        (InputError("no"), InputError),
        (RowsError([RowFault(0, "age", "a number was expected")]), DataError),
        (KeyError("x"), SmeatonError),
        (ChannelError("nonsense"), SmeatonError),
    ],
)
def test_an_error_comes_back_as_it_was(error: Exception, kind: type[SmeatonError]) -> None:
    got = revive(json.loads(json.dumps(describe(error))))
    assert type(got) is kind
    if isinstance(error, SmeatonError):
        assert (got.message, got.fix, got.where) == (error.message, error.fix, error.where)
        assert got.exit_code == error.exit_code
    else:
        assert got.message == "KeyError: 'x'"


@pytest.mark.parametrize("kind", ["", "re", "dataclass", "Sequence", "SystemExit", None, 3])
def test_only_our_errors_are_revived(kind: object) -> None:
    assert type(revive({"type": kind, "message": "m"})) is SmeatonError

"""Trace context, by the rules of W3C Trace Context Level 2."""

import os
import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smeaton.service.telemetry.trace import RANDOM, SAMPLED, Trace
from smeaton.service.telemetry.tracestate import LENGTH, MEMBERS, members

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[0-3]")


def parent(version: str = "00", trace: str = TRACE, span: str = PARENT, flags: str = "01", more: str = "") -> bytes:
    return f"{version}-{trace}-{span}-{flags}{more}".encode()


def test_a_request_that_names_its_trace_is_a_child_in_it() -> None:
    trace = Trace.parse(parent())
    version, trace_id, span_id, flags = trace.header().split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "01")
    assert span_id == trace.span_id != PARENT
    assert trace.parent_id == PARENT
    assert trace.sampled


@pytest.mark.parametrize(
    "header",
    [
        b"",
        parent(trace="0" * 32),
        parent(span="0" * 16),
        parent(trace=TRACE.upper()),
        parent(trace=TRACE[:-1]),
        parent(trace=TRACE + "0"),
        parent(span=PARENT + "0"),
        parent(span=PARENT[:-1] + "."),
        parent(version="ff"),
        parent(version="0"),
        parent(version="000"),
        parent(version="0."),
        parent(flags="1"),
        parent(flags=".0"),
        parent(flags="0A"),
        parent(more="-"),
        parent(more="."),
        parent(more="-what-comes-later"),
        parent(version="cc", more=".what-comes-later"),
        parent(version="cc", flags="1"),
        parent() + b", " + parent(),
        b" " + parent(),
        parent() + b"\n",
        "٠".encode() + parent(),
    ],
)
def test_a_header_that_breaks_the_rules_starts_a_new_trace_and_drops_the_state(header: bytes) -> None:
    trace = Trace.parse(header, b"foo=1")
    assert trace.trace_id != TRACE
    assert HEADER.fullmatch(trace.header())
    assert trace.parent_id == ""
    assert trace.state == f"smeaton={trace.span_id}"


@pytest.mark.parametrize("more", ["", "-", "-what-comes-later"])
def test_a_higher_version_is_read_by_its_first_55_characters(more: str) -> None:
    trace = Trace.parse(parent(version="cc", flags="ff", more=more))
    assert trace.header() == f"00-{TRACE}-{trace.span_id}-03"


@given(st.integers(0, 255))
def test_flags_nobody_knows_are_sent_as_zero(flags: int) -> None:
    trace = Trace.parse(parent(flags=f"{flags:02x}"))
    assert trace.flags == flags & (SAMPLED | RANDOM)
    assert trace.sampled is bool(flags & SAMPLED)


@given(st.binary(max_size=80) | st.from_regex(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}-?", fullmatch=True))
@example(b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00")
def test_whatever_comes_a_valid_header_goes_out(header: bytes) -> None:
    trace = Trace.parse(header, header)
    assert HEADER.fullmatch(trace.header())
    assert trace.header() == trace.header()
    assert trace.trace_id.encode() in header or trace.parent_id == ""


def test_a_new_trace_is_random_and_not_sampled() -> None:
    traces = [Trace.of({}) for _ in range(2000)]
    assert len({trace.trace_id for trace in traces} | {trace.span_id for trace in traces}) == 4000
    assert {trace.flags for trace in traces} == {RANDOM}
    ones = sum(bin(int(trace.trace_id[-14:], 16)).count("1") for trace in traces)
    assert abs(ones / (2000 * 56) - 0.5) < 0.02  # the right-most 56 bits are uniform


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_fork_does_not_count_through_the_same_ids() -> None:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, Trace().trace_id.encode())
        os._exit(0)
    own = Trace().trace_id
    os.waitpid(child, 0)
    assert os.read(read, 64).decode() != own


def test_what_a_recorder_decides_goes_out() -> None:
    trace = Trace.parse(parent(flags="02"))
    trace.sampled = True
    assert trace.header().endswith("-03")
    trace.sampled = False
    assert trace.response() == (b"traceresponse", f"00-{TRACE}-{trace.span_id}-02".encode())


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        (b"", ""),
        (b"foo=1,bar=2", ",foo=1,bar=2"),
        (b"foo=1 \t , \t bar=2,,", ",foo=1,bar=2"),
        (b"foo=1,smeaton=00f067aa0ba902b7,bar=2", ",foo=1,bar=2"),  # ours is replaced and moves left
        (b"a@b=1,2x=2", ",a@b=1,2x=2"),
        (b"foo= 1", ",foo= 1"),  # a space before the value is part of it
        (b"foo=1,foo=2", ""),
        (b"FOO=1", ""),
        (b"foo =1", ""),
        (b"@foo=1,bar=2", ""),
        (b"foo=1=2", ""),
        (b"foo=", ""),
        (b"foo", ""),
        (b"foo=\xc3\xa9", ""),
        (b"z" * 256 + b"=1", "," + "z" * 256 + "=1"),
        (b"z" * 257 + b"=1", ""),
        (b"foo=" + b"v" * 257, ""),
        (b",".join(b"k%d=1" % n for n in range(MEMBERS + 1)), ""),
    ],
)
def test_the_state_of_others_is_passed_on_behind_ours(given: bytes, rest: str) -> None:
    trace = Trace.parse(parent(), given)
    assert trace.state == f"smeaton={trace.span_id}{rest}"


def test_a_full_list_loses_its_last_member_to_ours() -> None:
    state = Trace.parse(parent(), b",".join(b"k%02d=1" % n for n in range(MEMBERS))).state.split(",")
    assert len(state) == MEMBERS
    assert state[1:] == [f"k{n:02}=1" for n in range(MEMBERS - 1)]


def test_too_long_a_list_loses_long_members_first_then_the_last() -> None:
    long, short = "long=" + "v" * 200, [f"k{n}=" + "v" * 100 for n in range(5)]
    state = Trace.parse(parent(), ",".join([long, *short]).encode()).state.split(",")
    assert state[1:] == short[:4]


keys = st.from_regex(r"[a-z0-9][a-z0-9_\-*/@]{0,40}", fullmatch=True).filter(lambda key: key != "smeaton")
values = st.from_regex(r"[ -+\--<>-~]{0,60}[!-+\--<>-~]", fullmatch=True)


@given(st.dictionaries(keys, values, max_size=MEMBERS))
def test_members_are_passed_on_whole_in_order_and_within_the_limits(sent: dict[str, str]) -> None:
    given = [f"{key}={value}" for key, value in sent.items()]
    trace = Trace.parse(parent(), ",".join(given).encode())
    own, *others = trace.state.split(",")
    assert own == f"smeaton={trace.span_id}"
    kept = iter(given)
    assert all(other in kept for other in others)  # a subsequence
    assert len(others) < MEMBERS
    assert len(",".join(others)) <= LENGTH
    if len(",".join(given)) <= LENGTH and len(given) < MEMBERS:
        assert others == given


@given(st.binary(max_size=200))
def test_whatever_comes_as_state_what_goes_out_is_valid(given: bytes) -> None:
    state = Trace.parse(parent(), given).state
    assert len(members(state.encode())) == state.count(",") + 1

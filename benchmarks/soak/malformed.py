"""Bytes that are no HTTP, or nearly."""

from collections.abc import Sequence

from benchmarks.soak.case import SECRET, Case
from benchmarks.soak.junk import damaged
from hypothesis import strategies as st

_BODY = b'{"rows": [{"body": "hello"}]}'
_PATHS = (
    b"/predict",
    b"/models/churn/predict",
    b"/v1/models/churn:predict",
    b"/v2/models/churn/infer",
    b"/health/ready",
)
_VERSION = frozenset({505})  #: to say that a version of HTTP is not spoken is right
_HIDDEN = SECRET.encode()

#: Lines of a head that are wrong, or right in odd company.
_LINES: Sequence[bytes] = (
    b"Content-Length: 29", b"Content-Length: -1", b"Content-Length: 1e2", b"Content-Length: 29, 29",
    b"Content-Length: 99999999999999999999", b"Content-Length: 9999999999", b"Content-Length: +29", b"Content-Length:",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked, gzip",
    b"Transfer-Encoding: identity", b"transfer-encoding : chunked", b"Host: other", b"Host: 127.0.0.1", b"Host:",
    b" folded", b"\tfolded", b"no colon", b": no name", b"Name\x00: zero", b"X-Bad: \x00\x01", b"X-Bad: \xff\xfe",
    b"Expect: 100-continue", b"Expect: a miracle", b"Connection: upgrade", b"Upgrade: websocket", b"Upgrade: h2c",
    b"Connection: close", b"Connection: keep-alive, close, x", b"X-Long: " + b"x" * 40_000, b"X: " + _HIDDEN,
    b"Trailer: X", b"TE: trailers", b"Range: bytes=0-", b"Cookie: " + _HIDDEN, b"Accept-Encoding: gzip, \xff",
    b"X-Request-Timeout: " + _HIDDEN, b"traceparent: 00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01",
)  # fmt: skip
_STARTS: Sequence[bytes] = (
    b"POST %s HTTP/1.1", b"POST %s HTTP/1.0", b"POST %s HTTP/2.0", b"POST %s HTTP/9.9", b"POST %s HTTP/1.2", b"POST %s",
    b"GET %s HTTP/1.1", b"HEAD %s HTTP/1.1", b"CONNECT %s HTTP/1.1", b"TRACE %s HTTP/1.1", b"PRI * HTTP/2.0",
    b"post %s HTTP/1.1", b"P\xc3\x96ST %s HTTP/1.1", b"POST  %s  HTTP/1.1", b"POST %s HTTP/1.1 ",
    b"\r\nPOST %s HTTP/1.1",
    b"POST http://127.0.0.1%s HTTP/1.1", b"OPTIONS * HTTP/1.1", b"POST %s?\xff\xfe HTTP/1.1", b"POST \xff%s HTTP/1.1",
    b"POST %s#part HTTP/1.1", b"POST %s/" + b"y" * 40_000 + b" HTTP/1.1", b"POST //%s/../.. HTTP/1.1",
    b"POST %s%%00%%ff%%zz HTTP/1.1", b"BREW %s HTTP/1.1", b"",
)  # fmt: skip
_BODIES: Sequence[bytes] = (
    _BODY, b"", _BODY[:10], _BODY * 3, b"1d\r\n" + _BODY + b"\r\n0\r\n\r\n", b"1d\r\n" + _BODY, b"-1\r\nx\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\nx", b"zz\r\nx\r\n", b"0\r\nX: y\r\n\r\n", b"1d;ext=" + b"e" * 40_000 + b"\r\n" + _BODY,
    b"5\r\n{\"row\r\n18\r\ns\": [{\"body\": \"hello\"}]}\r\n0\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9,
)  # fmt: skip


@st.composite
def _built(draw: st.DrawFn, key: bytes) -> bytes:
    """A request from odd parts."""
    start = draw(st.sampled_from(_STARTS)).replace(b"%s", draw(st.sampled_from(_PATHS)))
    lines = [start, *draw(st.lists(st.sampled_from(_LINES), max_size=4))]
    if draw(st.integers(0, 3)):
        lines[1:1] = [b"Host: 127.0.0.1", b"X-API-Key: " + key]
    end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"]))
    return end.join(lines) + end + end + draw(st.sampled_from(_BODIES))


def cases(key: str) -> st.SearchStrategy[Case]:
    """Built from odd parts, right ones with bytes changed, any bytes, many at once, other versions of HTTP."""
    head = b"\r\nHost: 127.0.0.1\r\nX-API-Key: " + key.encode() + b"\r\n"
    length = b"Content-Length: %d\r\n\r\n" % len(_BODY)
    good = st.sampled_from(_PATHS).map(lambda path: b"POST " + path + b" HTTP/1.1" + head + length + _BODY)
    many = st.integers(2, 60).flatmap(lambda count: good.map(lambda request: request * count))
    other = st.sampled_from(_STARTS[1:5]).map(lambda start: start % b"/predict" + head + length + _BODY)
    built, junk = _built(key.encode()), st.binary(min_size=1, max_size=300)
    every = st.one_of(built, built, good.flatmap(damaged), many, other, junk)
    return every.filter(bool).map(lambda request: Case("raw", request, raw=True, allowed=_VERSION))

import socket

from smeaton.llm.local.port import free_port


def test_a_port_is_given_once(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with free_port() as first, free_port() as second:
        assert first != second
        for port in (first, second):
            with socket.socket() as listening:
                listening.bind(("127.0.0.1", port))
    assert list(tmp_path.glob("*/*")) == []


def test_one_that_another_holds_is_passed_over(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    offered = iter([5001, 5001, 5002])

    class Probe(socket.socket):
        def bind(self, address: object) -> None:
            """Take none: the test says which."""

        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", next(offered)

    monkeypatch.setattr("smeaton.llm.local.port.socket.socket", Probe)
    with free_port() as first, free_port() as second:
        assert (first, second) == (5001, 5002)

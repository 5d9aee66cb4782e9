"""`Options`: how to serve, in the words of the command line. Plain data: a supervisor sends it to its workers."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from smeaton.errors import InputError
from smeaton.task.units import seconds, size_bytes


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve. Times and sizes as people write them (`30s`, `16MB`)."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    accept: str | None = None
    state: str | None = None
    key_file: str | None = None
    auth: str = "key"
    allow_host: tuple[str, ...] = ()
    page: bool = False
    explain: bool = False
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_ca: str | None = None
    allow_external: tuple[str, ...] = ()
    spend: str | None = None
    trust_code: tuple[str, ...] = ()
    deadline: str = "30s"
    drain: str | None = None
    hang: str = "1.8s"
    max_body: str = "16MB"
    max_rows: int = 10_000
    max_queue: int = 1024
    max_batch: int = 1024
    max_connections: int = 2048
    journal: str | None = None
    journal_sample: float = 1.0
    journal_keep: str | None = None
    journal_size: str | None = None
    audit: str | None = None
    log: str = "text"
    log_level: str = "warning"
    access_log: bool = False
    otel: bool = False
    json: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data that `from_dict` reads back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "Options":
        """Options from `as_dict`."""
        lists = {field.name for field in fields(cls) if str(field.type).startswith("tuple")}
        given: dict[str, Any] = {name: tuple(value) if name in lists else value for name, value in told.items()}
        return cls(**given)


def time_of(option: str, text: str, *, least: float = 0.0) -> float:
    """Seconds that an option says.

    Raises:
        InputError: it is no time, or `least` or less.
    """
    try:
        found = seconds(text)
    except ValueError as error:
        raise InputError(f"--{option} {text!r}: {error}", fix=f"write it as --{option} 30s") from error
    if found < least:
        raise InputError(f"--{option} {text!r} is too short", fix=f"write it as --{option} 30s")
    return found


def size_of(option: str, text: str) -> int:
    """Bytes that an option says.

    Raises:
        InputError: it is no size, or nothing.
    """
    try:
        found = size_bytes(text)
    except ValueError as error:
        raise InputError(f"--{option} {text!r}: {error}", fix=f"write it as --{option} 16MB") from error
    if found <= 0:
        raise InputError(f"--{option} {text!r} leaves room for nothing", fix=f"write it as --{option} 16MB")
    return found


def check_counts(options: Options) -> None:
    """Check the numbers among the options.

    Raises:
        InputError: one is out of its range.
    """
    least = {"max_rows": 1, "max_queue": 1, "max_batch": 1, "max_connections": 1, "workers": 0}
    for name, low in least.items():
        if getattr(options, name) < low:
            word = name.replace("_", "-")
            raise InputError(f"--{word} {getattr(options, name)} is too small", fix=f"give {low} or more")
    if not 0 <= options.journal_sample <= 1:
        raise InputError(
            f"--journal-sample {options.journal_sample} is no share", fix="give a number from 0 to 1, such as 0.1"
        )

"""How a service is run. The operator decides; nothing here comes from a bundle."""

from dataclasses import dataclass, field

from smeaton.errors import InputError
from smeaton.service.auth.admit import Rules, rules_for
from smeaton.service.auth.keyring import KeyRing
from smeaton.service.listening import is_loopback


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything that is bounded, for one worker.

    `body` bytes of a request; `rows` of one; `nesting` levels of its JSON; `text` characters of one value; `seconds` a
    request may take, and again to send its body; `queue` requests that wait for one model, or rows where a model waits
    for other machines; `batch` rows of one run of a model. `connections`, `headers` (bytes), `header_seconds` and
    `idle_seconds` are kept in `http.py`.
    """

    body: int = 16_000_000
    rows: int = 10_000
    nesting: int = 64
    text: int = 1_000_000
    seconds: float = 30.0
    queue: int = 1024
    batch: int = 1024
    connections: int = 2048
    headers: int = 32_768
    header_seconds: float = 10.0
    idle_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """`rules` say who may call; `page` whether the page to try a model is shown without a key; `explain` whether
    answers are explained."""

    loopback: bool = True
    limits: Limits = Limits()
    rules: Rules = field(default_factory=Rules)
    page: bool = True
    explain: bool = False

    @property
    def keyring(self) -> KeyRing | None:
        """The keys that are accepted; None where no key is asked for."""
        return self.rules.keyring


def settings_for(
    host: str,
    auth: str,
    key_file: str | None,
    limits: Limits | None = None,
    allow_hosts: tuple[str, ...] = (),
    *,
    tls: bool = False,
    page: bool = False,
    explain: bool = False,
) -> Settings:
    """Settings for an address to bind to.

    Raises:
        InputError: the address can be reached from elsewhere and nothing authenticates callers; a key file that cannot
            be used.
    """
    keyring = KeyRing.read(key_file) if key_file else None
    loopback = is_loopback(host)
    if not loopback and keyring is None and auth != "external":
        raise InputError(
            f"{host} can be reached from other machines, and no key is asked for",
            fix="run: smeaton key new keys.toml --name NAME --scope predict, then give --key-file keys.toml (or --auth "
            "external if a gateway authenticates callers)",
        )
    rules = rules_for(loopback, allow_hosts, keyring, tls)
    return Settings(loopback, limits or Limits(), rules, page or loopback or keyring is None, explain)

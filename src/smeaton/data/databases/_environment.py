"""What `${NAME}` stands for in a connection string. Nothing here is ever written or said."""

import os
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from smeaton.errors import DataError
from smeaton.task.address import VARIABLE, Address

_DRIVER = re.compile(r"^(postgres(?:ql)?)\+[a-z0-9_]+://")


class Resolved:
    """A connection string with its values, and a way to say nothing of them."""

    def __init__(self, url: str, secrets: Mapping[str, str]) -> None:
        self.url = url
        self._secrets = secrets

    def __repr__(self) -> str:
        return "Resolved(...)"

    def hide(self, text: str) -> str:
        """A text in which each value from the environment is again what it was written as."""
        for value in sorted(self._secrets, key=len, reverse=True):
            # A short value inside a longer word is not that value.
            pattern = re.escape(value) if len(value) > 3 else rf"(?<!\w){re.escape(value)}(?!\w)"
            shown = self._secrets[value]
            text = re.sub(pattern, shown.replace("\\", r"\\"), text)
        return text


def resolve(address: Address, environment: Mapping[str, str] = os.environ) -> Resolved:
    """Put in what the environment holds: each value as it is, whatever marks are in it.

    Raises:
        DataError: a variable is not set, or one that holds a whole connection string holds something else.
    """
    secrets: dict[str, str] = {}
    whole = VARIABLE.fullmatch(address.database)

    def value(found: re.Match[str]) -> str:
        name = found[1]
        held = environment.get(name, "")
        if not held:
            raise DataError(
                f"the environment variable {name} is not set",
                where=address.shown,
                fix=f"set it where Smeaton runs: export {name}=...",
            )
        secrets[held] = found[0]
        if whole:
            return held
        secrets[quote(held, safe="")] = found[0]
        # A host may bring its port; elsewhere each mark that has a meaning in an address is written as %XX.
        return held if re.fullmatch(r"[A-Za-z0-9.-]+(?::[0-9]+)?", held) else quote(held, safe="")

    url = VARIABLE.sub(value, address.database)
    if whole:
        url = _DRIVER.sub(r"\1://", url)
        if not re.match(r"postgres(?:ql)?://", url):
            raise DataError(
                f"the environment variable {whole[1]} does not hold an address such as postgresql://USER@host/db",
                where=address.shown,
                fix="correct its value",
            )
        secrets |= dict.fromkeys(_parts(url), whole[0])
    return Resolved(url, {held: shown for held, shown in secrets.items() if held})


def _parts(url: str) -> list[str]:
    """What a whole connection string holds, piece by piece: a server may repeat one of them."""
    try:
        parts = urlsplit(url)
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    except ValueError:
        return [url]
    host = parts.netloc.rpartition("@")[2]
    values = [item.partition("=")[2] for item in parts.query.split("&")]
    pieces = [url, user, password, host, host.rpartition(":")[0], parts.path.strip("/"), *values]
    return [form for piece in pieces for form in (piece, unquote(piece)) if form]

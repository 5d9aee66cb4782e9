"""Addresses of rows in a file: `t.csv`, `book.xlsx#Sheet`, `all.zip#part.csv`, `t.csv#encoding=cp1250&delimiter=;`."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from smeaton.errors import DataError

_OPTIONS = re.compile(r"#((?:encoding|delimiter)=[^&]+(?:&(?:encoding|delimiter)=[^&]+)*)$")


@dataclass(frozen=True, slots=True)
class Address:
    """A file; the sheet or member in it ("" for the whole file); what the user says about its text."""

    file: Path
    part: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name whose ending tells the form, in lower case: of the member in an archive, else of the file."""
        inner = self.part if self.part and is_archive(self.file) else self.file.name
        return inner.lower()


def address(path: Path) -> Address:
    """Split a path at the first `#` before which a file stands; a file whose own name holds a `#` is that file."""
    if "#" not in str(path) or path.exists():
        return Address(path)
    text = str(path)
    options: dict[str, str] = {}
    found = _OPTIONS.search(text)
    if found:
        options = dict(pair.split("=", maxsplit=1) for pair in found[1].split("&"))
        text = text[: found.start()]
    for place in (match.start() for match in re.finditer("#", text)):
        if Path(text[:place]).is_file():
            return Address(Path(text[:place]), text[place + 1 :], options)
    return Address(Path(text), "", options)


def is_archive(file: Path) -> bool:
    """Whether it is an archive of files by its ending."""
    return file.suffix.lower() == ".zip"


def no_part(path: Path) -> None:
    """Refuse a part where the form has none.

    Raises:
        DataError: the address names a part of a file that has no parts.
    """
    found = address(path)
    if found.part and not is_archive(found.file):
        raise DataError(
            f"{found.file.name} has no part {found.part!r}: only workbooks and zip archives have parts",
            where=str(path),
            fix=f"write {found.file}",
        )

"""`new_family`: a family to begin with, in a file of its own, and the test that says what it must keep."""

import importlib.util
import keyword
from pathlib import Path

from smeaton.errors import InputError

_TEST = '''\
"""What every family promises, checked for {name}.py: python -m pytest test_{name}.py"""

import pytest
from {name} import part

from smeaton.testing import check_family
from smeaton.testing.tables import TABLES, example


@pytest.mark.parametrize("weights", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("table", TABLES)
def test_it_keeps_what_a_family_promises(table: str, weights: bool) -> None:
    """Space, fits, answers, an exported program with the same answers, and the same again from the same seed."""
    check_family(part, *example(table, weights))
'''


def new_family(name: str, folder: Path) -> tuple[Path, Path]:
    """Write `NAME.py`, a family that works, and `test_NAME.py`; both or neither, and never over what is there.

    Returns:
        The paths of the two files.

    Raises:
        InputError: the name is no module's name or another module's, or one of the files is there.
    """
    from smeaton.testing import example_family

    own, test = folder / f"{name}.py", folder / f"test_{name}.py"
    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower() or name.startswith(("_", "test_")):
        raise InputError(
            f"{name!r} cannot be the name of a family's file", fix="use small letters, digits and _, such as nearest"
        )
    for path in (own, test):
        if path.exists() or path.is_symlink():
            raise InputError(f"{path} is there; it was left as it is", fix="choose another name, or another --out")
    if importlib.util.find_spec(name) is not None:
        raise InputError(
            f"{name!r} is the name of an installed module, which {name}.py would hide from Python",
            fix=f"choose another name, such as my_{name}",
        )
    folder.mkdir(parents=True, exist_ok=True)
    source = Path(example_family.__file__).read_text(encoding="utf-8")
    _write(own, source)
    try:
        _write(test, _TEST.format(name=name))
    except BaseException:
        own.unlink()
        raise
    return own, test


def _write(path: Path, text: str) -> None:
    """Write a new file, or leave none."""
    with path.open("x", encoding="utf-8") as file:  # whoever made it meanwhile keeps it
        try:
            file.write(text)
            file.flush()
        except BaseException:
            path.unlink()
            raise

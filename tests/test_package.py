"""The package as a whole: what importing it costs, what it exports."""

import json
import subprocess
import sys

import pytest

import smeaton


def fresh(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def third_party(code: str) -> set[str]:
    """Top-level modules outside the standard library that some code loads."""
    script = (
        f"import sys, json\nbefore = set(sys.modules)\n{code}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = {name.split(".")[0] for name in json.loads(fresh(script).splitlines()[-1])}
    return {name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("_")} - {"smeaton"}


def test_importing_pulls_in_no_third_party_module() -> None:
    assert third_party("import smeaton") == set()
    assert third_party("import smeaton.cli") == set()


def test_help_pulls_in_no_third_party_module() -> None:
    code = "import smeaton.cli\ntry:\n    smeaton.cli.main({})\nexcept SystemExit:\n    pass"
    for arguments in (["--help"], ["build", "--help"], ["serve", "--help"]):
        assert third_party(code.format(arguments)) == set()


def test_exports_equal_all() -> None:
    assert set(dir(smeaton)) == set(smeaton.__all__)
    assert len(smeaton.__all__) == len(set(smeaton.__all__))
    for name in smeaton.__all__:
        assert getattr(smeaton, name) is not None
        if name != "__version__":
            assert getattr(smeaton, name).__doc__, f"{name} says what it is"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="buidl"):
        smeaton.buidl  # noqa: B018


def test_the_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    assert version("smeaton") == smeaton.__version__

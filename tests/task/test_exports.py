import subprocess
import sys

import smeaton.task


def test_what_is_exported_is_what_is_there() -> None:
    assert sorted(smeaton.task.__all__) == sorted(set(smeaton.task.__all__))
    assert all(hasattr(smeaton.task, name) for name in smeaton.task.__all__)


def test_reading_values_needs_no_yaml() -> None:
    """A service reads values and must start where ruamel.yaml is not installed."""
    code = "import sys; sys.modules['ruamel'] = None; from smeaton.task import values, user_code, lock"
    subprocess.run([sys.executable, "-c", code], check=True)
    code = "import sys; from smeaton.task import infer, yaml; assert 'ruamel.yaml' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_extra_the_message_says_what_to_install() -> None:
    code = """
import sys
sys.modules["ruamel.yaml"] = None
from pathlib import Path
from smeaton.errors import ExtraMissing
from smeaton.task.yaml import parse_task
try:
    parse_task("smeaton: 1", "smeaton.yaml", Path("."))
except ExtraMissing as error:
    assert error.fix == "run: pip install 'smeaton[build]'", error.fix
else:
    raise SystemExit("read without the extra")
"""
    subprocess.run([sys.executable, "-c", code], check=True)

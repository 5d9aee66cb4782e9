"""Every part of every folder is found by itself, keeps its contract, and imports nothing heavy."""

import importlib
import importlib.util
import json
import pkgutil
import subprocess
import sys
from typing import Any

import pytest

from smeaton import plugins

HEAVY = (
    "sklearn", "lightgbm", "duckdb", "onnx", "onnxruntime", "pandas", "polars", "pyarrow", "rich", "ruamel", "scipy",
    "torch", "pydantic", "pydantic_ai", "openai", "anthropic", "google", "gepa",
)  # fmt: skip

#: What a part of each kind has: attributes that are functions, and others.
CONTRACTS = {
    "metrics": (("rows", "value"), ("better", "tasks", "needs", "unit")),
    "ops": (("load",), ("effect",)),
    "sources": (("takes", "chunks", "place"), ("suffixes",)),
    "databases": (("open",), ()),
    "families": (("space", "fit"), ()),
    "proposers": (("propose",), ()),
    "executors": (("start", "submit", "wait", "kill", "close"), ()),
    "protocols": (("asks", "routes", "problem"), ("prefix",)),
    "weights": (("find", "known"), ()),
    "wires": (("connect",), ()),
    "importers": (("detect", "read"), ()),
    "leaks": (("look",), ()),
    "sections": (("applies", "make"), ("order", "title")),
    "charts": (("spec",), ("columns", "extra")),
    "exports": (("write",), ("name",)),
}
PARTS = [(kind, name) for kind in plugins.FOLDERS for name in plugins.names(kind)]


def test_every_folder_has_a_contract_here() -> None:
    assert set(CONTRACTS) == set(plugins.FOLDERS)


@pytest.mark.parametrize("kind", plugins.FOLDERS)
def test_every_module_of_a_folder_is_a_part(kind: str) -> None:
    package = importlib.import_module(plugins.FOLDERS[kind])
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    public = {name for name in modules if not name.startswith("_")}
    assert public <= set(plugins.names(kind))
    assert public, "a folder is made with its first working part"
    for name in modules - public:
        helper = importlib.import_module(f"{plugins.FOLDERS[kind]}.{name}")
        assert not hasattr(helper, "part"), f"{name} is a helper by its name, and a part by its content"


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_part_keeps_its_contract(kind: str, name: str) -> None:
    part = plugins.load(kind, name)
    functions, others = CONTRACTS[kind]
    for function in functions:
        assert callable(getattr(part, function, None)), f"{kind}/{name} has no {function}()"
    for other in others:
        assert hasattr(part, other), f"{kind}/{name} has no {other}"
    module = importlib.import_module(_module(kind, name))
    assert module.__doc__, "a part says what it is"


def _module(kind: str, name: str) -> str:
    own = f"{plugins.FOLDERS[kind]}.{name}"
    return own if importlib.util.find_spec(own) else plugins._installed(kind)[name]


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    """For every part's module: the error its import gave with the heavy packages blocked. One process for all."""
    script = """
import importlib, json, sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HEAVY:
            raise ModuleNotFoundError(f"blocked: {name}", name=name)

HEAVY, MODULES = json.loads(sys.argv[1])
sys.meta_path.insert(0, Block())
said = {}
for name in MODULES:
    try:
        importlib.import_module(name)
        said[name] = ""
    except BaseException as error:
        said[name] = repr(error)
print(json.dumps(said))
"""
    given = json.dumps([HEAVY, [_module(kind, name) for kind, name in PARTS]])
    done = subprocess.run([sys.executable, "-c", script, given], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_part_imports_nothing_heavy(kind: str, name: str, loaded: dict[str, Any]) -> None:
    assert loaded[_module(kind, name)] == ""


def test_an_unknown_part_names_the_known_ones() -> None:
    from smeaton.errors import ProgramError

    with pytest.raises(ProgramError, match="log_loss"):
        plugins.load("metrics", "no_such")

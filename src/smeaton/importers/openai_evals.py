"""OpenAI Evals: exports of the hosted product, and the open-source registry.

Hosted: eval definitions (`testing_criteria`), runs, output items and dataset rows (`{"item": {...}}`), as JSON or JSON
Lines in one file or folder. Registry: a YAML of evals with its samples (`input`, `ideal`), or the samples alone.
"""

from pathlib import Path

from smeaton.errors import DataError
from smeaton.importers import Imported
from smeaton.importers._evals_hosted import Export, gather, hosted
from smeaton.importers._evals_registry import is_registry, is_samples, registry, samples
from smeaton.importers._files import read_yaml

_YAML = (".yaml", ".yml")


class OpenaiEvals:
    """See the module."""

    def detect(self, path: Path) -> bool:
        """By what its records look like."""
        try:
            if path.suffix in _YAML:
                return is_registry(read_yaml(path))
            return not _export(path).empty or (path.suffix == ".jsonl" and is_samples(path))
        except DataError:
            return False

    def read(self, path: Path) -> Imported:
        """Read it; see `Importer`."""
        if path.suffix in _YAML:
            return registry(path)
        if path.suffix == ".jsonl" and is_samples(path):
            return samples(path)
        export = _export(path)
        if export.empty:
            raise DataError(
                "no eval, run, output item or dataset row is in it",
                fix="name the folder of the export, a YAML of the registry, or a file of samples",
                where=str(path),
            )
        return hosted(path, export)


part = OpenaiEvals()


def _export(path: Path) -> Export:
    """The records of a file, or of the JSON files of a folder and of the folders in it."""
    if not path.is_dir():
        return gather([path] if path.suffix in (".json", ".jsonl") else [])
    home = path.resolve()
    files = sorted(
        file for form in ("*", "*/*") for suffix in ("json", "jsonl") for file in path.glob(f"{form}.{suffix}")
    )
    return gather([file for file in files if file.is_file() and file.resolve().is_relative_to(home)])

"""`sbom.cdx.json`: the bundle as a CycloneDX 1.6 bill of materials with a model card.

Source: https://cyclonedx.org/docs/1.6/json/ . There is no timestamp: equal content gives equal bytes.
"""

import hashlib
import uuid
from typing import Any
from urllib.parse import quote

import msgspec

from smeaton.bundle.environment import RUNS_WITH, licence
from smeaton.bundle.manifest import FileRecord, Manifest, Score
from smeaton.task.structure import is_spans

_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # the URL namespace of RFC 9562
_LIBRARY_KEYS = ("python", "system")  # in `environment`, but no packages


def make_sbom(manifest: Manifest, files: dict[str, FileRecord]) -> bytes:
    """The bill of materials as JSON. `files` are the op files; the serial number is a hash of the content."""
    model = _model(manifest)
    libraries = [_library(name, version) for name, version in sorted(manifest.environment.items()) if _is_package(name)]
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": model},
        "components": [*libraries, *(_file(name, record) for name, record in sorted(files.items()))],
        "dependencies": [
            {"ref": model["bom-ref"], "dependsOn": [library["bom-ref"] for library in libraries if _runs(library)]}
        ],
    }
    serial = uuid.uuid5(_NAMESPACE, hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest())
    document["serialNumber"] = f"urn:uuid:{serial}"
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2) + b"\n"


def _model(manifest: Manifest) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{manifest.name}",
        "name": manifest.name,
        "description": manifest.task.goal or f"answers {manifest.task.target}",
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": _task_words(manifest),
                "architectureFamily": manifest.winner.family,
                "datasets": [
                    {
                        "type": "dataset",
                        "name": f"rows with hash {manifest.data.hash}",
                        "description": f"{manifest.data.train_rows} rows, and {manifest.data.test_rows} sealed",
                    }
                ],
                "inputs": [{"format": f"{name}: {_type(manifest, name)}"} for name in manifest.program.inputs],
                "outputs": [{"format": name} for name in manifest.program.outputs],
            },
            "quantitativeAnalysis": {
                "performanceMetrics": [
                    *(_metric(score, "sealed test") for score in manifest.test),
                    *(_metric(score, "validation") for score in manifest.validation),
                ]
            },
            "considerations": {
                "technicalLimitations": [
                    "Scores hold for rows like those it was built from.",
                    *manifest.reasons,
                    *(suspect.why for suspect in manifest.profile.suspects),
                ]
            },
        },
        "properties": [
            {"name": "smeaton:outcome", "value": manifest.outcome},
            {"name": "smeaton:python", "value": manifest.environment.get("python", "unknown")},
        ],
    }


def _metric(score: Score, where: str) -> dict[str, Any]:
    return {
        "type": score.metric,
        "value": repr(score.value),
        "slice": where,
        "confidenceInterval": {"lowerBound": repr(score.low), "upperBound": repr(score.high)},
    }


def _library(name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{quote(version)}"
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "scope": "required" if name in RUNS_WITH else "excluded",  # excluded: built with, not needed to run
    }
    expression = licence(name)
    return found | ({"licenses": [{"expression": expression}]} if expression else {})


def _file(name: str, record: FileRecord) -> dict[str, Any]:
    hashes = [{"alg": "SHA-256", "content": record.sha256}]
    return {"type": "file", "bom-ref": f"file:{name}", "name": name, "hashes": hashes}


def _runs(library: dict[str, Any]) -> bool:
    return bool(library["scope"] == "required")


def _is_package(name: str) -> bool:
    return name not in _LIBRARY_KEYS


def _type(manifest: Manifest, name: str) -> str:
    kind = manifest.task.input_types[name]
    return f"{kind.type} or null" if kind.optional else kind.type


def _task_words(manifest: Manifest) -> str:
    kind = manifest.task.output_type
    if kind.answer == "structure":
        return "span extraction" if is_spans(kind) else "information extraction"
    if kind.answer == "many":
        return "multilabel classification"
    if kind.answer == "text":
        return "text generation"
    if not manifest.task.is_class:
        return "regression" if kind.type in ("number", "integer") else kind.type
    if kind.ordered:
        return "ordinal classification"
    return "binary classification" if len(manifest.task.labels) == 2 else "multiclass classification"

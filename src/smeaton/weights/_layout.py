"""Reads a model folder as sentence-transformers, model2vec and transformers write them; nothing in it is run."""

import re
from pathlib import Path
from typing import Any

import msgspec

from smeaton.errors import InputError
from smeaton.weights import Pooling, Weights
from smeaton.weights._safetensors import header

#: Where a model may lie, what runs without torch first; of two graphs the exact one (a copy can be quantised).
ONNX_NAMES = ("model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx", "model_quantized.onnx")
TENSORS = "model.safetensors"
MODEL_NAMES = (*ONNX_NAMES, TENSORS)
TOKENIZER = "tokenizer.json"
#: Names a table of token vectors has.
_TABLES = ("embeddings", "embedding.weight", "embeddings.weight")
_LENGTHS = ("max_seq_length", "model_max_length", "max_position_embeddings", "seq_length")
_USUAL_TOKENS = 512
_MOST_TOKENS = 100_000  # a length above is a stand-in for "unknown"
#: Tables of positions that do not begin at 0, so that two of them hold no token.
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "camembert", "mpnet")


def read_folder(path: Path, reference: str, name: str = "", licence: str = "") -> Weights:
    """The weights in a folder.

    Raises:
        InputError: no tokenizer.json, no model, or a pooling that is not known.
    """
    tokenizer = path / TOKENIZER
    if not tokenizer.is_file():
        raise _wrong(path, f"there is no {TOKENIZER}", "save the tokenizer in its fast form (tokenizer.json)")
    config = _json(path / "config.json")
    given: dict[str, Any] = {
        "reference": reference, "name": name or path.name, "licence": licence or _licence(path),
        "prefix": _prefix(path),
    }  # fmt: skip
    graph = next((path / one for one in ONNX_NAMES if (path / one).is_file()), None)
    tensors = path / TENSORS
    files = {"tokenizer": tokenizer}
    if graph is None and tensors.is_file():
        entries, _ = header(tensors)
        table = next((key for key in _TABLES if key in entries and len(entries[key].shape) == 2), "")
        if table and len(entries) <= 3:
            # model2vec says with `normalize` whether a sentence's vector has length 1.
            normalise = bool(config.get("normalize", True))
            dim = int(entries[table].shape[1])
            files["table"] = tensors
            return Weights(
                kind="static",
                files=files,
                dim=dim,
                max_tokens=_USUAL_TOKENS,
                normalise=normalise,
                tensor=table,
                **given,
            )
    if tensors.is_file() and config:
        files |= {"tensors": tensors, "config": path / "config.json"}
    if graph is not None:
        files["model"] = graph
    elif "tensors" not in files:
        raise _wrong(path, "there is no model", f"put one of {', '.join(MODEL_NAMES)} into it, with config.json")
    pooling, normalise = _pooling(path)
    return Weights(
        kind="onnx" if graph is not None else "torch",
        files=files,
        dim=int(config.get("hidden_size") or config.get("dim") or config.get("d_model") or 0),
        max_tokens=_max_tokens(path, config),
        pooling=pooling,
        normalise=normalise,
        **given,
    )


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise _wrong(path, f"it is no JSON object: {error}", "fetch the file again") from error


def _modules(path: Path) -> list[dict[str, str]]:
    """What sentence-transformers lists as the parts of a model; nothing for other folders."""
    file = path / "modules.json"
    if not file.is_file():
        return []
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[dict[str, Any]])
    except msgspec.MsgspecError as error:
        raise _wrong(file, f"it is no list of modules: {error}", "fetch the file again") from error


def _pooling(path: Path) -> tuple[Pooling, bool]:
    """How token vectors become one, and whether it gets length 1 (the usual where nothing is said)."""
    modules = _modules(path)
    normalise = not modules or any(module.get("type", "").endswith("Normalize") for module in modules)
    place = next(
        (module.get("path", "") for module in modules if module.get("type", "").endswith("Pooling")), "1_Pooling"
    )
    if ".." in Path(place).parts or Path(place).is_absolute():
        raise _wrong(path, f"modules.json leads to {place!r}", "fetch the folder again")
    found = _json(path / place / "config.json")
    chosen = [key for key, value in found.items() if key.startswith("pooling_mode_") and value]
    if found.get("pooling_mode") in ("mean", "cls"):
        chosen = [f"pooling_mode_{found['pooling_mode']}_token" + "s" * (found["pooling_mode"] == "mean")]
    if chosen not in ([], ["pooling_mode_mean_tokens"], ["pooling_mode_cls_token"]):
        raise _wrong(
            path, f"it pools by {', '.join(chosen)}", "use a model that pools by the mean or by its first token"
        )
    return ("cls" if chosen == ["pooling_mode_cls_token"] else "mean"), normalise


def _max_tokens(path: Path, config: dict[str, Any]) -> int:
    sources = (_json(path / "sentence_bert_config.json"), _json(path / "tokenizer_config.json"), config)
    found = [int(source[key]) for source in sources for key in _LENGTHS if isinstance(source.get(key), int | float)]
    positions = config.get("max_position_embeddings")
    if isinstance(positions, int) and config.get("model_type") in _OFFSET_POSITIONS:
        found.append(positions - 2)
    return min([length for length in found if 0 < length < _MOST_TOKENS], default=_USUAL_TOKENS)


def _prefix(path: Path) -> str:
    """What is put before a text, where the folder names a prompt to use by default."""
    found = _json(path / "config_sentence_transformers.json")
    prompts, name = found.get("prompts"), found.get("default_prompt_name")
    return str(prompts.get(name, "")) if isinstance(prompts, dict) and name else ""


def _licence(path: Path) -> str:
    """The licence in the front matter of the model's card."""
    card = path / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    head = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
    found = re.search(r"^licen[sc]e:\s*(\S+)", head[1], re.MULTILINE) if head else None
    return found[1].strip("'\"") if found else ""


def _wrong(path: Path, what: str, fix: str) -> InputError:
    return InputError(f"{path} cannot be used as weights: {what}", fix=fix, where=str(path))

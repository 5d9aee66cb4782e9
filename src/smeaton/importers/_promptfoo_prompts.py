"""The prompts of a promptfoo configuration: inline, in files, or as chat messages in JSON or YAML."""

from pathlib import Path
from typing import Any

from smeaton.errors import DataError
from smeaton.importers import Lost, Prompt
from smeaton.importers._files import globbed, parse_json, read_text, read_yaml, shape
from smeaton.importers._names import file_name
from smeaton.importers._template import has_logic, only, worded

_TEXTS = (".txt", ".md", ".j2")
_CHATS = (".json", ".yaml", ".yml")
_CODE = (".py", ".js", ".cjs", ".mjs", ".ts", ".sh", ".csv", ".jsonl")


def prompts(folder: Path, stated: Any, where: str, lost: list[Lost]) -> tuple[Prompt, ...]:
    """The prompts, in order; a text of several, divided by lines of `---`, is several.

    Raises:
        DataError: a file is damaged or lies outside the folder.
    """
    found: list[Prompt] = []
    for number, one in enumerate(stated if isinstance(stated, list) else [] if stated is None else [stated]):
        place = f"{where}: prompts[{number}]"
        for name, text in _texts(folder, one, place, lost):
            if has_logic(text):
                lost.append(
                    Lost(f"the prompt {name!r}", place, "it has logic or filters (Nunjucks): write it as words")
                )
                continue
            instruction = _instruction(text, place, lost)
            if instruction:
                found.append(Prompt(file_name(name, {prompt.name for prompt in found}), instruction))
            else:
                lost.append(Lost(f"the prompt {name!r}", place, "it is nothing but variables"))
    return tuple(found)


def _texts(folder: Path, one: Any, where: str, lost: list[Lost]) -> list[tuple[str, str]]:
    """Names and texts of what one entry stands for."""
    label = ""
    if isinstance(one, dict):
        label = str(one.get("label") or "")
        one = one.get("raw") or one.get("id")
    if isinstance(one, str) and _is_file(folder, one):
        return _files(folder, one, label, where, lost)
    if isinstance(one, str) and one.strip():
        return [(label or "prompt", one)]
    lost.append(Lost(f"a prompt that is {shape(one)}", where, "a prompt is text or a file"))
    return []


def _is_file(folder: Path, name: str) -> bool:
    if name.startswith("file://"):
        return True
    short = "\n" not in name and len(name) < 300 and "{{" not in name
    return short and Path(name.rsplit(":", 1)[0]).suffix in (*_TEXTS, *_CHATS, *_CODE)


def _files(folder: Path, name: str, label: str, where: str, lost: list[Lost]) -> list[tuple[str, str]]:
    plain = name.removeprefix("file://")
    if Path(plain.rsplit(":", 1)[0]).suffix in _CODE:
        lost.append(Lost(f"the prompt {name}", where, "it is made by code or a table: write its text"))
        return []
    found = []
    for path in globbed(folder, name, where):
        text = read_text(path)
        if path.suffix in (".yaml", ".yml"):
            found.append((label or path.stem, _chat(read_yaml(path), str(path))))
        elif path.suffix == ".txt":
            parts = [part.strip() for part in f"\n{text}\n".split("\n---\n") if part.strip()]
            found += [(label or path.stem, part) for part in parts]
        else:
            found.append((label or path.stem, text))
    return found


def _instruction(text: str, where: str, lost: list[Lost]) -> str:
    """What a model is told: variables as words. Chat messages are told one after the other."""
    if text.lstrip()[:1] == "[":
        try:
            text = _chat(parse_json(text, where), where)
        except DataError as error:
            lost.append(
                Lost("the form of a prompt", where, f"it begins like chat messages but is text: {error.message}")
            )
    return worded(text, lambda name: f"the input {name}").strip()


def _chat(messages: Any, where: str) -> str:
    """Chat messages as one text; a message that is one variable says nothing of its own.

    Raises:
        DataError: they are no messages of text.
    """
    if not isinstance(messages, list):
        raise DataError(f"a chat is {shape(messages)}, not a list", fix="write a list of messages", where=where)
    told = []
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            parts = [part.get("text") for part in content if isinstance(part, dict)]
            content = "\n".join(part for part in parts if isinstance(part, str))
        if not isinstance(content, str):
            raise DataError("a message has no text", fix="write role and content", where=where)
        if not only(content):
            told.append(f"Example of an answer:\n{content}" if message.get("role") == "assistant" else content)
    return "\n\n".join(told)

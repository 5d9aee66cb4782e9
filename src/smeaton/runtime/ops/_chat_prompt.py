"""`Prompt`: what a model is told to do, as the text of `prompt.md`.

    # Instruction
    Say which team answers the message.

    # Labels
    - billing: money, invoices and refunds
    - `a: b`
    - returns

What stands before the first heading is a note for people and is not sent. Other headings are part of the instruction.
A label with a colon, a backtick or blanks at its ends stands as JSON text, in quotation marks.
"""

import re
from dataclasses import dataclass, field

import msgspec

from smeaton.errors import ProgramError

_INSTRUCTION, _LABELS = "# Instruction", "# Labels"
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")(?:: ?(.*))?$')
_PLAIN = re.compile(r"([^:]*)(?:: ?(.*))?$")


@dataclass(frozen=True, slots=True)
class Prompt:
    """An instruction, and what each label means ('' = nothing said). Labels are in their text form."""

    instruction: str
    labels: dict[str, str] = field(default_factory=dict)


def read_prompt(text: str) -> Prompt:
    """A prompt from the text of `prompt.md`; a text without headings is the instruction alone.

    Raises:
        ProgramError: there is no instruction, or a line below `# Labels` is not `- label: description`.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    begin = next((place for place, line in enumerate(lines) if line.rstrip() == _INSTRUCTION), -1)
    rest = lines[begin + 1 :]
    end = next((place for place, line in enumerate(rest) if line.rstrip() == _LABELS), len(rest))
    instruction = "\n".join(rest[:end]).strip()
    if not instruction:
        raise ProgramError("the prompt has no instruction", where="prompt.md", fix="write one below `# Instruction`")
    labels: dict[str, str] = {}
    for line in filter(str.strip, rest[end + 1 :]):
        label, about = _label(line)
        if label in labels:
            raise ProgramError(f"the label {label!r} stands twice", where="prompt.md", fix="describe each label once")
        labels[label] = about
    return Prompt(instruction, labels)


def write_prompt(prompt: Prompt, note: str = "") -> str:
    """The text of `prompt.md`, with a note for people above it. Reading it gives the same prompt, but for blank space
    around the instruction and line breaks in descriptions.

    Raises:
        ProgramError: there is no instruction, or it holds a line that reads as one of the two headings.
    """
    instruction = prompt.instruction.strip()
    if not instruction or {_INSTRUCTION, _LABELS} & {line.rstrip() for line in instruction.splitlines()}:
        raise ProgramError("this instruction cannot be written down", fix="leave out its headings, and say something")
    lines = [*([note.strip(), ""] if note.strip() else []), _INSTRUCTION, instruction, ""]
    if prompt.labels:
        lines += [_LABELS, *(_line(label, about) for label, about in prompt.labels.items()), ""]
    return "\n".join(lines)


def _line(label: str, about: str) -> str:
    plain = label and label == label.strip() and not re.search(r'[:\n\r"\\]', label)
    name = label if plain else msgspec.json.encode(label).decode()
    about = " ".join(about.split())
    return f"- {name}: {about}" if about else f"- {name}"


def _label(line: str) -> tuple[str, str]:
    line = line.strip()
    body = line[2:].strip() if line.startswith("- ") else ""
    found = (_QUOTED if body.startswith('"') else _PLAIN).match(body)
    if not body or found is None:
        raise ProgramError(f"{line!r} does not describe a label", where="prompt.md", fix="write `- label: description`")
    name, about = found[1].strip(), (found[2] or "").strip()
    if not name.startswith('"'):
        return name, about
    try:
        return msgspec.json.decode(name, type=str), about
    except msgspec.DecodeError as error:
        raise ProgramError(f"{name} is no label", where="prompt.md", fix="write it as JSON text") from error

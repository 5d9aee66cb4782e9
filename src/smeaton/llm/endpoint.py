"""`Endpoint`: one model of one provider, resolved; what a wire needs to ask it."""

from dataclasses import dataclass, field
from typing import Literal

#: The host of models on this machine: rows sent there leave no machine, and nobody sends a bill.
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model where it answers.

    `reference` is how a task or program names it, `provider:model`. `wire` is the part of `llm/wires` that speaks to
    it, `dialect` a server's own habits within the wire ('' = the standard). `host` is what leave is asked for: the host
    name of `url`, or `local` for a loopback address. `key` never shows in a repr. `family` names the line of models
    (`gpt`, `claude`, `gemini`, `qwen`): a judge is not of the family it judges. `cassette` is a file of recorded
    replies that answers in the model's place, used as `cassette_mode` says (`cassette.py`).
    """

    reference: str
    wire: str
    url: str
    model: str
    host: str
    key: str = field(default="", repr=False)
    dialect: str = ""
    family: str = ""
    cassette: str = ""
    cassette_mode: Literal["replay", "record", "auto"] = "replay"

    @property
    def local(self) -> bool:
        """Whether it runs on this machine."""
        return self.host == LOCAL

"""What a build tells while it works; the command line, a notebook and a log each show it their own way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

NoticeKind = Literal["read", "plan", "started", "progress", "trial", "note", "phase", "board", "done"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened: a sentence for people, and the same as data (a `trial` notice has the Trial under
    `trial`, a `board` notice the Board under `board`, a `plan` notice the Plan under `plan`)."""

    kind: NoticeKind
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


Listener = Callable[[Notice], None]

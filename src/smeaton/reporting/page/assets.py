"""Style and script of the page, inlined, and the policy that lets a browser use these two and nothing else."""

import base64
import hashlib
from importlib.resources import files


def style(widths: set[int]) -> str:
    """The style sheet, with the room that pictures of these natural widths want: no smaller than can be read, and not
    so large that they shout. An element has no style of its own: the policy forbids it."""
    rules = (f".w{width}{{min-width:{0.9 * width:.0f}px;max-width:{1.3 * width:.0f}px}}" for width in sorted(widths))
    return _read("report.css") + "".join(rules)


def script() -> str:
    """The script of the page."""
    return _read("report.js")


def policy(style: str, script: str) -> str:
    """A content security policy (CSP level 3) for a document of one style sheet and one script. Its icon is a `data:`
    address; nothing else is loaded, sent or framed."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _hash(content: str) -> str:
    """The source of an inline element: the hash of its text (CSP level 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

"""Style and script of the page, inlined, and the policy that lets a browser use these two and nothing else."""

import base64
import hashlib
from importlib.resources import files


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _hash(content: str) -> str:
    """A source of a content security policy (CSP level 3, 2.3.1): the hash of an inline element's text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


STYLE = _read("page.css")
SCRIPT = _read("page.js")
#: The page may use its own style and script, and ask its own origin; no text of its script can become markup (Trusted
#: Types, and no policy that would make them).
PAGE_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
}

"""Text of the user's as a document can hold it."""

import re
from html import escape

_NOT_TEXT = re.compile("[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")

_CODE = re.compile(r"`([^`\n]{1,200})`")


def clean(text: str) -> str:
    """Text with the mark U+FFFD for each character that neither XML (1.0, 2.2) nor HTML holds: control characters and
    halves of a pair."""
    return _NOT_TEXT.sub("\ufffd", text)


def html(text: str) -> str:
    """Text that is nothing but text in HTML, between tags and within quotes."""
    return escape(clean(text))


def prose(text: str) -> str:
    """Words of ours, of which those between backquotes are code."""
    return _CODE.sub(r"<code>\1</code>", html(text))

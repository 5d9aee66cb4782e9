"""JSON replies."""

import msgspec
from starlette.responses import Response

_encode = msgspec.json.Encoder().encode


def json_reply(content: object, status: int = 200) -> Response:
    """A JSON response; numbers that are not finite become null."""
    return Response(_encode(content), status, media_type="application/json")

"""`Served`: what is known of one request once it is answered, for those who want it: the access log and spans."""

from dataclasses import dataclass

from smeaton.service.telemetry.trace import Trace


@dataclass(slots=True)
class Served:
    """One answered request. Nothing in it comes from the rows or their answers.

    `path` is as it came, without the query; `route` the template it matched, empty if none; `ended` unix nanoseconds.
    `caller` is the name of the key, `client` the address of the peer, `host` the Host header.
    """

    method: str
    path: str
    status: int
    seconds: float
    ended: int
    id: str
    trace: Trace
    route: str = ""
    wire: str = ""
    model: str = ""
    version: str = ""
    caller: str = ""
    client: str = ""
    host: str = ""
    scheme: str = "http"

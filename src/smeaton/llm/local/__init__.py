"""Language models on this machine: the server that runs already (`find`, `address`), or one started for a GGUF file
(`started`).

Nothing here loads a model into this process: whatever runs it is asked over the loopback, as a provider is.
"""

from smeaton.llm.local.command import Options
from smeaton.llm.local.search import absent, address, find
from smeaton.llm.local.server import GGUF, LOCAL_LLM, Kind, Server
from smeaton.llm.local.start import started
from smeaton.llm.local.wish import wanted

__all__ = ["GGUF", "LOCAL_LLM", "Kind", "Options", "Server", "absent", "address", "find", "started", "wanted"]

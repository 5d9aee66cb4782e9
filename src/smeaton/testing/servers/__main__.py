"""`python -m smeaton.testing.servers script.json --port 8800`: a fake server until it is stopped."""

import argparse
import contextlib
import sys
from pathlib import Path

from smeaton.errors import SmeatonError
from smeaton.testing.servers import read_script, serve


def main(arguments: list[str] | None = None) -> int:
    """Read the script, print the addresses, and serve. Exit status 2 where the script cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m smeaton.testing.servers", description="A fake language model.")
    parser.add_argument("script", type=Path, help="JSON, or YAML with the extra 'build'; see docs/fakes.md")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--config", type=Path, help="write an llm.toml here that points every provider at this server")
    given = parser.parse_args(arguments)
    try:
        script = read_script(given.script)
        with contextlib.suppress(KeyboardInterrupt), serve(script, given.port) as server:
            for wire in ("openai", "anthropic", "gemini"):
                print(f"{wire:<10} {server.url(wire)}", flush=True)
            if given.config is not None:
                for name, value in server.config(given.config).items():
                    print(f"export {name}={value}", flush=True)
            server.wait()
    except SmeatonError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

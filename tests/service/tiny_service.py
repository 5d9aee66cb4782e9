"""Supervises tiny workers: `python tiny_service.py '{"options": {}, "plan": {}}'`; prints the address when it is up."""

import json
import sys
from pathlib import Path

from smeaton.errors import SmeatonError
from smeaton.service.listening import address, listen
from smeaton.service.supervisor import Plan, supervise

WORKER = (sys.executable, str(Path(__file__).with_name("tiny_worker.py")))


def main() -> int:
    given = json.loads(sys.argv[1])
    listening = listen("127.0.0.1", given.get("port", 0))
    if given.get("early"):
        print(json.dumps({"url": address(listening)}), flush=True)
    plan = Plan(command=WORKER, **given.get("plan", {}))
    heavy = sorted({"numpy", "onnxruntime", "starlette", "uvicorn", "asyncio", "msgspec"} & set(sys.modules))

    def announce(facts: dict[str, object]) -> None:
        print(json.dumps({"url": address(listening), "facts": facts, "heavy": heavy}), flush=True)

    try:
        return supervise([listening], given.get("options", {}), plan, announce)
    except SmeatonError as error:
        print(json.dumps({"error": str(error), "type": type(error).__name__}), flush=True)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())

"""The examples of `docs/oip.md` are answered."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

DOC = (Path(__file__).parents[3] / "docs" / "oip.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)]


@pytest.fixture
def caller(client: Any, make_table_bundle: Any, task: Any, tmp_path: Path) -> Any:
    types = {
        name: msgspec.structs.replace(kind, optional=name != "plan", min=None) for name, kind in task.inputs.items()
    }
    return client(make_table_bundle(tmp_path, task.with_(inputs=types)).path)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example(caller: Any, example: Any) -> None:
    path = "/v1/models/churn:predict" if "instances" in example else "/v2/models/churn/infer"
    status, content = caller.post(path, example)
    assert status == 200, content
    answers = content["predictions"] if "predictions" in content else content["outputs"][0]["data"]
    assert len(answers) == 2


def test_every_route_is_described(caller: Any) -> None:
    from smeaton.service.protocols import oip, v1

    routes = [route.path for part in (oip.part, v1.part) for route in part.routes(caller.service)]
    described = DOC.replace("`, `/unload`", "` `/v2/repository/models/NAME/unload`").replace("[/versions/V]", "")
    assert len(routes) >= 10
    for path in routes:
        plain = path.replace("/versions/{version}", "").replace("{name}", "NAME")
        assert plain in described, plain

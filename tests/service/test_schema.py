"""The OpenAPI document: from the bundles' own types, complete in itself."""

from collections.abc import Iterator
from typing import Any

import pytest

from smeaton.service.schema import type_schema
from smeaton.task.types import Type


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


@pytest.fixture
def document(client: Any, churn: Any, tickets: Any) -> Any:
    return client(churn, tickets("index")).get("/openapi.json")[1]


def test_it_is_complete(document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"].keys() == {"title", "version"}
    schemas = document["components"]["schemas"]
    found = set(references(document))
    assert found == {f"#/components/schemas/{name}" for name in schemas}
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    for operation in operations:
        assert operation["summary"]
        for response in operation["responses"].values():
            assert response["description"]


def test_it_names_every_route_that_answers(document: Any) -> None:
    assert set(document["paths"]) == {
        "/health/live",
        "/health/ready",
        "/models",
        "/predict",
        "/models/churn/predict",
        "/models/tickets/predict",
        "/models/tickets/learn",
        "/models/churn/reload",
        "/models/tickets/reload",
        "/metrics",
        "/feedback",
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/embeddings",
        "/v1/models",
    }


def test_it_says_what_of_openais_parameters_is_honoured(document: Any) -> None:
    body = document["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["n"] == {"enum": [1, None]}
    assert body["properties"]["temperature"] == {"enum": [None]}
    assert {name.partition("@")[0] for name in body["properties"]["model"]["enum"]} == {"churn", "tickets"}
    assert body["additionalProperties"] is False


def test_rows_and_answers_follow_the_types(document: Any) -> None:
    schemas = document["components"]["schemas"]
    row = schemas["churn.row"]
    assert row["required"] == ["visits", "member", "plan"]
    assert row["additionalProperties"] is False
    assert row["properties"]["age"] == {"type": ["number", "null"], "minimum": 0}
    assert row["properties"]["opened"] == {"type": ["string", "null"], "format": "date-time"}
    answer = schemas["churn.answer"]["properties"]
    assert answer["prediction"] == {"enum": [False, True]}
    assert answer["probability"]["required"] == ["false", "true"]
    failing = schemas["tickets.answer"]["properties"]
    assert failing["prediction"]["anyOf"][1] == {"type": "null"}
    assert failing["error"] == {"type": ["string", "null"]}


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (Type(type="category", labels=("a",), optional=True), {"type": ["string", "null"], "enum": ["a", None]}),
        (Type(type="category", base="integer"), {"type": "integer"}),
        (Type(type="integer", min=3, max=9), {"type": "integer", "minimum": 3, "maximum": 9}),
        (Type(type="boolean", about="a flag"), {"type": "boolean", "description": "a flag"}),
        (Type(type="json"), {}),
    ],
)
def test_types(kind: Type, schema: Any) -> None:
    assert type_schema(kind) == schema


def test_an_input_that_may_not_be_null_is_not_empty(document: Any) -> None:
    row = document["components"]["schemas"]["churn.row"]["properties"]
    assert row["plan"]["minLength"] == 1
    assert "minLength" not in row["note"]

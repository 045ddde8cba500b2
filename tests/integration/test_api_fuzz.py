"""Requests made from the API description: no 5xx, and answers as described."""

import httpx2
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
BOUNDED = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_no_request_breaks_the_service(server):
    described = httpx2.get(f"{server.url}/openapi.json").json()
    schema = schemathesis.openapi.from_dict(described)
    tried = []
    for found in schema.get_all_operations():
        operation = found.ok()
        # What takes nothing but a path cannot be asked wrongly.
        modes = list(GenerationMode) if operation.method.upper() == "POST" else [GenerationMode.POSITIVE]
        for mode in modes:

            @BOUNDED
            @given(case=operation.as_strategy(generation_mode=mode))
            def answers_as_described(case: schemathesis.Case) -> None:
                case.call_and_validate(base_url=server.url, checks=list(CHECKS))

            answers_as_described()
        tried.append(operation.label)
    assert {"POST /v1/diagnose", "POST /diagnose", "POST /v1/triage", "POST /v1/search"} <= set(tried)
    assert len(tried) == sum(len(path) for path in described["paths"].values())

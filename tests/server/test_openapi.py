"""What the OpenAPI document promises, tried with requests made up from it."""

import asyncio
from contextlib import suppress

import hypothesis
import pytest
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error

from blastoff_pipecat.testing import ScriptedEndpoint
from tests.server.conftest import Serve

EXAMPLES = 25
PATIENCE_SECS = 15.0


@pytest.fixture
async def url(serve: Serve) -> str:
    return (await serve()).url


async def test_no_request_made_up_from_the_document_breaks_the_server(
    url: str, models: ScriptedEndpoint
) -> None:
    """Whatever fits the document, and whatever does not, is answered below 500."""
    models.play("small", "Let me see.")
    models.play("large", "At nine.")
    tried = await asyncio.to_thread(_try_all, url)
    assert set(tried) == {
        "GET /",
        "GET /health",
        "GET /metrics",
        "GET /v1/models",
        "GET /v1/models/{name}",
        "POST /metrics/reset",
        "POST /v1/chat/completions",
        "POST /v1/responses",
    }
    assert models.requests, "no made-up request was good enough to reach a model"


def _try_all(url: str) -> list[str]:
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    tried: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        tried.append(operation.label)
        for mode in schemathesis.GenerationMode:
            _try(operation, mode)
    return tried


def _try(operation: schemathesis.APIOperation, mode: schemathesis.GenerationMode) -> None:
    """Send requests of one kind: such as fit the document, or such as do not."""

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=[not_a_server_error], timeout=PATIENCE_SECS)

    with suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
        attempt()

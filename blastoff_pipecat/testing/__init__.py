"""A scripted model server, for tests of anything that talks to OpenAI-compatible endpoints.

It listens on a loopback port, says what it is told to at the pace it is told to, fails in the ways
in which real providers fail, and writes down what it was asked and whether the client hung up:

```python
import httpx

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint


async def ask(url, model):
    async with httpx.AsyncClient() as client:
        body = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
        return await client.post(f"{url}/chat/completions", json=body)


async def example():
    async with ScriptedEndpoint() as server:
        server.play("small-model", Script("Sure, let me look at that.", ttft=0.05, pace=0.01))
        server.play("large-model", Script(fault=Fault.STATUS_503), Script("It is sunny."))

        reply = (await ask(server.url, "small-model")).json()
        assert reply["choices"][0]["message"]["content"] == "Sure, let me look at that."

        assert (await ask(server.url, "large-model")).status_code == 503
        assert (await ask(server.url, "large-model")).status_code == 200

        await server.until(lambda: server.open_connections == 0)
        assert [request.model for request in server.requests][0] == "small-model"
```

`python -m blastoff_pipecat.testing` serves two models, "small" and "large", in a process of its
own: for measurements.
"""

from blastoff_pipecat.testing.endpoint import Part, ScriptedEndpoint
from blastoff_pipecat.testing.errors import ERROR_SHAPES
from blastoff_pipecat.testing.hosts import Host, HostedModel
from blastoff_pipecat.testing.known_hosts import HOSTS
from blastoff_pipecat.testing.prefill import PREFILL_SHAPES, Prefill, prefill_of
from blastoff_pipecat.testing.request import Request
from blastoff_pipecat.testing.script import Fault, Script, Step, ToolCall
from blastoff_pipecat.testing.wire import WRONG_SHAPES

__all__ = [
    "ERROR_SHAPES",
    "HOSTS",
    "PREFILL_SHAPES",
    "WRONG_SHAPES",
    "Fault",
    "Host",
    "HostedModel",
    "Part",
    "Prefill",
    "Request",
    "Script",
    "ScriptedEndpoint",
    "Step",
    "ToolCall",
    "prefill_of",
]

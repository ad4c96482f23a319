"""LiteLLM: `python litellm_client.py BASE_URL [tools]`."""

import json
import sys

import litellm

asking = [{"role": "user", "content": "When does the museum open?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def ask(messages, **more):
    return litellm.completion(
        model="openai/blastoff", base_url=sys.argv[1], api_key="any", messages=messages, **more
    )


def text_of(chunks):
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


if "tools" in sys.argv:
    chunks = list(ask(asking, stream=True, tools=[TOOL]))
    message = litellm.stream_chunk_builder(chunks, messages=asking).choices[0].message
    called = [json.loads(call.function.arguments)["city"] for call in message.tool_calls]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in message.tool_calls
    ]
    again = [*asking, message.model_dump(), *results]
    streamed = text_of(ask(again, stream=True, tools=[TOOL]))
    print(json.dumps({"called": called, "streamed": streamed}))
else:
    whole = ask(asking).choices[0].message.content
    print(json.dumps({"streamed": text_of(ask(asking, stream=True)), "whole": whole}))

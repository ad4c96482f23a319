"""pydantic-ai: `python pydantic_ai_client.py BASE_URL [tools]`."""

import asyncio
import json
import sys

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

called = []
provider = OpenAIProvider(base_url=sys.argv[1], api_key="any")
agent = Agent(OpenAIChatModel("blastoff", provider=provider))


async def main():
    if "tools" in sys.argv:

        @agent.tool_plain
        def get_weather(city: str) -> str:
            """Tell the weather in a city."""
            called.append(city)
            return "sunny"

    async with agent.run_stream("When does the museum open?") as result:
        streamed = await result.get_output()
    told = {"called": called, "streamed": streamed}
    if "tools" not in sys.argv:
        told["whole"] = (await agent.run("When does the museum open?")).output
    print(json.dumps(told))


asyncio.run(main())

"""LangChain: `python langchain_client.py BASE_URL [tools]`."""

import json
import sys

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

called = []


@tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    called.append(city)
    return "sunny"


model = ChatOpenAI(base_url=sys.argv[1], model="blastoff", api_key="any")
asking = [HumanMessage("When does the museum open?")]
if "tools" in sys.argv:
    model = model.bind_tools([get_weather])
    whole = None
    for chunk in model.stream(asking):
        whole = chunk if whole is None else whole + chunk
    results = [
        ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
        for call in whole.tool_calls
    ]
    streamed = "".join(chunk.text for chunk in model.stream([*asking, whole, *results]))
    print(json.dumps({"called": called, "streamed": streamed}))
else:
    streamed = "".join(chunk.text for chunk in model.stream(asking))
    print(json.dumps({"streamed": streamed, "whole": model.invoke(asking).text}))

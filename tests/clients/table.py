"""The server's page has a table of clients, each row with the tests that hold it.

`python -m tests.clients.table` writes it there.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "blastoff_pipecat" / "server" / "README.md"
_PLACE = re.compile(r"(<!-- clients:[^>]*-->\n).*?(<!-- /clients -->)", re.DOTALL)


@dataclass(frozen=True)
class Row:
    """One client.

    Attributes:
        client: Its name.
        set_up: What to set beside the base URL.
        opening: When an opening is spoken, or shown.
        tests: The tests that hold it, as `file::function` below `tests/`.
    """

    client: str
    set_up: str
    opening: str
    tests: tuple[str, ...]


ROWS = (
    Row(
        "OpenAI's Python client",
        "–",
        "as its first chunk, in both protocols",
        (
            "server/test_openai_client.py::test_streams_opening_and_continuation_as_one_reply",
            "server/test_responses.py::test_the_clients_own_reading_of_a_stream_agrees",
        ),
    ),
    Row(
        "LiveKit Agents",
        "`flush_openings` (below)",
        "at once",
        ("clients/test_clients.py::test_livekit_speaks_an_opening_at_once_with_the_plugin",),
    ),
    Row(
        "LiveKit Agents, unchanged",
        "`--for livekit`",
        "at once, from 20 characters on; else with the answer",
        ("clients/test_clients.py::test_livekit_speaks_an_opening_at_once_by_its_ending",),
    ),
    Row(
        "Vapi",
        "`--for vapi`, its chunk plan on",
        "at once (its buffer, as documented)",
        ("server/test_manner.py::test_a_platforms_buffer_lets_an_opening_go_at_once",),
    ),
    Row(
        "ElevenLabs",
        "`--for elevenlabs`",
        "at once (its buffer, as documented)",
        ("server/test_manner.py::test_a_platforms_buffer_lets_an_opening_go_at_once",),
    ),
    Row(
        "LangChain, LiteLLM, OpenAI's client for Node, Vercel's AI SDK",
        "–",
        "as its first chunk, with tools too",
        (
            "clients/test_clients.py::test_a_client_streams_and_answers_whole",
            "clients/test_clients.py::test_a_client_calls_tools",
        ),
    ),
    Row(
        "pydantic-ai",
        "`--for pydantic-ai` where an agent with tools streams",
        "as its first chunk; none where tools are offered",
        (
            "clients/test_clients.py::test_a_client_calls_tools",
            "clients/test_clients.py::test_pydantic_ai_takes_an_opening_before_a_call_for_all",
        ),
    ),
    Row(
        "Pipecat's `OpenAILLMService`",
        "– (inside Pipecat use `DualLLMService`)",
        "with the answer",
        ("server/test_pipecat.py::test_a_stock_bot_says_the_reply_of_both",),
    ),
)


def table() -> str:
    """Write the table."""
    rows = [f"| {row.client} | {row.set_up} | {row.opening} |" for row in ROWS]
    return "\n".join(("| client | set | its opening comes |", "|---|---|---|", *rows)) + "\n"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_PLACE.sub(lambda found: found[1] + table() + found[2], text), "utf-8")

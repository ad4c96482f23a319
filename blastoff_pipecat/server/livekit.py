"""LiveKit agents: an opening of any length, in any language, spoken at once.

LiveKit's tokenizers hold a sentence until they have seen more. A `FlushSentinel` ends the segment,
and whatever has come is spoken::

    from blastoff_pipecat.server.livekit import flush_openings

    class Assistant(Agent):
        def llm_node(self, chat_ctx, tools, model_settings):
            reply = Agent.default.llm_node(self, chat_ctx, tools, model_settings)
            return flush_openings(reply)

The server says which chunks are an opening's, and LiveKit hands that through. Nothing else of this
package is needed there: the file can be copied. Without it, `blastoff serve --for livekit` ends
openings so that most are spoken at once.
"""

from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any


async def flush_openings(reply: AsyncIterable[Any]) -> AsyncGenerator[Any]:
    """Yield a reply's chunks, and after each that is an opening's or a waiting line's a flush.

    Args:
        reply: What LiveKit's own ``llm_node`` yields.
    """
    from livekit.agents import FlushSentinel  # pyright: ignore  # LiveKit's users have it

    async for chunk in reply:
        yield chunk
        delta = getattr(chunk, "delta", None)
        extra: dict[str, Any] = getattr(delta, "extra", None) or {}
        if extra.get("blastoff", {}).get("part") in ("opening", "waiting"):
            yield FlushSentinel()

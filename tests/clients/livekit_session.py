"""One turn of a real LiveKit `AgentSession`: when is what spoken?

`python livekit_session.py BASE_URL plain|flush PATH_OF_PLUGIN QUESTION`, by a Python that has
LiveKit, prints JSON: seconds from the opening's chunk to the voice's first text, that text, and the
whole reply.
"""

import asyncio
import importlib.util
import json
import re
import sys
import time
from pathlib import Path

from livekit import rtc
from livekit.agents import Agent, AgentSession, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice import io
from livekit.plugins import openai

RATE = 24_000
base_url, how, plugin, question = sys.argv[1:]
spec = importlib.util.spec_from_file_location("plugin", plugin)
flush_openings = importlib.util.module_from_spec(spec)
spec.loader.exec_module(flush_openings)
flush_openings = flush_openings.flush_openings

spoken: list[tuple[float, str]] = []
chunks: list[tuple[float, str]] = []


class Voice(tts.TTS):
    """A voice that takes whole sentences, for which LiveKit tokenizes."""

    def __init__(self):
        capabilities = tts.TTSCapabilities(streaming=False)
        super().__init__(capabilities=capabilities, sample_rate=RATE, num_channels=1)

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        spoken.append((time.monotonic(), text))
        return Silence(tts=self, input_text=text, conn_options=conn_options)


class Silence(tts.ChunkedStream):
    async def _run(self, output_emitter):
        output_emitter.initialize(
            request_id="r", sample_rate=RATE, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(bytes(RATE // 5))
        output_emitter.flush()


class Ear(io.AudioOutput):
    """Hears it all in no time."""

    def __init__(self):
        super().__init__(
            label="ear",
            capabilities=io.AudioOutputCapabilities(pause=False),
            sample_rate=RATE,
        )
        self._heard = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame):
        await super().capture_frame(frame)
        self._heard += frame.duration

    def flush(self):
        super().flush()
        if self._heard:
            heard, self._heard = self._heard, 0.0
            self.on_playback_finished(playback_position=heard, interrupted=False)

    def clear_buffer(self):
        self._heard = 0.0


def of_the_page():
    """The agent as the server's page has it, which is beside the plugin."""
    page = Path(plugin).with_name("README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```py\n(.*?)```", page, re.DOTALL)
    names = {"Agent": Agent, "flush_openings": flush_openings}
    exec(code, names)
    return names["Assistant"]


class Assistant(of_the_page() if how == "flush" else Agent):
    async def llm_node(self, chat_ctx, tools, model_settings):
        async for chunk in super().llm_node(chat_ctx, tools, model_settings):
            content = getattr(getattr(chunk, "delta", None), "content", None)
            if content:
                chunks.append((time.monotonic(), content))
            yield chunk


async def main():
    model = openai.LLM(model="blastoff", base_url=base_url, api_key="any")
    session = AgentSession(llm=model, tts=Voice())
    session.output.audio = Ear()
    await session.start(Assistant(instructions="You are a guide."))
    handle = session.generate_reply(user_input=question)
    await asyncio.wait_for(handle, 20)
    (came, _), (said, text) = chunks[0], spoken[0]
    reply = "".join(content for _, content in chunks)
    print(json.dumps({"after": said - came, "spoken": text, "reply": reply}))
    await session.aclose()


asyncio.run(main())

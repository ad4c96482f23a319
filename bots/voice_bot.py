"""A voice bot whose replies are opened by a small model and carried on by a large one.

    python bots/voice_bot.py             # then open http://localhost:7860
    python bots/voice_bot.py -t daily    # in a Daily room (DAILY_API_KEY)

The models are those of the environment or `.env` (see `.env.example`), the speech is Deepgram's and
Cartesia's where their keys are set; what is not named runs on this computer, without a key.
`bot(runner_args)` is what Pipecat's runner and Pipecat Cloud call, once for each conversation.
"""

import asyncio
import sys
from contextlib import suppress
from typing import Any, Literal

import aiohttp
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import LLMUpdateSettingsFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frameworks.rtvi.models import ClientMessage
from pipecat.runner.types import RunnerArguments
from pipecat.runner.utils import create_transport
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.workers.runner import WorkerRunner

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.calls.speech import read_speech, speech_services
from blastoff_pipecat.environment import Variables, read_variables
from blastoff_pipecat.local.pair import PairOfModels, call_models
from blastoff_pipecat.timeline import TimelineObserver

GREETING = "Hi! What would you like to talk about?"

INSTRUCTION = (
    "You are a friendly voice assistant. Answer in one or two short spoken sentences, with advice "
    "where the user has a problem. Your words are spoken aloud: use plain words, and never a list, "
    "a heading, a symbol or an emoji."
)
ABOUT_TOOLS = (
    " Write numbers and units as they are said. What you hear was transcribed and may be misheard: "
    "ask when it makes no sense. If a tool reports an error, say what it says and do not guess."
)
ABOUT_NO_TOOLS = (
    " You cannot look anything up: if you are asked for the weather, the time or the news, say "
    "that you cannot know them."
)

CLIENT_READY_SECS = 2.0
"""How long the greeting waits for the client to be ready; a plain Daily room never says so."""

WEATHER_TIMEOUT_SECS = 5.0

# What WMO's weather codes mean; one that is missing is a shade of the one before it.
SKY = {
    0: "clear sky",
    1: "mostly clear",
    2: "partly cloudy",
    3: "overcast",
    45: "fog",
    51: "drizzle",
    56: "freezing drizzle",
    61: "rain",
    66: "freezing rain",
    71: "snow",
    80: "rain showers",
    85: "snow showers",
    95: "thunderstorm",
}


async def get_weather(params: FunctionCallParams, place: str) -> None:
    """Get the weather of a place now, and the highest and lowest temperature of today.

    Args:
        params: Pipecat's part of the call.
        place: The name of a city or town alone, in English, such as "Paris".
    """
    try:
        await params.result_callback(await weather_of(place))
    except (aiohttp.ClientError, TimeoutError, OSError):
        await params.result_callback({"error": "The weather service cannot be reached just now."})


async def weather_of(place: str) -> dict[str, Any]:
    """Ask Open-Meteo, which needs no key.

    Raises:
        aiohttp.ClientError: It cannot be reached, or did not answer as it should.
        TimeoutError: It did not answer in time.
    """
    values = read_variables()
    geocoding, weather = Variables.GEOCODING_URL.read(values), Variables.WEATHER_URL.read(values)
    timeout = aiohttp.ClientTimeout(total=WEATHER_TIMEOUT_SECS)
    async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session:
        async with session.get(geocoding, params={"name": place, "count": 1}) as response:
            found = (await response.json()).get("results")
        if not found:
            return {"error": f"The weather service knows no place called {place}."}
        where = {"latitude": found[0]["latitude"], "longitude": found[0]["longitude"]}
        wanted = {
            "current": "temperature_2m,weather_code,wind_speed_10m",
            "daily": "temperature_2m_max,temperature_2m_min",
            "timezone": "auto",
            "forecast_days": 1,
        }
        async with session.get(weather, params={**where, **wanted}) as response:
            forecast = await response.json()
    now, today = forecast["current"], forecast["daily"]
    return {
        "place": f"{found[0]['name']}, {found[0].get('country', '')}".rstrip(", "),
        "sky": sky_of(now["weather_code"]),
        "degrees_celsius": round(now["temperature_2m"]),
        "wind_km_per_hour": round(now["wind_speed_10m"]),
        "highest_today": round(today["temperature_2m_max"][0]),
        "lowest_today": round(today["temperature_2m_min"][0]),
    }


def sky_of(code: int) -> str:
    """Say in words what a WMO weather code means."""
    return SKY[max(known for known in SKY if known <= code)]


def daily_params() -> TransportParams:
    """What a Daily room needs; imported here, since Daily's package is not made for Windows."""
    from pipecat.transports.daily.transport import DailyParams

    return DailyParams(audio_in_enabled=True, audio_out_enabled=True)


def eval_params() -> TransportParams:
    """What `pipecat eval` needs to talk to this bot."""
    from pipecat.evals.transport import EvalTransportParams

    return EvalTransportParams(audio_in_enabled=True, audio_out_enabled=True)


TRANSPORT_PARAMS = {
    "webrtc": lambda: TransportParams(audio_in_enabled=True, audio_out_enabled=True),
    "daily": daily_params,
    "eval": eval_params,
}


async def talk(transport: BaseTransport, models: PairOfModels, args: RunnerArguments) -> None:
    """Hold one conversation, until the user has left."""
    # In a thread, since the embedded recogniser loads for a second, and other calls go on.
    stt, tts = await asyncio.to_thread(speech_services, read_speech())
    # The embedded models do not call tools: they talk about calling them.
    tools: list[Any] = [] if models.embedded else [get_weather]
    llm = DualLLMService(
        small=models.small,
        large=models.large,
        settings=models.settings(
            DualLLMService.Settings(
                system_instruction=INSTRUCTION + (ABOUT_TOOLS if tools else ABOUT_NO_TOOLS)
            )
        ),
    )
    aggregators = LLMContextAggregatorPair(
        LLMContext(tools=tools),
        user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer()),
    )

    async def tell_client(data: dict[str, Any]) -> None:
        await worker.rtvi.send_server_message(data)

    worker = PipelineWorker(
        Pipeline(
            [
                transport.input(),
                stt,
                aggregators.user(),
                llm,
                tts,
                transport.output(),
                aggregators.assistant(),
            ]
        ),
        params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
        idle_timeout_secs=args.pipeline_idle_timeout_secs,
        observers=[TimelineObserver(on_change=tell_client)],
    )
    client_ready, greeted = asyncio.Event(), asyncio.Event()

    @transport.event_handler("on_client_connected")
    async def on_client_connected(_transport: Any, _client: Any) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(client_ready.wait(), CLIENT_READY_SECS)
        if not greeted.is_set():
            greeted.set()
            await worker.queue_frame(TTSSpeakFrame(GREETING))

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_transport: Any, _client: Any) -> None:
        await worker.cancel()

    async def open_replies(opening: Literal["auto", "never"]) -> None:
        """Let the small model open replies ("auto") or not ("never"), and tell the client."""
        settings = DualLLMService.Settings(opening=opening)
        await worker.queue_frame(LLMUpdateSettingsFrame(delta=settings))
        await tell_client({"type": "blastoff-mode", "opening": opening})

    @worker.rtvi.event_handler("on_client_ready")
    async def on_client_ready(_rtvi: Any) -> None:
        client_ready.set()
        await open_replies("auto")

    @worker.rtvi.event_handler("on_client_message")
    async def on_client_message(rtvi: Any, message: ClientMessage) -> None:
        match message:
            case ClientMessage(type="blastoff-opening", data={"opening": "auto" | "never" as mode}):
                await open_replies(mode)
            case _:
                await rtvi.send_error_response(message, "No such message, or no such opening.")

    runner = WorkerRunner(handle_sigint=args.handle_sigint, handle_sigterm=args.handle_sigterm)
    await runner.add_workers(worker)
    await runner.run()


async def bot(runner_args: RunnerArguments) -> None:
    """Answer one user. Called by Pipecat's runner, and by Pipecat Cloud's base image."""
    transport = await create_transport(runner_args, TRANSPORT_PARAMS)
    async with call_models() as models:
        await talk(transport, models, runner_args)


def main() -> int:
    """Serve the bot and its page."""
    from blastoff_pipecat.calls.runner import run_bot
    from blastoff_pipecat.page import add_page

    return run_bot(add_page, instruction=INSTRUCTION + ABOUT_NO_TOOLS, greeting=GREETING)


if __name__ == "__main__":
    sys.exit(main())

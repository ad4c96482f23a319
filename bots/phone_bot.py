"""A bot that answers the telephone, with the words of two models.

    python bots/phone_bot.py -t twilio --proxy my-bot.ngrok.app     # or telnyx, plivo
    python bots/phone_bot.py -t exotel                              # the stream's URL is typed in
    python bots/phone_bot.py -t daily                               # Daily's dial-in webhook
    python bots/phone_bot.py                                        # for `pipecat eval`, here only

It runs on Pipecat's development runner, behind a guard that knows the carrier from a stranger, and
needs the secret that the carrier signs with (see .env.example); it says so where one is missing.
`bot` also runs where something else starts it, on Pipecat Cloud for instance.
"""

import argparse
import asyncio
import sys
from contextlib import suppress
from typing import Any

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.evals.transport import EvalTransportParams
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    FunctionCallResultProperties,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker, ProcessorUnusablePolicy
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.runner.types import RunnerArguments
from pipecat.services.llm_service import FunctionCallParams
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams
from pipecat.turns.user_mute import BaseUserMuteStrategy
from pipecat.workers.runner import WorkerRunner

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.calls.speech import read_speech, speech_services
from blastoff_pipecat.local.pair import PairOfModels, call_models
from blastoff_pipecat.phone import NoCall, guard_phone, pick_up

GREETING = "Hello, you are talking to a machine. What can I do for you?"
STILL_THERE = "Are you still there?"
FAREWELL = "Goodbye, and thank you for calling."
TIME_IS_UP = "I am sorry, our time is up. Goodbye, and thank you for calling."

IDLE_SECS = 12.0  # of silence before the bot asks, and once more before it hangs up
MAX_CALL_SECS = 15 * 60.0
LAST_WORDS_SECS = 30.0  # for what is being said when the time is up

INSTRUCTION = (
    "You are a friendly assistant on the telephone. Answer in one or two short spoken sentences, "
    "in plain words, and never with a list or a symbol."
)
ABOUT_TOOLS = " When the caller says goodbye, or wants nothing more, call end_call."


def telephone(**options: Any) -> FastAPIWebsocketParams:
    """What a carrier's media stream carries: sound in both directions."""
    return FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, **options)


def daily() -> TransportParams:
    """What a room that the caller is dialled into carries."""
    from pipecat.transports.daily.transport import DailyParams

    return DailyParams(audio_in_enabled=True, audio_out_enabled=True)


TRANSPORTS = {
    "twilio": telephone,
    "telnyx": telephone,
    "plivo": telephone,
    # Exotel plays pieces below 3200 bytes badly, which is 200 ms at 8 kHz.
    "exotel": lambda: telephone(audio_out_10ms_chunks=20),
    "daily": daily,
    "eval": lambda: EvalTransportParams(audio_in_enabled=True, audio_out_enabled=True),
}


class HangingUp(BaseUserMuteStrategy):
    """Mutes the caller once the bot hangs up, so that its last words are heard to their end."""

    begun = False

    async def process_frame(self, frame: Frame) -> bool:
        """Whether the caller is muted from here on."""
        return self.begun


async def talk(transport: BaseTransport, models: PairOfModels, args: RunnerArguments) -> None:
    """Hold one conversation, until one of the two hangs up."""
    # In a thread, since the embedded recogniser loads for a second, and other calls go on.
    stt, tts = await asyncio.to_thread(speech_services, read_speech())
    hanging_up = HangingUp()

    async def hang_up(last_words: str) -> None:
        if not hanging_up.begun:
            hanging_up.begun = True
            await worker.queue_frames([TTSSpeakFrame(last_words), EndFrame()])

    async def end_call(params: FunctionCallParams, farewell: str) -> None:
        """Say goodbye to the caller and hang up.

        Args:
            params: Pipecat's part of the call.
            farewell: The last sentence that the caller hears.
        """
        done = FunctionCallResultProperties(run_llm=False)
        await params.result_callback({"status": "hung up"}, properties=done)
        await hang_up(farewell or FAREWELL)

    # The embedded models do not call tools: they talk about calling them.
    tools = [] if models.embedded else [end_call]
    llm = DualLLMService(
        small=models.small,
        large=models.large,
        settings=models.settings(
            DualLLMService.Settings(system_instruction=INSTRUCTION + (ABOUT_TOOLS if tools else ""))
        ),
    )
    aggregators = LLMContextAggregatorPair(
        LLMContext(tools=tools),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(),
            user_idle_timeout=IDLE_SECS,
            user_mute_strategies=[hanging_up],
        ),
    )
    pipeline = Pipeline(
        [
            transport.input(),
            stt,
            aggregators.user(),
            llm,
            tts,
            transport.output(),
            aggregators.assistant(),
        ]
    )
    params = PipelineParams(enable_metrics=True, enable_usage_metrics=True)
    if args.call_data and args.call_data.stream_id:  # a carrier's stream, which is at 8 kHz
        params.audio_in_sample_rate = params.audio_out_sample_rate = 8000
    worker = PipelineWorker(
        pipeline,
        params=params,
        idle_timeout_secs=args.pipeline_idle_timeout_secs,
        # Rather than leave the caller with a bot that hears, thinks or speaks no more.
        processor_unusable_policy=ProcessorUnusablePolicy.END,
    )
    asked = False  # whether the bot has asked into a silence that still lasts

    @transport.event_handler("on_client_connected")
    async def greet(_transport: Any, _client: Any) -> None:
        await worker.queue_frame(TTSSpeakFrame(GREETING))  # needs no model, so it speaks at once

    @transport.event_handler("on_client_disconnected")
    async def caller_hung_up(_transport: Any, _client: Any) -> None:
        await worker.cancel()

    @aggregators.user().event_handler("on_user_turn_started")
    async def caller_speaks(_aggregator: Any, _strategy: Any) -> None:
        nonlocal asked
        asked = False

    @aggregators.user().event_handler("on_user_turn_idle")
    async def caller_is_silent(_aggregator: Any) -> None:
        nonlocal asked
        if asked:
            await hang_up(FAREWELL)
        else:
            asked = True
            await worker.queue_frame(TTSSpeakFrame(STILL_THERE))

    async def limit() -> None:
        await asyncio.sleep(MAX_CALL_SECS)
        await hang_up(TIME_IS_UP)
        await asyncio.sleep(LAST_WORDS_SECS)
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=args.handle_sigint, handle_sigterm=args.handle_sigterm)
    await runner.add_workers(worker)
    limiting = asyncio.create_task(limit())
    try:
        await runner.run()
    finally:
        limiting.cancel()
        with suppress(asyncio.CancelledError):
            await limiting


async def bot(runner_args: RunnerArguments) -> None:
    """Answer one call: the runner's entry point, and Pipecat Cloud's."""
    try:
        transport = await pick_up(runner_args, TRANSPORTS)
    except NoCall as reason:
        logger.warning(reason)
        return
    async with call_models() as models:
        await talk(transport, models, runner_args)


def main() -> int:
    """Serve the bot behind its guard."""
    from blastoff_pipecat.calls.runner import run_bot

    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    own.add_argument("--insecure", action="store_true")  # answers whoever calls
    said, sys.argv[1:] = own.parse_known_args()
    return run_bot(
        lambda app: guard_phone(app, insecure=said.insecure),
        instruction=INSTRUCTION,
        greeting=GREETING,
    )


if __name__ == "__main__":
    sys.exit(main())

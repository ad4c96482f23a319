"""A voice that has its approved lines ready: they are heard without asking the provider for them.

With `style="choose"` the openings are known before a call. Prepare them once a process, and give
each call a voice that has them:

    ready = ReadyLines()
    await ready.prepare(voice(), LINES)    # voice() makes a ReadyVoice with cache_backend=ready
    tts = voice()                          # in the place of CartesiaTTSService(…)

Needs `pip install pipecat-tts-cache`. Another service's class may stand in Cartesia's place.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from pipecat.frames.frames import EndFrame, Frame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.tts_service import TTSService
from pipecat.workers.runner import WorkerRunner
from pipecat_tts_cache import CachedTTSResponse, MemoryCacheBackend, TTSCacheMixin


class ReadyLines(MemoryCacheBackend):
    """The sound of prepared lines, for all calls of a process; what a call says is not kept."""

    _preparing = False

    async def set(self, key: str, response: CachedTTSResponse, ttl: int | None = None) -> bool:
        """Keep a line while lines are prepared."""
        return self._preparing and await super().set(key, response, None)

    async def prepare(
        self, voice: TTSService, lines: Iterable[str], *, sample_rate: int = 24_000
    ) -> None:
        """Have a voice say each line once, to nobody.

        Args:
            voice: A voice with this cache; its pipeline ends with this.
            lines: What is to be ready.
            sample_rate: Samples a second in the calls: 8,000 on the telephone.
        """
        params = PipelineParams(audio_out_sample_rate=sample_rate)
        worker = PipelineWorker(Pipeline([voice]), params=params, enable_rtvi=False)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await worker.queue_frames([*map(TTSSpeakFrame, lines), EndFrame()])
        self._preparing = True
        try:
            await runner.run()
        finally:
            self._preparing = False


class ReadyVoice(TTSCacheMixin, CartesiaTTSService):
    """Cartesia, but for the lines that are ready.

    The provider counts the times of a reply's words from what it said itself. What was said from
    the cache before is added here, else words would be out of order in the bot's context.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Take what `CartesiaTTSService` takes, and `cache_backend`."""
        super().__init__(**kwargs)
        self._said_secs = defaultdict[str | None, float](float)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Say a line that is ready, or have it said."""
        async for frame in super().run_tts(text, context_id):
            if isinstance(frame, TTSAudioRawFrame):  # Cartesia's own comes by another way
                self._said_secs[context_id] += len(frame.audio) / 2 / frame.sample_rate
            yield frame

    async def add_word_timestamps(
        self, word_times: list[tuple[str, float]], context_id: str | None = None, **kwargs: Any
    ) -> None:
        """Take the times of words that the provider says."""
        said = self._said_secs.get(context_id, 0.0)
        later = [(word, at + said) for word, at in word_times]
        await super().add_word_timestamps(later, context_id, **kwargs)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """Forget a reply that is over."""
        self._said_secs.pop(context_id, None)
        await super().on_audio_context_completed(context_id)

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Forget a reply that is interrupted."""
        self._said_secs.pop(context_id, None)
        await super().on_audio_context_interrupted(context_id)

"""One service in a Pipecat pipeline of its own, as the benches run it.

The pipeline is the least that Pipecat runs a service in: without RTVI, turn tracking or idle
timeout, so that no observer is called that is not asked for.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from pipecat.frames.frames import EndFrame, ErrorFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.workers.runner import WorkerRunner

from blastoff_pipecat.service.pipecat import close_client

Service: TypeAlias = LLMService[Any]

PATIENCE_SECS = 60.0


class ServicePipeline:
    """One service at work; `running` runs it.

    Attributes:
        name: What it is called where something fails.
        service: Who answers.
        worker: Runs the pipeline.
        error: What the pipeline complained of last.
    """

    def __init__(
        self, name: str, service: Service, parts: Sequence[FrameProcessor], params: PipelineParams
    ) -> None:
        """Put the service, one of the `parts`, into a pipeline."""
        self.name = name
        self.service = service
        self.error: str | None = None
        self._ready = asyncio.Event()
        self.worker = PipelineWorker(
            Pipeline(list(parts)),
            params=params,
            enable_rtvi=False,
            enable_turn_tracking=False,
            idle_timeout_secs=None,
        )

        @self.worker.event_handler("on_pipeline_started")
        async def _(_worker: Any, _frame: Any) -> None:
            self._ready.set()

        @self.worker.event_handler("on_pipeline_error")
        async def _(_worker: Any, frame: ErrorFrame) -> None:
            self.error = frame.error

    async def starts(self) -> None:
        """Wait until the pipeline runs.

        Raises:
            RuntimeError: It does not.
        """
        await self._wait(self._ready, "the pipeline has not started")

    async def _wait(self, event: asyncio.Event, missing: str) -> None:
        try:
            await asyncio.wait_for(event.wait(), PATIENCE_SECS)
        except TimeoutError:
            raise self._failure(f"{missing} within {PATIENCE_SECS:g} s") from None

    def _failure(self, what: str) -> RuntimeError:
        return RuntimeError(f"{self.name}: {what}" + (f"; {self.error}" if self.error else ""))


@asynccontextmanager
async def running(pipelines: Sequence[ServicePipeline]) -> AsyncGenerator[None]:
    """Run pipelines until the block ends; if it fails, replies are broken off."""
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(*(pipeline.worker for pipeline in pipelines))
    task = asyncio.create_task(runner.run())
    try:
        for pipeline in pipelines:
            await pipeline.starts()
        yield
        for pipeline in pipelines:
            await pipeline.worker.queue_frame(EndFrame())
        await asyncio.wait_for(asyncio.shield(task), PATIENCE_SECS)
    finally:
        await runner.cancel()
        await asyncio.wait_for(task, PATIENCE_SECS)
        for pipeline in pipelines:
            await close_client(pipeline.service)  # Pipecat leaves it open

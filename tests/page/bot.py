"""A bot without models, served with the page by Pipecat's own runner, for the page's tests.

It confirms who answers, and does what a test asks for by HTTP. Run as `bot.py --port N -t webrtc`.
"""

import asyncio
from typing import Any

from pipecat.frames.frames import EndFrame, ErrorFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.runner.run import app, main
from pipecat.runner.types import SmallWebRTCRunnerArguments
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.workers.runner import WorkerRunner
from starlette.requests import Request
from starlette.responses import JSONResponse

from blastoff_pipecat.page import add_page

calls: list[PipelineWorker] = []
chosen: list[str] = []
habits = {"confirms": True}
alone = asyncio.Event()


async def bot(runner_args: SmallWebRTCRunnerArguments) -> None:
    """Hold a call in which nothing is said."""
    transport = SmallWebRTCTransport(
        runner_args.webrtc_connection,
        TransportParams(audio_in_enabled=True, audio_out_enabled=True),
    )
    worker = PipelineWorker(Pipeline([transport.input(), transport.output()]))

    async def confirm(opening: str) -> None:
        await worker.rtvi.send_server_message({"type": "blastoff-mode", "opening": opening})

    @worker.rtvi.event_handler("on_client_ready")
    async def on_client_ready(_rtvi: Any) -> None:
        calls.append(worker)
        alone.clear()
        await confirm("auto")

    @worker.rtvi.event_handler("on_client_message")
    async def on_client_message(_rtvi: Any, message: Any) -> None:
        chosen.append(message.data["opening"])
        if habits["confirms"]:
            await confirm(message.data["opening"])

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_transport: Any, _client: Any) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=runner_args.handle_sigint)
    await runner.add_workers(worker)
    try:
        await runner.run()
    finally:
        if worker in calls:
            calls.remove(worker)
        if not calls:
            alone.set()


@app.post("/test/{what}")
async def do(what: str, request: Request) -> JSONResponse:
    """Do what a test asks for, in the calls that are up."""
    match what:
        case "say":
            for call in calls:
                await call.rtvi.send_server_message(await request.json())
        case "fail":
            for call in calls:
                await call.queue_frame(ErrorFrame("the voice <b>broke</b>"))
        case "hang-up":
            for call in calls:
                await call.queue_frame(EndFrame())
        case "wait-until-alone":
            await alone.wait()
        case "confirm-nothing":
            habits["confirms"] = False
        case "confirm":
            habits["confirms"] = True
    return JSONResponse({"calls": len(calls), "chosen": chosen})


add_page(app)

if __name__ == "__main__":
    main()

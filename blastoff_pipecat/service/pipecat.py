"""Every hook of Pipecat's that is no public API and that `DualLLMService` leans on.

The service touches them nowhere else. Each says what it uses, where that is in Pipecat 1.14
(``services/llm_service.py`` unless another file is named), and why. Two more need a place of their
own: `DualLLMService` narrows ``_settings`` and overrides ``_update_settings``
(``services/ai_service.py``), as Pipecat's own services do, and `TracedText` bears the name of the
one class of frames that `traced_llm` looks at (``utils/tracing/service_decorators.py``).

``tests/service/test_pipecat_hooks.py`` pins each, and what else the service takes for granted about
Pipecat's inside: it fails with a sentence where a release of Pipecat has moved something.
"""
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# Private names are what this module is about, and Pipecat leaves arguments without types.

from collections.abc import Callable
from typing import Any, TypeAlias

from pipecat.frames.frames import Frame
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.turns.speculation_gate import SpeculationGate

_Service: TypeAlias = LLMService[Any]


def speculation_gate(service: _Service) -> SpeculationGate:
    """Return the gate that the service's frames pass on their way out, one for all its life.

    ``LLMService._speculation_gate``: only it knows whether the turn that is being answered has
    ended, and metrics must wait for what it decides.
    """
    return service._speculation_gate


def skips_tts(service: _Service) -> bool:
    """Tell whether replies are not to be spoken.

    ``LLMService._skip_tts``, set by an `LLMConfigureOutputFrame` and stamped by ``push_frame`` on
    plain text only: an opening is then plain text too.
    """
    return bool(service._skip_tts)


def filters_turns(service: _Service) -> bool:
    """Tell whether the large model is to say first if the user's turn is complete.

    ``LLMService._filter_incomplete_user_turns``, set by Pipecat's turn strategies: there is no
    opening then, since only the whole answer shows whether anything is to be said.
    """
    return service._filter_incomplete_user_turns


async def push_filtered(service: _Service, text: str) -> None:
    """Push a model's text through that filter.

    ``LLMService._push_llm_text``: takes the marker of the turn out of the text and acts on it.
    """
    await service._push_llm_text(text)


def log_request(service: _Service, context: LLMContext) -> None:
    """Log what is about to be answered.

    ``LLMService._log_llm_response``: as much of it as the user lets Pipecat's services log.
    """
    service._log_llm_response(context)


async def tell_of_timeout(service: _Service) -> None:
    """Let the application know that a model was too slow.

    ``BaseObject._call_event_handler`` (``utils/base_object.py``) for ``on_completion_timeout``,
    which Pipecat's services call for the same.
    """
    await service._call_event_handler("on_completion_timeout")


def check_schema(service: _Service, schema: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the JSON schema that an inference's answer must follow, if it can be asked for.

    ``LLMService._check_response_schema``: warns, as any service does, where it cannot.
    """
    return service._check_response_schema(schema)


def after_each_push(service: _Service, handler: Callable[..., Any]) -> None:
    """Have a handler called with the service and each frame that has left it.

    The event ``on_after_push_frame`` (``processors/frame_processor.py``), raised behind the
    speculation gate, and awaited before the next frame is pushed: what is shown of a frame comes
    neither before it is heard nor out of order.
    """
    service.add_event_handler("on_after_push_frame", handler)


async def show_observers(service: _Service, frame: Frame) -> None:
    """Tell observers of a frame that no processor gets, as if it were pushed downstream.

    Does what ``FrameProcessor.__internal_push_frame`` (``processors/frame_processor.py``) does for
    those who observe the pipeline: an opening is to be seen as text, and spoken as none.
    """
    observer, destination = service.processor_setup.observer, service.next
    if observer and destination:
        await observer.on_push_frame(
            FramePushed(
                source=service,
                destination=destination,
                frame=frame,
                direction=FrameDirection.DOWNSTREAM,
                timestamp=service.get_clock().get_time(),
            )
        )

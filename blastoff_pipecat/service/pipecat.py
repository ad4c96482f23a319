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

import re
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

from pipecat.frames.frames import Frame, FunctionCallFromLLM, LLMTextFrame
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


# Of a service that is a model of another.


def adopt(service: _Service, inner: _Service) -> None:
    """Have a service speak for the one that is its large model.

    ``LLMService._adapter``: so that what bots make with it (messages in the provider's own shape)
    and the tools that Pipecat adds (``builtin_tools``) are the inner one's.
    """
    service._adapter = inner.get_llm_adapter()
    service.supports_response_schema = inner.supports_response_schema


def take_functions(service: _Service, inner: _Service) -> None:
    """Move the functions that were registered on an inner service to the one that runs them.

    ``LLMService._functions``. What was registered on the outer one stays.
    """
    service._functions = {**inner._functions, **service._functions}
    inner._functions = {}


def take_texts(service: _Service, handler: Callable[[LLMTextFrame], bool]) -> None:
    """Have a service's text handed over instead of pushed, wherever the handler takes it.

    ``LLMService.push_frame``, which services call by that name, on themselves, for every frame: all
    that Pipecat does on the way from there to a processor behind would be done for every token, for
    nobody. A class with a `push_frame` of its own, and one whose pushes somebody follows
    (``BaseObject._event_handlers``), keep theirs.
    """
    followed = any(
        service._event_handlers[name].handlers
        for name in ("on_before_push_frame", "on_after_push_frame")
    )
    if type(service).push_frame is not LLMService.push_frame or followed:
        return
    push = service.push_frame

    async def push_frame(
        frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if not (isinstance(frame, LLMTextFrame) and handler(frame)):
            await push(frame, direction)

    service.push_frame = push_frame


def take_calls(
    service: _Service, handler: Callable[[Sequence[FunctionCallFromLLM]], Coroutine[Any, Any, None]]
) -> None:
    """Have the calls of a service's model handed over instead of run.

    ``LLMService.run_function_calls`` is public; that services call it by that name, on themselves,
    once a reply and with all its calls, is not.
    """

    async def hand_over(function_calls: Sequence[FunctionCallFromLLM]) -> None:
        await handler(function_calls)

    service.run_function_calls = hand_over


def calls_were_dropped(service: _Service) -> bool:
    """Tell what it means that a service hands over no calls at all.

    ``BaseOpenAILLMService._process_context`` (``services/openai/base_llm.py``) hands calls over
    only where there are some, after it has dropped those with arguments that are no JSON.
    """
    return any(each.__name__ == "BaseOpenAILLMService" for each in type(service).__mro__)


def secrets_of(service: _Service) -> list[str]:
    """Return what a service's errors must not tell, longest first.

    Attributes named like a key, of the service and of its ``_client``: servers quote keys.
    """
    known = {*_secrets_in(vars(service))}
    client = vars(service).get("_client")
    if hasattr(client, "__dict__"):
        known.update(_secrets_in(vars(client)))
    return sorted(known, key=len, reverse=True)


def _secrets_in(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _secrets_in(cast("dict[str, Any]", value))
        elif isinstance(value, str) and len(value) > 3 and _SECRET_NAME.search(name):
            yield value


_SECRET_NAME = re.compile(r"key|secret|token$|password", re.IGNORECASE)


def owns_client(service: _Service) -> bool:
    """Tell, of a service that is not used yet, whether nobody else holds its client.

    ``_client``, as the services of OpenAI, Anthropic and their kin have. Pipecat leaves it open at
    the end; it may be closed only where its owner cannot use it for another call.
    """
    # The service's attribute and the call's argument.
    return "_client" in vars(service) and sys.getrefcount(vars(service)["_client"]) <= 2


async def close_client(service: _Service) -> None:
    """Close that client, if it can be."""
    close = getattr(vars(service).get("_client"), "close", None)
    if close is not None and (closing := close()) is not None:
        await closing

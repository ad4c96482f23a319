"""Pipecat's services still have what `blastoff_pipecat.service.pipecat` leans on in them.

Where a release has moved a hook, the test named after it says which, and where to look.
"""

from typing import Any

from anthropic import AsyncAnthropic
from pipecat.frames.frames import FunctionCallFromLLM, LLMTextFrame
from pipecat.services.anthropic.llm import AnthropicLLMService
from pipecat.services.llm_service import FunctionCallParams, LLMService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.settings import LLMSettings

from blastoff_pipecat.service import pipecat as hooks
from tests.kit.bot import Bot, talking_to
from tests.kit.providers.play import Call, Play
from tests.kit.providers.server import Provider
from tests.service.inner.stands import KEY, Stand
from tests.service.pinned import pinned


def plain() -> LLMService[Any]:
    return LLMService(settings=LLMSettings(model="plain"))


async def ask(bot: Bot) -> None:
    ended = bot.ended
    await bot.ask("Hm?")
    await bot.until(lambda: bot.ended > ended)


async def handler(params: FunctionCallParams) -> None:
    await params.result_callback({})


def test_adopt() -> None:
    """The adapter is the service's own attribute, which all of it asks for by name."""
    with pinned("LLMService._adapter"):
        outer, inner = plain(), AnthropicLLMService(api_key="a-key")
        hooks.adopt(outer, inner)
        message = outer.create_llm_specific_message({"type": "thought"})
        assert message.llm == inner.get_llm_adapter().id_for_llm_specific_messages == "anthropic"
        assert outer.supports_response_schema is inner.supports_response_schema is True


def test_take_functions() -> None:
    """Functions stand in a registry by name; what is moved is the other's, with its options."""
    with pinned("LLMService._functions"):
        outer, inner = plain(), plain()
        inner.register_function("get", handler, cancel_on_interruption=False)
        outer.register_function("set", handler)
        hooks.take_functions(outer, inner)
        assert outer.has_function("get")
        assert outer.has_function("set")
        assert not inner.has_function("get")
        assert outer._functions["get"].cancel_on_interruption is False


async def test_take_texts(stand: Stand, provider: Provider) -> None:
    """Each service pushes its text by its own `push_frame`, piece by piece; the rest goes on."""
    provider.play(Play(text=("It is", " sunny.")))
    service, taken = stand.make(provider.url), list[str]()
    with pinned("LLMService.push_frame"):
        hooks.take_texts(service, lambda frame: not taken.append(frame.text))
        async with talking_to(service) as bot:
            await ask(bot)
            assert "".join(taken) == "It is sunny."
            assert bot.of(LLMTextFrame) == []
    await hooks.close_client(service)


async def test_texts_that_somebody_follows() -> None:
    """Where pushes are overridden or followed, texts are pushed as they were."""

    class Own(LLMService[Any]):
        async def push_frame(self, frame: Any, direction: Any = None) -> None:
            pushed.append(frame)

    with pinned("BaseObject._event_handlers"):
        pushed, taken = list[Any](), list[Any]()
        followed = plain()
        followed.add_event_handler("on_after_push_frame", lambda _, frame: pushed.append(frame))
        for service in (Own(settings=LLMSettings(model="own")), followed):
            hooks.take_texts(service, lambda frame: not taken.append(frame))
            await service.push_frame(LLMTextFrame("It is sunny."))
        assert (len(pushed), taken) == (2, [])


async def test_take_calls(stand: Stand, provider: Provider) -> None:
    """Each service hands its calls to `run_function_calls`, once a reply, on itself."""
    provider.play(Play(call=Call(name="get", arguments='{"of": "Malmö"}')))
    service, taken = stand.make(provider.url), list[list[FunctionCallFromLLM]]()

    async def take(calls: Any) -> None:
        taken.append(list(calls))

    with pinned("LLMService.run_function_calls"):
        hooks.take_calls(service, take)
        async with talking_to(service) as bot:
            await ask(bot)
        ((call,),) = taken
        assert (call.function_name, call.arguments) == ("get", {"of": "Malmö"})
        assert call.tool_call_id == "call_1"
    await hooks.close_client(service)


async def test_calls_were_dropped(stand: Stand, provider: Provider) -> None:
    """Only OpenAI's kin hand over nothing where, and only where, they have dropped calls."""
    service, taken = stand.make(provider.url), list[Any]()

    async def take(calls: Any) -> None:
        taken.append(calls)

    with pinned("BaseOpenAILLMService._process_context's look at arguments"):
        hooks.take_calls(service, take)
        async with talking_to(service) as bot:
            provider.play(Play(text=("Yes.",)))
            await ask(bot)
            if hooks.calls_were_dropped(service):
                assert taken == []
                provider.play(Play(call=Call(name="get", arguments='{"of": ')))
                await ask(bot)
                assert taken == [[]]
    await hooks.close_client(service)


async def test_secrets_of(stand: Stand, provider: Provider) -> None:
    """The key that each service was given is found in it."""
    with pinned("the attribute of a service, or of its client, that holds the key"):
        service = stand.make(provider.url)
        assert KEY in hooks.secrets_of(service)
        assert "a-model" not in hooks.secrets_of(service)
        await hooks.close_client(service)


async def test_client() -> None:
    """A client that nobody else holds is known for that, and can be closed."""
    with pinned("_client of the services of OpenAI and Anthropic"):
        own = [OpenAILLMService(api_key="a-key"), AnthropicLLMService(api_key="a-key")]
        for service in own:
            assert hooks.owns_client(service)
            await hooks.close_client(service)
            assert service._client.is_closed()
        client = AsyncAnthropic(api_key="a-key")
        assert not hooks.owns_client(AnthropicLLMService(api_key="a-key", client=client))
        assert not hooks.owns_client(plain())
        await hooks.close_client(plain())
        await client.close()

"""What the service says when it is made the wrong way: one `ValueError` that names the mistake."""

from typing import Any

import pytest
from pipecat.pipeline.pipeline import Pipeline
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.services.openai.stt import OpenAISTTService

from blastoff_pipecat import ChatEndpoint, DualLLMService
from tests.kit.environment import clear_environment

URL = "http://127.0.0.1:1/v1"
Settings = DualLLMService.Settings
VARIABLES = {
    "SMALL_MODEL_URL": URL,
    "SMALL_MODEL_NAME": "small",
    "SMALL_MODEL_API_KEY": "a-key",
    "LARGE_MODEL_URL": "https://api.deepseek.com/beta",
    "LARGE_MODEL_NAME": "large",
    "LARGE_MODEL_API_KEY": "another-key",
}


def endpoint(**changes: Any) -> ChatEndpoint:
    return ChatEndpoint(**{"base_url": URL, "model": "a-model", **changes})


def make(**options: Any) -> DualLLMService:
    return DualLLMService(**{"small": endpoint(), "large": endpoint(), **options})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_url": "api.groq.com/openai/v1"}, "base_url.*lacks http"),
        ({"base_url": ""}, "base_url is empty"),
        ({"base_url": "http://"}, "base_url.*names no host"),
        ({"base_url": None}, "base_url is a NoneType"),
        ({"model": ""}, "model is empty"),
        ({"model": None}, "model is a NoneType"),
        ({"api_key": 7}, "api_key is a int"),
        ({"api_key": "two\nlines"}, "api_key holds a line break"),
        ({"continuation": "magic"}, "continuation 'magic' is unknown"),
        ({"extra": ["x"]}, "extra is a list"),
        ({"headers": "x"}, "headers"),
    ],
)
def test_a_malformed_endpoint(changes: dict[str, Any], said: str) -> None:
    """A malformed endpoint names the field and what to do."""
    with pytest.raises(ValueError, match=said):
        endpoint(**changes)


@pytest.mark.parametrize("role", ["small", "large"])
@pytest.mark.parametrize("wrong", [None, URL, {"base_url": URL}, ChatEndpoint])
def test_no_endpoint(role: str, wrong: Any) -> None:
    """What is no endpoint is refused with the role it was given for."""
    with pytest.raises(ValueError, match=f"^{role} must be a ChatEndpoint or a Pipecat LLM "):
        make(**{role: wrong})


def openai() -> OpenAILLMService:
    return OpenAILLMService(api_key="a-key", base_url=URL)


def linked() -> OpenAILLMService:
    service = openai()
    Pipeline([service])
    return service


@pytest.mark.parametrize("role", ["small", "large"])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: OpenAILLMService, "the class OpenAILLMService: pass an instance"),
        (lambda: OpenAISTTService(api_key="a-key"), "OpenAISTTService, which is no LLM service"),
        (
            lambda: OpenAIRealtimeLLMService(api_key="a-key"),
            "OpenAIRealtimeLLMService, which hears and speaks by itself",
        ),
        (linked, "the OpenAILLMService of another pipeline"),
        (make, "a DualLLMService, which has two models of its own"),
    ],
)
def test_no_model(role: str, wrong: Any, said: str) -> None:
    """What cannot be a model is refused in one sentence, with what to pass instead."""
    wanted = f"^{role} must be a ChatEndpoint or a Pipecat LLM service of its own, such as "
    with pytest.raises(ValueError, match=f"{wanted}.*, not {said}"):
        make(**{role: wrong()})


def test_one_service_twice() -> None:
    """One instance cannot be both models, nor a model of two services."""
    service = openai()
    with pytest.raises(ValueError, match="small and large are the same instance"):
        make(small=service, large=service)
    make(large=service)
    with pytest.raises(ValueError, match=r"large must be .*, not the OpenAILLMService of another"):
        make(large=service)


def test_wrong_settings_cost_no_service() -> None:
    """A service that was given beside a wrong setting can be given again."""
    service = openai()
    with pytest.raises(ValueError, match="max_words"):
        make(large=service, settings=Settings(max_words=0))
    assert make(large=service).settings.model == service.settings.model


def test_a_continuation_that_cannot_be() -> None:
    """How a service goes on is one of two names; an endpoint says it itself."""
    with pytest.raises(ValueError, match="large_continuation"):
        make(large=openai(), large_continuation="body_prefix")
    with pytest.raises(ValueError, match=r"ChatEndpoint\(continuation='trailing'\)"):
        make(large_continuation="trailing")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("opening", "sometimes"),
        ("style", "loud"),
        ("openings", "one line"),
        ("openings", ["..."]),
        ("opening_frames", "words"),
        ("min_words", 0),
        ("min_words", 2.5),
        ("max_words", 1),
        ("max_bridges", -1),
        ("opening_instruction", ""),
        ("continuation_instruction", 7),
        ("small_max_tokens", 0),
        ("small_temperature", 2.5),
        ("small_temperature", "warm"),
        ("small_history", 0),
        ("small_first_token_timeout_secs", -0.1),
        ("large_first_token_timeout_secs", 0),
        ("stall_timeout_secs", float("inf")),
        ("stall_timeout_secs", float("nan")),
        ("connect_timeout_secs", True),
        ("model", ""),
        ("model", 7),
        ("temperature", "warm"),
        ("max_tokens", -1),
        ("top_p", []),
        ("seed", 1.5),
        ("system_instruction", ["Be kind."]),
        ("extra", {"x": object()}),
        ("extra", None),
    ],
)
def test_a_malformed_setting(setting: str, value: object) -> None:
    """A malformed setting names itself and the value."""
    with pytest.raises(ValueError, match=rf"\b{setting}\b"):
        make(settings=Settings(**{setting: value}))


def test_an_unknown_setting() -> None:
    """An unknown setting is named, with the one that was perhaps meant."""
    with pytest.raises(ValueError, match="no setting 'stal_timeout'; did you mean 'stall_timeout_"):
        Settings(stal_timeout=1.0)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"no setting 'xyzzy'$"):
        Settings(xyzzy=1.0)  # type: ignore[call-arg]


@pytest.mark.parametrize("wrong", [{"temperature": 1}, OpenAILLMService.Settings(), "fast"])
def test_settings_of_another_kind(wrong: Any) -> None:
    """Settings that are not the service's own are refused, not half taken."""
    with pytest.raises(ValueError, match=r"settings must be DualLLMService\.Settings"):
        make(settings=wrong)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("temperature", r"'temperature': it is a setting, settings=DualLLMService\.Settings\("),
        ("api_key", r"'api_key': it belongs to one of the two endpoints, ChatEndpoint\("),
        ("base_url", r"'base_url': it belongs to one of the two endpoints"),
        ("run_in_paralel", "'run_in_paralel'; did you mean 'run_in_parallel'"),
        ("params", "'params'$"),
    ],
)
def test_an_unknown_option(option: str, said: str) -> None:
    """An option that Pipecat would ignore is refused, and told where it belongs."""
    with pytest.raises(ValueError, match=f"DualLLMService has no option {said}"):
        make(**{option: 1})


def test_the_options_of_pipecat() -> None:
    """What Pipecat's LLM services take is passed on."""
    llm = make(name="Ada", run_in_parallel=False, function_call_timeout_secs=3.0)
    assert llm.name == "Ada"


def test_a_whole_service() -> None:
    """A service made as the README does is complete: every setting has a value."""
    llm = make(settings=Settings(system_instruction="Be kind.", temperature=0.5))
    assert llm.settings.model == "a-model"
    assert "NOT_GIVEN" not in str(llm.settings)
    assert llm.can_generate_metrics()


def test_no_key_is_shown() -> None:
    """A message about a service's endpoint never holds its key."""
    with pytest.raises(ValueError, match="large must be") as raised:
        make(small=endpoint(api_key="a-secret-key"), large=None)
    assert "a-secret-key" not in str(raised.value)
    assert "a-secret-key" not in repr(endpoint(api_key="a-secret-key"))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> pytest.MonkeyPatch:
    """An environment that describes both models, away from any `.env`."""
    monkeypatch.chdir(tmp_path)
    clear_environment(monkeypatch)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    """`from_env` makes the service that the environment describes."""
    llm = DualLLMService.from_env(settings=Settings(temperature=0.5), name="Ada")
    assert (llm.name, llm.settings.model, llm.settings.temperature) == ("Ada", "large", 0.5)


@pytest.mark.parametrize("missing", ["LARGE_MODEL_API_KEY", "SMALL_MODEL_NAME", "LARGE_MODEL_URL"])
def test_a_missing_variable(environment: pytest.MonkeyPatch, missing: str) -> None:
    """A variable that is missing is named in one error."""
    environment.delenv(missing)
    with pytest.raises(ValueError, match=missing):
        DualLLMService.from_env()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SMALL_MODEL_URL", "localhost:8080"),
        ("LARGE_MODEL_NAME", "  "),
        ("LARGE_MODEL_SUPPORTS_PREFIX", "perhaps"),
    ],
)
def test_a_malformed_variable(environment: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """A variable that is malformed is named in one error."""
    environment.setenv(variable, value)
    with pytest.raises(ValueError, match=variable):
        DualLLMService.from_env()

"""The environment: what each variable means, and what is said when one is wrong."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from blastoff_pipecat.environment import Environment, MisconfiguredEnvironment, read_judge
from tests.kit.environment import clear_environment

KEY = "sk-0123456789abcdef"

COMPLETE = {
    "SMALL_MODEL_URL": "https://api.groq.com/openai/v1",
    "SMALL_MODEL_API_KEY": "gsk-small-0123456789",
    "SMALL_MODEL_NAME": "qwen/qwen3.8-27b",
    "LARGE_MODEL_URL": "https://api.deepseek.com/beta",
    "LARGE_MODEL_API_KEY": KEY,
    "LARGE_MODEL_NAME": "deepseek-flash",
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fault_of(environ: dict[str, str]) -> MisconfiguredEnvironment:
    with pytest.raises(MisconfiguredEnvironment) as caught:
        Environment.read(environ)
    return caught.value


def test_both_models_are_read() -> None:
    """Each endpoint has the URL, the key and the name that its variables give."""
    environment = Environment.read(COMPLETE)

    small, large = environment.endpoints()
    assert environment.configured
    assert (small.base_url, small.model) == ("https://api.groq.com/openai/v1", "qwen/qwen3.8-27b")
    assert small.api_key == "gsk-small-0123456789"
    assert (large.base_url, large.model) == ("https://api.deepseek.com/beta", "deepseek-flash")
    assert large.api_key == KEY
    assert small.continuation == large.continuation == "auto"


def test_nothing_set_means_the_embedded_models() -> None:
    """With no model variable set there are no endpoints, and everything has its default."""
    assert Environment.read({}) == Environment(
        small=None, large=None, host="127.0.0.1", port=8000, log_level="INFO"
    )
    assert not Environment.read({}).configured


def test_an_unfilled_copy_of_the_example_means_the_embedded_models(empty_folder: Path) -> None:
    """`cp .env.example .env` changes nothing."""
    example = Path(__file__).parent.parent.parent / ".env.example"
    (empty_folder / ".env").write_text(example.read_text())

    assert Environment.read({}) == Environment()


def test_endpoints_are_asked_for_by_name_where_there_is_no_default() -> None:
    """Whoever has no embedded default is told each variable that an endpoint needs."""
    with pytest.raises(MisconfiguredEnvironment) as caught:
        Environment.read({}).endpoints()

    assert set(caught.value.faults) == {
        "SMALL_MODEL_URL",
        "SMALL_MODEL_NAME",
        "LARGE_MODEL_URL",
        "LARGE_MODEL_NAME",
    }


def test_a_key_with_more_than_the_key_in_it_is_named_by_its_variable() -> None:
    """A pasted header is told like any other fault, and its key is not."""
    fault = fault_of({**COMPLETE, "LARGE_MODEL_API_KEY": f"Bearer {KEY}"})

    assert list(fault.faults) == ["LARGE_MODEL_API_KEY"]
    assert "give the key alone" in str(fault)
    assert KEY not in str(fault)


def test_older_spellings_are_read() -> None:
    """*_MODEL_BASE_URL stands in for *_MODEL_URL, which wins where both are set."""
    environ = {**COMPLETE, "LARGE_MODEL_BASE_URL": "https://older.example/v1"}
    environ["SMALL_MODEL_BASE_URL"] = environ.pop("SMALL_MODEL_URL")

    small, large = Environment.read(environ).endpoints()
    assert small.base_url == "https://api.groq.com/openai/v1"
    assert large.base_url == "https://api.deepseek.com/beta"


@pytest.mark.parametrize("wrapped", ['  "{}" ', "'{}'", "\t{}\r\n", '" {} "'])
def test_blanks_and_quotes_around_a_value_are_tolerated(wrapped: str) -> None:
    """What `docker --env-file` and a careless copy leave around a value is not part of it."""
    environ = {name: wrapped.format(value) for name, value in COMPLETE.items()}

    assert Environment.read(environ) == Environment.read(COMPLETE)


class TestDotenv:
    """The `.env` file."""

    def test_it_is_found_from_the_current_folder_upwards(
        self, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A bot started in a folder below the project's still finds the project's `.env`."""
        (empty_folder / ".env").write_text("export PORT=7000 # ours\nLOG_LEVEL='debug'\n")
        below = empty_folder / "bots" / "phone"
        below.mkdir(parents=True)
        monkeypatch.chdir(below)

        environment = Environment.read({})
        assert (environment.port, environment.log_level) == (7000, "DEBUG")

    def test_the_real_environment_wins(self, empty_folder: Path) -> None:
        """A variable of the process hides the file's, under whichever spelling, even if empty."""
        (empty_folder / ".env").write_text(
            "\n".join(f"{name}={value}" for name, value in COMPLETE.items())
            + "\nPORT=7000\nHOST=10.0.0.1\n"
        )

        environment = Environment.read(
            {"PORT": "9000", "HOST": "", "SMALL_MODEL_BASE_URL": "http://localhost:11434/v1"}
        )
        assert (environment.port, environment.host) == (9000, "127.0.0.1")
        assert environment.small is not None
        assert environment.small.base_url == "http://localhost:11434/v1"

    def test_it_can_be_left_unread(self, empty_folder: Path) -> None:
        """dotenv=False reads the given variables alone."""
        (empty_folder / ".env").write_text("PORT=7000")

        assert Environment.read({}, dotenv=False).port == 8000

    def test_the_process_is_read_where_no_variables_are_given(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Environment.read() alone reads the process's own variables."""
        clear_environment(monkeypatch)
        monkeypatch.setenv("PORT", "7001")

        assert Environment.read().port == 7001

    def test_a_byte_order_mark_is_no_part_of_the_first_name(self, empty_folder: Path) -> None:
        """A file saved by an editor that marks it as UTF-8 is read like any other."""
        (empty_folder / ".env").write_bytes(b"\xef\xbb\xbfPORT=7000\n")

        assert Environment.read({}).port == 7000

    def test_a_file_that_is_no_text_is_refused_by_name(self, empty_folder: Path) -> None:
        """A `.env` in another encoding is one message with its path, not a traceback."""
        (empty_folder / ".env").write_bytes(b"PORT=\xff\xfe7000\n")

        assert str(empty_folder / ".env") in str(fault_of({}))


class TestWhatIsMissing:
    """Some variables are set, but not all."""

    def test_everything_missing_is_named_at_once(self) -> None:
        """One message names each variable that is needed, and none that is there."""
        fault = fault_of({"LARGE_MODEL_URL": "https://api.deepseek.com/beta"})

        assert list(fault.faults) == [
            "SMALL_MODEL_URL",
            "SMALL_MODEL_API_KEY",
            "SMALL_MODEL_NAME",
            "LARGE_MODEL_API_KEY",
            "LARGE_MODEL_NAME",
        ]
        for name, what in fault.faults.items():
            assert f"  {name} {what}\n" in str(fault)
            assert "is missing" in what

    @pytest.mark.parametrize("name", ["SMALL_MODEL_API_KEY", "LARGE_MODEL_SUPPORTS_PREFIX"])
    def test_one_variable_is_enough_to_mean_configured_models(self, name: str) -> None:
        """A half-written `.env` is never taken for the embedded default."""
        assert "LARGE_MODEL_URL" in fault_of({name: "true"}).faults

    @pytest.mark.parametrize(
        "url",
        [
            "http://localhost:11434/v1",
            "http://127.0.0.1:8080/v1",
            "http://[::1]:8080/v1",
            "http://192.168.1.20:30000/v1",
            "http://vllm:8000/v1",
            "http://host.docker.internal:1234/v1",
            "http://gpu.local:8000/v1",
        ],
    )
    def test_a_model_on_ones_own_network_needs_no_key(self, url: str) -> None:
        """Local servers seldom ask for a key, so none is asked for."""
        environ = {**COMPLETE, "SMALL_MODEL_URL": url}
        del environ["SMALL_MODEL_API_KEY"]

        small, _ = Environment.read(environ).endpoints()
        assert (small.base_url, small.api_key) == (url, None)

    @pytest.mark.parametrize("url", ["https://api.groq.com/openai/v1", "http://8.8.8.8/v1"])
    def test_a_model_elsewhere_needs_a_key(self, url: str) -> None:
        """A missing key is said before the first call fails over it."""
        environ = {**COMPLETE, "SMALL_MODEL_URL": url, "SMALL_MODEL_API_KEY": '""'}

        assert list(fault_of(environ).faults) == ["SMALL_MODEL_API_KEY"]

    def test_a_misspelt_name_is_pointed_out(self) -> None:
        """A variable that is set under a name nobody reads is named beside the missing one."""
        environ = {**COMPLETE, "LARGE_MODEL_KEY": KEY}
        del environ["LARGE_MODEL_API_KEY"]

        assert "LARGE_MODEL_KEY is set, but no variable" in str(fault_of(environ))

    def test_an_unknown_name_alone_is_no_fault(self) -> None:
        """Another program's variable may begin as ours do."""
        assert Environment.read({**COMPLETE, "LARGE_MODEL_CONTEXT": "8192"}).configured


class TestWhatIsMalformed:
    """A variable is set to something that cannot be meant."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SMALL_MODEL_URL", "api.groq.com/openai/v1"),
            ("LARGE_MODEL_URL", "ftp://api.deepseek.com"),
            ("LARGE_MODEL_URL", "https://"),
            ("LARGE_MODEL_SUPPORTS_PREFIX", "yes"),
            ("LARGE_MODEL_SUPPORTS_PREFIX", "message_prefix"),
            ("HOST", "http://0.0.0.0"),
            ("PORT", "80 80"),
            ("PORT", "65536"),
            ("PORT", "-1"),
            ("PORT", "٣"),
            ("LOG_LEVEL", "loud"),
        ],
    )
    def test_it_is_named_and_shown(self, name: str, value: str) -> None:
        """The message names the variable, shows what was found, and names nothing else."""
        fault = fault_of({**COMPLETE, name: value})

        assert list(fault.faults) == [name]
        assert repr(value) in str(fault)

    def test_all_are_named_at_once(self) -> None:
        """Faults of every kind, in both models and in the server's variables, are one message."""
        fault = fault_of(
            {
                "SMALL_MODEL_URL": "nowhere",
                "SMALL_MODEL_NAME": "tiny",
                "SMALL_MODEL_API_KEY": "two\nlines",
                "LARGE_MODEL_URL": "https://api.deepseek.com/beta",
                "LARGE_MODEL_SUPPORTS_PREFIX": "maybe",
                "PORT": "http",
                "LOG_LEVEL": "loud",
            }
        )

        assert set(fault.faults) == {
            "SMALL_MODEL_URL",
            "SMALL_MODEL_API_KEY",
            "LARGE_MODEL_API_KEY",
            "LARGE_MODEL_NAME",
            "LARGE_MODEL_SUPPORTS_PREFIX",
            "PORT",
            "LOG_LEVEL",
        }

    def test_it_is_a_value_error(self) -> None:
        """Whoever catches ValueError catches it."""
        assert isinstance(fault_of({"PORT": "http"}), ValueError)


class TestKeysStaySecret:
    """No message and no repr shows a key."""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"LARGE_MODEL_API_KEY": f"{KEY}\nx"},
            {"LARGE_MODEL_URL": KEY},
            {"LARGE_MODEL_URL": f"ftp://user:{KEY}@api.deepseek.com"},
            {"LARGE_MODEL_URL": f"ftp://user:{'hunter2' * 2}@api.deepseek.com"},
            {"LARGE_MODEL_URL": "sk-another-0123456789"},
            {"LARGE_MODEL_SUPPORTS_PREFIX": KEY},
            {"PORT": KEY},
        ],
    )
    def test_in_a_message(self, wrong: dict[str, str]) -> None:
        """A key is scrubbed wherever it was put, the wrong variable and a URL included."""
        message = str(fault_of({**COMPLETE, **wrong}))

        assert not re.search("0123456789|hunter2", message)

    def test_in_a_repr(self) -> None:
        """An Environment can be logged."""
        assert "0123456789" not in repr(Environment.read(COMPLETE))


@pytest.mark.parametrize(
    ("supports_prefix", "url", "model", "continuation"),
    [
        ("", "https://api.deepseek.com/beta", "deepseek-flash", "auto"),
        ("true", "https://api.deepseek.com/beta", "deepseek-flash", "message_prefix"),
        ("TRUE", "https://api.mistral.ai/v1", "mistral-large-4", "message_prefix"),
        ("true", "https://api.moonshot.ai/v1", "kimi-k2.6", "message_partial"),
        ("true", "https://api.siliconflow.cn/v1", "deepseek-ai/DeepSeek-V3.2", "body_prefix"),
        ("true", "https://api.deepseek.com/beta", "deepseek-of-tomorrow", "message_prefix"),
        ("true", "https://api.openai.com/v1", "gpt-6-sol", "history"),
        ("true", "https://models.example/v1", "anything", "trailing"),
        ("true", "http://localhost:8080/v1", "anything", "trailing"),
        ("false", "https://api.deepseek.com/beta", "deepseek-flash", "history"),
        ("false", "https://models.example/v1", "anything", "history"),
    ],
)
def test_supports_prefix_says_how_a_reply_is_continued(
    supports_prefix: str, url: str, model: str, continuation: str
) -> None:
    """`true` is the host's way, trailing where it is unknown; `false` is history; empty is auto."""
    _, large = Environment.read(
        {
            **COMPLETE,
            "LARGE_MODEL_URL": url,
            "LARGE_MODEL_NAME": model,
            "LARGE_MODEL_SUPPORTS_PREFIX": supports_prefix,
        }
    ).endpoints()

    assert large.continuation == continuation
    assert large.api_key == KEY


class TestTheJudge:
    """The model that judges replies is named by variables of its own."""

    NAMED: Mapping[str, str] = {
        "BLASTOFF_JUDGE_URL": "http://localhost:8000/v1",
        "BLASTOFF_JUDGE_NAME": "judge",
    }

    def test_it_is_read_by_itself(self) -> None:
        """Whatever the other models' variables say, and they whatever its own say."""
        broken = {"SMALL_MODEL_URL": "nonsense"}
        judge = read_judge({**self.NAMED, **broken}, dotenv=False)
        assert judge is not None
        assert (judge.model, judge.base_url) == ("judge", "http://localhost:8000/v1")
        assert not Environment.read({"BLASTOFF_JUDGE_URL": "nonsense"}, dotenv=False).configured

    def test_none_is_named(self) -> None:
        """An unfilled copy of the example names none."""
        assert read_judge({"BLASTOFF_JUDGE_URL": ""}, dotenv=False) is None

    def test_what_is_missing_is_named(self) -> None:
        """Its name, and a key where it is not on one's own network."""
        with pytest.raises(MisconfiguredEnvironment) as raised:
            read_judge({"BLASTOFF_JUDGE_URL": "https://api.example.com/v1"}, dotenv=False)
        assert set(raised.value.faults) == {"BLASTOFF_JUDGE_NAME", "BLASTOFF_JUDGE_API_KEY"}

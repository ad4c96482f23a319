import json
import re

import pytest

from blastoff_pipecat.endpoints import ChatEndpoint
from blastoff_pipecat.endpoints.choice import apply_choice

OPTIONS = ["Let me look.", 'He said "one moment".', "Let me look (really)?", "我看一下。"]
BODY = {"messages": [{"role": "user", "content": "Hi"}]}


def applied(choice: str) -> dict[str, object]:
    endpoint = ChatEndpoint(base_url="http://127.0.0.1:1/v1", model="m", choice=choice)
    sent = apply_choice(endpoint, BODY, OPTIONS)
    assert BODY == {"messages": [{"role": "user", "content": "Hi"}]}
    return {name: value for name, value in sent.items() if name != "messages"}


def test_llama_cpp_gets_a_grammar() -> None:
    """Each option is one quoted literal."""
    grammar = applied("grammar")["grammar"]
    assert isinstance(grammar, str)
    assert grammar.startswith('root ::= "Let me look." | "He said \\"one moment\\"." | ')


def test_vllm_gets_a_list_in_both_spellings() -> None:
    """Newer and older servers find theirs."""
    assert applied("choice") == {
        "structured_outputs": {"choice": OPTIONS},
        "guided_choice": OPTIONS,
    }


def test_sglang_gets_a_pattern_that_fits_the_options_alone() -> None:
    """Signs of the pattern language inside an option stand for themselves."""
    pattern = applied("regex")["regex"]
    assert isinstance(pattern, str)
    assert all(re.fullmatch(pattern, option) for option in OPTIONS)
    assert not re.fullmatch(pattern, "Let me lookx")


def test_others_get_a_schema() -> None:
    """The enum stands in an object, which every host takes."""
    fields = json.dumps(applied("json_schema"), ensure_ascii=False)
    assert json.dumps(OPTIONS, ensure_ascii=False) in fields


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_nothing_is_sent_where_nothing_is_known(choice: str) -> None:
    """An unknown field may cost the request."""
    assert applied(choice) == {}


@pytest.mark.parametrize("options", [[], [""]])
def test_there_must_be_something_to_choose(options: list[str]) -> None:
    """An empty list is the caller's mistake."""
    endpoint = ChatEndpoint(base_url="http://127.0.0.1:1/v1", model="m")
    with pytest.raises(ValueError, match="options"):
        apply_choice(endpoint, BODY, options)

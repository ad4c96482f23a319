"""The page's call: from the microphone to a bot over real WebRTC, and all that can go wrong."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.page.browser import Visit
from tests.page.messages import relayed
from tests.page.server import BotServer

REFUSED = {"permissions": []}

WATCHED_MICROPHONES = """
    window.microphones = [];
    const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
    if (open) navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await open(wanted);
        window.microphones.push(...stream.getAudioTracks());
        return stream;
    };
"""
"""Lets a test see the microphones that the page has opened."""


@pytest.fixture
def bot(bot: BotServer) -> Iterator[BotServer]:
    """The bot, alive again for the next test whatever this one did to it."""
    yield bot
    if not bot.running:
        bot.start()
    bot.do("confirm")


@pytest.fixture
def talking(visit: Visit) -> Visit:
    """A tab whose call is up."""
    connect(visit)
    visit.expect_status("listening")
    return visit


def connect(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Connect").click()


def announced(visit: Visit, text: str) -> None:
    visit.expect("#announcement").to_contain_text(text)


def test_a_call_comes_up_and_is_hung_up_by_one_button(visit: Visit) -> None:
    """With no other host asked for anything; the states are said to those who cannot see them."""
    connect(visit)
    visit.expect_status("listening")
    announced(visit, "Connected. The bot listens.")
    visit.page.get_by_role("button", name="Disconnect").click()
    visit.expect_status("idle")
    visit.expect("#connect").to_have_text("Connect")
    connect(visit)
    visit.expect_status("listening")


def test_what_the_bot_sends_is_shown(talking: Visit, bot: BotServer) -> None:
    """Over the data channel, as `TimelineObserver` has it sent."""
    bot.do("say", relayed(1)["data"])
    talking.expect("#turns .opening .words").to_have_text("Good question, let me think,")
    talking.expect("#heard-two-models-p50").to_have_text("0.40 s")
    talking.expect("#replies svg").to_have_count(1)


def test_the_bots_voice_is_played(talking: Visit) -> None:
    """The sound that arrives is given to the loudspeaker."""
    talking.page.wait_for_function(
        "() => { const voice = document.getElementById('voice');"
        " return voice.srcObject?.active && !voice.paused && voice.currentTime > 0; }"
    )


def test_the_microphone_is_let_go_after_the_call(visit: Visit) -> None:
    """The browser's sign that somebody listens goes out."""
    visit.page.add_init_script(WATCHED_MICROPHONES)
    visit.open()
    connect(visit)
    visit.expect_status("listening")
    states = "window.microphones.map((track) => track.readyState)"
    assert visit.page.evaluate(states) == ["live"]
    visit.page.get_by_role("button", name="Disconnect").click()
    visit.expect_status("idle")
    assert visit.page.evaluate(states) == ["ended"]


def test_mute_stops_what_the_bot_hears(visit: Visit) -> None:
    """The track is silent, the button says how to undo it, and the next call is not muted."""
    visit.page.add_init_script(WATCHED_MICROPHONES)
    visit.open()
    enabled = "window.microphones.at(-1).enabled"
    assert visit.page.get_by_role("button", name="Mute").is_disabled()
    connect(visit)
    visit.expect_status("listening")
    assert visit.page.evaluate(enabled)
    visit.page.get_by_role("button", name="Mute").click()
    visit.expect_status("muted")
    assert not visit.page.evaluate(enabled)
    announced(visit, "Muted")
    visit.page.get_by_role("button", name="Unmute").click()
    visit.expect_status("listening")
    assert visit.page.evaluate(enabled)
    visit.page.get_by_role("button", name="Mute").click()
    visit.page.get_by_role("button", name="Disconnect").click()
    connect(visit)
    visit.expect_status("listening")
    assert visit.page.evaluate(enabled)


def test_the_state_tells_whose_turn_it_is(talking: Visit) -> None:
    """A pause between opening and continuation is the bot's; an interruption is the user's."""
    steps = [
        ({"type": "user-started-speaking"}, "hearing"),
        ({"type": "user-stopped-speaking"}, "thinking"),
        (relayed(1, continuation="", done=False), "thinking"),
        ({"type": "bot-started-speaking"}, "speaking"),
        ({"type": "bot-stopped-speaking"}, "speaking"),
        ({"type": "bot-started-speaking"}, "speaking"),
        (relayed(1), "speaking"),
        ({"type": "bot-stopped-speaking"}, "listening"),
        ({"type": "user-started-speaking"}, "hearing"),
        ({"type": "user-stopped-speaking"}, "thinking"),
        (relayed(1), "thinking"),
        (relayed(2, done=False), "thinking"),
        ({"type": "bot-started-speaking"}, "speaking"),
        ({"type": "user-started-speaking"}, "hearing"),
        (relayed(2, interrupted=True), "hearing"),
        ({"type": "bot-stopped-speaking"}, "hearing"),
    ]
    for message, status in steps:
        talking.hear(message)
        assert talking.page.locator("body").get_attribute("data-status") == status


def test_leaving_the_page_hangs_up(talking: Visit, bot: BotServer) -> None:
    """The bot need not wait for a silence to know, and coming back finds no call."""
    talking.page.goto("about:blank")
    assert bot.do("wait-until-alone")["calls"] == 0
    talking.page.go_back()
    talking.expect_status("idle")


# Who answers.


def test_the_switch_tells_the_bot_who_is_to_answer(talking: Visit, bot: BotServer) -> None:
    """By mouse and by keyboard, as the bot confirms it."""
    before = len(bot.do("say", {})["chosen"])
    talking.page.get_by_role("radio", name="Large alone").check()
    talking.expect("#modes").not_to_have_attribute("aria-busy", "true")
    talking.page.get_by_role("radio", name="Large alone").press("ArrowLeft")
    talking.expect("#modes").not_to_have_attribute("aria-busy", "true")
    assert bot.do("say", {})["chosen"][before:] == ["never", "auto"]
    assert talking.page.get_by_role("radio", name="Two models").is_checked()


def test_a_choice_made_before_the_call_is_told_to_the_bot(visit: Visit, bot: BotServer) -> None:
    """Though every bot begins with two models and says so."""
    visit.page.get_by_role("radio", name="Large alone").check()
    before = len(bot.do("say", {})["chosen"])
    connect(visit)
    visit.expect_status("listening")
    visit.expect("#modes").not_to_have_attribute("aria-busy", "true")
    assert bot.do("say", {})["chosen"][before:] == ["never"]
    assert visit.page.get_by_role("radio", name="Large alone").is_checked()


def test_a_bot_that_does_not_confirm_leaves_the_switch_where_it_was(
    talking: Visit, bot: BotServer
) -> None:
    """What is shown is what the bot does."""
    bot.do("confirm-nothing")
    talking.page.get_by_role("radio", name="Large alone").check()
    talking.expect("input[value='two models']").to_be_checked()
    announced(talking, "The bot did not change who answers.")


# What goes wrong.


@pytest.mark.parametrize("visit", [REFUSED], indirect=True)
def test_a_refused_microphone_is_told_with_what_to_do(visit: Visit) -> None:
    """And the button is there to try again."""
    connect(visit)
    visit.expect_status("failed")
    visit.expect("#title").to_have_text("The microphone was refused.")
    visit.expect("#hint").to_contain_text("Allow it for this page")
    announced(visit, "The microphone was refused. Allow it")
    visit.expect("#connect").to_have_text("Connect")
    visit.page.context.grant_permissions(["microphone"])
    connect(visit)
    visit.expect_status("listening")


def test_a_computer_without_a_microphone_is_told_so(
    launch: Callable[..., Any], bot: BotServer
) -> None:
    """Nothing is plugged in."""
    context = launch().new_context(permissions=["microphone"])
    visit = Visit(context.new_page(), bot.url).open()
    connect(visit)
    visit.expect("#title").to_have_text("No microphone was found.")
    context.close()


def test_a_page_from_another_computer_over_plain_http_says_why_it_cannot(visit: Visit) -> None:
    """Browsers give a microphone to secure contexts only: told before anybody tries."""
    visit.open(host="elsewhere.test")
    visit.expect_status("failed")
    visit.expect("#title").to_contain_text("plain HTTP")
    visit.expect("#hint").to_contain_text("localhost")
    connect(visit)
    visit.expect_status("failed")


def test_a_bot_that_is_not_there_cannot_be_reached(visit: Visit, bot: BotServer) -> None:
    """The server ended while its page was open; with the bot back, the same page works."""
    bot.kill()
    connect(visit)
    visit.expect("#title").to_have_text("The bot cannot be reached.")
    announced(visit, "start it if not, then connect again")
    bot.start()
    connect(visit)
    visit.expect_status("listening")


def test_a_call_can_be_given_up_before_it_is_up(visit: Visit) -> None:
    """The one button cancels at any time, and nothing comes up afterwards."""
    visit.page.add_init_script(WATCHED_MICROPHONES)
    visit.open()
    # Two clicks in one task: the microphone is granted only after the second one.
    visit.page.evaluate("for (const _ of [1, 2]) document.getElementById('connect').click()")
    visit.page.wait_for_function("() => window.microphones.length > 0")
    visit.page.wait_for_function("() => window.microphones[0].readyState === 'ended'")
    visit.expect_status("idle")


def test_a_bot_that_hangs_up_ends_the_call(talking: Visit, bot: BotServer) -> None:
    """That is no fault: it is said, and one can connect again."""
    bot.do("hang-up")
    talking.expect("#title").to_have_text("The bot ended the call.")
    connect(talking)
    talking.expect_status("listening")


def test_an_error_of_the_bots_is_shown_and_the_call_goes_on(talking: Visit, bot: BotServer) -> None:
    """As text, whatever is in it."""
    bot.do("fail")
    talking.expect("#turns").to_contain_text("The bot reports an error: the voice <b>broke</b>")
    talking.expect_status("listening")


def test_a_bot_that_crashes_is_called_again_when_it_is_back(visit: Visit, bot: BotServer) -> None:
    """The transcript stays, the choice of who answers is told again, and hearing works."""
    connect(visit)
    visit.expect_status("listening")
    visit.page.get_by_role("radio", name="Large alone").check()
    bot.do("say", relayed(1)["data"])
    visit.expect("#replies svg").to_have_count(1)
    bot.kill()
    visit.expect_status("reconnecting")
    announced(visit, "Connection lost")
    visit.expect("#connect").to_have_text("Stop trying")
    bot.start()
    visit.expect_status("listening")
    visit.expect("#turns").to_contain_text("Connected again. The bot starts afresh.")
    visit.expect("#modes").not_to_have_attribute("aria-busy", "true")
    assert bot.do("say", relayed(1)["data"]) == {"calls": 1, "chosen": ["never"]}
    visit.expect("#replies svg").to_have_count(2)


def test_trying_again_can_be_stopped(talking: Visit, bot: BotServer) -> None:
    """The bot is not coming back."""
    bot.kill()
    talking.expect_status("reconnecting")
    talking.page.get_by_role("button", name="Stop trying").click()
    talking.expect_status("idle")


def test_a_runner_that_takes_no_browser_calls_says_so(browser: Any, bot: BotServer) -> None:
    """The server's own sentence is passed on."""
    bot.kill()
    bot.start(options=("-t", "twilio", "-x", "bot.example"))
    context = browser.new_context(permissions=["microphone"])
    visit = Visit(context.new_page(), bot.url).open()
    connect(visit)
    visit.expect("#title").to_contain_text("The bot refused the call (HTTP 400).")
    visit.expect("#title").to_contain_text("Transport 'webrtc' is not allowed")
    context.close()
    bot.kill()

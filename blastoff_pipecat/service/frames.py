"""The frames that `DualLLMService` adds to Pipecat's."""

from dataclasses import dataclass

from pipecat.frames.frames import AggregatedTextFrame, LLMTextFrame, TextFrame
from pipecat.utils.text.base_text_aggregator import TextType

from blastoff_pipecat.service.trace import TracedText


@dataclass
class OpeningTextFrame(AggregatedTextFrame):
    """A finished sentence or clause of a reply's opening, on its way to the voice.

    Pipecat's TTS services hold plain `LLMTextFrame`s back until the character after a sentence's
    end arrives, which for an opening is the *large* model's first. An aggregated frame goes to
    ``run_tts`` at once, in the TTS context of the reply, and into the same assistant message.
    """

    text_type: TextType | str = TextType.SENTENCE

    def __post_init__(self) -> None:
        """Take note that all white space between frames is in the text."""
        super().__post_init__()
        self.includes_inter_frame_spaces = True


@dataclass
class ShownOpening(LLMTextFrame):
    """An opening as observers are shown it, right after its `OpeningTextFrame`; none but they.

    An `OpeningTextFrame` is no `LLMTextFrame`, so observers that follow the model's text (RTVI's
    ``bot-llm-text``, Pipecat's latency, log and eval observers) would miss the opening. They ask
    with ``isinstance``. An observer that knows `OpeningTextFrame` tells by the class that this is
    the same text again.
    """


def spoken_opening(text: str) -> list[TextFrame]:
    """Put a piece of an opening into the frames that are pushed for it, in order."""
    spoken = text.lstrip()
    space = text[: len(text) - len(spoken)]
    # A TTS that streams tokens needs the space between two frames, one that takes whole sentences
    # must not have it in them: as plain text it reaches the one that needs it.
    before = [LLMTextFrame(space)] if space else []
    return [*before, TracedText(spoken), OpeningTextFrame(spoken)]

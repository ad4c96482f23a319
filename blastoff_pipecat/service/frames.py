"""The frames that `DualLLMService` adds to Pipecat's."""

from dataclasses import dataclass

from pipecat.frames.frames import AggregatedTextFrame, LLMTextFrame, TextFrame
from pipecat.utils.text.base_text_aggregator import TextType

from blastoff_pipecat.service.trace import TracedText


@dataclass
class SpokenTextFrame(AggregatedTextFrame):
    """A finished sentence or clause, on its way to the voice.

    Pipecat's TTS services hold plain `LLMTextFrame`s back until the character after a sentence's
    end arrives. An aggregated frame goes to ``run_tts`` at once, in the TTS context of the reply,
    and into the same assistant message.
    """

    text_type: TextType | str = TextType.SENTENCE

    def __post_init__(self) -> None:
        """Take note that all white space between frames is in the text."""
        super().__post_init__()
        self.includes_inter_frame_spaces = True


@dataclass
class OpeningTextFrame(SpokenTextFrame):
    """A piece of a reply's opening, or a waiting line: the small model's words.

    As plain text it would be spoken when the *large* model's first character arrives.
    """


@dataclass
class ClauseTextFrame(SpokenTextFrame):
    """The first clause of the large model's answer, spoken before its sentence is whole."""


@dataclass
class ShownText(LLMTextFrame):
    """A `SpokenTextFrame` as observers are shown it, right after it left; none but they.

    A `SpokenTextFrame` is no `LLMTextFrame`, so observers that follow the model's text (RTVI's
    ``bot-llm-text``, Pipecat's latency, log and eval observers) would miss it. They ask with
    ``isinstance``. An observer that knows `SpokenTextFrame` tells by the class that this is the
    same text again.
    """


@dataclass
class ShownOpening(ShownText):
    """An opening as observers are shown it."""


def spoken(text: str, kind: type[SpokenTextFrame]) -> list[TextFrame]:
    """Put a piece of text into the frames that are pushed for it, in order."""
    words = text.lstrip()
    space = text[: len(text) - len(words)]
    # A TTS that streams tokens needs the space between two frames, one that takes whole sentences
    # must not have it in them: as plain text it reaches the one that needs it.
    before = [LLMTextFrame(space)] if space else []
    return [*before, TracedText(words), kind(words)]


def shown(frame: SpokenTextFrame) -> ShownText:
    """Return what observers are shown of a frame."""
    kind = ShownOpening if isinstance(frame, OpeningTextFrame) else ShownText
    return kind(frame.text)

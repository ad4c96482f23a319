"""`TimelineObserver`: tells, while a bot speaks, what its listener hears of each reply, and when.

The callback gets the whole state of one reply, as JSON would have it, whenever something of it has
changed, and at most every 100 ms while only its text and its sound grow::

    {"type": "blastoff-timeline", "reply": 3, "mode": "two models", "done": False,
     "interrupted": False, "opening": "Well, let me think.",
     "waiting_lines": [{"words": " One moment.", "left": 2.3, "heard": 2.42, "over": 3.1}],
     "continuation": " The sky is blue …",
     "times": {"turn_ended": 0.1, "opening_text": 0.21, "opening_heard": 0.31,
               "opening_over": 1.42, "continuation_text": 3.2, "continuation_heard": 3.31,
               "over": 6.2},
     "gap": 0.21, "metrics": {…}}

- `times` are seconds after the user stopped speaking: the VAD's own stop, its waiting taken off,
  unless `fall_silent` tells better. Where it is no user turn that is answered (but a tool's result,
  or typed text, or nothing: a greeting), they count from the reply's beginning, and `turn_ended` is
  None. A bot without VAD frames counts from the end of the turn.
- `continuation_heard` is when the answer is heard: the large model's first sound. Where the large
  model is lost (`metrics` have the outcome ``small_only``), it is the small model's in its place.
- `waiting_lines` are what the small model says after its opening, while the large one is late: when
  each line's text left, its first and its last sound. A line is told apart from the opening by the
  silence before it, and by `metrics` for certain. A `TTSSpeakFrame`, as while a tool runs, is none.
- `gap` is the silence before the continuation: since the opening, or the last waiting line.
- What is not reached yet, or never is, or cannot be known, is None. `opening_over` and `over` move
  on while there is sound. They are None beside a heard opening where the voice synthesizes as a
  stream and does not say which word comes when: `opening_over`, `continuation_heard`, `gap`.
- `opening`, then `waiting_lines`, then `continuation` are what the models said, heard or not. With
  ``opening_frames="token"`` or ``skip_tts`` all is in `continuation` until `metrics` are there, and
  no waiting line is told apart.
- `mode` is what the settings say when the reply begins: a bot of two models that needs no opening
  is still one. To a tool's result the large one replies alone, unless the report says otherwise.
- `metrics` are the fields of `DualLLMMetricsData`; None until they are reported, which is just
  before or just after the reply's text is complete, and always without ``enable_metrics``.
- After an interruption `over` is the last that was heard before it.
- A message may still follow one that is `done`, with `metrics`.
- A reply is what an LLM service says at one go: a `TTSSpeakFrame` is in none, nor is a speculative
  reply that was withdrawn.

Sound is heard where it is pushed into the output transport (or leaves the voice, where there is no
transport), by the arithmetic of `heard`: neither the network's time nor the
client's buffer is in it, nor what a transport that has to resample holds back meanwhile.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from loguru import logger
from pipecat.clocks.base_clock import BaseClock
from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStoppedSpeakingFrame,
    ErrorFrame,
    Frame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed, ProcessorSetUp
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.utils.asyncio.task_manager import BaseTaskManager

from blastoff_pipecat.service.frames import (
    ClauseTextFrame,
    OpeningTextFrame,
    ShownOpening,
    ShownText,
)
from blastoff_pipecat.service.metrics import DualLLMMetricsData
from blastoff_pipecat.service.settings import DualLLMSettings
from blastoff_pipecat.timeline.heard import Playhead
from blastoff_pipecat.timeline.reply_timeline import ReplyTimeline
from blastoff_pipecat.timeline.teller import OnChange, Teller
from blastoff_pipecat.timeline.user_turn import User

_GRACE_SECS = 1.0
"""How long after the end of its audio a reply is over though the transport did not say so."""

_Note: TypeAlias = Callable[[Any, FramePushed, float], None]
"""Takes a frame, its push, and when it was pushed."""

OnSound: TypeAlias = Callable[[int, TTSAudioRawFrame, float], None]
"""Takes a piece of a reply's sound: the reply's number, and when it is heard, as `times` count."""


class TimelineObserver(BaseObserver):
    """Tells a callback of every reply's timeline while it happens.

    Give it to the worker from the start (``PipelineWorker(…, observers=[…])``): it learns there
    which processors there are. The callback runs in a task of its own: however long it takes, the
    pipeline does not wait, and the messages that it has no time for are left out, but for the last.
    What it raises is logged.
    """

    def __init__(
        self, *, on_change: OnChange, on_sound: OnSound | None = None, **kwargs: Any
    ) -> None:
        """Observe nothing yet.

        Args:
            on_change: Gets each message.
            on_sound: Gets each piece of a reply's sound when it arrives, which may be before it is
                heard. It must not take long: it is called in the observer's own task.
            **kwargs: Passed on to Pipecat's `BaseObserver` (``name``).
        """
        super().__init__(**kwargs)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        # By class; one that is not here is looked up once, and remembered with its answer.
        self._notes: dict[type[Frame], _Note | None] = {
            Frame: None,
            VADUserStartedSpeakingFrame: self._note_user_speaks,
            VADUserStoppedSpeakingFrame: self._note_user_silent,
            UserStartedSpeakingFrame: self._note_turn_began,
            UserStoppedSpeakingFrame: self._note_turn_ended,
            FunctionCallResultFrame: self._note_result,
            LLMFullResponseStartFrame: self._note_start,
            OpeningTextFrame: self._note_opening,
            LLMTextFrame: self._note_text,
            ClauseTextFrame: self._note_clause,
            ShownOpening: None,  # says again what an OpeningTextFrame has said
            ShownText: None,
            MetricsFrame: self._note_metrics,
            LLMFullResponseEndFrame: self._note_end,
            TTSSpeakFrame: self._note_aside,
            AggregatedTextFrame: self._note_announcement,
            TTSTextFrame: self._note_word,
            OutputAudioRawFrame: self._note_audio,
            TTSStoppedFrame: self._note_voice_stopped,
            ErrorFrame: self._note_error,
            BotStoppedSpeakingFrame: self._note_bot_stopped,
            InterruptionFrame: self._note_interruption,
        }
        self._clock: BaseClock | None = None
        self._has_transport = self._has_voice = False
        self._user = User()
        self._has_result = False
        self._replies: list[ReplyTimeline] = []  # that are not done
        self._count = 0
        self._written: ReplyTimeline | None = None  # the one that the LLM service writes, or wrote
        self._spoken: ReplyTimeline | None = None  # the one whose sound comes
        self._bounds: dict[int, ReplyTimeline] = {}  # by the ids of their start and end frames
        self._asides: deque[str] = deque(maxlen=8)  # what TTSSpeakFrames say
        self._aside: str | None = None
        self._playhead = Playhead()
        self._on_sound = on_sound
        self._teller = Teller(on_change, self._now)
        self._telling: asyncio.Task[None] | None = None

    async def setup(self, task_manager: BaseTaskManager) -> None:
        """Begin to tell."""
        await super().setup(task_manager)
        self._telling = self.create_task(self._teller.run(), "telling")  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat

    async def cleanup(self) -> None:
        """Tell no more."""
        telling, self._telling = self._telling, None
        if telling is not None:
            await self.cancel_task(telling)  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        await super().cleanup()

    def fall_silent(self) -> None:
        """Note that the user falls silent now, where that is known, as of speech that is played.

        The turn's times count from now on, and not from when the VAD estimates it to be.
        """
        self._user.fall_silent(self._now(), is_known=True)

    async def on_processor_setup(self, data: ProcessorSetUp) -> None:
        """Learn whether there is a transport, and a voice."""
        processor = data.processor
        self._has_voice |= isinstance(processor, TTSService)
        if isinstance(processor, BaseOutputTransport):
            self._has_transport = True
            if processor.sample_rate:
                self._playhead.chunk = processor.audio_chunk_size / 2 / processor.sample_rate

    async def on_push_frame(self, data: FramePushed) -> None:
        """Take note of a frame, if it says anything about a reply."""
        frame = data.frame
        try:
            note = self._notes[type(frame)]
        except KeyError:
            note = self._learn(type(frame))
        if note is None:
            return
        try:
            if self._clock is None:
                self._clock = data.source.get_clock()
            note(frame, data, data.timestamp / 1e9)
        except Exception:
            # An exception would end the task that Pipecat runs this observer in.
            logger.exception(f"{self}: {frame} could not be taken note of")

    def _learn(self, kind: type[Frame]) -> _Note | None:
        note = next(self._notes[base] for base in kind.__mro__ if base in self._notes)
        self._notes[kind] = note
        return note

    def _now(self) -> float:
        """The time on the pipeline's clock, which is monotonic, in seconds."""
        return (time.monotonic_ns() if self._clock is None else self._clock.get_time()) / 1e9

    # Which push of a frame says something: it is pushed again by every processor it passes.

    def _leaves_model(self, data: FramePushed) -> bool:
        return (
            data.first_push
            and data.direction is FrameDirection.DOWNSTREAM
            and isinstance(data.source, LLMService)
        )

    def _is_played(self, data: FramePushed) -> bool:
        """Whether the frame enters the output transport, or what is last where there is none."""
        if data.direction is not FrameDirection.DOWNSTREAM:
            return False
        if self._has_transport:
            return isinstance(data.destination, BaseOutputTransport)
        return isinstance(data.source, TTSService if self._has_voice else LLMService)

    # The user.

    def _note_user_speaks(self, _frame: Frame, data: FramePushed, _at: float) -> None:
        if data.first_push:
            self._user.speak()

    def _note_turn_began(self, _frame: Frame, data: FramePushed, _at: float) -> None:
        if data.first_push:
            self._user.begin()

    def _note_user_silent(
        self, frame: VADUserStoppedSpeakingFrame, data: FramePushed, at: float
    ) -> None:
        if data.first_push:
            self._user.fall_silent(at - frame.stop_secs)

    def _note_turn_ended(self, _frame: Frame, data: FramePushed, at: float) -> None:
        if data.first_push:
            self._user.end(at)
            self._teller.wake()

    def _note_result(self, _frame: Frame, data: FramePushed, _at: float) -> None:
        self._has_result |= data.first_push

    # The reply's text.

    def _note_start(self, frame: Frame, data: FramePushed, at: float) -> None:
        if self._leaves_model(data):
            self._begin(frame, data, at)
        if self._is_played(data) and (reply := self._bounds.pop(frame.id, None)):
            for earlier in self._replies:
                if earlier.number < reply.number:
                    earlier.supersede(at)
            self._spoken = reply
            self._teller.wake()

    def _begin(self, frame: Frame, data: FramePushed, at: float) -> None:
        settings = cast("LLMService[Any]", data.source).settings
        turn = self._user.answer(at)
        opens = isinstance(settings, DualLLMSettings) and settings.opening != "never"
        has_result, self._has_result = self._has_result, False
        zeros = (turn.silent, turn.ended) if turn else ()
        self._count += 1
        reply = ReplyTimeline(
            number=self._count,
            zero=next((zero for zero in zeros if zero is not None), at),
            turn=turn,
            two_models=opens and (turn is not None or not has_result),
            grace=_GRACE_SECS if self._has_transport else 0.0,
        )
        self._replies = [each for each in self._replies if not each.done]
        self._replies.append(reply)
        self._written = self._bounds[frame.id] = reply
        self._teller.follow(reply)

    def _note_opening(self, frame: OpeningTextFrame, data: FramePushed, at: float) -> None:
        if self._leaves_model(data) and self._written:
            self._written.say_opening(frame.text, at)
            self._teller.wake()
        if frame.will_be_spoken and self._is_played(data) and self._spoken:
            self._spoken.announce(opening_id=frame.id, timed=frame.pts is not None)

    def _note_text(
        self, frame: LLMTextFrame | ClauseTextFrame, data: FramePushed, at: float
    ) -> None:
        if self._leaves_model(data) and self._written:
            self._written.say(frame.text, at)
            self._teller.wake()

    def _note_clause(self, frame: ClauseTextFrame, data: FramePushed, at: float) -> None:
        self._note_text(frame, data, at)
        self._note_announcement(frame, data, at)

    def _note_metrics(self, frame: MetricsFrame, data: FramePushed, _at: float) -> None:
        if not self._leaves_model(data) or not self._written:
            return
        for each in frame.data:
            # Nothing was ever said of a reply that was withdrawn.
            if isinstance(each, DualLLMMetricsData) and each.outcome != "withdrawn":
                self._written.measure(each)
                self._teller.wake()

    def _note_end(self, frame: Frame, data: FramePushed, _at: float) -> None:
        if self._leaves_model(data) and self._written:
            self._bounds[frame.id] = self._written
        if self._is_played(data) and (reply := self._bounds.pop(frame.id, None)):
            reply.end()
            self._spoken = None if self._spoken is reply else self._spoken
            self._teller.wake()

    # Its sound.

    def _note_aside(self, frame: TTSSpeakFrame, data: FramePushed, _at: float) -> None:
        if data.first_push:
            self._asides.append(frame.text)

    def _note_announcement(self, frame: AggregatedTextFrame, data: FramePushed, _at: float) -> None:
        if not frame.will_be_spoken or not self._is_played(data):
            return
        if frame.text in self._asides:
            self._asides.remove(frame.text)
            self._aside = frame.context_id
        elif self._spoken:
            self._spoken.announce(opening_id=None, timed=frame.pts is not None)

    def _note_word(self, frame: TTSTextFrame, data: FramePushed, _at: float) -> None:
        if self._spoken and self._is_played(data) and not self._is_aside(frame.context_id):
            pts = None if frame.pts is None else frame.pts / 1e9
            self._spoken.spell(frame.text, frame.segment_id, pts)
            self._teller.wake()

    def _note_audio(self, frame: OutputAudioRawFrame, data: FramePushed, at: float) -> None:
        if not self._is_played(data):
            return
        sound = self._playhead.play(
            frame.audio, frame.sample_rate, at=at, channels=frame.num_channels
        )
        reply = self._spoken
        if not reply or not isinstance(frame, TTSAudioRawFrame) or self._is_aside(frame.context_id):
            return
        reply.hear(sound, context=frame.context_id, at=at)
        self._teller.wake()
        if self._on_sound and not reply.done:
            self._on_sound(reply.number, frame, sound.starts - reply.zero)

    def _note_voice_stopped(self, _frame: Frame, data: FramePushed, _at: float) -> None:
        if self._is_played(data):
            self._playhead.flush()

    def _is_aside(self, context: str | None) -> bool:
        """Whether a TTS context is that of a `TTSSpeakFrame`, which is in no reply."""
        return context is not None and context == self._aside

    def _note_error(self, _frame: ErrorFrame, data: FramePushed, _at: float) -> None:
        if self._spoken and isinstance(data.source, TTSService):
            self._spoken.fail()

    # Its end.

    def _note_bot_stopped(self, _frame: Frame, data: FramePushed, at: float) -> None:
        if data.first_push and data.direction is FrameDirection.DOWNSTREAM:
            for reply in self._replies:
                reply.stop(at)
            self._teller.wake()

    def _note_interruption(self, frame: InterruptionFrame, data: FramePushed, at: float) -> None:
        if data.first_push or isinstance(data.source, LLMService):
            # What begins from now on is not meant, though the frame is still on its way.
            for reply in self._replies:
                reply.doom()
        if not self._is_played(data):
            return
        for reply in self._replies:
            reply.interrupt(at)
        self._bounds = {id: reply for id, reply in self._bounds.items() if not reply.done}
        if self._spoken and self._spoken.done:
            self._spoken = None
        self._asides.clear()
        self._playhead.stop()
        self._teller.wake()

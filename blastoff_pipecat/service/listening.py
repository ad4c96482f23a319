"""What the pipeline tells of what is heard, passed on to the reply under way.

The transport tells upstream when the bot's sound begins, every 0.2 s that it goes on, and when it
ends; the user's speech is told by voice activity and by turns. A reply needs it to know how long
its own words last, and not to speak while the user does.
"""

import time
from collections.abc import Mapping

from pipecat.frames.frames import (
    BotSpeakingFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from blastoff_pipecat.conductor.conductor import Reply
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.cover import PLAYING_SECS, Voice

_PAUSE_SECS = 1.5 * PLAYING_SECS  # reports of one sound are closer to each other

_EVENTS: Mapping[type[Frame], tuple[ev.Event, ...]] = {
    BotStartedSpeakingFrame: (ev.VoiceStarted(),),
    BotSpeakingFrame: (ev.VoicePlaying(),),
    BotStoppedSpeakingFrame: (ev.VoiceStopped(),),
    UserStartedSpeakingFrame: (ev.UserSpeaks(True),),
    VADUserStartedSpeakingFrame: (ev.UserSpeaks(True),),
    VADUserStoppedSpeakingFrame: (ev.UserSpeaks(False),),
    UserStoppedSpeakingFrame: (ev.UserSpeaks(False), ev.TurnConfirmed()),
}
"""What each frame means for a reply."""


class Listening:
    """Listens for the replies of one service."""

    def __init__(self, voice: Voice) -> None:
        """Listen to nothing yet; `voice` learns its pace from what is heard."""
        self._voice = voice
        self._reply: Reply | None = None
        self._measured: Reply | None = None  # whose sound was not interrupted yet
        self._user_speaks = False
        self._sounds_since: float | None = None
        self._heard_at: float | None = None  # of this reply, at last
        self._paused = False

    def to(self, reply: Reply) -> Reply:
        """Pass on to this reply, from now on, what is heard."""
        self._reply = self._measured = reply
        self._sounds_since = self._heard_at = None
        self._paused = False
        if self._user_speaks:
            reply.tell(ev.UserSpeaks(True))
        return reply

    def process(self, frame: Frame) -> None:
        """Pass on what a frame tells."""
        events = _EVENTS.get(type(frame))
        if events is None:
            if isinstance(frame, InterruptionFrame):
                self._sounds_since = None
            return
        for event in events:
            if isinstance(event, ev.UserSpeaks):
                self._user_speaks = event.speaking
            if self._reply is not None:
                self._reply.tell(event)
        self._learn_pace(frame)

    def _learn_pace(self, frame: Frame) -> None:
        """Learn from a reply that was heard from its beginning to its end without a pause."""
        now = time.monotonic()
        if isinstance(frame, BotStartedSpeakingFrame | BotSpeakingFrame):
            if self._heard_at is None:
                self._sounds_since = now if isinstance(frame, BotStartedSpeakingFrame) else None
            self._paused |= self._heard_at is not None and now - self._heard_at > _PAUSE_SECS
            self._heard_at = now
        elif isinstance(frame, BotStoppedSpeakingFrame) and self._sounds_since is not None:
            since, self._sounds_since = self._sounds_since, None
            paused = self._paused or now - (self._heard_at or since) > _PAUSE_SECS
            reply, self._measured = self._measured, None
            if reply is not None and (said := reply.said_whole) and not paused:
                self._voice.pace.learn(said, now - since)

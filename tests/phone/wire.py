"""What each carrier writes on a media stream, and what it reads from it, as its documentation says.

None of this is Pipecat's: the messages are typed in from the carriers' pages, and so is G.711.
"""

import base64
import json
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

RATE = 8000
"""Samples a second on the telephone."""

Message = dict[str, Any]


def to_mulaw(pcm: bytes) -> bytes:
    """Write 16-bit samples as μ-law (ITU-T G.711)."""
    samples = np.frombuffer(pcm, "<i2").astype(np.int32)
    sign = (samples < 0) << 7
    magnitude = np.minimum(np.abs(samples), 32635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()


def from_mulaw(data: bytes) -> bytes:
    """Read μ-law as 16-bit samples."""
    code = ~np.frombuffer(data, np.uint8).astype(np.int32) & 0xFF
    magnitude: NDArray[np.int32] = (((code & 0x0F) << 3) + 132 << ((code >> 4) & 7)) - 132
    return np.where(code & 0x80, -magnitude, magnitude).astype("<i2").tobytes()


@dataclass
class Wire(ABC):
    """One stream."""

    name: ClassVar[str]
    frame_secs: ClassVar[float] = 0.02
    call: str = field(default_factory=lambda: str(uuid.uuid4()))
    stream: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent: int = 0
    chunks: int = 0

    @abstractmethod
    def hello(self) -> list[Message]:
        """What is sent before any sound."""

    @abstractmethod
    def media(self, pcm: bytes) -> Message:
        """One piece of what the caller says."""

    @abstractmethod
    def dtmf(self, digit: str) -> Message:
        """A key that the caller presses."""

    @abstractmethod
    def bye(self) -> list[Message]:
        """What is sent before the stream is closed."""

    @abstractmethod
    def sound(self, message: Message) -> bytes | None:
        """The samples that the bot wants played; None where it wants something else."""

    @abstractmethod
    def is_clear(self, message: Message) -> bool:
        """Whether the bot wants nothing more played of what it has sent."""

    def reply(self, message: Message) -> Message | None:
        """What the carrier says at once to what the bot wants."""
        return None

    def _count(self) -> int:
        self.sent += 1
        return self.sent


@dataclass
class Twilio(Wire):
    """https://www.twilio.com/docs/voice/media-streams/websocket-messages ."""

    name = "twilio"
    account = "AC0123456789abcdef0123456789abcdef"

    def hello(self) -> list[Message]:
        start = {
            "accountSid": self.account,
            "streamSid": self.stream,
            "callSid": self.call,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": RATE, "channels": 1},
            "customParameters": {},
        }
        return [
            {"event": "connected", "protocol": "Call", "version": "1.0.0"},
            self._numbered({"event": "start", "start": start}),
        ]

    def media(self, pcm: bytes) -> Message:
        self.chunks += 1
        media = {
            "track": "inbound",
            "chunk": str(self.chunks),
            "timestamp": str(self.chunks * 20),
            "payload": _base64(to_mulaw(pcm)),
        }
        return self._numbered({"event": "media", "media": media})

    def dtmf(self, digit: str) -> Message:
        return self._numbered({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": digit}})

    def bye(self) -> list[Message]:
        stop = {"accountSid": self.account, "callSid": self.call}
        return [self._numbered({"event": "stop", "stop": stop})]

    def sound(self, message: Message) -> bytes | None:
        assert message["streamSid"] == self.stream
        if message["event"] != "media":
            return None
        return from_mulaw(base64.b64decode(message["media"]["payload"], validate=True))

    def is_clear(self, message: Message) -> bool:
        return message["event"] == "clear"

    def reply(self, message: Message) -> Message | None:
        if message["event"] != "mark":
            return None
        return self._numbered({"event": "mark", "mark": message["mark"]})

    def _numbered(self, message: Message) -> Message:
        return {**message, "sequenceNumber": str(self._count()), "streamSid": self.stream}


@dataclass
class Telnyx(Wire):
    """https://developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket ."""

    name = "telnyx"

    def hello(self) -> list[Message]:
        start = {
            "user_id": "3E6F995F-85F7-4705-9741-53B116D28237",
            "call_control_id": f"v3:{self.call}",
            "call_session_id": "ff55a038-6f5d-11ef-9692-02420aeffb1f",
            "from": "+13122010094",
            "to": "+13122123456",
            "media_format": {"encoding": "PCMU", "sample_rate": RATE, "channels": 1},
        }
        return [
            {"event": "connected", "version": "1.0.0"},
            self._numbered({"event": "start", "start": start}),
        ]

    def media(self, pcm: bytes) -> Message:
        self.chunks += 1
        media = {
            "track": "inbound",
            "chunk": str(self.chunks),
            "timestamp": str(self.chunks * 20),
            "payload": _base64(to_mulaw(pcm)),
        }
        return self._numbered({"event": "media", "media": media})

    def dtmf(self, digit: str) -> Message:
        return self._numbered({"event": "dtmf", "dtmf": {"digit": digit}})

    def bye(self) -> list[Message]:
        return [self._numbered({"event": "stop", "stop": {"call_control_id": f"v3:{self.call}"}})]

    def sound(self, message: Message) -> bytes | None:
        if message["event"] != "media":
            return None
        return from_mulaw(base64.b64decode(message["media"]["payload"], validate=True))

    def is_clear(self, message: Message) -> bool:
        return message == {"event": "clear"}

    def reply(self, message: Message) -> Message | None:
        return message if message["event"] == "mark" else None

    def _numbered(self, message: Message) -> Message:
        return {**message, "sequence_number": str(self._count()), "stream_id": self.stream}


@dataclass
class Plivo(Wire):
    """https://www.plivo.com/docs/voice-agents/audio-streaming/concepts/audio-streaming-reference .

    It says nothing before the start and nothing at the end.
    """

    name = "plivo"

    def hello(self) -> list[Message]:
        start = {
            "callId": self.call,
            "streamId": self.stream,
            "accountId": "MAXXXXXXXXXXXXXXXXXX",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": RATE},
        }
        return [
            {"event": "start", "sequenceNumber": self._count(), "start": start, "extra_headers": ""}
        ]

    def media(self, pcm: bytes) -> Message:
        self.chunks += 1
        media = {
            "track": "inbound",
            "timestamp": str(1705312200000 + self.chunks * 20),
            "chunk": self.chunks,
            "payload": _base64(to_mulaw(pcm)),
        }
        return self._numbered({"event": "media", "media": media, "extra_headers": ""})

    def dtmf(self, digit: str) -> Message:
        dtmf = {"track": "inbound", "digit": digit, "timestamp": str(1705312200000)}
        return self._numbered({"event": "dtmf", "dtmf": dtmf, "extra_headers": ""})

    def bye(self) -> list[Message]:
        return []

    def sound(self, message: Message) -> bytes | None:
        assert message["streamId"] == self.stream
        if message["event"] != "playAudio":
            return None
        media = message["media"]
        assert (media["contentType"], media["sampleRate"]) == ("audio/x-mulaw", RATE)
        return from_mulaw(base64.b64decode(media["payload"], validate=True))

    def is_clear(self, message: Message) -> bool:
        return message["event"] == "clearAudio"

    def reply(self, message: Message) -> Message | None:
        if message["event"] == "clearAudio":
            return self._numbered({"event": "clearedAudio"})
        if message["event"] == "checkpoint":
            return self._numbered({"event": "playedStream", "name": message["name"]})
        return None

    def _numbered(self, message: Message) -> Message:
        return {**message, "sequenceNumber": self._count(), "streamId": self.stream}


@dataclass
class Exotel(Wire):
    """https://developer.exotel.com/docs/agentstream/websocket-protocol .

    It sends 16-bit PCM, 100 ms at once.
    """

    name = "exotel"
    frame_secs = 0.1

    def hello(self) -> list[Message]:
        start = {
            "stream_sid": self.stream,
            "call_sid": self.call,
            "account_sid": "ACxxxxxxxxxxxxxxxxxxxxxxxx",
            "from": "+919876543210",
            "to": "+918047491899",
            "custom_parameters": {},
            "media_format": {"encoding": "audio/x-raw", "sample_rate": "8000", "bit_rate": "16"},
        }
        return [{"event": "connected"}, self._numbered({"event": "start", "start": start})]

    def media(self, pcm: bytes) -> Message:
        self.chunks += 1
        media = {
            "chunk": str(self.chunks),
            "timestamp": str(self.chunks * 100),
            "payload": _base64(pcm),
        }
        return self._numbered({"event": "media", "media": media})

    def dtmf(self, digit: str) -> Message:
        return self._numbered({"event": "dtmf", "dtmf": {"digit": digit, "duration": "100"}})

    def bye(self) -> list[Message]:
        stop = {"call_sid": self.call, "account_sid": "ACxxxxxxxxxxxxxxxxxxxxxxxx"}
        return [self._numbered({"event": "stop", "stop": {**stop, "reason": "callended"}})]

    def sound(self, message: Message) -> bytes | None:
        assert message["stream_sid"] == self.stream
        if message["event"] != "media":
            return None
        pcm = base64.b64decode(message["media"]["payload"], validate=True)
        # Exotel's bounds: smaller pieces are played badly, larger ones too late.
        assert 3200 <= len(pcm) <= 100_000
        assert len(pcm) % 320 == 0
        return pcm

    def is_clear(self, message: Message) -> bool:
        return message["event"] == "clear"

    def reply(self, message: Message) -> Message | None:
        if message["event"] != "mark":
            return None
        return self._numbered({"event": "mark", "mark": message["mark"]})

    def _numbered(self, message: Message) -> Message:
        return {**message, "sequence_number": str(self._count()), "stream_sid": self.stream}


WIRES: dict[str, type[Wire]] = {each.name: each for each in (Twilio, Telnyx, Plivo, Exotel)}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def read(text: str | bytes) -> Message:
    """Read a message; carriers take text alone (Twilio's error 31950)."""
    assert isinstance(text, str)
    return json.loads(text)

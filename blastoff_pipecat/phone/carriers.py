"""The carriers: what each is asked to prove, and what its webhook is answered with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from blastoff_pipecat.environment import Variables
from blastoff_pipecat.environment.variable import Text
from blastoff_pipecat.phone.daily import DailySignature
from blastoff_pipecat.phone.plivo import PlivoSignature
from blastoff_pipecat.phone.request import Signature
from blastoff_pipecat.phone.telnyx import TelnyxSignature
from blastoff_pipecat.phone.twilio import TwilioSignature


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """A carrier that signs its webhooks.

    Attributes:
        name: What the runner calls it.
        secret: The environment variable that holds what its signatures are checked with.
        where: Where to find the value.
        signature: Makes the check; raises ValueError where the value cannot be used.
        webhook: The path that the carrier posts to when a call comes in.
        answer: The document that the webhook is answered with, and in it ``{stream}``, the URL that
            the call's sound goes to; None where the runner answers. After the stream has ended it
            hangs up, so a call ends when the bot closes its stream, also where the bot has no key
            to the carrier's REST API.
        busy: The document that the webhook is answered with where no line is free, and in it
            ``{line}``, which is spoken; None where the runner answers.
        signs_streams: Whether the stream's handshake is signed too.
        more: Further arguments of `signature`, and the variables that may hold them.
    """

    name: str
    secret: Text
    where: str
    signature: Callable[..., Signature]
    webhook: str = "/"
    answer: str | None = None
    busy: str | None = None
    signs_streams: bool = False
    more: Mapping[str, Text] = field(default_factory=dict[str, Text])


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<Response>{}<Hangup/></Response>'

TWILIO = Carrier(
    name="twilio",
    secret=Variables.TWILIO_AUTH_TOKEN,
    where="the account's auth token, in Twilio's console",
    signature=TwilioSignature,
    answer=_XML.format('<Connect><Stream url="{stream}"/></Connect>'),
    busy=_XML.format("<Say>{line}</Say>"),
    signs_streams=True,
    more={"shared_key": Variables.TWILIO_SHARED_KEY_SECRET},
)

TELNYX = Carrier(
    name="telnyx",
    secret=Variables.TELNYX_PUBLIC_KEY,
    where="the account's public key, in Telnyx's portal under Keys & Credentials",
    signature=TelnyxSignature,
    answer=_XML.format('<Connect><Stream url="{stream}" bidirectionalMode="rtp"/></Connect>'),
    busy=_XML.format("<Say>{line}</Say>"),
)

PLIVO = Carrier(
    name="plivo",
    secret=Variables.PLIVO_AUTH_TOKEN,
    where="the account's auth token, in Plivo's console",
    signature=PlivoSignature,
    answer=_XML.format(
        '<Stream bidirectional="true" keepCallAlive="true"'
        ' contentType="audio/x-mulaw;rate=8000">{stream}</Stream>'
    ),
    busy=_XML.format("<Speak>{line}</Speak>"),
)

DAILY = Carrier(
    name="daily",
    secret=Variables.PINLESS_HMAC_SECRET,
    where="the “hmac” of the number's pinless_dialin configuration at Daily",
    signature=DailySignature,
    webhook="/daily-dialin-webhook",
)

CARRIERS: Mapping[str, Carrier] = {each.name: each for each in (TWILIO, TELNYX, PLIVO, DAILY)}
"""By name. Exotel is none of them: it signs nothing, see `exotel`."""

"""The carriers: what each has to prove, how its webhook is answered and its stream read.

Streams are read, written and ended by Pipecat's serializers. Its runner makes them too, but only
where every key to the carrier's REST API is set: a call fails otherwise, and so it does where
Twilio's auth token, which its signatures need, stands beside an API key. Here a call is ended
through the REST API where the keys for it are set; else it ends because the bot closes its stream.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipecat.runner.types import CallData, TelnyxCallData
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.serializers.exotel import ExotelFrameSerializer
from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from pipecat.serializers.twilio import TwilioFrameSerializer

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
        serializer: Makes the serializer of a call, of what its stream told, the variables, and
            whether it is to hang up through the REST API; None where a call has no stream.
        rest_keys: The variables that hanging up needs.
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
    serializer: Callable[[CallData, Mapping[str, str], bool], FrameSerializer] | None = None
    rest_keys: tuple[Text, ...] = ()


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<Response>{}<Hangup/></Response>'


def _twilio(call: CallData, environ: Mapping[str, str], hang_up: bool) -> FrameSerializer:
    key, secret = Variables.TWILIO_API_KEY.read(environ), Variables.TWILIO_API_SECRET.read(environ)
    with_key = bool(key and secret)
    region, edge = Variables.TWILIO_REGION.read(environ), Variables.TWILIO_EDGE.read(environ)
    placed = bool(region and edge)
    return TwilioFrameSerializer(
        stream_sid=call.stream_id or "",
        call_sid=call.call_id,
        account_sid=Variables.TWILIO_ACCOUNT_SID.read(environ),
        # Pipecat takes one of the two, not both.
        auth_token=None if with_key else Variables.TWILIO_AUTH_TOKEN.read(environ),
        api_key_sid=key if with_key else None,
        api_key_secret=secret if with_key else None,
        region=region if placed else None,
        edge=edge if placed else None,
        base_url=Variables.TWILIO_BASE_URL.read(environ),
        params=TwilioFrameSerializer.InputParams(auto_hang_up=hang_up),
    )


TWILIO = Carrier(
    name="twilio",
    secret=Variables.TWILIO_AUTH_TOKEN,
    where="the account's auth token, in Twilio's console",
    signature=TwilioSignature,
    answer=_XML.format('<Connect><Stream url="{stream}"/></Connect>'),
    busy=_XML.format("<Say>{line}</Say>"),
    signs_streams=True,
    more={"shared_key": Variables.TWILIO_SHARED_KEY_SECRET},
    serializer=_twilio,
    rest_keys=(Variables.TWILIO_ACCOUNT_SID, Variables.TWILIO_AUTH_TOKEN),
)


def _telnyx(call: CallData, environ: Mapping[str, str], hang_up: bool) -> FrameSerializer:
    sent = call.outbound_encoding if isinstance(call, TelnyxCallData) else None
    return TelnyxFrameSerializer(
        stream_id=call.stream_id or "",
        outbound_encoding=sent or "PCMU",
        inbound_encoding="PCMU",
        call_control_id=call.call_id,
        api_key=Variables.TELNYX_API_KEY.read(environ),
        params=TelnyxFrameSerializer.InputParams(auto_hang_up=hang_up),
    )


TELNYX = Carrier(
    name="telnyx",
    secret=Variables.TELNYX_PUBLIC_KEY,
    where="the account's public key, in Telnyx's portal under Keys & Credentials",
    signature=TelnyxSignature,
    answer=_XML.format('<Connect><Stream url="{stream}" bidirectionalMode="rtp"/></Connect>'),
    busy=_XML.format("<Say>{line}</Say>"),
    serializer=_telnyx,
    rest_keys=(Variables.TELNYX_API_KEY,),
)


def _plivo(call: CallData, environ: Mapping[str, str], hang_up: bool) -> FrameSerializer:
    return PlivoFrameSerializer(
        stream_id=call.stream_id or "",
        call_id=call.call_id,
        auth_id=Variables.PLIVO_AUTH_ID.read(environ),
        auth_token=Variables.PLIVO_AUTH_TOKEN.read(environ),
        params=PlivoFrameSerializer.InputParams(auto_hang_up=hang_up),
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
    serializer=_plivo,
    rest_keys=(Variables.PLIVO_AUTH_ID, Variables.PLIVO_AUTH_TOKEN),
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


def missing_rest_keys(carrier: str, environ: Mapping[str, str]) -> list[str]:
    """The variables that are missing to end calls through the carrier's REST API.

    Args:
        carrier: The carrier's name.
        environ: The variables.
    """
    keys = CARRIERS[carrier].rest_keys if carrier in CARRIERS else ()
    return [each.name for each in keys if not each.read(environ)]


def serializer_for(carrier: str, call: CallData, environ: Mapping[str, str]) -> FrameSerializer:
    """Make the serializer of one call.

    Args:
        carrier: The carrier's name.
        call: What the stream's first messages told.
        environ: The variables.

    Raises:
        ValueError: There is no such carrier, or the call's stream has no name.
    """
    if not call.stream_id:
        raise ValueError("the stream has no name")
    if carrier == "exotel":  # which has no REST call to hang up with
        return ExotelFrameSerializer(stream_sid=call.stream_id, call_sid=call.call_id)
    make = CARRIERS[carrier].serializer if carrier in CARRIERS else None
    if make is None:
        raise ValueError(f"{carrier} is no carrier")
    hang_up = not missing_rest_keys(carrier, environ) and bool(call.call_id)
    return make(call, environ, hang_up)

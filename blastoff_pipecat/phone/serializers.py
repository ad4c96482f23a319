"""How each carrier's media stream is read, written and ended, by Pipecat's serializers.

Pipecat's runner makes them too, but only where every key to the carrier's REST API is set: a call
fails otherwise, and so it does where Twilio's auth token, which its signatures need, stands beside
an API key. Here a call is ended through the REST API where the keys for it are set; where they are
not, it ends because the bot closes its stream.
"""

from collections.abc import Mapping

from pipecat.runner.types import CallData, TelnyxCallData
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.serializers.exotel import ExotelFrameSerializer
from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from pipecat.serializers.twilio import TwilioFrameSerializer

from blastoff_pipecat.environment import Variables
from blastoff_pipecat.environment.variable import Text

_REST_KEYS: Mapping[str, tuple[Text, ...]] = {
    "twilio": (Variables.TWILIO_ACCOUNT_SID, Variables.TWILIO_AUTH_TOKEN),
    "telnyx": (Variables.TELNYX_API_KEY,),
    "plivo": (Variables.PLIVO_AUTH_ID, Variables.PLIVO_AUTH_TOKEN),
}


def missing_rest_keys(carrier: str, environ: Mapping[str, str]) -> list[str]:
    """The variables that are missing to end calls through the carrier's REST API.

    Args:
        carrier: The carrier's name.
        environ: The variables.
    """
    return [each.name for each in _REST_KEYS.get(carrier, ()) if not each.read(environ)]


def serializer_for(carrier: str, call: CallData, environ: Mapping[str, str]) -> FrameSerializer:
    """Make the serializer of one call.

    Args:
        carrier: The carrier's name.
        call: What the stream's first messages told.
        environ: The variables: those of `missing_rest_keys`, and for Twilio all of its others.

    Raises:
        ValueError: There is no such carrier, or the call's stream has no name.
    """
    if not call.stream_id:
        raise ValueError("the stream has no name")
    hang_up = not missing_rest_keys(carrier, environ) and bool(call.call_id)
    match carrier:
        case "twilio":
            return _twilio(call.stream_id, call, environ, hang_up=hang_up)
        case "telnyx":
            sent = call.outbound_encoding if isinstance(call, TelnyxCallData) else None
            return TelnyxFrameSerializer(
                stream_id=call.stream_id,
                outbound_encoding=sent or "PCMU",
                inbound_encoding="PCMU",
                call_control_id=call.call_id,
                api_key=Variables.TELNYX_API_KEY.read(environ),
                params=TelnyxFrameSerializer.InputParams(auto_hang_up=hang_up),
            )
        case "plivo":
            return PlivoFrameSerializer(
                stream_id=call.stream_id,
                call_id=call.call_id,
                auth_id=Variables.PLIVO_AUTH_ID.read(environ),
                auth_token=Variables.PLIVO_AUTH_TOKEN.read(environ),
                params=PlivoFrameSerializer.InputParams(auto_hang_up=hang_up),
            )
        case "exotel":  # has no REST call to hang up with
            return ExotelFrameSerializer(stream_sid=call.stream_id, call_sid=call.call_id)
        case _:
            raise ValueError(f"{carrier} is no carrier")


def _twilio(
    stream: str, call: CallData, environ: Mapping[str, str], *, hang_up: bool
) -> TwilioFrameSerializer:
    key, secret = Variables.TWILIO_API_KEY.read(environ), Variables.TWILIO_API_SECRET.read(environ)
    with_key = bool(key and secret)
    region, edge = Variables.TWILIO_REGION.read(environ), Variables.TWILIO_EDGE.read(environ)
    placed = bool(region and edge)
    return TwilioFrameSerializer(
        stream_sid=stream,
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

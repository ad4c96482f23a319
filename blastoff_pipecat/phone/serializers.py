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

_REST_KEYS: Mapping[str, tuple[str, ...]] = {
    "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
    "telnyx": ("TELNYX_API_KEY",),
    "plivo": ("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"),
}


def missing_rest_keys(carrier: str, environ: Mapping[str, str]) -> list[str]:
    """The variables that are missing to end calls through the carrier's REST API.

    Args:
        carrier: The carrier's name.
        environ: The variables.
    """
    return [name for name in _REST_KEYS.get(carrier, ()) if not environ.get(name)]


def serializer_for(carrier: str, call: CallData, environ: Mapping[str, str]) -> FrameSerializer:
    """Make the serializer of one call.

    Args:
        carrier: The carrier's name.
        call: What the stream's first messages told.
        environ: The variables: those of `missing_rest_keys`, and for Twilio also its API key in
            place of the auth token (``TWILIO_API_KEY``, ``TWILIO_API_SECRET``), its region
            (``TWILIO_REGION`` with ``TWILIO_EDGE``), or the root of an API that does as Twilio's
            (``TWILIO_BASE_URL``).

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
                api_key=environ.get("TELNYX_API_KEY"),
                params=TelnyxFrameSerializer.InputParams(auto_hang_up=hang_up),
            )
        case "plivo":
            return PlivoFrameSerializer(
                stream_id=call.stream_id,
                call_id=call.call_id,
                auth_id=environ.get("PLIVO_AUTH_ID"),
                auth_token=environ.get("PLIVO_AUTH_TOKEN"),
                params=PlivoFrameSerializer.InputParams(auto_hang_up=hang_up),
            )
        case "exotel":  # has no REST call to hang up with
            return ExotelFrameSerializer(stream_sid=call.stream_id, call_sid=call.call_id)
        case _:
            raise ValueError(f"{carrier} is no carrier")


def _twilio(
    stream: str, call: CallData, environ: Mapping[str, str], *, hang_up: bool
) -> TwilioFrameSerializer:
    key, secret = environ.get("TWILIO_API_KEY"), environ.get("TWILIO_API_SECRET")
    with_key = bool(key and secret)
    region, edge = environ.get("TWILIO_REGION"), environ.get("TWILIO_EDGE")
    placed = bool(region and edge)
    return TwilioFrameSerializer(
        stream_sid=stream,
        call_sid=call.call_id,
        account_sid=environ.get("TWILIO_ACCOUNT_SID"),
        # Pipecat takes one of the two, not both.
        auth_token=None if with_key else environ.get("TWILIO_AUTH_TOKEN"),
        api_key_sid=key if with_key else None,
        api_key_secret=secret if with_key else None,
        region=region if placed else None,
        edge=edge if placed else None,
        base_url=environ.get("TWILIO_BASE_URL") or None,
        params=TwilioFrameSerializer.InputParams(auto_hang_up=hang_up),
    )

"""The doors of a phone bot: which requests each opens for.

A door knows nothing of ASGI. It says why something is refused, for the log, and None where it is
let in; whoever is refused is told nothing but that.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from xml.sax.saxutils import escape

from blastoff_pipecat.address import LOOPBACK, host_of
from blastoff_pipecat.phone.admission import StreamTokens, UsedWords
from blastoff_pipecat.phone.carriers import Carrier
from blastoff_pipecat.phone.exotel import ExotelSecret
from blastoff_pipecat.phone.request import Signature, SignedRequest

_STREAM = "/ws"


class Door(ABC):
    """What lets in; where a method is not its own, there is no webhook that could do more.

    Attributes:
        host: The public host name that callers of the webhook use.
        webhook: The path of the one webhook there is; None for none.
    """

    host = ""
    webhook: str | None = None

    def webhook_fault(self, request: SignedRequest) -> str | None:
        """Say why a request to the webhook is refused; None where it is taken."""
        return "is of no use here"

    def caller(self, request: SignedRequest) -> str:
        """Who calls, by a request to the webhook; empty where it does not tell."""
        return ""

    def answer(self, caller: str = "") -> str | None:
        """The document that a webhook is answered with; None to leave the answer to the runner."""
        return None

    def busy(self, line: str) -> str | None:
        """The document that says a line and hangs up; None where there is none."""
        return None

    def stream_caller(self, path: str) -> str:
        """Whose stream a path announces; empty where that is not known."""
        return ""

    @abstractmethod
    def stream_fault(self, path: str, headers: Mapping[str, str], client: str) -> str | None:
        """Say why a websocket is refused; None where it is let in.

        Args:
            path: The path that is asked for.
            headers: By their names in lower case.
            client: The address it comes from.
        """


class CarrierDoor(Door):
    """Opens for one carrier's signed webhooks, and for the streams that their answers announce."""

    def __init__(
        self,
        carrier: Carrier,
        signature: Signature | None,
        host: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open for nothing else.

        Args:
            carrier: The carrier.
            signature: Its check; None to let everybody in.
            host: The public host name, and port if need be, under which this bot is reached.
            clock: Tells the time, in seconds since 1970.
        """
        self.host = host
        self.webhook = carrier.webhook
        self._carrier = carrier
        self._signature = signature
        self._clock = clock
        self._tokens = StreamTokens(clock)
        self._used = UsedWords()

    def webhook_fault(self, request: SignedRequest) -> str | None:
        """Refuse what is not signed, is too old, or was taken before."""
        if self._signature is None:
            return None
        if fault := self._signature.fault(request, self._clock()):
            return fault
        single_use = self._signature.single_use(request)
        if single_use is not None and not self._used.first_use(single_use):
            return "was taken before"
        return None

    def caller(self, request: SignedRequest) -> str:
        """Read who calls; Twilio, Telnyx and Plivo agree on the field."""
        with suppress(ValueError):
            return dict(request.form()).get("From", "")
        return ""

    def answer(self, caller: str = "") -> str | None:
        """Announce a stream under a URL that nobody else knows, and that is good once."""
        if self._carrier.answer is None:
            return None
        stream = f"wss://{self.host}{_STREAM}/{self._tokens.issue(caller)}"
        return self._carrier.answer.format(stream=stream)

    def busy(self, line: str) -> str | None:
        """Say a line in the carrier's own voice."""
        return self._carrier.busy and self._carrier.busy.format(line=escape(line))

    def stream_caller(self, path: str) -> str:
        """Who called when the stream was announced."""
        return self._tokens.caller(path.removeprefix(f"{_STREAM}/"))

    def stream_fault(self, path: str, headers: Mapping[str, str], client: str) -> str | None:
        """Refuse what no webhook's answer announced, and what is not signed though it should be."""
        if self._carrier.answer is None:
            return "is no stream of this carrier's"
        if self._signature is None:
            return None
        token = path.removeprefix(f"{_STREAM}/")
        if self._carrier.signs_streams:
            request = SignedRequest(url=f"wss://{self.host}{path}", headers=headers)
            if fault := self._signature.fault(request, self._clock()):
                return fault.replace(token, "…") if token else fault  # it is still good
        if not self._tokens.redeem(token):
            return "has no token that is good now"
        return None


class ExotelDoor(Door):
    """Opens for streams that know the secret."""

    def __init__(self, secret: ExotelSecret | None) -> None:
        """Open for nothing else; None lets everybody in."""
        self._secret = secret

    def stream_fault(self, path: str, headers: Mapping[str, str], client: str) -> str | None:
        """Refuse who does not know the secret."""
        if self._secret is None:
            return None
        if path != _STREAM and not path.startswith(f"{_STREAM}/"):
            return "is none of Exotel's"
        in_path = path.removeprefix(_STREAM).removeprefix("/")
        return self._secret.fault(in_path, headers.get("authorization", ""))


class EvalDoor(Door):
    """Opens for an eval harness on this computer, where the bot answers no telephone.

    Behind a tunnel or a proxy everything comes from this computer, so whatever looks as if it came
    through one is refused, and so is a web page that this computer's browser shows.
    """

    def stream_fault(self, path: str, headers: Mapping[str, str], client: str) -> str | None:
        """Refuse what is not from this computer, or not straight from it."""
        if path != _STREAM:
            return "is of no use without a carrier (-t)"
        if client not in LOOPBACK or host_of(f"//{headers.get('host', '')}") not in LOOPBACK:
            return "is not from this computer"
        if any(n == "origin" or n == "forwarded" or n.startswith("x-forwarded") for n in headers):
            return "is not straight from this computer"
        return None

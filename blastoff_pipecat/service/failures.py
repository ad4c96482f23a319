"""How a model's failure is told to Pipecat."""

from dataclasses import dataclass

from pipecat.utils.errors import ErrorCategory, classify_http_exception

from blastoff_pipecat.endpoints import ChatEndpoint
from blastoff_pipecat.relay.actions import Failure, ReportFailures

_PAYLOAD_STATUSES = (400, 413, 422)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is pushed for a failure.

    Attributes:
        message: Which endpoint failed, how, and what became of the reply.
        category: Why, for Pipecat. A permanent category retires the service, so it is given only
            where no model can answer until something is changed.
        exception: The error behind it, where there is one.
        blames_payload: Whether the large model's server found fault with the messages themselves.
        late: Whether the large model was given up because it was too slow.
    """

    message: str
    category: ErrorCategory
    exception: Exception | None
    blames_payload: bool
    late: bool


def judge(report: ReportFailures, small: ChatEndpoint, large: ChatEndpoint) -> Verdict:
    """Decide how failures are told to Pipecat."""
    endpoints = {"small": small, "large": large}
    told = "; ".join(_tell(failure, endpoints[failure.role]) for failure in report.failures)
    end = "the other model answers" if report.recovered else "the reply could not be finished"
    # The large model's error comes last and is what a stock service would have reported.
    last = report.failures[-1]
    cause = next((f for f in report.failures if f.role == "large" and f.error), last)
    categories = [_category(failure) for failure in report.failures]
    category = _category(cause)
    if category.is_permanent and (report.recovered or not all(c.is_permanent for c in categories)):
        category = ErrorCategory.UNKNOWN
    status = getattr(cause.error, "status_code", None)
    return Verdict(
        message=f"{told} ({end})",
        category=category,
        exception=cause.error,
        blames_payload=cause.role == "large" and status in _PAYLOAD_STATUSES,
        late=any(failure.role == "large" and failure.error is None for failure in report.failures),
    )


def _tell(failure: Failure, endpoint: ChatEndpoint) -> str:
    named = failure.reason if str(endpoint) in failure.reason else f"{endpoint}: {failure.reason}"
    return f"{failure.role} model {named}"


def _category(failure: Failure) -> ErrorCategory:
    if failure.error is None:
        return ErrorCategory.SERVER
    return classify_http_exception(failure.error)

"""How a model's failure is told to Pipecat."""

from dataclasses import dataclass
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import LLMService
from pipecat.utils.errors import ErrorCategory, classify_http_exception

from blastoff_pipecat.conductor.model import Model
from blastoff_pipecat.relay.actions import Failure, ReportFailures
from blastoff_pipecat.service import pipecat as hooks

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


def judge(report: ReportFailures, small: Model, large: Model) -> Verdict:
    """Decide how failures are told to Pipecat."""
    names = {"small": small.describe(), "large": large.describe()}
    told = "; ".join(_tell(failure, names[failure.role]) for failure in report.failures)
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


async def push_verdict(verdict: Verdict, service: LLMService[Any], context: LLMContext) -> None:
    """Push a verdict as an error; a file that was refused is taken out of the context."""
    if verdict.late:
        await hooks.tell_of_timeout(service)
    category = verdict.category
    if verdict.blames_payload and context.remove_invalid_file_message():
        category = ErrorCategory.APPLICATION
    await service.push_error(verdict.message, exception=verdict.exception, category=category)


def _tell(failure: Failure, name: str) -> str:
    named = failure.reason if name in failure.reason else f"{name}: {failure.reason}"
    return f"{failure.role} model {named}"


def _category(failure: Failure) -> ErrorCategory:
    if failure.error is None:
        return ErrorCategory.SERVER
    return classify_http_exception(failure.error)

"""How a model's failure is told to Pipecat."""

from dataclasses import dataclass
from typing import Any

from loguru import logger
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import LLMService
from pipecat.utils.errors import ErrorCategory, classify_http_exception

from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.model import Model
from blastoff_pipecat.relay.actions import Failure, ReportFailures
from blastoff_pipecat.service import pipecat as hooks

_PAYLOAD_STATUSES = (400, 413, 422)
_LASTING_STATUSES = (401, 403, 404)  # key, rights, the model's name: the next reply fails likewise


class Failures:
    """Tells of the failures of one service's models."""

    def __init__(
        self, service: LLMService[Any], conductor: Conductor, *, end_on_permanent: bool
    ) -> None:
        """Take whose failures they are.

        Args:
            service: Pushes the errors.
            conductor: Has the models.
            end_on_permanent: Whether a permanent failure of the large model retires the service,
                though the small one can speak.
        """
        self._service = service
        self._conductor = conductor
        self._end_on_permanent = end_on_permanent
        self._warned: set[tuple[str, str]] = set()

    async def push(self, report: ReportFailures, context: LLMContext) -> None:
        """Push an error; what will not mend by itself is said loudly too, once."""
        small, large = self._conductor.small, self._conductor.large
        for failure in report.failures:
            status = getattr(failure.error, "status_code", None)
            model = (small if failure.role == "small" else large).describe()
            if status in _LASTING_STATUSES and (model, failure.role) not in self._warned:
                self._warned.add((model, failure.role))
                logger.warning(
                    "The {} will be of no use in any reply until that is changed: {}",
                    f"{failure.role} model {model}",
                    _tell(failure, model),
                )
        verdict = judge(report, small, large, end_on_permanent=self._end_on_permanent)
        await push_verdict(verdict, self._service, context)


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


def judge(
    report: ReportFailures, small: Model, large: Model, *, end_on_permanent: bool = False
) -> Verdict:
    """Decide how failures are told to Pipecat."""
    names = {"small": small.describe(), "large": large.describe()}
    told = "; ".join(_tell(failure, names[failure.role]) for failure in report.failures)
    end = "the other model answers" if report.recovered else "the reply could not be finished"
    # The large model's error comes last and is what a stock service would have reported.
    last = report.failures[-1]
    cause = next((f for f in report.failures if f.role == "large" and f.error), last)
    categories = [_category(failure) for failure in report.failures]
    category = _category(cause)
    retires = all(c.is_permanent for c in categories) and not report.recovered
    if not (retires or (end_on_permanent and cause.role == "large")) and category.is_permanent:
        category = ErrorCategory.UNKNOWN  # its kind stays in the message
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
    category = _category(failure)
    kind = f" [{category.name}]" if category.is_permanent else ""
    return f"{failure.role} model {named}{kind}"


def _category(failure: Failure) -> ErrorCategory:
    if failure.error is None:
        return ErrorCategory.SERVER
    return classify_http_exception(failure.error)

"""How a model's failure is told to Pipecat."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from loguru import logger
from pipecat.adapters.llm.base_llm_adapter import LLMContextConversionError
from pipecat.frames.frames import ErrorFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import LLMService
from pipecat.utils.errors import ErrorCategory, classify_http_exception

from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.relay.actions import Failure, ReportFailures
from blastoff_pipecat.service import pipecat as hooks

_PAYLOAD_STATUSES = (400, 413, 422)
_LASTING_STATUSES = (401, 403, 404)  # key, rights, the model's name: the next reply fails likewise
_LIKE_A_KEY = re.compile(r"\b(sk-|AIza|AKIA|Bearer )[\w.-]{8,}")
_TOLD_CHARS = 300


@dataclass
class Failures:
    """Tells of the failures of one service's models.

    Attributes:
        service: Pushes the errors.
        conductor: Has the models.
        end_on_permanent: Whether a permanent failure of the large model retires the service, though
            the small one can speak.
    """

    service: LLMService[Any]
    conductor: Conductor
    end_on_permanent: bool
    _warned: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]], init=False)

    async def push(self, report: ReportFailures, context: LLMContext) -> None:
        """Push an error; what will not mend by itself is said loudly too, once."""
        small, large = self.conductor.small, self.conductor.large
        names = {"small": small.describe(), "large": large.describe()}
        for failure in report.failures:
            status = getattr(failure.error, "status_code", None)
            model = names[failure.role]
            if status in _LASTING_STATUSES and (model, failure.role) not in self._warned:
                self._warned.add((model, failure.role))
                logger.warning(
                    "The {} will be of no use in any reply until that is changed: {}",
                    f"{failure.role} model {model}",
                    _tell(failure, model),
                )
        if any(each.role == "large" and _is_late(each.error) for each in report.failures):
            await hooks.tell_of_timeout(self.service)
        # The large model's error comes last and is what a stock service would have reported.
        last = report.failures[-1]
        cause = next((f for f in report.failures if f.role == "large" and f.error), last)
        category = self._told_category(cause, report)
        if _blames_payload(cause) and context.remove_invalid_file_message():
            category = ErrorCategory.APPLICATION
        told = "; ".join(_tell(failure, names[failure.role]) for failure in report.failures)
        end = "the other model answers" if report.recovered else "the reply could not be finished"
        await self.service.push_error(f"{told} ({end})", exception=cause.error, category=category)

    def _told_category(self, cause: Failure, report: ReportFailures) -> ErrorCategory:
        """Say why, for Pipecat.

        A permanent category retires the service, so it is given only where no model can answer
        until something is changed.
        """
        permanent = all(_category(failure).is_permanent for failure in report.failures)
        retires = permanent and not report.recovered
        category = _category(cause)
        if category.is_permanent and not (
            retires or (self.end_on_permanent and cause.role == "large")
        ):
            return ErrorCategory.UNKNOWN  # its kind stays in the message
        return category


class ServiceFailed(Exception):
    """A Pipecat service could not be asked as a model, or did not answer properly.

    Attributes:
        message: What the service told, at most 300 characters, without keys.
        category: Why, as the service has judged; None where it has not.
        status_code: The HTTP status, where there was one.
        blames_payload: Whether the service found fault with the messages before it asked.
        timed_out: Whether it gave its server up because that was too slow.
    """

    def __init__(
        self,
        name: str,
        message: str,
        *,
        category: ErrorCategory | None = None,
        status_code: int | None = None,
        blames_payload: bool = False,
        timed_out: bool = False,
    ) -> None:
        """Keep what is known; `name` is the model's."""
        super().__init__(f"{name}: {message}")
        self.message = message
        self.category = category
        self.status_code = status_code
        self.blames_payload = blames_payload
        self.timed_out = timed_out

    @classmethod
    def of(cls, name: str, told: str, frame: ErrorFrame, *, secrets: Iterable[str]) -> Self:
        """Read an error frame of a service.

        Args:
            name: The model's.
            told: What the service says.
            frame: The frame.
            secrets: What is not to be said.
        """
        from pipecat.utils.http import TIMEOUT_EXCEPTIONS  # which imports both of httpx's families

        for secret in secrets:
            told = told.replace(secret, "***")
        told = " ".join(_LIKE_A_KEY.sub("***", told).split())
        cause = frame.exception
        return cls(
            name,
            told if len(told) <= _TOLD_CHARS else told[: _TOLD_CHARS - 1] + "…",
            category=frame.category or (classify_http_exception(cause) if cause else None),
            status_code=_status_of(cause),
            blames_payload=isinstance(cause, LLMContextConversionError),
            timed_out=isinstance(cause, (TimeoutError, *TIMEOUT_EXCEPTIONS)),
        )


def _status_of(error: Exception | None) -> int | None:
    """Return the HTTP status that an error of a provider's client tells."""
    for name in ("status_code", "code"):
        if isinstance(status := getattr(error, name, None), int):
            return status
    match getattr(error, "response", None):
        case {"ResponseMetadata": {"HTTPStatusCode": int(status)}}:  # botocore
            return status
        case _:
            return None


def _blames_payload(cause: Failure) -> bool:
    """Tell whether the large model's server found fault with the messages themselves."""
    error = cause.error
    faulty = getattr(error, "status_code", None) in _PAYLOAD_STATUSES
    own = isinstance(error, ServiceFailed) and error.blames_payload
    return cause.role == "large" and (faulty or own)


def _is_late(error: Exception | None) -> bool:
    return error is None or (isinstance(error, ServiceFailed) and error.timed_out)


def _tell(failure: Failure, name: str) -> str:
    named = failure.reason if name in failure.reason else f"{name}: {failure.reason}"
    category = _category(failure)
    kind = f" [{category.name}]" if category.is_permanent else ""
    return f"{failure.role} model {named}{kind}"


def _category(failure: Failure) -> ErrorCategory:
    if failure.error is None:
        return ErrorCategory.SERVER
    if isinstance(failure.error, ServiceFailed):
        return failure.error.category or ErrorCategory.UNKNOWN
    return classify_http_exception(failure.error)

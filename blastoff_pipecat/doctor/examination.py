"""The whole examination: the environment, both models, what replies will be like, speech, phone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from blastoff_pipecat.doctor.embedded import MODELS, examine_embedded
from blastoff_pipecat.doctor.finding import Finding
from blastoff_pipecat.doctor.model import Examined, examine_model
from blastoff_pipecat.doctor.outlook import Outlook, outlook_of
from blastoff_pipecat.doctor.sample import QUESTION, Sample, sample
from blastoff_pipecat.doctor.speech import examine_speech
from blastoff_pipecat.doctor.telephone import examine_telephone
from blastoff_pipecat.endpoints import ChatEndpoint
from blastoff_pipecat.environment import Environment, MisconfiguredEnvironment, read_variables
from blastoff_pipecat.environment.variable import SECRET_NAME
from blastoff_pipecat.relay.actions import Role

_LEAST_SECRET = 6  # characters; a shorter one is a word, and no secret


@dataclass(slots=True)
class Examination:
    """What was found.

    Attributes:
        findings: In the order in which they were found.
        models: What was measured of each model that could be asked.
        outlook: What replies will be like; None where a model could not be asked.
    """

    findings: list[Finding] = field(default_factory=list[Finding])
    models: list[Examined] = field(default_factory=list[Examined])
    outlook: Outlook | None = None

    @property
    def ready(self) -> bool:
        """Whether nothing is at fault."""
        return all(finding.level != "fault" for finding in self.findings)

    @property
    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """What to set for each model, where it is to be other than it is."""
        return {seen.role: seen.settings for seen in self.models if seen.settings}


async def examine(
    *,
    rounds: int = 3,
    carrier: str | None = None,
    proxy: str | None = None,
    environ: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = lambda _: None,
    urls: Mapping[str, str] | None = None,
) -> Examination:
    """Examine what the environment and `.env` name.

    Args:
        rounds: How often each model is asked.
        carrier: The telephone's carrier, as for the phone bot's ``-t``.
        proxy: The public host name, as for its ``--proxy``.
        environ: The variables; by default the process's.
        tell: Is told what is being asked, for whoever waits.
        urls: Where the speech services are, where it is elsewhere than usual: arguments of
            `examine_speech`.
    """
    found = Examination()
    try:
        variables = read_variables(environ)
    except MisconfiguredEnvironment as error:
        variables = read_variables(environ, dotenv=False)
        found.findings += Finding.of_faults(error)
    try:
        environment = Environment.read(variables, dotenv=False)
    except MisconfiguredEnvironment as error:
        found.findings += Finding.of_faults(error)
    else:
        await _examine_models(found, environment, rounds, tell)
    tell("the speech services")
    found.findings += await examine_speech(variables, **(urls or {}))
    tell("the telephone")
    found.findings += await examine_telephone(variables, carrier, proxy)
    secrets = tuple(
        value
        for name, value in variables.items()
        if SECRET_NAME.search(name) and len(value) >= _LEAST_SECRET
    )
    found.findings = [finding.scrubbed(secrets) for finding in found.findings]
    return found


async def _examine_models(
    found: Examination, environment: Environment, rounds: int, tell: Callable[[str], None]
) -> None:
    small, large = environment.small, environment.large
    if small is None or large is None:
        said = "no *_MODEL_* variable is set: the embedded ones are meant"
        found.findings.append(examine_embedded("models", said, MODELS))
        return
    if (small.base_url, small.model) == (large.base_url, large.model):
        said = "both models are the same: an opening comes no sooner than the answer"
        found.findings.append(Finding("note", "models", said, "Choose a faster SMALL_MODEL_NAME."))
    both: tuple[tuple[Role, ChatEndpoint], ...] = (("small", small), ("large", large))
    for role, endpoint in both:
        tell(str(endpoint))
        seen = await examine_model(role, endpoint, rounds)
        found.models.append(seen)
        found.findings += seen.findings
    seen_small, seen_large = found.models
    line = seen_small.figures()["first_clause"]
    if seen_large.answers and line is not None:
        beside = not seen_large.goes_on
        found.outlook = outlook = outlook_of(seen_large.answers, line, beside=beside)
        found.findings.append(Finding("ok", "replies", _forecast(outlook)))
        tell("both models for a reply")
        found.findings.append(_judge_sample(await sample(small, large), str(small)))


def _judge_sample(sampled: Sample, small: str) -> Finding:
    if not sampled.opening:
        said = f'had no opening for "{QUESTION}" ({sampled.outcome})'
        return Finding("note", small, said)
    theirs = "its opening" if sampled.is_own else "the opening, a line of the package's,"
    return Finding("ok", small, f'{theirs} to "{QUESTION}" is "{sampled.opening}"')


def _forecast(outlook: Outlook) -> str:
    answer = f"the answer is likely to be heard after {outlook.answer_at:.1f} s"
    if outlook.opens:
        return f"{answer}: an opening of up to {outlook.words} words is said at once"
    return f"{answer}: no opening is said at once, and one is kept for when it is late"

"""What was learnt from the replies before: how late the models and the voice are.

Each conductor has its own, started from what the process knows of the same model. Nothing is kept
on disk.
"""

import time
from collections import deque
from collections.abc import Callable

from loguru import logger

from blastoff_pipecat.conductor.model import Model
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.relay.cover import Voice
from blastoff_pipecat.relay.forecast import AfterTool, Delays, Expectation, Forecast

FAILURES_IN_A_ROW = 3
"""After so many failures of the small model in a row it is left out …"""

LEFT_OUT_SECS = 30.0
"""… for so long."""

_PRIOR_LINE_SECS = 0.25
_LINES_REMEMBERED = 5
_PRIOR_TOOL_SECS, _PRIOR_TOOL_SPREAD = 2.0, 1.0

of_process: dict[str, Forecast] = {}
"""What this process has seen of each model, for conductors that are yet to be made."""


class Learnt:
    """What one conductor has learnt.

    Attributes:
        voice: How fast the bot's voice is.
        opens: Whether openings were ever allowed, so that earlier replies may hold some.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet; `clock` is in seconds."""
        self.voice = Voice()
        self.opens = False
        self._clock = clock
        self._forecasts: dict[str, Forecast] = {}
        self._tools: dict[str, Delays] = {}
        self._lines: deque[float] = deque(maxlen=_LINES_REMEMBERED)
        self._told = False
        self._failures = 0
        self._left_out_until = 0.0

    def expect(self, large: Model, prior_secs: float, *, learns: bool = True) -> Expectation:
        """Return what is to be expected of a request to the large model.

        Args:
            large: The model.
            prior_secs: What its first clause is believed to take before any was seen.
            learns: Whether it is seen when things come, so that they teach something.
        """
        forecast = self._forecast(large, prior_secs)
        return (forecast if learns else forecast.copy()).began()

    def expect_after(self, tool: str, large: Model, prior_secs: float) -> AfterTool:
        """Return what is to be expected of a request that will be made when a tool has ended."""
        return AfterTool(self._forecast(large, prior_secs), self._tool(tool))

    def tool_took(self, tool: str, secs: float) -> None:
        """Take note of a tool that took so many seconds."""
        self._tool(tool).add(secs)

    def _tool(self, name: str) -> Delays:
        usual = Delays(_PRIOR_TOOL_SECS, prior_spread=_PRIOR_TOOL_SPREAD)
        return self._tools.setdefault(name, usual)

    def _forecast(self, large: Model, prior_secs: float) -> Forecast:
        key = large.describe()
        if (forecast := self._forecasts.get(key)) is None:
            known = of_process.get(key)
            forecast = self._forecasts[key] = known.copy() if known else Forecast(prior_secs)
        of_process[key] = forecast
        return forecast

    @property
    def line_secs(self) -> float:
        """How long the small model needs for a line, rather too long than too short."""
        return max(self._lines, default=_PRIOR_LINE_SECS)

    def tell_what_small_sees(self, small: Model, policy: Policy) -> None:
        """Say once, in the log, what goes to the small model."""
        if self._told:
            return
        self._told = True
        if policy.small_sees == "turn":
            sees = "the user's last message"
        else:
            sees = f"the bot's instruction and the last {policy.small_history} messages"
        logger.info("The small model {} is told {} (small_sees).", small.describe(), sees)

    def small_wrote(self, secs: float) -> None:
        """Take note of a line that the small model wrote in so many seconds."""
        self._lines.append(secs)
        self._failures = 0

    def small_failed(self, model: Model) -> None:
        """Take note of a failure of the small model."""
        self._failures += 1
        if self._failures == FAILURES_IN_A_ROW:
            self._left_out_until = self._clock() + LEFT_OUT_SECS
            self._failures = 0
            logger.warning(
                "The small model {} failed {} times in a row and is left out for {:g} s.",
                model.describe(),
                FAILURES_IN_A_ROW,
                LEFT_OUT_SECS,
            )

    @property
    def small_is_left_out(self) -> bool:
        """Whether the small model is not to be asked for a while."""
        return self._clock() < self._left_out_until

"""The process's environment and its `.env` file.

A bot in a container is told where its models are by variables, not by code. Each variable is
declared once, in ``variables``, and read in one way: `read_variables` finds the values, and a
declaration says what its own is. `Environment.read` makes two endpoints of them.
"""

from blastoff_pipecat.environment.models import Environment, read_judge
from blastoff_pipecat.environment.reading import read_variables
from blastoff_pipecat.environment.variable import MisconfiguredEnvironment
from blastoff_pipecat.environment.variables import Variables

__all__ = [
    "Environment",
    "MisconfiguredEnvironment",
    "Variables",
    "read_judge",
    "read_variables",
]

"""The same measurements for Prometheus, added up over all worker processes.

With several workers `prometheus_client` keeps its counts in files of the folder that the
environment variable ``PROMETHEUS_MULTIPROC_DIR`` names; the command sets it before it starts them.
"""

import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from blastoff_pipecat.conductor.report import COUNTS, DURATIONS, ReplyReport

BUCKETS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0)
"""Seconds: fine where a listener tells the difference, up to what no listener waits for."""


class Exporter:
    """This worker's counts."""

    def __init__(self) -> None:
        """Register every metric."""
        self._registry = CollectorRegistry()
        self._replies = Counter(
            "blastoff_replies", "Answers.", ("mode", "outcome"), registry=self._registry
        )
        self._handovers = Counter(
            "blastoff_handovers",
            "Answers with an opening, by how the large model learnt of it.",
            ("mode", "handover"),
            registry=self._registry,
        )
        self._durations = {
            name: Histogram(
                f"blastoff_{name}_seconds",
                help_text,
                ("mode",),
                buckets=BUCKETS,
                registry=self._registry,
            )
            for name, help_text in DURATIONS.items()
        }
        self._counts = {
            name: Counter(f"blastoff_{name}", help_text, ("mode",), registry=self._registry)
            for name, help_text in COUNTS.items()
        }

    def observe(self, mode: str, report: ReplyReport) -> None:
        """Count one answer."""
        self._replies.labels(mode, report.outcome).inc()
        if report.handover:
            self._handovers.labels(mode, report.handover).inc()
        for name, histogram in self._durations.items():
            value = getattr(report, name)
            if value is not None:
                histogram.labels(mode).observe(max(0.0, value))  # sooner is not later
        for name, counter in self._counts.items():
            value = getattr(report, name)
            if value:
                counter.labels(mode).inc(value)

    def render(self, accept: str) -> tuple[bytes, dict[str, str]]:
        """Write all workers' counts in the format that a client accepts, with its headers."""
        registry: Any = self._registry
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        encode, content_type = choose_encoder(accept)
        return encode(registry), {"content-type": content_type}


def wants_text(accept: str) -> bool:
    """Tell whether a client accepts Prometheus' format rather than JSON."""
    return "text/plain" in accept or "openmetrics" in accept

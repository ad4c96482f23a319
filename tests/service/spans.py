"""What OpenTelemetry records in this process, kept for tests to look at."""

from collections.abc import Callable, Sequence
from functools import cache

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

TRACING = {"enable_tracing": True, "enable_turn_tracking": True}
"""Options of a worker whose services are to be traced."""


class Recorder(InMemorySpanExporter):
    """Keeps spans, and tells that it has got one."""

    on_span: Callable[[], None] = staticmethod(lambda: None)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        self.on_span()
        return result

    def of_llms(self) -> list[ReadableSpan]:
        return [span for span in self.get_finished_spans() if span.name == "llm"]


@cache
def recorder() -> Recorder:
    """The one of this process: OpenTelemetry takes one provider per process."""
    recorder = Recorder()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(recorder))
    trace.set_tracer_provider(provider)
    return recorder

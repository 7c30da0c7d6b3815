"""What `GET /metrics` tells Prometheus."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from index.library import Library
from qa.types import Answer

# Seconds: fine where answers are (milliseconds), coarse where something is wrong.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one server, in a registry of its own."""

    def __init__(self, library: Library) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._questions = Counter(
            "citewire_questions", "Questions answered or declined.", ["door", "language"], registry=registry
        )
        self._abstentions = Counter(
            "citewire_abstentions", "Questions declined, by reason.", ["reason"], registry=registry
        )
        self._refusals = Counter(
            "citewire_refusals",
            "Questions that came to no answer: overloaded, rejected, failed.",
            ["door", "reason"],
            registry=registry,
        )
        self._stages = Histogram(
            "citewire_stage_seconds",
            "Time by stage of an answer; `total` is the whole.",
            ["stage"],
            buckets=BUCKETS,
            registry=registry,
        )
        articles = Gauge("citewire_articles", "Articles in the library.", registry=registry)
        articles.set_function(library.count)
        sentences = Gauge("citewire_sentences", "Sentences in the library.", registry=registry)
        sentences.set_function(library.count_sentences)

    def answered(self, door: str, answer: Answer, stages: Mapping[str, float]) -> None:
        """Count an answer; `stages` are seconds by name."""
        self._questions.labels(door, answer.language).inc()
        if answer.abstention:
            self._abstentions.labels(answer.abstention.reason).inc()
        for stage, seconds in {**stages, "total": answer.took_ms / 1000}.items():
            self._stages.labels(stage).observe(seconds)

    def refused(self, door: str, error: Exception) -> None:
        """Count a question that came to no answer."""
        self._refusals.labels(door, type(error).__name__).inc()

    def text(self) -> bytes:
        """In Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry)

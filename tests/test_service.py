"""The one `ask` behind every door: how many at once, what is counted, what is logged."""

import threading
from collections.abc import Sequence
from typing import Any, cast

import pytest
import structlog
from conftest import make_article
from prometheus_client.parser import text_string_to_metric_families
from test_reread import WordReader

from corpus.types import Language
from index.library import Library
from index.stages import measured, stage
from index.types import Filters
from qa.pipeline import Answerer
from qa.types import Abstention, AbstentionReason, Answer, QuestionRejected, Turn
from ui.service import RUNNING, WAITING, Door, Line, Overloaded, Service


class Slow:
    """Answers when it is told to, and counts how many are at it."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.go = threading.Event()
        self.lock = threading.Lock()
        self.running = self.most = self.finished = 0

    def ask(self, text: str, *, filters: Filters, history: Sequence[Turn], limit: int = 5) -> Answer:
        del filters, history, limit
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(20)
        with self.lock:
            self.running -= 1
            self.finished += 1
        if not text:
            raise QuestionRejected("empty")
        with stage("rank"):
            pass
        reason = Abstention(AbstentionReason.NO_SUPPORT, "none")
        return Answer(text, Language.EN, "", (), 0.1, reason, (), 0, 2.0)


@pytest.fixture
def slow(library: Library) -> Slow:
    return Slow(library)


def samples(service: Service) -> dict[tuple[str, ...], float]:
    """Every sample of /metrics by its name and label values."""
    families = text_string_to_metric_families(service.metrics.text().decode())
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_more_than_the_line_holds_are_refused_at_once_and_the_others_answered(slow: Slow) -> None:
    service = Service(cast(Answerer, slow))
    refused: list[Exception] = []

    def ask() -> None:
        try:
            service.ask("What?", door=Door.REST)
        except Overloaded as error:
            refused.append(error)
            slow.go.set()  # only the refusal lets the others finish

    threads = [threading.Thread(target=ask) for _ in range(RUNNING + WAITING + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(refused) == 1
    assert slow.finished == RUNNING + WAITING
    assert slow.most <= RUNNING
    assert samples(service)["citewire_refusals_total", "rest", "Overloaded"] == 1


def test_whoever_runs_out_of_patience_is_refused_and_never_served() -> None:
    line, go, done = Line(running=1, waiting=5), threading.Event(), []
    first = threading.Thread(target=line.run, args=(lambda: go.wait(20), 20))
    first.start()
    while line.is_free:
        pass
    with pytest.raises(Overloaded):
        line.run(lambda: done.append(1), patience=0.01)
    go.set()
    first.join(20)
    assert line.run(lambda: 7, patience=20) == 7  # a refusal leaves no trace
    assert not done and line.is_free


def test_a_preview_gives_way_and_is_not_counted(slow: Slow) -> None:
    service = Service(cast(Answerer, slow))
    asking = [threading.Thread(target=service.ask, args=("What?",), kwargs={"door": Door.REST}) for _ in range(RUNNING)]
    for thread in asking:
        thread.start()
    while slow.running < RUNNING:
        pass
    with pytest.raises(Overloaded):
        service.preview("And when?")
    slow.go.set()
    for thread in asking:
        thread.join(20)
    assert service.preview("And when?").question == "And when?"
    assert [key for key in samples(service) if key[0] == "citewire_questions_total"] == [
        ("citewire_questions_total", "rest", "en")
    ]


def test_a_failure_gives_its_place_back(slow: Slow) -> None:
    slow.go.set()
    service = Service(cast(Answerer, slow))
    for _ in range(RUNNING + WAITING + 1):
        with pytest.raises(QuestionRejected):
            service.ask("", door=Door.MCP)
    assert service.ask("What?", door=Door.MCP).question == "What?"
    counted = samples(service)
    assert counted["citewire_refusals_total", "mcp", "QuestionRejected"] == RUNNING + WAITING + 1
    assert counted["citewire_questions_total", "mcp", "en"] == 1


def test_metrics_count_answers_by_door_and_time_by_stage(library: Library) -> None:
    service = Service(Answerer(library))
    service.ask("Кто?", door=Door.OPENAI)
    counted = samples(service)
    assert counted["citewire_questions_total", "openai", "ru"] == 1
    assert counted["citewire_abstentions_total", "no_articles"] == 1
    assert counted["citewire_stage_seconds_count", "total"] == 1
    assert counted["citewire_articles",] == counted["citewire_sentences",] == 0


def test_every_stage_of_an_answer_is_measured(library: Library) -> None:
    list(library.add([make_article("The mayor opened a bridge.")]))
    service = Service(Answerer(library, reader=WordReader("mayor")))
    service.ask("Who opened a bridge?", door=Door.REST)
    stages = {label[1] for label in samples(service) if label[0] == "citewire_stage_seconds_count"}
    assert stages == set("embed dense lexical fetch score rank read answer total".split())


@pytest.mark.parametrize("wanted", [False, True])
def test_questions_are_logged_only_when_asked_for(slow: Slow, wanted: bool) -> None:
    slow.go.set()
    with structlog.testing.capture_logs() as lines:
        Service(cast(Answerer, slow), log_questions=wanted).ask("Who is it?", door=Door.CHAT)
    (line,) = lines
    assert (line["event"], line["door"], line["answered"]) == ("question", "chat", False)
    assert ("Who is it?" in str(line)) is wanted


def test_stages_are_measured_only_inside_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks: Any = iter([0.0, 1.0, 5.0, 7.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    with stage("embed"):
        pass  # nobody asked: the clock is not even read
    with measured() as stages:
        for _ in range(2):
            with stage("embed"):
                pass
    assert stages == {"embed": 3.0}

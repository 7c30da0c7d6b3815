"""The figures of `citewire evaluate`: by hand, and against the judge that measures over REST."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED, make_ranker

from corpus.sentences import split
from corpus.types import Article, Language
from index.library import Library
from index.types import Filters
from qa.evaluation import BadQuestionSet, evaluate
from qa.pipeline import Answerer
from qa.types import CitedSentence, Turn

JUDGE = SHARED / "eval" / "score.py"
EN, RU, ZH = Language
TEXTS = {
    "d1": {
        EN: "Akimov opened the bridge in Omsk. It cost nine million roubles.",
        RU: "Акимов открыл мост в Омске. Он стоил девять миллионов рублей.",
        ZH: "阿基莫夫在鄂木斯克为大桥剪彩。工程花费九百万卢布。",
    },
    "d2": {
        EN: "The harbour froze in January. Fishermen waited for an icebreaker.",
        RU: "Гавань замёрзла в январе. Рыбаки ждали ледокол.",
        ZH: "港口一月结冰。渔民等待破冰船。",
    },
    "d3": {
        EN: "A volcano erupted. Ash fell on three towns.",
        RU: "Извергся вулкан. Пепел выпал на три города.",
        ZH: "火山喷发了。火山灰落在三个城镇。",
    },
}
QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "q1", "type": "who", "previous": None, "optional": ["d1#1"], "groups": [["d1#0"]],
        "question": {EN: "Who opened the bridge in Omsk?", RU: "Кто открыл мост в Омске?", ZH: "谁为大桥剪彩？"},
    },
    {
        "id": "q2", "type": "number", "previous": "q1", "optional": [], "groups": [["d1#1"]],
        "question": {EN: "And how much did it cost?", RU: "А сколько он стоил?", ZH: "那工程花费多少？"},
    },
    {
        "id": "q3", "type": "when", "previous": None, "optional": [],
        "groups": {EN: [["d2#0"], ["d2#1"]], RU: [["d2#0"], ["d2#1"]], ZH: [["d2#0"], ["d2#1"]]},
        "question": {EN: "When did the harbour freeze?", RU: "Когда замёрзла гавань?", ZH: "港口几月结冰？"},
    },
    {
        "id": "q4", "type": "near", "previous": None, "optional": [], "groups": [],
        "question": {EN: "What did Akimov eat?", RU: "Что ел Акимов?", ZH: "阿基莫夫吃了什么？"},
    },
    {
        "id": "q5", "type": "unanswerable", "previous": None, "optional": [], "groups": [],
        "question": {EN: "Who won the Monza race?", RU: "Кто выиграл гонку в Монце?", ZH: "谁赢了蒙扎大奖赛？"},
    },
    {
        "id": "q6", "type": "what", "previous": None, "optional": [], "groups": [["d3#0", "d3#1"]],
        "question": {EN: "What erupted?", RU: "Что извергся?", ZH: "什么喷发了？"},
    },
]  # fmt: skip


def _item(document: str, language: Language) -> dict[str, Any]:
    text = TEXTS[document][language]
    return {
        "url": f"https://x.example/{language}/{document}", "title": f"{document} {language}", "source": "Test",
        "language": language, "document": document, "text": text, "segments": split(text, language),
    }  # fmt: skip


def _write(path: Path, items: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A question set of three articles in three languages."""
    made = tmp_path / "set"
    made.mkdir()
    for language in Language:
        _write(made / f"articles.{language}.jsonl", [_item(document, language) for document in TEXTS])
    _write(made / "questions.jsonl", QUESTIONS)
    return made


def _add(library: Library, *wanted: tuple[str, Language]) -> None:
    for document, language in wanted:
        item = _item(document, language)
        article = Article(
            f"{document}-{language}", item["text"], item["title"], False, language, "Test", url=item["url"]
        )
        list(library.add([article]))


@pytest.fixture
def asking(library: Library) -> Answerer:
    """Answers from a full library what shares enough of its terms, so that some answers are right and some wrong."""
    _add(library, *((document, language) for document in TEXTS for language in Language))
    return Answerer(library, make_ranker(bias=-4.0, coverage_same_language=9.0, coverage_across=4.0, dense=1.0))


def _answers(answerer: Answerer, body: dict[str, Any]) -> dict[str, Any]:
    """The REST answer to a request."""
    filters = Filters(languages=frozenset(map(Language, body.get("filters", {}).get("languages", ()))))
    history = [
        Turn(turn["question"], tuple(CitedSentence(**each) for each in turn["citations"]))
        for turn in body.get("history", ())
    ]
    answer = answerer.ask(body["question"], filters=filters, history=history, limit=body["limit"])
    return {**asdict(answer), "answered": answer.answered}


@contextmanager
def _serving(answerer: Answerer) -> Iterator[str]:
    """As much of the REST contract as the judge uses."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            article = answerer.library.article(self.path.rsplit("/", 1)[1])
            self._reply({"text": article.text if article else ""})

        def do_POST(self) -> None:
            self._reply(_answers(answerer, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def _reply(self, reply: dict[str, Any]) -> None:
            content = json.dumps(reply, default=lambda value: value.isoformat() if isinstance(value, date) else value)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _judged(answerer: Answerer, folder: Path) -> dict[str, Any]:
    if not JUDGE.is_file():
        pytest.skip("the judge, ../shared/eval/score.py, is not beside this checkout")
    with _serving(answerer) as url:
        command = [sys.executable, str(JUDGE), "--url", url, "--set", str(folder), "--matrix", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return _without_time(report)


def _without_time(report: dict[str, Any]) -> dict[str, Any]:
    for row in (row for run in report.values() for row in run.values()):
        assert row.pop("p50_ms") >= 0
    return report


def test_every_figure_is_the_judges(asking: Answerer, folder: Path) -> None:
    report = _without_time(evaluate(asking, folder, matrix=True))
    assert report == _judged(asking, folder)
    # The comparison says something only where figures differ.
    figures = {value for run in report.values() for row in run.values() for value in row.values()}
    assert len(figures) > 5


def test_every_figure_is_the_judges_where_each_article_is_in_one_language(
    library: Library, asking: Answerer, folder: Path
) -> None:
    for number, document in enumerate(TEXTS):
        for language in Language:
            if number != list(Language).index(language):
                library.remove(f"{document}-{language}")
    assert library.count() == 3
    assert _without_time(evaluate(asking, folder, matrix=True)) == _judged(asking, folder)


def test_every_figure_is_the_judges_where_everything_is_declined(library: Library, folder: Path) -> None:
    asking = Answerer(library, make_ranker())
    report = _without_time(evaluate(asking, folder, matrix=True))
    assert report["whole"]["en"]["declined"] == 1.0
    assert report["whole"]["en"]["precision"] is None
    assert report == _judged(asking, folder)


def test_the_figures_of_a_perfect_answerer(asking: Answerer, folder: Path) -> None:
    _write(folder / "questions.jsonl", [QUESTIONS[0], QUESTIONS[4]])
    row = evaluate(asking, folder)["whole"]["en"]
    assert {key: row[key] for key in ("top1", "complete", "declined", "invented", "near", "auroc", "broken")} == {
        "top1": 1.0, "complete": 1.0, "declined": 0.0, "invented": 0.0, "near": None, "auroc": 1.0, "broken": 0,
    }  # fmt: skip


def test_only_the_matrix_asks_by_article_language(asking: Answerer, folder: Path) -> None:
    assert list(evaluate(asking, folder)) == ["whole"]
    assert list(evaluate(asking, folder, matrix=True)) == ["whole", "only en", "only ru", "only zh"]


@pytest.mark.parametrize("missing", ["questions.jsonl", "articles.ru.jsonl"])
def test_a_set_that_lacks_a_file_is_one_line(asking: Answerer, folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(BadQuestionSet, match=missing) as caught:
        evaluate(asking, folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[1, 2]",
        "7",
        '"question"',
        '{"id": "q"}',
        '{"id": "q", "question": {"en": "Who?"}, "type": "who", "groups": []}',
        '{"id": "q", "question": "Who?", "type": "who", "groups": []}',
        '{"id": "q", "question": {"en": "Who?", "ru": "Кто?", "zh": "谁？"}, "type": "who", "groups": {"en": []}}',
        '{"id": "q", "question": {"en": "Omsk?", "ru": "Омск?", "zh": "桥？"}, "type": "who", "groups": [["d1#99"]]}',
        '{"id": "q", "question": {"en": "Omsk?", "ru": "Омск?", "zh": "桥？"}, "type": "who", "groups": [["d1"]]}',
    ],
)
def test_questions_that_make_no_sense_are_one_line(asking: Answerer, folder: Path, content: str) -> None:
    (folder / "questions.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(BadQuestionSet) as caught:
        evaluate(asking, folder)
    assert "\n" not in str(caught.value)


def test_a_set_without_questions_has_no_figures(asking: Answerer, folder: Path) -> None:
    (folder / "questions.jsonl").write_text("\n", encoding="utf-8")
    try:
        report = evaluate(asking, folder)
    except BadQuestionSet:
        return
    assert report["whole"]["en"]["top1"] is None


def test_a_set_may_hold_line_separators_inside_its_texts(asking: Answerer, folder: Path) -> None:
    question = QUESTIONS[0] | {"answer": {"en": "Akimov\u2028said\x85so"}}
    _write(folder / "questions.jsonl", [question])
    assert evaluate(asking, folder)["whole"]["en"]["top1"] == 1.0

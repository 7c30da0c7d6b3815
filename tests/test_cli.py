"""The command line's contract: what goes to stdout, what to stderr, and the exit codes."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import WordEncoder
from test_api import ARTICLES, ScriptedAnswerer, abstained, answered

from corpus.types import Language
from index.library import Library
from index.types import Filters, LibraryBusy, WrongModel
from qa.types import Answer
from ui import cli
from ui.options import listen
from ui.schemas import answer_json

LINE = {"text": "The bridge is open. It is new.", "url": "https://news.example/bridge", "language": "en"}


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's library for the test, made without a model; what the program sets for itself is undone."""
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_PROGRESS_BARS", "TOKENIZERS_PARALLELISM", "TRANSFORMERS_VERBOSITY"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    make = Library.open

    def open_(folder: Path, **_: Any) -> Library:
        return make(folder, encoder=WordEncoder(), cache=tmp_path / "cache")

    monkeypatch.setattr(Library, "open", open_)
    monkeypatch.setattr("qa.readers.open_reader", lambda wanted, *_: wanted.strip("onf") or None)
    monkeypatch.setenv("CITEWIRE_LIBRARY", str(tmp_path / "library"))
    return tmp_path / "library"


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    with Library.open(folder) as opened:
        list(opened.add(ARTICLES))
        yield opened


@pytest.fixture
def answer(library: Library, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """What `ask` is told, whatever it asks."""
    return scripted(answered(library), monkeypatch)


def scripted(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> Answer:
    class Scripted(ScriptedAnswerer):
        def __init__(self, library: Library, **options: Any) -> None:
            super().__init__(library)
            asked.update(options)
            self.answer = answer

        def ask(self, text: str, **options: Any) -> Answer:
            asked.update(options)
            return super().ask(text, **options)

    asked.clear()
    monkeypatch.setattr("qa.pipeline.Answerer", Scripted)
    return answer


asked: dict[str, Any] = {}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run_(*arguments: str | Path, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr("sys.argv", ["citewire", *map(str, arguments)])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(int(end.value.code or 0), captured.out, captured.err)

    return run_


def jsonl(path: Path, *lines: Any) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


# Help and options


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    shown = run()
    assert shown.code == 2
    for command in ("add", "ask", "chat", "articles", "remove", "stats", "rebuild", "evaluate"):
        assert re.search(rf"\b{command}\b", shown.out + shown.err)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            [],
            [
                "--library",
                "--model",
                "--reader",
                "on|off|NAME",
                "--version",
                "CITEWIRE_LIBRARY",
                "--store",
                "CITEWIRE_STORE",
            ],
        ),
        (["add"], ["PATH|URL", "JSON Lines", "stdin", "--workers", "--ray"]),
        (["ask"], ["--json", "--language", "--source", "--since", "--until", "--limit", "--profile", "en|ru|zh"]),
        (
            ["chat"],
            "--host --port --insecure --rate-limit --allow-host --allow-frame --log-questions 300/minute five".split(),
        ),
        (["keys"], ["add", "list", "remove"]),
        (["articles"], ["--json"]),
        (["remove"], ["ID|URL"]),
        (["stats"], ["--json"]),
        (["rebuild"], []),
        (["evaluate"], ["FOLDER", "--matrix", "--json"]),
    ],
)
def test_help_names_every_option(run: Run, command: list[str], words: list[str]) -> None:
    shown = run(*command, "--help")
    assert shown.code == 0
    for word in words:
        assert word in shown.out


def test_version_is_printed(run: Run) -> None:
    assert run("--version").out.startswith("citewire")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["ask"],
        ["add"],
        ["add", "x", "--workers", "0"],
        ["remove"],
        ["evaluate"],
        ["evaluate", "no such folder"],
        ["ask", "When?", "--limit", "0"],
        ["ask", "When?", "--limit", "21"],
        ["ask", "When?", "--language", "de"],
        ["ask", "When?", "--since", "yesterday"],
        ["ask", "When?", "--until", "2019-02-30"],
        ["chat", "--port", "70000"],
        ["chat", "--host", "0.0.0.0"],
        ["chat", "--allow-host", "ask.example"],
        ["chat", "--rate-limit", "often"],
        ["chat", "--allow-frame", "news.example"],
        ["chat", "--allow-frame", "https://a.example; script-src *"],
        ["keys", "add"],
        ["ask", "When?", "--library", "x"],
        ["--library", "", "stats"],
        ["--reader", "", "ask", "When?"],
        ["--store", "", "stats"],
        ["--store", "redis://localhost", "stats"],
        ["--store", "milvus://", "stats"],
        ["--store", "milvus://user:secret@localhost:19530", "stats"],
    ],
)
def test_wrong_usage_exits_with_2_and_touches_nothing(run: Run, folder: Path, arguments: list[str]) -> None:
    shown = run(*arguments)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err
    assert not folder.exists()


def test_the_library_is_the_option_before_the_environment_before_the_users_folder(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used(*options: str | Path) -> str:
        return str(json.loads(run(*options, "stats", "--json").out)["folder"])

    assert used("--library", tmp_path / "other") == str(tmp_path / "other")
    assert used() == str(folder)
    monkeypatch.delenv("CITEWIRE_LIBRARY")
    assert used() == str(cli.platformdirs.user_data_path("citewire"))


@pytest.mark.parametrize(
    ("options", "offline"),
    [([], "1"), (["--reader", "on"], "1"), (["--reader", "off"], "1"), (["--reader", "x/y"], "0")],
)
def test_only_a_named_reader_may_be_looked_for_on_another_machine(
    run: Run, answer: Answer, monkeypatch: pytest.MonkeyPatch, options: list[str], offline: str
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert run(*options, "ask", "When?").code == 0
    assert answer
    assert os.environ["HF_HUB_OFFLINE"] == offline
    assert asked["reader"] == (options[-1] if offline == "0" else None)


@pytest.mark.parametrize(
    ("given", "store"),
    [
        ([], None),
        (["--store", "faiss"], "faiss"),
        (["--store", "milvus://localhost"], "milvus://localhost:19530"),
        (["--store", "milvus://db.example:1953"], "milvus://db.example:1953"),
        (["--store", "milvus://[::1]:19530"], "milvus://[::1]:19530"),
    ],
)
def test_the_store_is_told_to_the_library(
    run: Run, monkeypatch: pytest.MonkeyPatch, given: list[str], store: str | None
) -> None:
    told: list[Any] = []
    open_ = Library.open

    def remember(folder: Path, **options: Any) -> Library:
        told.append(options["store"])
        return open_(folder)

    monkeypatch.setattr(Library, "open", remember)
    assert run(*given, "stats").code == 0
    monkeypatch.setenv("CITEWIRE_STORE", "milvus://elsewhere:1")
    assert run("stats").code == 0
    assert told == [store, "milvus://elsewhere:1"]


# add


def test_add_counts_what_became_of_each_article(run: Run, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", LINE, LINE | {"url": "https://news.example/b"}, {"title": "No text"})
    first = run("add", file)
    assert (first.code, first.out) == (0, "added 2  unchanged 0  replaced 0  rejected 1\n")
    jsonl(file, LINE, LINE | {"url": "https://news.example/b", "text": "The bridge is shut."})
    assert run("add", file).out == "added 0  unchanged 1  replaced 1  rejected 0\n"


def test_each_rejection_is_one_line_with_name_and_reason(run: Run, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", LINE, {"title": "No text"}, {"text": "Die Brücke.", "language": "de"})
    lines = run("add", file).err.splitlines()
    assert len(lines) == 2
    for line, number in zip(lines, (2, 3), strict=True):
        assert re.fullmatch(rf"rejected .*a\.jsonl:{number}: .+", line)


def test_add_reads_json_lines_from_stdin(run: Run) -> None:
    assert run("add", "-", stdin=json.dumps(LINE).encode()).out.startswith("added 1 ")


@pytest.mark.parametrize("content", [[], [{"title": "No text"}]])
def test_add_fails_when_nothing_could_be_added(run: Run, tmp_path: Path, content: list[Any]) -> None:
    shown = run("add", jsonl(tmp_path / "a.jsonl", *content))
    assert shown.code == 1
    assert "added 0" in shown.out


def test_add_fails_for_what_does_not_exist_but_not_when_something_else_does(run: Run, tmp_path: Path) -> None:
    missing = run("add", tmp_path / "missing.txt")
    assert missing.code == 1
    assert "missing.txt" in missing.err
    assert run("add", tmp_path / "missing.txt", jsonl(tmp_path / "a.jsonl", LINE)).code == 0


def test_what_a_terminal_would_obey_is_not_printed(run: Run) -> None:
    line = LINE | {"title": "Red \x1b[31malert\x07 [bold]\n\u202enext", "source": "[red]Herald"}
    run("add", "-", stdin=json.dumps(line).encode())
    shown = run("articles").out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert "[red]Herald" in shown
    assert len(shown.splitlines()) == 1


def test_an_interrupted_add_keeps_what_was_committed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = Library.add

    def interrupted(self: Library, items: Any, **_: Any) -> Iterator[Any]:
        yield next(add(self, [next(iter(items))]))
        raise KeyboardInterrupt

    monkeypatch.setattr(Library, "add", interrupted)
    shown = run("add", jsonl(tmp_path / "a.jsonl", LINE, LINE | {"url": "https://news.example/b"}))
    assert shown.code == 130
    assert shown.out == "added 1  unchanged 0  replaced 0  rejected 0\n"
    assert shown.err == "Interrupted; what was finished is kept.\n"
    assert len(run("articles").out.splitlines()) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_stops_adding_and_a_rerun_goes_on(tmp_path: Path, workers: int) -> None:
    lines = [LINE | {"url": f"https://news.example/{n}", "text": f"Report {n} is {'long ' * 100}."} for n in range(500)]
    file, beginnings = jsonl(tmp_path / "a.jsonl", *lines), tmp_path / "beginnings"
    beginnings.touch()
    slowed = SLOWED.format(beginnings=str(beginnings))
    adding = ("--library", tmp_path / "library", "add", file, "--workers", str(workers))
    # A terminal interrupts all that it has started: the processes that encode too.
    with start(*adding, code=slowed + "main()", process_group=0) as process:
        while beginnings.stat().st_size < 5:  # of six groups
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Interrupted; what was finished is kept.\n")
    told = re.fullmatch(r"added (\d+)  unchanged 0  replaced 0  rejected 0\n", out)
    assert told
    with start("--library", tmp_path / "library", "add", file, code=FAKED + "main()") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    again = re.fullmatch(r"added (\d+)  unchanged (\d+)  replaced 0  rejected 0\n", out)
    assert again
    added, unchanged = map(int, again.groups())
    assert 0 < int(told[1]) <= unchanged < 500  # a group may be written, and not yet told
    assert added + unchanged == 500


def test_ray_is_asked_for_by_name_where_it_is_missing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    shown = run("add", jsonl(tmp_path / "a.jsonl", LINE), "--ray")
    assert (shown.code, shown.out) == (1, "")
    assert shown.err == "citewire: --ray needs the package ray; install it with: pip install 'citewire[ray]'\n"


def test_add_refuses_addresses_of_this_machine(run: Run) -> None:
    shown = run("add", "http://127.0.0.1:1/", "http://localhost/x", "https://[::1]/")
    assert shown.code == 1
    assert shown.out == "added 0  unchanged 0  replaced 0  rejected 3\n"
    assert shown.err.count("no public address") == 3


def test_add_shows_progress_on_a_terminal_only(folder: Path, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", LINE)
    with start("--library", folder, "add", file, code=FAKED + "main()") as process:
        assert process.communicate(timeout=120) == ("added 1  unchanged 0  replaced 0  rejected 0\n", "")
    terminal, other_end = os.openpty()
    command = [sys.executable, "-c", FAKED + "main()", "--library", str(folder), "add", str(file)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=other_end, cwd=ROOT, timeout=120, check=True)
    os.close(other_end)
    assert b"1 of 1 articles " in os.read(terminal, 100_000)
    os.close(terminal)


def test_add_tells_how_far_it_is_every_few_seconds(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 2))  # two seconds go by with every look
    lines = [LINE | {"url": f"https://news.example/{n}"} for n in range(20)]
    file = jsonl(tmp_path / "a.jsonl", *lines)
    monkeypatch.setattr("ui.terminal.time", SimpleNamespace(monotonic=lambda: next(clock)))
    told = run("add", file).err.splitlines()
    assert len(told) > 2
    for line in told:
        assert re.fullmatch(r"\d+ of 20 articles, \d\.\d sentences/s, 0:\d\d:\d\d left", line)
    jsonl(file, *lines, LINE | {"url": "https://news.example/20"})
    assert all(re.fullmatch(r"\d+ of 21 articles", line) for line in run("add", file).err.splitlines())
    told = run("add", "-", stdin=b"\n".join(json.dumps(line | {"text": "New."}).encode() for line in lines)).err
    assert re.fullmatch(r"(\d+ articles, \d\.\d sentences/s\n)+", told)


# ask


def test_ask_prints_quotes_with_numbers_then_the_sources(run: Run, answer: Answer) -> None:
    shown = run("ask", "When does the line open?")
    quotes = [citation.quote for citation in answer.citations]
    assert shown.code == 0
    assert shown.out.splitlines() == [
        f"“{quotes[0]}” [1] [3]",
        f"“{quotes[1]}” [2]",
        "",
        "[1] Northern line to open. The Northern Herald, 2019-09-18, en. https://herald.example/Line?b=2&a=1",
        "[2] Northern line to open. The Northern Herald, 2019-09-18, en. https://herald.example/Line?b=2&a=1",
        "[3] Линия. Вестник, ru. severnaya",
    ]


def test_ask_says_when_there_is_no_answer_and_exits_with_0(
    run: Run, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = scripted(abstained(library), monkeypatch)
    shown = run("ask", "Who won?")
    assert shown.code == 0
    assert shown.out.splitlines() == [
        "No sentence answers this.",
        "",
        "Nearest passages, which do not answer the question:",
        f"“{answer.nearest[0].quote}”",
        "    线路. 日报, 2019-09-20, zh. beifang",
    ]


@pytest.mark.parametrize("script", [answered, abstained])
def test_ask_json_is_the_rest_answer_alone(
    run: Run, library: Library, monkeypatch: pytest.MonkeyPatch, script: Callable[[Library], Answer]
) -> None:
    answer = scripted(script(library), monkeypatch)
    shown = run("ask", "When?", "--json")
    assert (shown.code, shown.err) == (0, "")
    assert json.loads(shown.out) == answer_json(replace(answer, question="When?"))


@pytest.mark.usefixtures("answer")
def test_ask_passes_filters_and_limit_on(run: Run) -> None:
    options = (
        "--language en --language zh --source 日报 --source Вестник --since 2019-09-01 --until 2019-09-30 --limit 20"
    )
    assert run("ask", "When?", *options.split()).code == 0
    filters = Filters(
        frozenset({Language.EN, Language.ZH}), frozenset({"日报", "Вестник"}), date(2019, 9, 1), date(2019, 9, 30)
    )
    assert asked == {"reader": None, "filters": filters, "limit": 20}


@pytest.mark.usefixtures("answer")
def test_ask_has_no_filters_and_a_limit_of_five_by_default(run: Run) -> None:
    run("ask", "When?")
    assert asked == {"reader": None, "filters": Filters(), "limit": 5}


@pytest.mark.usefixtures("library")
def test_ask_profile_tells_the_time_of_each_stage_beside_the_answer(run: Run) -> None:
    asking = ("ask", "Who opened the bridge?", "--json")
    plain, profiled = run(*asking), run(*asking, "--profile")
    assert plain.err == ""
    answers = [re.sub(r'"took_ms": [\d.]+', "", shown.out) for shown in (plain, profiled)]
    assert answers[0] == answers[1]
    rows = dict(line.removesuffix(" ms").split() for line in profiled.err.splitlines())
    assert list(rows) == "load embed dense lexical fetch score rank answer other total".split()
    took = {name: float(ms.replace(",", "")) for name, ms in rows.items()}
    assert sum(took.values()) - took["load"] == pytest.approx(2 * took["total"], abs=1)


@pytest.mark.usefixtures("answer")
@pytest.mark.parametrize("question", ["", "   ", "?" * 100_000])
def test_a_question_that_is_none_is_one_line_and_exit_code_1(run: Run, question: str) -> None:
    shown = run("ask", question, "--json")
    assert (shown.code, shown.out) == (1, "")
    assert len(shown.err.splitlines()) == 1
    assert len(shown.err) < 1_000


@pytest.mark.usefixtures("answer")
def test_a_question_with_broken_bytes_is_asked_without_them(run: Run) -> None:
    assert json.loads(run("ask", "When\udcff?", "--json").out)["question"] == "When??"


# The other commands


@pytest.mark.usefixtures("library")
def test_articles_lists_one_line_each(run: Run) -> None:
    shown = run("articles")
    assert (shown.code, shown.err) == (0, "3 articles\n")
    assert sorted(shown.out.splitlines()) == [
        "beifang  zh  2019-09-20  2  日报  线路",
        "northern  en  2019-09-18  3  The Northern Herald  Northern line to open  https://herald.example/Line?b=2&a=1",
        "severnaya  ru  no date  2  Вестник  Линия",
    ]


@pytest.mark.usefixtures("library")
def test_articles_json_is_the_rest_list_alone(run: Run) -> None:
    shown = run("articles", "--json")
    listed = json.loads(shown.out)
    assert shown.err == ""
    assert list(listed) == ["total", "articles"]
    assert listed["total"] == 3
    assert {article["id"] for article in listed["articles"]} == {"northern", "severnaya", "beifang"}


def test_remove_takes_ids_and_addresses(run: Run, library: Library) -> None:
    shown = run("remove", "beifang", "https://herald.example/Line?b=2&a=1", "unknown")
    assert (shown.code, shown.out, shown.err) == (0, "removed 2\n", "not found unknown\n")
    assert [article.id for article in library.articles()[1]] == ["severnaya"]


@pytest.mark.usefixtures("library")
def test_remove_fails_when_none_was_found(run: Run) -> None:
    shown = run("remove", "unknown", "https://news.example/unknown")
    assert (shown.code, shown.out) == (1, "removed 0\n")
    assert len(shown.err.splitlines()) == 2


@pytest.mark.usefixtures("library")
def test_stats_counts_articles_sentences_languages_and_sources(run: Run) -> None:
    figures = json.loads(run("stats", "--json").out)
    assert figures["articles"] == 3
    assert figures["sentences"] == 7
    assert figures["languages"] == {"en": 1, "ru": 1, "zh": 1}
    assert figures["sources"] == {"The Northern Herald": 1, "Вестник": 1, "日报": 1}
    shown = run("stats").out
    assert re.search(r"^articles +3$", shown, re.MULTILINE)
    assert re.search(r"^languages +.*ru 1", shown, re.MULTILINE)


@pytest.mark.usefixtures("library")
def test_rebuild_says_how_much_it_rebuilt(run: Run) -> None:
    assert run("rebuild").out == "rebuilt 3 articles\n"


def test_an_empty_existing_folder_is_a_library(run: Run, folder: Path) -> None:
    folder.mkdir()
    assert json.loads(run("articles", "--json").out) == {"total": 0, "articles": []}


REPORT = {"whole": {"en": {"top1": 0.5, "near": None}, "zh": {"top1": 0.25, "near": 0.1}}}


@pytest.mark.usefixtures("answer")
def test_evaluate_prints_the_rows_of_score_py(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    told: dict[str, Any] = {}

    def evaluate(answerer: Any, folder: Path, *, matrix: bool) -> dict[str, Any]:
        told.update(answerer=answerer, folder=folder, matrix=matrix)
        return REPORT

    monkeypatch.setattr("qa.evaluation.evaluate", evaluate)
    shown = run("evaluate", tmp_path, "--matrix")
    assert shown.out == "whole    asked in en: top1 0.5\nwhole    asked in zh: top1 0.25  near 0.1\n"
    assert (told["folder"], told["matrix"]) == (tmp_path, True)
    assert json.loads(run("evaluate", tmp_path, "--json").out) == REPORT
    assert told["matrix"] is False


# Errors


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (LibraryBusy("another process is writing to it"), "citewire: another process is writing to it"),
        (WrongModel("made with\nanother model"), "citewire: made with another model"),
        (OSError(28, "No space left on device", "/data/x"), "citewire: No space left on device: /data/x"),
        (PermissionError(13, "Permission denied", "/data"), "citewire: Permission denied: /data"),
    ],
)
def test_expected_failures_are_one_line_and_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch, failure: Exception, line: str
) -> None:
    def fail(*_: Any, **__: Any) -> Library:
        raise failure

    monkeypatch.setattr(Library, "open", fail)
    for command in (["stats"], ["articles", "--json"], ["ask", "When?", "--json"], ["remove", "x"], ["rebuild"]):
        shown = run(*command)
        assert (shown.code, shown.out, shown.err) == (1, "", line + "\n")


def test_a_library_that_is_a_file_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    shown = run("--library", tmp_path / "file", "stats")
    assert (shown.code, shown.out) == (1, "")
    assert len(shown.err.splitlines()) == 1


# In a process of its own


def start(
    *arguments: str | Path, code: str = "from ui.cli import main; main()", **options: Any
) -> subprocess.Popen[str]:
    """Run the program by itself. A shell's background jobs ignore interrupts and pass that on: not here."""
    command = [sys.executable, "-c", f"import signal; signal.signal(2, signal.default_int_handler)\n{code}"]
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", cwd=ROOT, **options,
    )  # fmt: skip


ROOT = Path(__file__).parent.parent
# The program, with the tests' encoder in place of the model.
FAKED = f"""
import sys; sys.path.insert(0, {str(ROOT / "tests")!r})
from pathlib import Path
from index.library import Library
from conftest import WordEncoder
make = Library.open
Library.open = lambda folder, **_: make(folder, encoder=WordEncoder(), cache=Path(folder) / "cache")
from ui.cli import main
"""

# The same, with an encoder that takes its time.
SLOWED = FAKED.replace("WordEncoder()", "Slow({beginnings!r})").replace(
    "from conftest import WordEncoder", "from test_workers import Slow"
)


def test_asking_loads_neither_the_chat_nor_the_web_server(tmp_path: Path) -> None:
    code = FAKED + (
        "try: main()\n"
        "except SystemExit as end: print(end.code, [m for m in ('gradio', 'fastapi', 'uvicorn') if m in sys.modules])"
    )
    with start("--library", tmp_path, "ask", "When?", "--json", code=code) as process:
        out, err = process.communicate(timeout=120)
    assert out.splitlines()[-1] == "0 []", err
    assert json.loads("".join(out.splitlines()[:-1]))["abstention"]["reason"] == "no_articles"
    assert err == ""


def test_help_does_not_load_the_encoder() -> None:
    code = (
        "import sys; from ui.cli import main\n"
        "try: main()\n"
        "except SystemExit: print([m for m in ('torch', 'numpy', 'transformers') if m in sys.modules])"
    )
    with start("--help", code=code) as process:
        assert process.communicate(timeout=60)[0].splitlines()[-1] == "[]"


def test_json_survives_a_terminal_that_cannot_show_it(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    line = json.dumps(LINE | {"title": "Мост 😀"}).encode()
    code = FAKED + "main()"
    with start("--library", tmp_path, "add", "-", code=code, env=environment, stdin=subprocess.PIPE) as process:
        process.communicate(line.decode(), timeout=120)
    for option in (["--json"], []):
        with start("--library", tmp_path, "articles", *option, code=code, env=environment) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert not option or json.loads(out)["articles"][0]["title"] == "Мост 😀"


def test_a_reader_that_stops_reading_is_no_error(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(LINE | {"url": f"https://news.example/{n}"}) for n in range(3_000))
    (tmp_path / "a.jsonl").write_text(lines)
    with start("--library", tmp_path / "library", "add", tmp_path / "a.jsonl", code=FAKED + "main()") as process:
        process.communicate(timeout=300)
    with start("--library", tmp_path / "library", "articles", code=FAKED + "main()") as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `citewire chat` on a free port, and its address."""
    with start("--library", tmp_path, "--reader", "off", "chat", "--port", "0", code=FAKED + "main()") as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            match = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert match, line
            yield process, match[0]
        finally:
            process.kill()


def test_chat_prints_its_address_when_questions_can_be_answered(chat: tuple[subprocess.Popen[str], str]) -> None:
    _, address = chat
    with urllib.request.urlopen(f"{address}/healthz", timeout=30) as reply:
        assert reply.status == 200
    request = urllib.request.Request(
        f"{address}/v1/ask", b'{"question": "When?"}', {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert json.load(reply)["abstention"]["reason"] == "no_articles"
    with urllib.request.urlopen(address, timeout=30) as reply:
        assert b"<html" in reply.read()


def test_chat_stops_on_interrupt_with_one_line(chat: tuple[subprocess.Popen[str], str]) -> None:
    process, _ = chat
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("Interrupted")


def test_chat_says_in_one_line_that_the_port_is_taken(run: Run, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        shown = run("chat", "--port", str(port))
    assert (shown.code, shown.out) == (1, "")
    assert shown.err == f"citewire: Port {port} on 127.0.0.1 is in use; choose another with --port.\n"
    assert not folder.exists()


def test_chat_says_in_one_line_that_an_address_is_not_this_machines(run: Run) -> None:
    shown = run("chat", "--host", "192.0.2.1", "--insecure")
    assert shown.code == 1
    assert [line.split(":")[0] for line in shown.err.splitlines()] == ["Warning", "citewire"]


def test_chat_lets_other_machines_in_only_with_a_key_or_when_told_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr("ui.app.serve", lambda settings, listener, _: served.append((settings, listener.close())))
    others = ("chat", "--host", "0.0.0.0", "--port", "0")
    refused = run(*others)
    assert refused.code == 2
    assert "--insecure" in refused.err and "keys add" in refused.err
    allowed = run(*others, "--insecure")
    assert allowed.code == 0
    assert allowed.err.startswith("Warning:")
    assert run("keys", "add", "phone").out.startswith("cw_")
    assert run(*others, "--rate-limit", "5/second").code == 0
    assert "Warning" not in run("chat", "--port", "0").err
    kept = [(settings.host, settings.needs_key, settings.rate) for settings, _ in served]
    assert kept == [
        ("0.0.0.0", False, "300/minute"),
        ("0.0.0.0", True, "5/second"),
        ("127.0.0.1", False, None),
    ]


def test_chat_behind_a_proxy_is_for_other_people_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr("ui.app.serve", lambda settings, listener, _: served.append((settings, listener.close())))
    proxied = ("chat", "--port", "0", "--allow-host", "localhost", "--allow-host", "ask.example")
    refused = run(*proxied)
    assert refused.code == 2
    assert "--allow-host" in refused.err and "keys add" in refused.err
    assert run(*proxied, "--insecure").err.startswith("Warning:")
    assert run("chat", "--port", "0", "--allow-host", "localhost").code == 0
    run("keys", "add", "phone")
    assert "Warning" not in run(*proxied).err
    assert "Warning" not in run(*proxied, "--insecure").err  # whoever has no key is refused all the same
    assert [(settings.needs_key, settings.rate) for settings, _ in served] == [
        (False, "300/minute"),
        (False, None),
        (True, "300/minute"),
        (False, "300/minute"),
    ]


def test_keys_are_made_listed_and_removed(run: Run, folder: Path) -> None:
    key = run("keys", "add", "phone").out.strip()
    assert run("keys", "list").out.endswith("  phone\n")
    assert key not in run("keys", "list").out + (folder / "keys.json").read_text()
    assert run("keys", "add", "phone").code == 1
    assert run("keys", "remove", "phone").code == 0
    gone = run("keys", "remove", "phone")
    assert (gone.code, gone.out) == (1, "")
    assert "keys list" in gone.err
    assert run("keys", "list").out == ""


def test_the_log_is_json_where_nobody_watches_it(tmp_path: Path) -> None:
    with start(
        "--library", tmp_path, "--reader", "off", "chat", "--port", "0", "--log-questions", code=FAKED + "main()"
    ) as process:
        assert process.stdout
        match = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert match
        request = urllib.request.Request(
            f"{match[0]}/v1/ask", '{"question": "Кто?"}'.encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=30).close()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines] == ["question", "request"]
    assert lines[0]["question"] == "Кто?" and lines[0]["request_id"] == lines[1]["request_id"]


def test_replies_are_not_held_back_to_fill_packets() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # else asyncio leaves Nagle's algorithm on: 40 ms a reply

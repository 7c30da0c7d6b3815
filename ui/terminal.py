"""What the command line prints: answers, outcomes and JSON on stdout, everything about the work on stderr."""

import io
import json
import os
import re
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

# Only for their names: the command line must not load what it does not need.
if TYPE_CHECKING:
    from index.types import Outcome
    from qa.types import Answer, Citation

# What a terminal would obey, or be turned around by, is never printed from an article.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")

_EVERY = 10.0  # seconds between lines about the work where no terminal shows it


class _Course:
    """How far adding has come, in a line: `str` of it."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.done = self._sentences = self._work = 0
        self._began = self._latest = self._told = time.monotonic()

    def count(self, outcome: "Outcome") -> None:
        self._latest = time.monotonic()
        if not self.done:
            self._told = self._latest  # outcomes come in groups: the first one alone tells little
        self.done += 1
        self._sentences += outcome.sentences
        self._work += outcome.status != "unchanged"  # which takes no time, and says nothing of how long the rest will

    def __str__(self) -> str:
        elapsed = self._latest - self._began
        parts = [f"{self.done:,} articles" if self.total is None else f"{self.done:,} of {self.total:,} articles"]
        if self._sentences and elapsed:
            parts.append(f"{self._sentences / elapsed:,.1f} sentences/s")
        if self.total and self._work:
            left = max(0, self.total - self.done) * elapsed / self._work
            parts.append(f"{timedelta(seconds=round(left))} left")
        return ", ".join(parts)

    @property
    def is_due(self) -> bool:
        """Whether it is time for another line; asked before the next outcome is counted, the first of a group."""
        now = time.monotonic()
        if not self.done or now - self._told < _EVERY:
            return False
        self._told = now
        return True


def shown(outcomes: Iterable["Outcome"], total: int | None = None) -> Iterator["Outcome"]:
    """Pass outcomes on, of which there will be `total`; on stderr, a line for each rejection, and how far it has come.

    That is shown all the time on a terminal; elsewhere it is a line every few seconds.
    """
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    course = _Course(total)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(str(course), total=total)
        for outcome in outcomes:
            if not stderr.is_terminal and course.is_due:
                say(str(course))
            course.count(outcome)
            progress.update(task, completed=course.done, description=str(course))
            if outcome.status == "rejected":
                stderr.print(Text(_line(f"rejected {outcome.name}: {outcome.reason}")))
            yield outcome


def show_answer(answer: "Answer") -> None:
    """Each fact's first quote with all its numbers, then the numbered sources."""
    for one in answer.citations:
        if one.is_first:
            print_line(_quoted(one), f" {one.marks}")
    print_line()
    for one in answer.citations:
        print_line(f"[{one.number}] {_source(one)}")


def show_nearest(answer: "Answer") -> None:
    print_line(answer.abstention.message if answer.abstention else "")
    if answer.nearest:
        print_line()
        print_line("Nearest passages, which do not answer the question:")
    for one in answer.nearest:
        print_line(_quoted(one))
        print_line(f"    {_source(one)}")


def show_profile(stages: Mapping[str, float], took_ms: float) -> None:
    """On stderr, how long each stage took (`stages` are seconds), and the whole answer, loading not included."""
    rows = {name: 1000 * seconds for name, seconds in stages.items()}
    rows["other"] = took_ms - sum(spent for name, spent in rows.items() if name != "load")
    for name, spent in (rows | {"total": took_ms}).items():
        say(f"{name:8}{spent:10,.1f} ms")


def _quoted(citation: "Citation") -> Text:
    """The quote, with the exact answer in bold where one was found."""
    quote, (start, end) = citation.quote, citation.span or (0, 0)
    exact = (_line(quote[start:end]), "bold")
    return Text.assemble("“", _line(quote[:start]), exact, _line(quote[end:]), "”")


def _source(citation: "Citation") -> str:
    published = citation.published.isoformat() if citation.published else ""
    about = ", ".join(part for part in (citation.source, published, citation.language) if part)
    stop = "" if citation.title.endswith(tuple(".!?…。！？")) else "."
    return f"{citation.title}{stop} {about}. {citation.url or citation.article_id}"


def print_line(*parts: str | Text) -> None:
    """One line on stdout, never wrapped, in bold and colour on a terminal only."""
    line = Text.assemble(*(part if isinstance(part, Text) else _line(part) for part in parts))
    Console(highlight=False, soft_wrap=True).print(line)


def _line(text: str) -> str:
    return _CONTROLS.sub(" ", text)


def say(line: str) -> None:
    """One line on stderr."""
    typer.echo(_line(line), err=True)


def fail(line: str) -> NoReturn:
    say(f"citewire: {line}")
    raise SystemExit(1)


def emit(data: Any) -> None:
    """JSON on stdout, with escapes where the terminal's encoding cannot hold every character."""
    unicode = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    typer.echo(json.dumps(data, ensure_ascii=not unicode, indent=1, default=str))


def quiet() -> None:
    """What libraries say to their developers does not belong on a user's terminal."""
    warnings.filterwarnings("ignore")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

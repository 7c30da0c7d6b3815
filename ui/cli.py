"""The command line: `citewire add`, `ask`, `chat` and the rest. With --json, stdout holds the JSON alone."""

import os
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import platformdirs
import typer

from corpus.types import CitewireError, Language
from ui import server
from ui.options import Choice, loopback_is_allowed, vector_store
from ui.terminal import emit, fail, print_line, quiet, say, show_answer, show_nearest, show_profile, shown

# Commands import the rest themselves: the encoder and the chat take seconds to load, and --help needs neither.
if TYPE_CHECKING:
    from index.library import Library
    from index.types import Outcome
    from qa.pipeline import Answerer

STATUSES = ("added", "unchanged", "replaced", "rejected")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else on stdout.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(server.commands)


def main() -> None:
    """The program `citewire`: what can be expected to fail ends as one line on stderr and an exit code."""
    quiet()
    try:
        app(prog_name="citewire")
    except CitewireError as error:
        fail(str(error))
    except OSError as error:
        fail(": ".join(str(part) for part in (error.strerror or error, error.filename) if part))
    except SystemExit as end:
        if end.code == 130:  # what Typer makes of Ctrl+C
            say("Interrupted; what was finished is kept.")
        raise


def _version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"citewire {version('citewire')}")
        except PackageNotFoundError:
            typer.echo("citewire, not installed")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    library: Annotated[
        str | None,
        typer.Option(
            envvar="CITEWIRE_LIBRARY",
            metavar="DIR",
            help="Folder of the library, made when missing. Without it, one in your user-data folder.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Embedding model of a new library. Without it, the built-in one."),
    ] = None,
    reader: Annotated[
        str,
        typer.Option(
            metavar="on|off|NAME",
            help="What reads the best candidates before answering: ours, nothing (faster), or a model of yours.",
        ),
    ] = "on",
    store: Annotated[
        str | None,
        typer.Option(
            envvar="CITEWIRE_STORE",
            metavar="faiss|URL",
            help="Where a new library keeps its vectors: faiss, in its folder, or milvus://HOST:PORT, a Milvus server. "
            "`rebuild` moves those of an old one. Without it, where they are.",
        ),
    ] = None,
    _: Annotated[bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")] = False,
) -> None:
    """Ask news articles in English, Russian and Chinese, and get only sentences that can be cited.

    Start with `citewire add FOLDER`, then `citewire ask "QUESTION"` or `citewire chat`.
    """
    if model is None and reader.lower() in ("on", "off"):  # only naming a model may look for it on another machine
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    else:
        os.environ.setdefault("HF_HUB_OFFLINE", "0")
    if reader == "":
        raise typer.BadParameter("is on, off, or the name of a model.", param_hint="--reader")
    if library == "":  # an unset variable of a script, and no wish for the working directory
        raise typer.BadParameter("names no folder.", param_hint="--library")
    context.obj = Choice(
        Path(library).expanduser() if library else platformdirs.user_data_path("citewire"),
        model,
        reader,
        None if store is None else vector_store(store),
    )


@app.command()
def add(
    context: typer.Context,
    places: Annotated[
        list[str],
        typer.Argument(metavar="PATH|URL...", help="Files, folders, globs, web addresses; - is JSON Lines from stdin."),
    ],
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Processes that encode, each with a model of its own in memory. One uses all cores.",
        ),
    ] = 1,
    on_ray: Annotated[
        bool,
        typer.Option(
            "--ray",
            help="Have --workers of a Ray cluster read and encode, each PATH by one of them. RAY_ADDRESS names the "
            "cluster; without it, one is started here.",
        ),
    ] = False,
) -> None:
    """Add articles: text, Markdown, HTML and JSON Lines files, web pages.

    Adding the same address or path again replaces the article. Prints how many were added, unchanged, replaced
    and rejected, and why each was rejected; says meanwhile how far it is, how fast, and how long the rest will take.
    Stop it with Ctrl+C: what was finished is kept, and adding the same again goes on with the rest. The exit code is
    1 when all failed.
    """
    from corpus import count_documents

    counts: Counter[str] = Counter()
    with _library(context) as library, closing(_adding(library, places, workers, on_ray)) as outcomes:
        try:
            for outcome in shown(outcomes, count_documents(places)):
                counts[outcome.status] += 1
        finally:
            typer.echo("  ".join(f"{status} {counts[status]}" for status in STATUSES))
    if counts["rejected"] == counts.total():
        raise typer.Exit(1)


def _adding(library: "Library", places: list[str], workers: int, on_ray: bool) -> Generator["Outcome", None, None]:
    if not on_ray:
        from corpus import articles

        return library.add(articles(places, allow_loopback=loopback_is_allowed()), workers=workers)
    try:
        from index import ray_job
    except ModuleNotFoundError as error:
        fail(f"--ray needs the package {error.name}; install it with: pip install 'citewire[ray]'")
    return ray_job.add(library, places, workers=workers)


def _day_option(meaning: str) -> Any:
    return typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help=meaning)


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In English, Russian or Chinese.")],
    as_json: AsJson = False,
    language: Annotated[
        list[Language] | None, typer.Option(help="Only articles in this language; may be repeated.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only articles from this source; may be repeated.")
    ] = None,
    since: Annotated[datetime | None, _day_option("Only articles published on this day or later.")] = None,
    until: Annotated[datetime | None, _day_option("Only articles published on this day or earlier.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=20, metavar="1..20", help="At most this many facts.")] = 5,
    profile: Annotated[bool, typer.Option("--profile", help="Say on stderr how long each stage took.")] = False,
) -> None:
    """Answer a question with sentences quoted from the articles, each with its source.

    When no sentence supports an answer it says so, and shows the nearest passages; the exit code is 0 then too.
    """
    from index.stages import measured, stage
    from index.types import Filters
    from ui.schemas import answer_json

    filters = Filters(frozenset(language or ()), frozenset(source or ()), _date(since), _date(until))
    with _answerer(context) as answerer, measured() as stages:
        if profile:  # else what is loaded first would seem slow
            with stage("load"):
                answerer.warm()
        answer = answerer.ask(_whole(question), filters=filters, limit=limit)
    if profile:
        show_profile(stages, answer.took_ms)
    if as_json:
        emit(answer_json(answer))
    elif answer.abstention:
        show_nearest(answer)
    else:
        show_answer(answer)


@app.command("articles")
def list_articles(context: typer.Context, as_json: AsJson = False) -> None:
    """List the articles: id, language, day, number of sentences, source, title, address."""
    from ui.schemas import articles_json

    with _library(context) as library:
        total, found = library.articles()
    if as_json:
        emit(articles_json(total, found))
        return
    for one in found:
        parts = (one.id, one.language, one.published or "no date", one.sentences, one.source, one.title, one.url)
        print_line("  ".join(str(part) for part in parts if part != ""))
    say(f"{total} articles")


@app.command()
def remove(
    context: typer.Context,
    wanted: Annotated[list[str], typer.Argument(metavar="ID|URL...", help="As `citewire articles` lists them.")],
) -> None:
    """Remove articles. The exit code is 1 when none of them was found."""
    with _library(context) as library:
        missing = [one for one in wanted if not library.remove(one)]
    for one in missing:
        say(f"not found {one}")
    print_line(f"removed {len(wanted) - len(missing)}")
    if len(missing) == len(wanted):
        raise typer.Exit(1)


@app.command()
def stats(context: typer.Context, as_json: AsJson = False) -> None:
    """Say what the library holds: articles and sentences, languages and sources, model, size."""
    with _library(context) as library:
        figures = asdict(library.stats())
    if as_json:
        emit(figures)
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key or 'none'} {count}" for key, count in value.items())
        print_line(f"{name.replace('_', ' '):15}{value}")


@app.command()
def rebuild(context: typer.Context) -> None:
    """Make the search indexes anew from the stored articles.

    For when they are damaged, when `stats` says that the library has outgrown one, and to move the vectors to another
    --store.
    """
    with _library(context) as library:
        library.rebuild()
        print_line(f"rebuilt {library.count()} articles")


@app.command()
def evaluate(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True, file_okay=False, metavar="FOLDER", help="Holds questions.jsonl and articles.{en,ru,zh}.jsonl."
        ),
    ],
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Ask again for the articles of each language alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure the answers on questions whose answers are known. Their articles must have been added before."""
    from qa.evaluation import evaluate as measure

    with _answerer(context) as answerer:
        report = measure(answerer, folder, matrix=matrix)
    if as_json:
        emit(report)
        return
    for name, rows in report.items():
        for language, row in rows.items():
            figures = "  ".join(f"{key} {value}" for key, value in row.items() if value is not None)
            print_line(f"{name:8} asked in {language}: {figures}")


@contextmanager
def _library(context: typer.Context) -> Iterator["Library"]:
    from index.library import Library

    choice: Choice = context.obj
    with Library.open(choice.folder, model=choice.model, store=choice.store, progress=_preparing) as library:
        yield library


@contextmanager
def _answerer(context: typer.Context) -> Iterator["Answerer"]:
    from qa.pipeline import Answerer
    from qa.readers import open_reader

    choice: Choice = context.obj
    with _library(context) as library:
        yield Answerer(library, reader=open_reader(choice.reader, library.encoder, _preparing))


def _preparing(step: str, done: float) -> None:
    say(f"preparing the model, only this once: {step} ({done:.0%})")


def _whole(argument: str) -> str:
    """Bytes of an argument that are not in the terminal's encoding arrive as halves of characters."""
    return argument.encode(errors="replace").decode()


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None

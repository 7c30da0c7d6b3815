"""Citewire as a program of its own, over the sample articles: for what measures it or draws it from outside."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SAMPLES = sorted((Path(__file__).parents[1] / "corpus" / "samples").glob("articles.*.jsonl"))
COMMAND = (sys.executable, "-c", "from ui.cli import main; main()")


def run(folder: str, *arguments: str) -> None:
    """Run `citewire --library folder` with `arguments` to its end."""
    subprocess.run([*COMMAND, "--library", folder, *arguments], check=True, capture_output=True)


def index_samples(folder: str) -> None:
    run(folder, "add", *map(str, SAMPLES))


@contextmanager
def served() -> Iterator[str]:
    """The address of a chat of its own."""
    with tempfile.TemporaryDirectory() as folder:
        index_samples(folder)
        with chat(folder) as (address, _process):
            yield address


@contextmanager
def chat(folder: str) -> Iterator[tuple[str, int]]:
    """The address and the process id of a chat over the library in `folder`, ready to answer."""
    command = [*COMMAND, "--library", folder, "chat", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().split()[2], process.pid
    finally:
        process.terminate()
        process.wait(20)

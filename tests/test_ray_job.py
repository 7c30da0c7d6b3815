"""Embedding on Ray: two workers of a cluster on this machine make the library that one process makes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import WordEncoder
from test_cli import FAKED, LINE, ROOT, jsonl

from corpus.types import Language
from index.library import Library

pytest.importorskip("ray", reason="Ray is not installed: pip install 'citewire[ray]'")

QUESTIONS = {Language.EN: "Is the bridge open?", Language.RU: "Мост открыт?", Language.ZH: "桥开放了吗？"}


def _run(library: Path, *arguments: str | Path, code: str = FAKED) -> subprocess.CompletedProcess[str]:
    """The program, with an encoder that the workers can import too."""
    command = [sys.executable, "-c", code + "main()", "--library", str(library), "add", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300)


def _made(folder: Path) -> dict[str, Any]:
    """All that the library holds, but when it was fetched, and what it finds."""
    with Library.open(folder, encoder=WordEncoder(), cache=folder / "cache") as library:
        rows = library._store.rows_after(0, 1000)
        hits = [library.search(question, language) for language, question in QUESTIONS.items()]
        return {
            "articles": [library.article(row.article_id) for row in rows],
            "sentences": [(row.id, row.article_id, row.position, row.start, row.end) for row in rows],
            "embeddings": [row.embedding.tolist() for row in rows],
            "hits": [[(hit.sentence, round(hit.score, 6)) for hit in found] for found in hits],
        }


def _shards(folder: Path) -> Iterator[Path]:
    texts = {"en": "The bridge is open. It is new.", "ru": "Мост открыт. Он новый.", "zh": "桥开放了。它是新的。"}
    for number, (language, text) in enumerate(texts.items()):
        lines = [
            {"text": f"{text} {number} {each}.", "language": language, "url": f"https://news.example/{language}/{each}"}
            for each in range(40)
        ]
        # Each shard has an article without an address, one that is none, one that is in all, one that is in all anew.
        lines += [{"text": text, "language": language}, {"title": "No text"}]
        lines += [LINE, LINE | {"text": f"It is shut, report {number}.", "url": "https://news.example/again"}]
        yield jsonl(folder / f"{language}.jsonl", *lines)


def test_two_workers_make_the_same_library_and_a_rerun_changes_nothing(tmp_path: Path) -> None:
    shards = list(_shards(tmp_path))
    plain = _run(tmp_path / "plain", *shards)
    on_ray = _run(tmp_path / "ray", *shards, "--ray", "--workers", "2")
    assert plain.stdout == "added 125  unchanged 2  replaced 2  rejected 3\n"
    assert on_ray.stdout == plain.stdout
    assert set(plain.stderr.splitlines()) <= set(on_ray.stderr.splitlines())
    assert _made(tmp_path / "ray") == _made(tmp_path / "plain")
    again = [_run(tmp_path / name, *shards, *more) for name, more in (("ray", ["--ray"]), ("plain", []))]
    assert again[0].stdout == again[1].stdout == "added 0  unchanged 126  replaced 3  rejected 3\n"
    assert _made(tmp_path / "ray") == _made(tmp_path / "plain")


def test_what_fails_in_a_worker_is_one_line(tmp_path: Path) -> None:
    failing = FAKED.replace("from conftest import WordEncoder", "from test_workers import Mortal as WordEncoder")
    done = _run(tmp_path / "library", jsonl(tmp_path / "a.jsonl", LINE | {"text": "Fail."}), "--ray", code=failing)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "citewire: the model is missing"
    assert "Traceback" not in done.stderr


def test_standard_input_is_for_one_machine(tmp_path: Path) -> None:
    done = _run(tmp_path / "library", "-", "--ray")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "put it into files" in done.stderr

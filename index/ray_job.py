"""Embedding on a Ray cluster, `citewire add --ray`: its machines read, split and encode; who asks them writes alone.

Each place, a shard that all machines see under the same path, is read by one of the workers: actors of Ray Data, each
with an encoder and a core of its own. What they send back comes in the order of the places, so that the result is the
library that one machine would make; what is stored already is not encoded again. RAY_ADDRESS names the cluster; without
it, one of this machine alone is started.
"""

import logging
import os
import pickle
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # tell nobody
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

import pyarrow
import ray
import ray.data
from ray.exceptions import RayError

import corpus
from corpus.readers import STANDARD_INPUT
from corpus.types import Article, CitewireError
from index.adding import Embedded, Group, Item, batches
from index.library import Library
from index.store import digest
from index.types import Encoder, LibraryError, Outcome


def add(library: Library, places: Sequence[str], *, workers: int = 1) -> Generator[Outcome, None, None]:
    """Add the articles at the places, an outcome for each in turn; stop iterating at any time."""
    yield from library.add_embedded(_embedded(library, places, workers))


def _embedded(library: Library, places: Sequence[str], workers: int) -> Iterator[Embedded]:
    is_ours = not ray.is_initialized()
    try:
        shards = [{"place": _seen_by_all(place)} for place in places]
        if is_ours:
            ray.init(log_to_driver=False, logging_level=logging.ERROR)
        for row in _dataset(library, shards, workers).iter_rows():
            result: Embedded | CitewireError = pickle.loads(row["embedded"])
            if isinstance(result, CitewireError):
                raise result
            yield result
    except (RayError, ConnectionError) as error:
        raise LibraryError(f"the work on Ray has failed ({_reason(error)}); what was finished is kept") from error
    finally:
        if is_ours:
            ray.shutdown()


def _dataset(library: Library, shards: list[dict[str, str]], workers: int) -> ray.data.Dataset:
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is raised, and told once
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True  # the later of two articles with one id replaces the earlier
    context.enable_progress_bars = False
    return ray.data.from_items(shards, override_num_blocks=len(shards)).map_batches(
        _Embedder,
        fn_constructor_args=(library.encoder, library.encoder.fingerprint, ray.put(library.digests())),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
        num_cpus=1,
        num_gpus=min(1.0, ray.cluster_resources().get("GPU", 0) / workers),
    )


def _reason(error: Exception) -> str:
    """The last line of a long report that names an error."""
    lines = [line.strip() for line in str(error).splitlines() if re.match(r"\s*[\w.]*(Error|Exception): ", line)]
    return lines[-1] if lines else type(error).__name__


def _seen_by_all(place: str) -> str:
    """A path as the other machines, which work elsewhere, know it. Raises LibraryError for standard input."""
    if place == STANDARD_INPUT:
        raise LibraryError("the machines of a cluster cannot read this one's standard input; put it into files")
    return str(Path(place).absolute()) if place and "://" not in place else place


class _Embedder:
    """An actor: places in, what is there out, embedded where it is not stored."""

    def __init__(self, encoder: Encoder, fingerprint: str, stored: Any) -> None:
        self._encoder, self._fingerprint = encoder, fingerprint
        self._stored: frozenset[bytes] = ray.get(stored)

    def __call__(self, batch: dict[str, Any]) -> Iterator[pyarrow.Table]:
        """A row for each group of items, or for what stops them; pickled, since Ray knows neither."""
        for result in self._results(str(place) for place in batch["place"]):
            yield pyarrow.table({"embedded": pyarrow.array([pickle.dumps(result)], pyarrow.large_binary())})

    def _results(self, places: Iterable[str]) -> Iterator[Embedded | CitewireError]:
        try:
            if self._encoder.fingerprint != self._fingerprint:
                raise LibraryError(f"a machine has the encoder {self._encoder.fingerprint}, not {self._fingerprint}")
            for items in batches(corpus.articles(places)):
                yield self._embedded(items)
        except CitewireError as error:
            yield error

    def _embedded(self, items: Sequence[Item]) -> Embedded:
        digests = {item.id: digest(item) for item in items if isinstance(item, Article)}
        group = Group.of(items, {id_: each for id_, each in digests.items() if each in self._stored})
        vectors = self._encoder.encode_sentences(group.texts)
        return Embedded(items, {article.id: own for article, _, own in group.by_article(vectors)})

"""Which sentences pass filters, told from columns in memory: to read half a million ids takes the database too long.

The sentences of an article have consecutive ids, which are never used again. So a row for each article is enough, rows
only come, and those of articles that have been removed since do no harm: nobody holds their sentences' ids.
"""

import threading
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from corpus.types import Language
from index.store import Store
from index.types import Filters, Ids

_UNDATED = 0  # date.toordinal() counts from 1
_LANGUAGES = {language: code for code, language in enumerate(Language)}


class Columns:
    """Language, source, day and sentences of each article of one library. Safe to use from many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sources: dict[str, int] = {}
        self._rows: NDArray[np.int64] = np.zeros((5, 0), np.int64)  # first and last id, language, source, day
        self._guard = threading.Lock()  # one thread at a time reads what is new

    def ids(self, filters: Filters) -> Ids:
        """The ids of the sentences whose article passes the filters, ascending; some may have been removed."""
        with self._guard:
            self._follow()
            firsts, lasts, languages, sources, days = self._rows
            wanted = [self._sources[source] for source in filters.sources if source in self._sources]
        passing = np.ones(len(firsts), bool)
        if filters.languages:
            passing &= np.isin(languages, [_LANGUAGES[language] for language in filters.languages])
        if filters.sources:
            passing &= np.isin(sources, wanted)
        if filters.since or filters.until:
            passing &= days >= (filters.since.toordinal() if filters.since else _UNDATED + 1)
        if filters.until:
            passing &= days <= filters.until.toordinal()
        return _between(firsts[passing], lasts[passing])

    def _follow(self) -> None:
        known = int(self._rows[1, -1]) if self._rows.size else 0
        if known < self._store.last_id:
            self._rows = np.concatenate([self._rows, self._after(known)], axis=1)

    def _after(self, last_id: int) -> NDArray[np.int64]:
        found: Iterable[tuple[int, ...]] = (
            (
                first,
                last,
                _LANGUAGES[language],
                self._sources.setdefault(source, len(self._sources)),
                published.toordinal() if published else _UNDATED,
            )
            for first, last, language, source, published in self._store.articles_after(last_id)
        )
        return np.array(sorted(found), np.int64).reshape(-1, 5).T


def _between(firsts: Ids, lasts: Ids) -> Ids:
    """The numbers from each first to its last, one range after the other."""
    lengths = lasts - firsts + 1
    before = np.cumsum(lengths) - lengths
    return np.repeat(firsts - before, lengths) + np.arange(lengths.sum())

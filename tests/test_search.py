"""From candidates to hits: scores that a person can compute."""

from pathlib import Path

import numpy as np
import pytest
from conftest import make_article

from corpus.types import Language
from index.library import Library
from index.types import Filters, Hit

EN = Language.EN


def test_coverage_is_the_share_of_what_is_asked_weighted_by_rarity(library: Library) -> None:
    list(library.add([make_article("Rain fell. Rain fell again. Snow melted.", title="Weather")]))
    hits = {hit.sentence.position: hit for hit in library.search("rain snow", EN)}
    assert hits[0].coverage + hits[2].coverage == pytest.approx(1.0)
    assert hits[2].coverage > hits[0].coverage > 0  # snow is the rarer
    assert hits[0].article_coverage == pytest.approx(1.0)


def test_names_are_counted_apart(library: Library) -> None:
    list(library.add([make_article("Акимов выступил. Он обещал мост.", language=Language.RU, title="Речь")]))
    hits = {hit.sentence.position: hit for hit in library.search("What bridge did Akimov promise?", EN)}
    assert hits[0].names == pytest.approx(1.0)
    assert hits[1].names == 0
    assert hits[1].article_names == pytest.approx(1.0)


def test_a_question_without_names_has_no_share_of_them(library: Library) -> None:
    list(library.add([make_article("Rain fell.")]))
    assert {(hit.names, hit.article_names) for hit in library.search("rain", EN)} == {(0.0, 0.0)}


def test_scores_are_cosines_of_sentence_neighbours_and_article(library: Library) -> None:
    list(library.add([make_article("Rain fell in Omsk. Snow melted. Ice broke. Wind rose.", title="Weather")]))
    hits = {hit.sentence.position: hit for hit in library.search("rain in Omsk", EN)}
    assert len(hits) == 4
    whole = sum(hit.vector for hit in hits.values())
    around = sum(hits[position].vector for position in range(3))
    for hit in hits.values():
        assert np.linalg.norm(hit.vector) == pytest.approx(1.0, abs=1e-3)
        assert hit.central_score == pytest.approx(float(hit.vector @ whole / np.linalg.norm(whole)), abs=1e-3)
        assert hit.article_score == pytest.approx(hits[0].article_score)
    question = np.linalg.lstsq(np.stack([hit.vector for hit in hits.values()]), _dense(hits), rcond=None)[0]
    assert hits[0].context_score == pytest.approx(float(question @ around / np.linalg.norm(around)), abs=1e-3)
    assert hits[0].dense_score == max(_dense(hits))


def _dense(hits: dict[int, Hit]) -> list[float]:
    return [hit.dense_score for hit in hits.values()]


def test_the_neighbours_of_the_best_come_along(library: Library) -> None:
    filler = [make_article(f"Fact {n} about stone {n}. More of {n}.", title=f"F{n}") for n in range(60)]
    target = make_article("Akimov came to Omsk. He smiled. A volcano erupted. Ash fell. All left.", id="t", title="T")
    list(library.add([*filler, target]))
    positions = {hit.sentence.position for hit in library.search("volcano erupted", EN) if hit.article.id == "t"}
    assert positions == {0, 1, 2, 3, 4}


def test_a_small_filter_is_searched_as_well_as_the_whole(library: Library) -> None:
    many = [make_article(f"Volcano {n} erupted.", title=f"V{n}", source="Many") for n in range(150)]
    few = make_article("A volcano slept.", id="few", title="V", source="Few")
    list(library.add([*many, few]))
    filters = Filters(sources=frozenset({"Few"}))
    assert [hit.article.id for hit in library.search("volcano erupted", EN, filters=filters)] == ["few"]


def test_the_language_of_the_question_does_not_change_what_is_eligible(library: Library) -> None:
    list(
        library.add(
            [make_article("Мост открыт.", language=Language.RU), make_article("桥通了。", language=Language.ZH)]
        )
    )
    for language in Language:
        assert len(library.search("bridge", language)) == 2


def test_searching_does_not_write_to_the_library(library: Library, tmp_path: Path) -> None:
    list(library.add([make_article("Rain fell.")]))
    library.search("rain", EN)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "library" / "terms").iterdir()}
    library.search("rain", EN)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "library" / "terms").iterdir()} == before

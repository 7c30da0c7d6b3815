"""Reading the best candidates, and ranking them anew."""

from collections.abc import Sequence

import pytest
from conftest import make_article, make_hit

from index.library import Library
from qa.pipeline import Answerer
from qa.question import understand
from qa.rank import Ranked, Ranker
from qa.reader import Excerpt, Reading
from qa.reread import Rereader, features, read

QUESTION = understand("When will the bridge open?")
ARTICLE = make_article("The bridge is old. It will open in May. Rain fell.", id="a", title="Bridge")
OTHER = make_article("Bridges are made of steel.", id="b", title="Steel")
HITS = [
    make_hit(ARTICLE, 1, neighbours=("The bridge is old.", "Rain fell.")),
    make_hit(OTHER),
    make_hit(ARTICLE, 0, neighbours=("", "It will open in May.")),
]
RANKED = [Ranked(hit, 0.5 - 0.1 * place, 1.0 - place, {"dense": 0.3}) for place, hit in enumerate(HITS)]


class WordReader:
    """Believes in sentences that hold a word, and shows the word; or says one thing of all."""

    def __init__(self, word: str = "", always: Reading | None = None, *, beside: bool = False) -> None:
        self.word, self.always, self.beside, self.seen = word, always, beside, list[Excerpt]()

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[dict[int, Reading]]:
        assert question
        self.seen += excerpts
        return [
            {place: self._reading(each.sentences[place]) for place in (each.sentences if self.beside else each.wanted)}
            for each in excerpts
        ]

    def _reading(self, sentence: str) -> Reading:
        if self.always:
            return self.always
        at = sentence.find(self.word)
        return Reading(-5.0, None, -20.0) if at < 0 else Reading(5.0, (at, at + len(self.word)), 20.0)


def _ranker(**weights: float) -> Ranker:
    """Weighs what the reader says alone, unless told otherwise."""
    names = features(QUESTION, RANKED, {hit.sentence.id: Reading(0.0) for hit in HITS})[0]
    order = dict.fromkeys(names, 0.0) | (weights or {"answers": 1.0})
    sure = order | {"score": 0.0, "lead": 0.0}
    beside = {"bias": 0.0, "own": 1.0, "best": 0.0, "same_article": 0.0, "near": 0.0}
    return Ranker({"order": order, "confidence": sure, "gap": 1.0, "bias": 0.0, "threshold": 0.5, "beside": beside})


def test_an_article_is_read_once_with_what_stands_around_its_hits() -> None:
    reader = WordReader("May")
    read(reader, QUESTION, RANKED)
    assert [(each.title, dict(each.sentences), list(each.wanted)) for each in reader.seen] == [
        ("Bridge", {0: "The bridge is old.", 1: "It will open in May.", 2: "Rain fell."}, [1, 0]),
        ("Steel", {0: "Bridges are made of steel."}, [0]),
    ]


def test_what_the_reader_believes_in_comes_first_with_its_span() -> None:
    again = Rereader(WordReader("steel"), _ranker()).rank(QUESTION, RANKED)
    assert again[0].hit is HITS[1]
    assert again[0].probability > 0.9 > 0.1 > again[1].probability
    assert again[0].hit.sentence.text[slice(*(again[0].span or ()))] == "steel"
    assert again[1].span is None


def test_those_not_read_no_longer_count() -> None:
    again = Rereader(WordReader("steel"), _ranker(), depth=2).rank(QUESTION, RANKED)
    assert [each.hit for each in again] == [HITS[1], HITS[0]]


def test_hits_that_were_in_view_beside_those_read_count_too() -> None:
    again = Rereader(WordReader("old", beside=True), _ranker(), depth=1).rank(QUESTION, RANKED)
    assert [each.hit for each in again] == [HITS[2], HITS[0]]
    assert again[0].hit.sentence.text[slice(*(again[0].span or ()))] == "old"


def test_a_span_that_the_reader_does_not_believe_in_is_not_shown() -> None:
    doubtful = WordReader(always=Reading(5.0, (0, 3), -0.1))
    assert [each.span for each in Rereader(doubtful, _ranker()).rank(QUESTION, RANKED)] == [None] * 3


def test_nothing_to_read_is_nothing_read() -> None:
    reader = WordReader("steel")
    assert Rereader(reader, _ranker()).rank(QUESTION, []) == []
    assert reader.seen == []


def test_the_features_are_those_of_the_hit_and_what_the_reader_says() -> None:
    readings = read(WordReader("May"), QUESTION, RANKED)
    first, second, _third = features(QUESTION, RANKED, readings)
    assert first == {
        "dense": 0.3, "ranked": 0.0, "answers": 5.0, "answers_behind": 0.0, "margin": 1.0, "margin_short": 1.0,
        "faint": 0.0,
    }  # fmt: skip
    assert (second["ranked"], second["answers_behind"], second["margin"]) == (-1.0, -10.0, -1.0)
    said = features(understand("What did Akimov say?"), RANKED, readings)
    assert (said[0]["margin_short"], said[0]["faint"]) == (0.0, 0.0)


def test_who_speaks_must_also_speak_of_what_is_asked() -> None:
    readings = read(WordReader("May"), QUESTION, RANKED)
    rows = features(understand("What did Akimov say about the moon landing?"), RANKED, readings)
    assert rows[0]["faint"] == pytest.approx(0.4 - RANKED[0].hit.dense_score)


def test_an_answer_marks_the_exact_words_in_its_quote(library: Library) -> None:
    list(library.add([ARTICLE, OTHER]))
    answer = Answerer(library, reader=WordReader("May")).ask("When will the bridge open?")
    assert answer.answered
    assert answer.citations[0].quote[slice(*(answer.citations[0].span or ()))] == "May"
    assert answer.confidence == answer.citations[0].probability


def test_nearest_passages_answer_nothing_and_so_have_no_span(library: Library) -> None:
    list(library.add([ARTICLE, OTHER]))
    reader = WordReader(always=Reading(-99.0, (0, 3), 5.0))
    answer = Answerer(library, reader=reader).ask("When will the bridge open?")
    assert not answer.answered
    assert answer.nearest
    assert not any(each.span for each in answer.nearest)


def test_warming_loads_the_reader_with_no_article_there(library: Library) -> None:
    reader = WordReader("May")
    Answerer(library, reader=reader).warm()
    assert len(reader.seen) == 1


def test_a_hit_knows_the_sentences_before_and_after_it(library: Library) -> None:
    list(library.add([ARTICLE]))
    hits = library.search(QUESTION.search_text, QUESTION.language)
    assert {hit.sentence.text: hit.neighbours for hit in hits} == {
        "The bridge is old.": ("", "It will open in May."),
        "It will open in May.": ("The bridge is old.", "Rain fell."),
        "Rain fell.": ("It will open in May.", ""),
    }


def test_the_weights_that_come_along_fit_the_features() -> None:
    row = dict.fromkeys(Ranker().rank(QUESTION, [HITS[0]])[0].features, 0.0)
    ranked = [Ranked(HITS[0], 0.5, 0.0, row)]
    (read_row,) = features(QUESTION, ranked, {HITS[0].sentence.id: Reading(1.0)})
    assert 0 <= Ranker(after_reading=True).order([HITS[0]], [read_row])[0].probability <= 1
    assert 0 < Ranker(after_reading=True).threshold < 1


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_a_longer_margin_says_no_more(language: str) -> None:
    question = understand({"en": "Who came?", "ru": "Кто пришёл?", "zh": "谁来了？"}[language])
    rows = [
        features(question, RANKED[:1], {HITS[0].sentence.id: Reading(0.0, None, margin)})[0] for margin in (10.0, 1e9)
    ]
    assert rows[0] == rows[1]

"""The tokens that a reader sees of a question and a passage."""

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from qa.passages import Pieced, Pieces, overhead, sheet


def make_tokenizer() -> Tokenizer:
    """Cuts at spaces; what it does not know is one unknown token."""
    words = ["<s>", "</s>", "<pad>", "<unk>", "query:", "who", "came", "Ann", "left", "early", "News"]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def make_pieced() -> Pieced:
    return Pieced(make_tokenizer())


@pytest.fixture
def pieced() -> Pieced:
    return make_pieced()


def test_a_sheet_holds_question_title_and_each_sentence_closed(pieced: Pieced) -> None:
    title, *sentences = pieced.cut(["News", "Ann left early", "Ann came"])
    page = sheet(pieced, pieced.question("who came"), title, sentences)
    assert page.ids == [0, 4, 5, 6, 1, 10, 1, 7, 8, 9, 1, 7, 6, 1]
    assert (page.begin, page.tokens) == (7, [range(7, 11), range(11, 14)])
    assert page.offsets == [(0, 3), (4, 8), (9, 14), (0, 0), (0, 3), (4, 8), (0, 0)]
    assert overhead(pieced.question("who came"), title) == page.begin


def test_what_is_too_long_is_cut_off_the_longest_sentence(pieced: Pieced) -> None:
    sentences = pieced.cut(["Ann came", "Ann left early " * 20])
    page = sheet(pieced, pieced.question("who came"), Pieces([], []), sentences, limit=20)
    assert len(page.ids) == 20
    assert [len(tokens) for tokens in page.tokens] == [3, 11]
    assert [page.ids[tokens.stop - 1] for tokens in page.tokens] == [pieced.last] * 2


def test_a_long_question_and_a_long_title_leave_room_for_the_passage(pieced: Pieced) -> None:
    title, sentence = pieced.cut(["News " * 500, "Ann came"])
    page = sheet(pieced, pieced.question("who " * 500), title, [sentence])
    assert page.begin == overhead(pieced.question("who " * 500), title) < 100
    assert page.tokens == [range(page.begin, page.begin + 3)]


def test_no_sentence_gets_less_than_nothing(pieced: Pieced) -> None:
    page = sheet(pieced, pieced.question("who"), Pieces([], []), pieced.cut(["Ann came"] * 9), limit=8)
    assert all(len(tokens) >= 1 for tokens in page.tokens)


def test_nothing_cut_is_nothing(pieced: Pieced) -> None:
    assert pieced.cut([]) == []
    assert pieced.cut([""]) == [Pieces([], [])]

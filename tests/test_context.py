"""Which sentences lean on an earlier one, and on which."""

import time

import pytest
from conftest import make_article

from corpus.sentences import sentences
from corpus.types import Language
from qa.context import context_in, context_of

EN, RU, ZH = Language.EN, Language.RU, Language.ZH


def before_last(text: str, language: Language) -> str | None:
    """The text of what the last sentence is not understood without."""
    article = make_article(text, language=language)
    every = sentences(article)
    found = context_in(article, every[-1])
    assert found == context_of(every[-1], every) or found is None or found.text == context_of(every[-1], every).text
    return found.text if found else None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Akimov met reporters. He added that the line was late.", EN),
        ("The bridge is closed. It will open in May.", EN),
        ("The bridge is closed. But nobody has said why.", EN),
        ("The bridge is closed. That surprised the mayor.", EN),
        ("Ito and Xu met in Kyoto. The two signed a treaty.", EN),
        ("Akimov was late. “We waited for the train,” he said.", EN),
        ("Akimov said: “We waited for the train.” According to him, it was late.", EN),
        ('Akimov said: "We are tired. The end is near."', EN),
        ("“We are tired,” Akimov said. “The end is near.”", EN),
        ("Акимов встретил журналистов. Он добавил, что поезд опоздал.", RU),
        ("Мост закрыт. Кроме того, закрыт туннель.", RU),
        ("Мост закрыт. Это удивило мэра.", RU),
        ("Акимов опоздал. «Мы ждали поезда», — сказал он.", RU),
        ("Акимов сказал: «Мы устали. Конец близок».", RU),
        ("阿基莫夫会见了记者。他还说，火车晚点了。", ZH),
        ("大桥关闭了。此外，隧道也关闭了。", ZH),
        ("大桥关闭了。对此，市长表示惊讶。", ZH),
    ],
)
def test_a_sentence_that_leans_on_the_one_before_comes_with_it(text: str, language: Language) -> None:
    first = sentences(make_article(text, language=language))[0].text
    assert before_last(text, language) == first


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Akimov met reporters. Akimov added that the line was late.", EN),
        ("It rained. This week the line was late.", EN),
        ("Akimov was late. “We waited for the train,” Mayor Fontana said.", EN),
        ("He added that the line was late.", EN),
        ("Мост закрыт. Онлайн-касса работает.", RU),
        ("Мост закрыт. А. Иванов уехал.", RU),
        ("大桥关闭了。其实隧道还开着。", ZH),
        ("大桥关闭了。这周隧道还开着。", ZH),
    ],
)
def test_a_sentence_that_stands_alone_or_first_has_none(text: str, language: Language) -> None:
    assert before_last(text, language) is None


def test_what_names_nobody_is_passed_over() -> None:
    assert before_last("Akimov came. He sat. He spoke. He left.", EN) == "Akimov came."


def test_nothing_is_sought_more_than_three_sentences_back() -> None:
    assert before_last("Akimov came. He sat. He spoke. He ate. He left.", EN) is None


def test_whoever_spoke_at_the_end_of_a_quotation_is_named() -> None:
    text = "“We are tired. The end is near,” Akimov said. He left."
    assert before_last(text, EN) == "The end is near,” Akimov said."


@pytest.mark.parametrize("lead", ["", "x " * 5_000, "It rained in Moscow. 😀\r\n\r\n" * 400])
def test_a_context_is_a_sentence_of_the_article_however_long_that_is(lead: str) -> None:
    article = make_article(lead + "\n\nAkimov met reporters. He added that the line was late.")
    every = sentences(article)
    found = context_in(article, every[-1])
    assert found is not None
    assert (found.start, found.end, found.text) == (every[-2].start, every[-2].end, "Akimov met reporters.")
    assert article.text[found.start : found.end] == found.text


@pytest.mark.parametrize("piece", ["a", " ", "“", '"', "”", "But ", "—", "他", "Но ", ". "])
def test_any_10_000_characters_are_read_fast(piece: str) -> None:
    article = make_article((piece * 10_000)[:10_000] + "x")
    began = time.process_time()
    for sentence in sentences(article)[-5:]:
        context_in(article, sentence)
    assert time.process_time() - began < 3

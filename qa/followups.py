"""Questions that lead on from an answer, and that the library really answers: each is asked before it is offered.

What other people in the cited articles said. Leaning questions ("And when?") were tried too: over the sample questions
each found again what was cited already, or sentences too unsure to cite by themselves.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from corpus.types import Language, Sentence
from index.names import NAME_RUN
from index.terms import STOPWORDS
from qa.types import Answer, Citation, Turn

MOST = 3
_CHECKED = 4  # candidates that are asked; each costs as much as a question
_NEAR = 20  # sentences before and after a cited one
_READ = 200  # sentences in all

Ask = Callable[[str, Sequence[Turn]], Answer]
SentencesOf = Callable[[str], Sequence[Sentence]]

_ASKING = {Language.EN: "What did {0} say?", Language.RU: "Что сказал{1} {0}?", Language.ZH: "{0}说了什么？"}
_RU_VERB = (
    "(?:сказ|заяв|сообщ|объяв|рассказ|отмет|обещ|пообещ|добав|подчеркн|поясн|объясн|предупред|уточн|призн|отриц|ответ"
    "|возраз|напомн)[аиуяе]л"
)
_RU_NAME = "[А-ЯЁ][а-яё-]+(?: [А-ЯЁ][а-яё-]+)?"
_ZH_VERB = "(?:则|还|也|对此|予以|向媒体|批评|介绍|抱怨|坚)*(?:说|称|表示|宣布|指出|强调|透露|否认|承诺)"
# A name beside a verb of speech whose subject it is, and in Russian the verb's feminine ending.
_SPEAKER = {
    Language.EN: re.compile(
        # Bounded, since a name may begin at every letter of "A-A-A-A".
        r"(?<!\b[Tt]he )\b((?:[A-Z][\w’'-]{1,30} )?[A-Z][\w’'-]{1,30})()(?: also)?"
        r" (?:said|says|told|announced|added|promised|denied|claimed|warned|explained|argued|insisted|confirmed)\b"
    ),
    Language.RU: re.compile(
        rf"\b({_RU_NAME})(?: также)? {_RU_VERB}(а?)\b|\b{_RU_VERB}(а?) (?:[а-яё-]+ ){{0,4}}?({_RU_NAME})\b"
    ),
    # Only a separator or a title tells where a Chinese name begins.
    Language.ZH: re.compile(
        rf"(?:·([\u4e00-\u9fff]{{1,5}}?)|(?:^|[，。；：、“”！？\s长统席理裁员授任])({NAME_RUN}))(?={_ZH_VERB})"
    ),
}
# Endings that a Russian name has as a subject, a man's and a woman's; others may be other cases.
_NOMINATIVE = {"": re.compile("[бвгджзйклмнпрстфхцчшщ]$"), "а": re.compile("[^ойуюые]$")}
_MID_SENTENCE = re.compile(r"(?<=[\w,;:»”] )[A-ZА-ЯЁ][\w’'-]+")


def follow_ups(ask: Ask, sentences: SentencesOf, answer: Answer, history: Sequence[Turn]) -> tuple[str, ...]:
    """At most three questions in the language of `answer`, whose own question is the last of `history`.

    Each is answered, best by a sentence that was not cited yet in this conversation, from an article cited now.
    """
    cited = sorted(answer.citations, key=lambda citation: min((citation.number, *citation.same_as)))
    articles = list(dict.fromkeys(citation.article_id for citation in cited))
    seen = {each.sentence_id for turn in history for each in turn.citations}
    nearby = (each for article in articles for each in _near(cited, article, sentences(article)))
    unseen = list(islice((each for each in nearby if each.id not in seen), _READ))
    asked = " ".join(turn.question for turn in history)
    offered: list[str] = []
    for candidate in islice(_candidates(answer.language, unseen, asked), _CHECKED):
        fresh = _fresh(ask(candidate, history), articles, seen)
        if fresh and len(offered) < MOST:
            offered.append(candidate)
            seen |= fresh
    return tuple(offered)


def _near(cited: Sequence[Citation], article: str, sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """Those of `sentences`, all of `article`, that stand close to a cited one: an article may be a whole book."""
    places = [citation.position for citation in cited if citation.article_id == article]
    return (each for each in sentences if any(abs(each.position - place) <= _NEAR for place in places))


def _fresh(reply: Answer, articles: Sequence[str], seen: set[str]) -> set[str]:
    """The sentences that answer, when the best of them is news from one of `articles`."""
    best = reply.citations[0] if reply.citations else None
    if best is None or best.sentence_id in seen or best.article_id not in articles:
        return set()
    return {citation.sentence_id for citation in reply.citations}


def _candidates(language: Language, unseen: Sequence[Sentence], asked: str) -> Iterator[str]:
    """People whom a sentence lets speak in the question's own language, and whom no question names yet."""
    sayings = [each for each in unseen if each.language is language]
    known = {name for each in sayings for name in _MID_SENTENCE.findall(each.text)}
    named: set[str] = set()
    for name, ending in (speaker for each in sayings for speaker in _speakers(each.text, language)):
        first, _, last = name.rpartition(" ")
        # The first word of a sentence is capitalised whatever it is.
        is_name = language is Language.ZH or bool(first) or last in known
        is_name &= not {first.lower(), last.lower()} & STOPWORDS
        if is_name and last not in named and last not in asked:
            named.add(last)
            yield _ASKING[language].format(name, ending)


def _speakers(text: str, language: Language) -> Iterator[tuple[str, str]]:
    """Names that can stand in a question as they are, each with the ending of its verb."""
    for match in _SPEAKER[language].finditer(text):
        name = next(filter(None, (group for group in match.groups() if group and group != "а")))
        ending = "а" if "а" in match.groups() else ""
        if language is not Language.RU or all(_NOMINATIVE[ending].search(part) for part in name.split(" ")):
            yield name, ending

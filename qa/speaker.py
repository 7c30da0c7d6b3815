"""Who is speaking: whether a sentence holds the words of the person that a question names.

News gives a name once and then lets its bearer speak: in the same sentence, in the rest of a quotation that the name
closes, in a "He added". Each is recognised from the sentence and its neighbours among the hits.
"""

import re
from collections.abc import Mapping

from corpus.types import Language
from index.types import Hit
from qa.evidence import SPEECH

Place = tuple[str, int]  # article id, position

_QUOTES = {"“": 1, "”": -1, "«": 1, "»": -1, "「": 1, "」": -1, "『": 1, "』": -1}
_PRONOUN = {
    Language.EN: re.compile(r"\b([Hh]e|[Ss]he|[Tt]hey)\b"),
    Language.RU: re.compile(r"\b([Оо]н|[Оо]на|[Оо]ни|[Пп]о (его|её|ее|их) словам)\b"),
    Language.ZH: re.compile("[他她]"),
}
_OWN, _QUOTED, _PRONOUNED = 1.0, 0.8, 0.6


def speaks(hit: Hit, hits: Mapping[Place, Hit]) -> float:
    """How surely the person that the question names says what this sentence says, 0.0 to 1.0."""
    if _names_speaker(hit):
        return _OWN
    before, after = (hits.get((hit.article.id, hit.sentence.position + step)) for step in (-1, 1))
    text = hit.sentence.text
    if after and _open_quotes(text) > 0 and _names_speaker(after):
        return _QUOTED
    if before and _open_quotes(text) < 0 and _names_speaker(before):
        return _QUOTED
    language = hit.article.language
    if before and before.names and _PRONOUN[language].search(text) and SPEECH[language].search(text):
        return _PRONOUNED
    return 0.0


def _names_speaker(hit: Hit) -> bool:
    return hit.names > 0 and bool(SPEECH[hit.article.language].search(hit.sentence.text))


def _open_quotes(text: str) -> int:
    """More opened than closed: the quotation goes on; fewer: it began before."""
    straight = text.count('"') % 2  # those do not tell which way they face; at the start they open
    return sum(_QUOTES.get(character, 0) for character in text) + (straight if text.startswith('"') else -straight)

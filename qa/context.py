"""Which sentence is not understood without an earlier one, and which one that is: "He added that…", «Кроме того…»."""

import re
from collections.abc import Sequence
from dataclasses import replace

from corpus.sentences import sentences as sentences_of
from corpus.types import Article, Sentence

BACK = 3  # sentences: whom "he" means is seldom named farther back
_NEAR = 2_000  # characters before a quote that are looked at: more than that many sentences, however long the article

_SPACE = r"[\s—–-]*"
_MARK = re.compile(r'(?P<opens>[“«„「『]|(?<![^\s(\[—–-])"(?=\S))|[”»」』]|(?<=[^\s\d])"(?!\w)')
_ALL_QUOTED = re.compile(r'\s*[“«„「『"][^”»」』"]*(?:[”»」』"][.。!?…]?)?\s*')
# Words that carry on from the sentence before; a pronoun may follow them.
_LINK = re.compile(
    rf"{_SPACE}(?:(?:But|And|So|Yet|However|Then|Also|Instead|Therefore|Moreover|Furthermore|Besides|Still|Nevertheless|"
    r"In addition|As a result|In response|By contrast|At the same time)\b(?![.-])|"
    r"(?:Но|А|И|Однако|Также|Поэтому|Затем|Зато|Кроме того|Кроме этого|Помимо этого|При этом|Тем не менее|Более того|"
    r"В то же время|Вместе с тем|В свою очередь|В результате|Об этом|После этого|До этого|Для этого|Из-за этого|"
    r"Вслед за этим|В связи с этим|В ответ)\b(?![.-])|"
    r"此外|另外|同时|与此同时|但是?|不过|然而|因此|所以|而且|并且|而(?!言)|其中|对此|为此|随后|之后|于是)[,，]?\s*",
)
_PRONOUN = re.compile(
    rf"{_SPACE}[“«„「『\"]?(?:"
    r"(?:[Hh]e|[Ss]he|[Tt]hey|[Ii]t|[Hh]is|[Hh]er|[Tt]heir|[Ii]ts|[Tt]hese|[Tt]hose|[Bb]oth(?! [A-Z])|[Ss]uch|"
    r"[Tt]he (?:two|three|pair|former|latter)(?! [A-Z]))\b|"
    r"[Tt]h(?:is|at)\b(?! (?:week|month|year|morning|afternoon|evening|weekend|summer|winter|spring|autumn|[A-Z]))|"
    r"(?:According to|Like|Unlike|For|With) (?:him|her|them|it|this|that)\b|"
    r"(?:[Оо]н|[Оо]н[аои]|[Ее]го|[Ее][ёе]|[Ии]х|[Ее]му|[Ее]й|[Ии]м|[Уу] не(?:го|[её])|[Уу] них|[Оо]б[ае])\b|"
    r"[Пп]о (?:его|её|ее|их) (?:словам|мнению|данным|оценкам?)\b|"
    r"(?:[Ээ]т(?:от?|[аи]|ого|ому)|[Тт]ак(?:ой|ая|ие|ое))\b(?! (?:год|недел|месяц))|"
    r"[他她它](?:们|們|俩)?|[这這那](?![周週个個]?(?:月|星期)|[周週天年])|该|該|其(?!实|實|他)|[双雙]方|两[人国者]|[后後前]者|据[其他她]"
    r")"
)
# A quotation whose speaker is only a pronoun.
_SAID_BY_PRONOUN = re.compile(
    r"[”\"»],? (?:he|she|they) \w|[”\"»],? ?[—–-] \w+ он[аи]?\b|[”」』][，。]?[他她]们?[^，。]{0,6}[说說表補补强強称稱]"
)


def context_in(article: Article, sentence: Sentence) -> Sentence | None:
    """`context_of` in the article's own text. It is split only where a sentence asks for it."""
    begin = max(0, sentence.start - _NEAR)
    near = article.text[begin : sentence.start]
    if not _leans(sentence.text, _quotes(near, inside=False)):
        return None
    whole = sentences_of(replace(article, text=near))[bool(begin) :]
    return context_of(sentence, [replace(each, start=begin + each.start, end=begin + each.end) for each in whole])


def context_of(sentence: Sentence, sentences: Sequence[Sentence]) -> Sentence | None:
    """The nearest earlier one that names who or what `sentence` is about; None when it says so itself, or none does."""
    earlier = [each for each in sentences if each.start < sentence.start][-2 * BACK :]
    inside, found = False, []
    for each in earlier:
        found.append((each, inside))
        inside = _quotes(each.text, inside)
    if not _leans(sentence.text, inside):
        return None
    return next((each for each, quoted in found[: -BACK - 1 : -1] if _names(each.text, quoted)), None)


def _leans(text: str, inside: bool) -> bool:
    return bool(_goes_on(text, inside) or _LINK.match(text) or _is_pronominal(text))


def _names(text: str, inside: bool) -> bool:
    """Whether a sentence tells who or what it is about; in the middle of a quotation only whoever said it counts."""
    if not _goes_on(text, inside):
        return not _is_pronominal(text)
    *_, said = _MARK.split(text)[::2]
    return said is not text and bool(re.search(r"\w", said)) and not _SAID_BY_PRONOUN.search(text)


def _is_pronominal(text: str) -> bool:
    link = _LINK.match(text)
    said = _PRONOUN.match(text, link.end() if link else 0) or _SAID_BY_PRONOUN.search(text)
    return bool(said or _ALL_QUOTED.fullmatch(text))


def _goes_on(text: str, inside: bool) -> bool:
    """Whether a quotation that opened earlier is still open where `text` begins."""
    mark = _MARK.search(text)
    return inside or bool(mark and not mark["opens"])


def _quotes(text: str, inside: bool) -> bool:
    """Whether a quotation is open at the end of `text`, given that at its beginning."""
    for mark in _MARK.finditer(text):
        inside = bool(mark["opens"])
    return inside

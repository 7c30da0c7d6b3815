"""Places, states, organisations and what else has a name of its own in each language: one term for all its spellings.

Moscow, Москвой and 莫斯科 are all `@moscow`: places.tsv lists the spellings. One with a capital needs it in a sentence
(Boeing, boeing), one in capitals needs all of them (US, us); in a question neither, since people type in lower case,
unless it is marked as a word of its own (Turkey, turkey).
Russian words are listed in the nominative and found in every case.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

_DATA = Path(__file__).with_name("places.tsv")
# Russian endings, nominative first; the longest that fits a word gives its declension.
_DECLENSIONS = [
    tuple(row.split())
    for row in (
        "ский ского скому ским ском ская ской скую ское ские ских скими",
        "цкий цкого цкому цким цком цкая цкой цкую цкое цкие цких цкими",
        "ний него нему ним нем няя ней нюю", "ый ого ому ым ом ая ой ую ое ые ых ыми",
        "кая кой кую", "ая ой ую", "яя ей юю", "ое ого ому ым ом", "ние ния нию нием нии ниях", "ия ии ию ией ий",
        "ье ья ью ьем", "ка ки ке ку кой", "га ги ге гу гой", "ца цы це цу цей", "ша ши ше шу шей", "ча чи че чу чей",
        "а ы е у ой ою", "я и е ю ей", "ь я ю ем е и ью", "ай ая аю аем ае", "ей ея ею еем ее", "ой оя ою оем ое",
        "ий ия ию ием ии", "ые ых ым ыми", "ие их им ими", "ы ов ам ами ах",
    )
]  # fmt: skip
_CONSONANT = ("", "а", "у", "ом", "ем", "е", "ым", "ы", "ов", "ам", "ами", "ах")
_CONSONANTS = "бвгджзклмнпрстфхцчшщ"
_SHORTEST = 3  # letters of a word that is declined; one in capitals is not
# Syllables that begin few Chinese words: beside them a short place name is part of a longer name (马里 in 马里奥).
_FOREIGN = frozenset("斯尔克特德拉里奥卡格夫布维罗洛诺娃奇蒂莱塞伊亚尼纳姆森莫埃弗雷萨杰兹达丹兰")

_WORDS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+")
Found = tuple[int, int, str]  # from, to, term


@dataclass(frozen=True, slots=True)
class _Spelling:
    """One spelling: each word's forms, which capitals it has, and whether a question too must have them."""

    words: tuple[frozenset[str], ...]
    capitals: Literal["none", "first", "all"]
    strict: bool
    term: str


def word_places(words: Sequence[str], asked: bool = False) -> list[Found]:
    """What is named in Latin or Cyrillic, longest first and not overlapping; `asked`: whatever its capitals."""
    found: list[Found] = []
    past = 0
    for at, word in enumerate(words):
        if at < past:
            continue
        for spelling in _beginning(word):
            part = words[at : at + len(spelling.words)]
            if _fits(part, spelling, asked):
                past = at + len(part)
                found.append((at, past, spelling.term))
                break
    return found


def han_places(run: str) -> list[Found]:
    """What is named in a run of Chinese characters, by position."""
    spellings = _by_first_two()
    found: list[Found] = []
    past = 0
    for at in range(len(run) - 1):
        if run[at : at + 2] not in spellings or at < past:
            continue
        for spelling, term in spellings[run[at : at + 2]]:
            end = at + len(spelling)
            if run.startswith(spelling, at) and not _within_name(run, at, end):
                past = end
                found.append((at, end, term))
                break
    return found


def _fits(words: Sequence[str], spelling: _Spelling, asked: bool) -> bool:
    if len(words) < len(spelling.words) or not all(
        _plain(word) in forms for word, forms in zip(words[1:], spelling.words[1:], strict=True)
    ):
        return False
    if spelling.capitals == "none" or (asked and not spelling.strict):
        return True
    return words[0][0].isupper() if spelling.capitals == "first" else words[0].removesuffix("'s").isupper()


def _within_name(run: str, start: int, end: int) -> bool:
    """Whether a place of two characters is only part of a transcribed name."""
    short = end - start == 2 and run[start] not in "美英法德俄中日韩"
    return short and (run[end : end + 1] in _FOREIGN or run[max(start - 1, 0) : start] in _FOREIGN)


def _plain(word: str) -> str:
    return word.lower().replace("ё", "е").removesuffix("'s").removesuffix("'")


@cache
def _by_first_word() -> dict[str, list[_Spelling]]:
    """Longest first, and of those the one with the strictest capitals."""
    by_word: dict[str, list[_Spelling]] = {}
    for term, latin, cyrillic, _chinese in _rows():
        for text in itertools.chain(latin, cyrillic):
            spelling = _spelling(text, term)
            for form in spelling.words[0]:
                by_word.setdefault(form, []).append(spelling)
    for spellings in by_word.values():
        spellings.sort(key=lambda spelling: -len(spelling.words))
    return by_word


@lru_cache(maxsize=65_536)
def _beginning(word: str) -> Sequence[_Spelling]:
    """The spellings that begin with a word."""
    return _by_first_word().get(_plain(word), ())


def places_begun(word: str) -> frozenset[str]:
    """The terms of the places whose names begin with a word."""
    return frozenset(spelling.term for spelling in _beginning(word))


@cache
def _by_first_two() -> dict[str, list[tuple[str, str]]]:
    by_two: dict[str, list[tuple[str, str]]] = {}
    for term, _latin, _cyrillic, chinese in _rows():
        for text in chinese:
            by_two.setdefault(text[:2], []).append((text, term))
    for spellings in by_two.values():
        spellings.sort(key=lambda spelling: -len(spelling[0]))
    return by_two


def _rows() -> Iterator[tuple[str, list[str], list[str], list[str]]]:
    for line in _DATA.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            latin, cyrillic, chinese = ([text.strip() for text in column.split(";")] for column in line.split("\t"))
            yield "@" + "".join(filter(str.isalnum, latin[0].lower())), latin, cyrillic, chinese


def _spelling(text: str, term: str) -> _Spelling:
    words = _WORDS.findall(text.replace("’", "'"))
    capitals: Literal["none", "first", "all"] = "none"
    if words[0][0].isupper():
        capitals = "all" if len(words) == 1 and len(words[0]) > 1 and words[0].isupper() else "first"
    return _Spelling(tuple(frozenset(_forms(word)) for word in words), capitals, text.startswith("!"), term)


def _forms(word: str) -> Iterator[str]:
    """A word, and if Russian its cases; some that do not exist among them."""
    plain = _plain(word)
    yield plain
    if not "\u0400" <= plain[0] <= "\u04ff" or len(plain) < _SHORTEST or word.isupper():
        return
    if plain[-1] in _CONSONANTS:
        yield from (plain + ending for ending in _CONSONANT)
        return
    for nominative, *oblique in _DECLENSIONS:
        if plain.endswith(nominative):
            stem = plain.removesuffix(nominative)
            yield from (stem + ending for ending in oblique)
            return

"""Text → the terms that lexical search matches: stems, numbers, Chinese characters and bigrams, folded names.

Tokenising here, and handing the engine space-separated terms, keeps all three languages in one index and under one
set of rules (engines' own analysers disagree on Russian and Chinese, or ignore them). Names yield further terms, each
marked by a first character that no word has: `@` what places.py lists; of other capitalised words and transcribed
names `~` the fine key and the keys of the transcription, `=` from Latin or Cyrillic, `#` from Chinese (see names.py);
`^` the pinyin of native Chinese names (see pinyin.py).
"""

import itertools
import operator
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

from index.names import NAME_RUN, chinese_names, fine_key, possible_keys, transcription_keys
from index.pinyin import asked_names, full_names, native_names
from index.places import Found, han_places, places_begun, word_places

TERMS_VERSION = 3  # raise it when the terms of a text change: indexes made with others are built anew

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(
    rf"[{_HAN}]+|[^\W\d_{_HAN}]+(?:['’][^\W\d_{_HAN}]+)*"
    rf"|\d{{1,3}}(?:[,.\u00a0\u202f ]\d{{3}})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
)
_IS_HAN = re.compile(rf"[{_HAN}]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_QUESTION_WORDS = re.compile(
    "什么|多少|哪[里个些儿]?|怎么样?|怎样|如何|为何|为什么|何时|几[时点]|谁|吗|呢|吧|的|了|是|在|和"
)
_FOREIGN = re.compile(NAME_RUN.replace("{2,}", "{3,}"))
_POSSESSIVE = re.compile("['’]s?$")

# Words of questions and of grammar: they say what kind of answer is wanted, not what it is about.
STOPWORDS = frozenset(
    """a an the and or of in on at to for from by with about as is are was were be been being do does did has have had
    will would can could should may might must it its it's his her hers their our your my he she they we you i me him
    them us this that these those there here what what's which who who's whom whose when where why how how's much many
    any some than then so not no if into over under after before during between such only also just out up down more
    most other one said say says tell told
    и в во на с со к ко о об обо от до по за из у не ни а но или что чего чем чём чему кто кого кому кем ком как какой
    какая какое какие каким каких какую каком какого какому когда где куда откуда почему зачем сколько ли же бы был
    была было были есть быть это этот эта эти этого этом этой того тот та те его её ее их он она оно они мы вы я ты
    для при про над под между то так уже все всё ещё еще также только если сказал сказала сказали говорит
    与 及 啊 有 对 被 把 从 到 他 她 它 们 这 那 就 也 都 很 会 要 说 于 由 为 以 之""".split()
)

# English writes them with a capital, but they name nobody; April, May and June do.
_CALENDAR = frozenset(
    "january february march july august september october november december"
    " monday tuesday wednesday thursday friday saturday sunday".split()
)

_local = threading.local()  # a Snowball stemmer must not be shared between threads


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing a question asks about: a sentence has it when it holds any of `terms`. `name`: it may be a name."""

    terms: tuple[str, ...]
    name: bool = False


def terms(text: str) -> list[str]:
    """Every term of a sentence in order, repeats kept (they are term frequencies); stop words left out."""
    return list(_sentence_terms(_tokens(text)))


def query_units(text: str) -> list[Unit]:
    """What a question asks about, each unit once; every word may be a name, since people type in lower case."""
    return list(dict.fromkeys(_units(_tokens(text))))


class Matcher:
    """Tells which units of one question a text holds: those that share a term with `terms(text)`.

    Few words of a text have to do with a question, so that all of its terms are made only where a name or a place
    depends on the words around it. A set of units is a number here, with a bit for each.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self._wanted: dict[str, int] = {}
        for place, unit in enumerate(units):
            for term in unit.terms:
                self._wanted[term] = self._wanted.get(term, 0) | 1 << place
        self._terms = frozenset(self._wanted)
        self._grams = [term for term in self._wanted if _IS_HAN.match(term)]
        self._has_names = any(term[0] in "@#^" for term in self._wanted)
        self._has_full_names = any(term[0] == "^" for term in self._wanted)
        self._seen: set[str] = set()
        self._holding: dict[str, tuple[int, int]] = {}

    def matched(self, text: str) -> frozenset[int]:
        """The places, among the question's units, of those that the text holds."""
        tokens = _tokens(text)
        distinct = set(tokens)
        for token in distinct - self._seen:
            self._look_at(token)
        held = perhaps = 0
        for token in distinct & self._holding.keys():
            surely, beside_others = self._holding[token]
            held |= surely
            perhaps |= beside_others
        if perhaps & ~held or self._has_full_names:
            held |= self._held(_sentence_terms(tokens))
        return frozenset(place for place in range(held.bit_length()) if held >> place & 1) if held else _NO_UNITS

    def _look_at(self, token: str) -> None:
        """Note what a word or run of Chinese holds wherever it stands, and what it may hold beside others."""
        self._seen.add(token)
        if _IS_HAN.match(token):
            if held := self._held(self._han_terms(token)):
                self._holding[token] = held, 0
        elif not self._terms.isdisjoint(_possible_terms(token)):
            own = (_number(token),) if token[0].isdigit() else _word_terms(token, False)
            self._holding[token] = self._held(own), self._held(_possible_terms(token))

    def _han_terms(self, run: str) -> Iterator[str]:
        if any(gram in run for gram in self._grams):
            yield from _han_grams(run)
        if self._has_names:
            yield from _han_names(run)

    def _held(self, found: Iterable[str]) -> int:
        held = 0
        for term in self._terms.intersection(found):
            held |= self._wanted[term]
        return held


_NO_UNITS: frozenset[int] = frozenset()


@lru_cache(maxsize=65_536)
def _possible_terms(token: str) -> frozenset[str]:
    """What a word or number yields, whatever the words around it: also as a name, and as the beginning of a place."""
    own = (_number(token),) if token[0].isdigit() else _word_terms(token, True)
    return places_begun(token).union(own)


def _tokens(text: str) -> list[str]:
    """Words, numbers and runs of Chinese; full-width forms and apostrophes made alike."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).replace("’", "'"))


def _is_function_word(token: str) -> bool:
    """Stop words, unless in capitals: IT, US and WHO are names."""
    return token.lower() in STOPWORDS and not (len(token) > 1 and token.isupper())


def _sentence_terms(tokens: Sequence[str]) -> Iterator[str]:
    places = _places(tokens, asked=False)
    for index, token in enumerate(tokens):
        place = places.get(index)
        if place and place[0] == index:
            yield place[2]
        if token[0].isdigit():
            yield _number(token)
        elif _IS_HAN.match(token):
            yield from _han_terms(token)
        else:
            yield from _word_terms(token, place is None)
            if token[0].isupper() and index + 1 < len(tokens) and tokens[index + 1][0].isupper():
                yield from full_names(token, tokens[index + 1])


@lru_cache(maxsize=65_536)
def _word_terms(token: str, may_be_name: bool) -> tuple[str, ...]:
    """A word's stem, and its name keys if it has a capital and is no place."""
    if _is_function_word(token):
        return ()
    word = _POSSESSIVE.sub("", token)
    if not (may_be_name and _may_be_name(word) and word[0].isupper()):
        return (_stem(token),)
    return _stem(token), f"~{fine_key(word)}", *(f"={key}" for key in transcription_keys(word))


def _may_be_name(word: str) -> bool:
    return len(word) > 2 and word.lower() not in _CALENDAR


def _han_terms(run: str) -> list[str]:
    return _han_grams(run) + _han_names(run)


def _han_names(run: str) -> list[str]:
    """The terms of places and people in a run of Chinese."""
    places = han_places(run)
    found = [place for _start, _end, place in places]
    for part in _between(run, places) if places else (run,):
        for name in chinese_names(part):
            found += _foreign_terms(name)
        for rest in _FOREIGN.split(part):
            found += native_names(rest)
    return found


@lru_cache(maxsize=65_536)
def _foreign_terms(name: str) -> tuple[str, ...]:
    return tuple(f"#{key}" for key in transcription_keys(name))


def _units(tokens: Sequence[str]) -> Iterator[Unit]:
    places = _places(tokens, asked=True)
    for index, token in enumerate(tokens):
        place = places.get(index)
        if token[0].isdigit():
            yield Unit((_number(token),))
        elif _IS_HAN.match(token):
            yield from _han_units(token)
        elif place:
            yield from _place_units(token, place, index)
        elif not _is_function_word(token):
            yield _word_unit(token, _full_names_with(tokens, index))


def _han_units(run: str) -> Iterator[Unit]:
    yield from (Unit((gram,)) for gram in _han_grams(run))
    places = han_places(run)
    yield from (Unit((place,), name=True) for _start, _end, place in places)
    for part in _between(run, places):
        for name in chinese_names(part):
            exact = (f"#{key}" for key in transcription_keys(name)[:1])
            if keys := (*exact, *(f"={key}" for key in possible_keys(name))):
                yield Unit(keys, name=True)
        yield from (Unit((name,), name=True) for name in asked_names(part))


def _place_units(token: str, place: Found, index: int) -> Iterator[Unit]:
    """A place of one word is one unit with it; one of several is a unit beside its words."""
    start, end, term = place
    if end - start == 1:
        yield Unit((_stem(token), term), name=True)
        return
    if index == start:
        yield Unit((term,), name=True)
    if not _is_function_word(token):
        yield Unit((_stem(token),))


def _word_unit(token: str, full: Sequence[str]) -> Unit:
    word = _POSSESSIVE.sub("", token)
    if not _may_be_name(word):
        return Unit((_stem(token), *full), name=bool(full))
    capital = token[0].isupper()
    keys = possible_keys(word, sure=capital)
    own = (f"={key}" for key in transcription_keys(word)[:1])
    return Unit((_stem(token), f"~{fine_key(word)}", *own, *(f"#{key}" for key in keys), *full), capital or bool(full))


def _full_names_with(tokens: Sequence[str], index: int) -> list[str]:
    """The native Chinese names that a word and the one before or after it may be."""
    return [name for pair in itertools.pairwise(tokens[max(index - 1, 0) : index + 2]) for name in full_names(*pair)]


def _places(tokens: Sequence[str], asked: bool) -> dict[int, Found]:
    """By the index of each of its words, the place named; a single function word is none."""
    return {
        index: place
        for place in word_places(tokens, asked)
        for index in range(place[0], place[1])
        if place[1] - place[0] > 1 or not _is_function_word(tokens[index])
    }


def _between(run: str, places: Sequence[Found]) -> Iterator[str]:
    """What places leave of a run."""
    start = 0
    for begin, end, _place in places:
        yield run[start:begin]
        start = end
    yield run[start:]


def _number(token: str) -> str:
    """350,000 and 350 000 are one number; a decimal keeps its point."""
    grouped = re.sub(r"(?<=\d)[,.\u00a0\u202f ](?=\d{3}(?:\D|$))", "", token)
    return grouped.replace(",", ".")


def _han_grams(run: str) -> list[str]:
    """Characters and their bigrams: MRR .804 on Chinese questions, level with a dictionary segmenter (.812)."""
    grams: list[str] = []
    for part in _QUESTION_WORDS.split(run):
        grams += [character for character in part if character not in STOPWORDS]
        grams += map(operator.add, part, part[1:])
    return grams


def _stem(token: str) -> str:
    word = _POSSESSIVE.sub("", token.lower()).replace("ё", "е")
    if not hasattr(_local, "stemmers"):
        _local.stemmers = Stemmer.Stemmer("english"), Stemmer.Stemmer("russian")
    english, russian = _local.stemmers
    return str((russian if _CYRILLIC.match(word) else english).stemWord(word))

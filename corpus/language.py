"""Which language an article is written in, and which a short question is asked in.

Scripts decide first, and among English, Russian and Chinese they nearly suffice. For articles eldc then tells
English and Russian from other languages of their script; for questions function words tell the sentence from the
foreign names and titles in it.
"""

import re

import eldc

from corpus.types import Language

_SAMPLE = 10_000  # characters from the beginning, and again from the middle
_SCRIPTS = {
    "latin": re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]+(?:['’][a-z]+)?"),
    "cyrillic": re.compile("[\u0400-\u052f]+"),
    "han": re.compile("[〇々\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"),
    "kana": re.compile("[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9f]+"),
    "other": re.compile("[\u0370-\u03ff\u0530-\u1dff\u2c00-\u2dff\ua000-\uabff\uac00-\ud7ff\ufb00-\ufdff]+"),
}
_WEIGHT = {"han": 3, "kana": 2}  # a character says as much as so many letters
_LINK = re.compile(r"(?:https?://|www\.)[!-~]+")
_NOT_RUSSIAN = re.compile("[^а-яёА-ЯЁ]")
# A name alone scores alike in neighbouring languages; a sentence in another language is farther off.
_MARGIN = 0.05

_QUOTATION = re.compile('《[^》]*》|«[^»]*»|“[^”]*”|"[^"]*"|「[^」]*」')
_FRAMED = re.compile(r"\W*([A-Za-z]+)\b.*[A-Za-z]\W*", re.DOTALL)
_ENGLISH = re.compile(
    r"(?:a|an|the|what|who|whom|whose|when|where|why|how|which|is|are|was|were|be|been|am|do|does|did|done|has|have|had"
    r"|will|would|can|could|should|may|might|of|in|on|at|to|from|for|by|with|about|into|after|before|during|between|and"
    r"|or|not|no|if|than|that|this|these|those|there|it|its|he|she|they|we|you|i|his|her|their|our|my|me|him|them|us|as"
    r"|define|explain|mean|means|meaning|tell|say|said|says)(?:['’]s)?"
)
_ASKS = {
    Language.RU: re.compile(
        r"\b(?:кто|кого|кому|кем|что|чего|чему|чем|где|куда|откуда|когда|почему|зачем|сколько|чей|чья|чь[её]|чьи|ли"
        r"|как(?:ов|ова|ово|овы|ой|ая|ое|ие|им|их|ом|ого|ую)?)\b",
        re.IGNORECASE,
    ),
    Language.ZH: re.compile("什么|什麼|甚麼|怎|谁|誰|哪|吗|嗎|呢|多少|如何|何时|何時|为何|為何|是否|几[个個月年次岁]"),
}
_JOINS = {
    Language.RU: re.compile(
        r"\b(?:о|об|в|во|на|с|со|к|и|или|не|по|из|за|от|до|для|у|под|над|при|а|но|это|был|была|было|были|есть|будет|будут"
        r"|так(?:ой|ая|ие|ое)|его|её|ее|их|он|она|оно|они)\b",
        re.IGNORECASE,
    ),
    Language.ZH: re.compile("[为為的是了在和与與有不說说這这那被对對将將会會让讓从從]"),
}


def article_language(text: str) -> Language | None:
    """The language that most of an article's text is in; None where that is none that Citewire reads."""
    words = _words(_LINK.sub(" ", _sample(text)))
    sizes = {script: sum(map(len, found)) * _WEIGHT.get(script, 1) for script, found in words.items()}
    main = max(sizes, key=sizes.__getitem__)
    if main == "han":
        return Language.ZH if sizes["kana"] * 10 < sizes["han"] else None
    if main == "cyrillic":
        return Language.RU if _is_russian(words[main]) else None
    return Language.EN if main == "latin" and _is_likely("en", words[main]) else None


def question_language(text: str) -> Language:
    """The language a question is asked in, however short it is: English where nothing tells."""
    bare = _QUOTATION.sub(" ", text)
    bare = bare if any(_words(bare).values()) else text
    words = _words(bare)
    asking, native = _most(_ASKS, bare)
    if asking and not _is_framed(bare):
        return native
    joining, native = _most(_JOINS, bare)
    english = _english_votes(words["latin"])
    if joining or english:
        return native if joining >= english else Language.EN
    return _of_names(words)


def _most(patterns: dict[Language, re.Pattern[str]], text: str) -> tuple[int, Language]:
    return max((len(pattern.findall(text)), language) for language, pattern in patterns.items())


def _is_framed(question: str) -> bool:
    """Whether English surrounds what it asks about: `What does 什么 mean?`"""
    framed = _FRAMED.fullmatch(question)
    return framed is not None and _ENGLISH.fullmatch(framed[1].lower()) is not None


def _english_votes(words: list[str]) -> int:
    # A capital inside the question is a title's: `группа The Who`.
    return sum(_ENGLISH.fullmatch(word.lower()) is not None for i, word in enumerate(words) if not i or word.islower())


def _of_names(words: dict[str, list[str]]) -> Language:
    """The language of a question without function words: Russian and Chinese leave foreign names in Latin."""
    han, cyrillic = (len("".join(words[script])) * _WEIGHT.get(script, 1) for script in ("han", "cyrillic"))
    if not (han or cyrillic) or sum(word.islower() for word in words["latin"]) > 1:
        return Language.EN
    return Language.ZH if han > cyrillic else Language.RU


def _words(text: str) -> dict[str, list[str]]:
    return {script: pattern.findall(text) for script, pattern in _SCRIPTS.items()}


def _sample(text: str) -> str:
    middle = max(_SAMPLE, len(text) // 2)
    return f"{text[:_SAMPLE]} {text[middle : middle + _SAMPLE]}"


def _is_russian(words: list[str]) -> bool:
    """Whether Cyrillic words are Russian; most languages that eldc lacks have letters that Russian has not."""
    letters = "".join(words)
    return len(_NOT_RUSSIAN.findall(letters)) * 50 <= len(letters) and _is_likely("ru", words)


def _is_likely(language: str, words: list[str]) -> bool:
    scores: dict[str, float] = _DETECTOR.detect_details(" ".join(words)).scores
    return scores.get(language, 0.0) + _MARGIN >= max(scores.values(), default=1.0)


# Its tables are part of its library, and detection only reads them: nothing to load, and threads may share it.
eldc.init()
_DETECTOR = eldc.instance()

"""Native Chinese names: 孙春兰, Sun Chunlan and Сунь Чуньлань have one term, the toneless pinyin `^sunchunlan`.

Russian writes Chinese syllables by the Palladius system; a syllable's case ending is taken off where what is left is
one. Chinese does not mark a name, so every surname character with the one or two after it may be one.
"""

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache

from anyascii import anyascii

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高罗郑梁谢宋唐许韩邓冯曹彭曾肖萧田董袁潘蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜"
    "崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛阎雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤温康施文牛樊葛安庞伍温"
    "季殷颜倪习栗俞翁凌傅翟聂詹柳鲁华刁项祝巴齐梅盛童霍詹路章辛甘柯涂左简蓝纪游景耿关焦包宁房裴"
)
_READINGS = {"曾": "zeng", "翟": "zhai", "尹": "yin", "覃": "qin"}  # as surnames
# Grammar, which is in no name and ends one.
_OUTSIDE = "的了是在和与及有对被把从到也都很会要说于由为以之不没这那就他她它们你我吗呢吧啊将已曾称"
_GIVEN = f"(?![{_OUTSIDE}])[\u4e00-\u9fff]"
_NAME = re.compile(f"(?=([{_SURNAMES}](?:{_GIVEN}){{1,2}}))")
_TITLES = (
    "总理 副总理 主席 书记 部长 副部长 省长 市长 局长 司长 院长 校长 发言人 总统 委员 代表 将军 教授 医生 先生 女士"
)
_SAYS = "说 称 表示 宣布 指出 强调 认为 承诺 否认 透露 是 在 对 的 被 什么 怎 为什么 为何 何时 会 将 要 和 与 有 提"
# Surnames that begin too many ordinary words to be asked for without a title before them.
_AMBIGUOUS = "万包安常文方左白项关焦高温石金马牛龙路时江向成季于程史汤简游章严黄孔夏黎毛雷景甘盛项华纪古祝齐贺"
_CLEAR = f"(?![{_AMBIGUOUS}]|周[一二三四五六日年末边期])"
_TITLED = "(?<=总理|主席|书记|部长|省长|市长|局长|院长|校长|总统|委员|教授)|(?<=发言人)"
_ASKED = re.compile(
    f"(?:(?:^|(?<=[和与对由被是])){_CLEAR}|{_TITLED})"
    f"([{_SURNAMES}](?:{_GIVEN}){{1,2}}?)(?=$|{'|'.join(_TITLES.split() + _SAYS.split())})"
)

_INITIALS = {
    "b": "б", "p": "п", "m": "м", "f": "ф", "d": "д", "t": "т", "n": "н", "l": "л", "g": "г", "k": "к",
    "h": "х", "j": "цз", "q": "ц", "x": "с", "zh": "чж", "ch": "ч", "sh": "ш", "r": "ж", "z": "цз", "c": "ц", "s": "с",
}  # fmt: skip
_PLAIN = {
    "a": "а", "e": "э", "ai": "ай", "ei": "эй", "ao": "ао", "ou": "оу", "an": "ань", "en": "энь", "ang": "ан",
    "eng": "эн", "ong": "ун", "u": "у", "ua": "уа", "uo": "о", "uai": "уай", "ui": "уй", "uan": "уань", "un": "унь",
    "uang": "уан",
}  # fmt: skip
_SOFT = {
    "i": "и", "ia": "я", "ie": "е", "iao": "яо", "iu": "ю", "ian": "янь", "in": "инь", "iang": "ян", "ing": "ин",
    "iong": "юн",
}  # fmt: skip
_FRONT = {"u": "юй", "ue": "юэ", "uan": "юань", "un": "юнь"}  # after j, q, x; and lü, nü
_WHOLE = {
    "a": "а", "ai": "ай", "an": "ань", "ang": "ан", "ao": "ао", "e": "э", "en": "энь", "er": "эр", "ou": "оу",
    "yi": "и", "ya": "я", "ye": "е", "yao": "яо", "you": "ю", "yan": "янь", "yin": "инь", "yang": "ян", "ying": "ин",
    "yong": "юн", "yu": "юй", "yue": "юэ", "yuan": "юань", "yun": "юнь", "wu": "у", "wa": "ва", "wo": "во",
    "wai": "вай", "wei": "вэй", "wan": "вань", "wen": "вэнь", "wang": "ван", "weng": "вэн", "hui": "хуэй",
    "bo": "бо", "po": "по", "mo": "мо", "fo": "фо", "zi": "цзы", "ci": "цы", "si": "сы", "zhi": "чжи", "chi": "чи",
    "shi": "ши", "ri": "жи", "lu": "люй", "nu": "нюй", "lue": "люэ", "nue": "нюэ",
}  # fmt: skip


def _syllables() -> Iterator[tuple[str, str]]:
    """Every pinyin syllable with its Palladius spelling, some that Mandarin does not use among them."""
    yield from _WHOLE.items()
    for initial, letters in _INITIALS.items():
        finals = _SOFT | _FRONT if initial in ("j", "q", "x") else _PLAIN
        if initial in ("b", "p", "m", "f", "d", "t", "n", "l"):
            finals = _PLAIN | _SOFT
        yield from (
            (initial + final, letters + ending)
            for final, ending in finals.items()
            if (initial, final) != ("h", "ui") and not (initial in "bpmf" and final == "uo")
        )


_PALLADIUS = {russian: pinyin for pinyin, russian in _syllables()}
_PINYIN = frozenset(pinyin for pinyin, _russian in _syllables())
_CASE = re.compile("(?:ом|ем|ой|ей|[ауеюяи])$")


def _reading(character: str) -> str:
    return anyascii(character).lower()


_FAMILY = frozenset(_READINGS.get(name) or _reading(name) for name in _SURNAMES)


def native_names(text: str) -> list[str]:
    """The terms of whatever may be a name in a Chinese text: a surname and one or two characters."""
    found: list[str] = []
    for name in _NAME.findall(text):
        found += _prefixes(name)
    return found


def asked_names(text: str) -> list[str]:
    """The terms of what a Chinese question surely names: a surname's run that a title or verb ends."""
    return [_prefixes(name)[-1] for name in _ASKED.findall(text)]


def full_names(surname: str, given: str) -> list[str]:
    """The terms of two words as a Chinese name: `full_names("Си", "Цзиньпина") == ["^xijinping"]`; often none."""
    family = [reading for reading in _readings(surname.lower(), 1) if reading in _FAMILY]
    if not family:
        return []
    return [f"^{first}{second}" for first, second in itertools.product(family, _readings(given.lower(), 2))]


@lru_cache(maxsize=65_536)
def _readings(word: str, longest: int) -> tuple[str, ...]:
    """A word as pinyin of at most `longest` syllables, by its script."""
    if not "\u0400" <= word[:1] <= "\u04ff":
        plain = re.sub("['’]s?$", "", word).replace("'", "")
        return (plain,) if plain and _is_pinyin(plain, longest) else ()
    without = _CASE.sub("", word)
    found = [*_from_palladius(word, longest), *(_from_palladius(without, longest) if without != word else ())]
    return tuple(dict.fromkeys(filter(None, found)))


def _is_pinyin(word: str, longest: int) -> bool:
    if not word or not longest:
        return not word
    return any(word[:end] in _PINYIN and _is_pinyin(word[end:], longest - 1) for end in range(1, min(6, len(word)) + 1))


def _from_palladius(word: str, longest: int) -> Iterator[str]:
    if not word:
        yield ""
    elif longest:
        for end in range(1, min(6, len(word)) + 1):
            if pinyin := _PALLADIUS.get(word[:end]):
                yield from (pinyin + rest for rest in _from_palladius(word[end:].removeprefix("ъ"), longest - 1))


@lru_cache(maxsize=65_536)
def _prefixes(name: str) -> tuple[str, ...]:
    """The terms of a surname with the first, and with both, of the characters after it."""
    first = "^" + (_READINGS.get(name[0]) or _reading(name[0]))
    return tuple(itertools.accumulate(map(_reading, name[1:]), initial=first))[1:]

"""Names across scripts: Akimov, Акимова and 阿基莫夫 fold to keys that meet.

The *fine* key, the consonants alone, keeps Latin and Cyrillic spellings of one name together (Kavanaugh = Кавано).
Between either and Chinese stand the keys of a name's *transcription*: the syllables that Chinese writes it with
(`a-ji-mo-fu`), those with their vowels and homophones made coarser (`ajimof`), and their classes of consonants (`KMF`).
A sentence holds the keys of a name's likeliest transcription; a question asks for those of many. The likelihoods were
learned from pairs of names by training/names.py. Cyrillic and Chinese are read through anyascii's romanisation.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar

from anyascii import anyascii

LONGEST = 5  # letters that one syllable stands for
MET = "*"  # marks in the data how often a piece was met at all
_DATA = Path(__file__).with_name("transcription.json")
# Latin spellings of one consonant sound, longest first; C is the ch of "church" until c itself has been read.
_DIGRAPHS = (
    ("shch", "s"), ("sch", "s"), ("tch", "C"), ("dzh", "j"), ("dge", "j"), ("dj", "j"), ("ch", "C"), ("sh", "s"),
    ("zh", "j"), ("kh", "h"), ("ph", "f"), ("th", "t"), ("gh", ""), ("ck", "k"), ("ts", "C"),
    ("tz", "C"),
)  # fmt: skip
_LETTERS = str.maketrans({"x": "ks", "q": "k", "w": "v"})
_SOFT_C = re.compile(r"c(?=[eiy])")
_HARD_C = re.compile(r"c")
_VOWELS = re.compile(r"[aeiouyh]+")
_DOUBLED = re.compile(r"(.)\1+")
# Endings of Russian names in the oblique cases and the feminine (Акимова, Акимову, Акимовым, Голиковой, Сталиным).
_CASE = re.compile(
    "((?<=ск)(ого|ому|им|ом|ой|ую|ая|ие|их|ий|ими)|(?<=[оеё]в|[иы]н)(а|у|ым|е|ой|ою|ых|ыми|ы)"
    "|(?<=...)(ого|ему|ом|ем|ой|ей)|(?<=..)[аяуюеоиыйь])$"
)
# Characters that newsrooms transcribe foreign names with, and few ordinary words are made of.
_TRANSCRIBING = frozenset(
    "斯尔克特拉德里尼卡利格阿夫布维罗马科亚巴纳奥基迪塔雷西伊奇洛诺普米瓦达莱姆哈萨曼托勒蒂贝比吉恩兰安多森加鲁莫塞弗埃林希赫艾帕"
    "波梅伯兹伦索娜耶菲内瑞库博麦沃杜法提沙皮霍古玛苏费茨佩凯威顿金乌史莉戈泰什福图杰扎穆海蒙文泽施瑟列切雅卢欧韦坦妮努齐朗娃登查丹"
    "辛劳谢桑丝乔丁约柯莎丽默隆戴赛尤佐佛柏根因汉贾盖宁肯坎奈考温康琳芬夏班胡舒宾摩华涅哥鲍奎葛祖潘厄娅思门季山凡豪甘昂邦席派拜"
    "龙烈迈扬舍赖芙寇薇琪歇逊札芭茹斐伽迦萝妲珊碧勃撒朵岑缪喀裘嘎剌缇蔻讷茜铎迭忒妥笛梭"
    "亨松契狄嘉儿汀叶廷滕蕾连纽热密卜历士捷彭素珀肖露恰黛彼丘荷贡翰姬琴雪科京诸诃"
)
_HARD = "[" + "".join(sorted(_TRANSCRIBING)) + "]"
# Characters of ordinary words too, taken between two of the others, or before them.
_WITHIN = (
    "[高本南那可万美拿李许保代得东别木平英大立子策司白力魏吕赞毕田朱伍路道明爱孔依唐怀宗津堡农汤"
    "蓝庞柳杨崔昆罕耐生文利申钦修若帝哲灵冈芒邓芝桂]"
)
_BEFORE = "[高本万李许保代东白魏吕赞毕朱伍路道明爱孔唐怀崔]"
# Ordinary words of such characters, by the first: no name begins with one, and one ends a name (普京加强).
_ORDINARY = (
    "比[赛] 历[史] 基[金础地本] 密[切度] 森[林] 因[素此为而] 赛[季] 烈[士] 加[密入强大快上以] 嘉[宾] 热[烈点情] "
    "普[查遍] 宁[夏] 思[考想] 达[成到标] 科[学技研] 海[军外洋上关] 特[别使点色定] 金[融额牌] 卡[车] 克[服] "
    "马[上路] 图[书片] 纳[入] 列[为入] 法[律院] 利[用益] 提[供出高到醒升] 维[护持修] 登[记陆上] 查[明看] 温[度] "
    "门[票口] 季[度节] 山[区] 联[盟] 皮[肤] 默[认] 恐[怖] 连[续接] 贡[献] 贝[壳] 内[部容阁] 多[数次年] "
    "安[全排装] 亲[自] 坦[克言] 希[望] 约[有会定] 康[复]"
)
_FIRST = "".join(word[0] for word in _ORDINARY.split())
NAME_RUN = (  # a pattern: the likely foreign names of a Chinese text
    f"(?:(?!(?=[{_FIRST}])(?:{_ORDINARY.replace(' ', '|')}))"
    f"(?:{_HARD}|(?<={_HARD}){_WITHIN}(?={_HARD})|{_BEFORE}(?={_HARD}{{2}}))){{2,}}"
)
_RUN = re.compile(NAME_RUN)
_DIACRITICS = str.maketrans(
    {
        "š": "sh", "ś": "sh", "ş": "sh", "č": "ch", "ć": "ch", "ž": "zh", "ż": "zh", "ź": "zh", "ř": "rzh", "ç": "s",
        "đ": "dj", "ß": "ss", "ё": "е",
    }
)  # fmt: skip
# In Slavic names spelled as at home j is a vowel's y, c is ts, and Polish has digraphs of its own.
_SLAVIC = re.compile("([eo][vw]a?|ich|icz|czyk|[sc]k(i|y|a|ii|iy|aya)|enko)$")
_HOME_SPELLINGS = (
    (re.compile("cz"), "ch"),
    (re.compile("sz"), "sh"),
    (re.compile("rz"), "zh"),
    (re.compile("(?<!d)j"), "y"),
    (re.compile("c(?=[eiy])"), "ts"),
)
_BARE_IC = re.compile("(?<=[aeo]v|dr|.[cjklst])ic$")  # Djokovic, Modric
_SPOKEN_GH = re.compile("^gh|gh(?=[aio])")
# Chinese finals by the vowel that transcription uses them for.
_FINALS = {
    "ia": "a", "ua": "a", "ai": "e", "ei": "e", "ie": "e", "ui": "e", "uai": "e", "ue": "e", "uo": "o", "ou": "o",
    "ao": "o", "iao": "o", "io": "o", "iu": "u",
}  # fmt: skip
_INITIALS = {"zh": "z", "ch": "c", "q": "c", "x": "s", "sh": "s", "r": "l", "y": "", "w": "v"}
_CLASSES = str.maketrans("bdgjczvh", "ptkkssfk")
_SYLLABLE = re.compile("(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)([a-z]*?)(ng?)?$")
_END_VOWELS = re.compile("(?<=..)[aeiou]+$")
# Feminine names end like masculine ones: 娃 and 夫, 斯卡娅 and 斯基.
_FEMININE = ((("si", "ka", "ya"), ("si", "ji")), (("wa",), ("fu",)))
# How many transcriptions a question asks for by each key. Deeper, wrong names meet more often and right ones hardly
# (benchmarks/names.py).
_DEPTHS = (64, 16, 2)
_UNSURE_DEPTHS = (8, 4, 0)  # any lower-case word of a question may be a name, few are
_WRITINGS = 10  # spellings of a syllable that a question considers
_LONGEST_NAME = 30  # letters or characters; what is longer is no name, and would take long
_CLASSES_NEEDED = 3  # two are too common among Chinese names to be evidence of one

_Way = TypeVar("_Way")
Scored = list[tuple[float, str]]  # likelier first, by logarithm
Syllables = tuple[str, ...]


@lru_cache(maxsize=65_536)
def fine_key(name: str) -> str:
    """The consonants of a Latin or Cyrillic name: `fine_key("Кавано") == fine_key("Kavanaugh") == "kvn"`."""
    sounds = _sounds(name)
    key = _DOUBLED.sub(r"\1", _VOWELS.sub("", sounds))
    return key if len(key) > 1 else sounds


@lru_cache(maxsize=65_536)
def transcription_keys(name: str) -> tuple[str, ...]:
    """The keys of a name as a sentence has it, exact first: a-ji-mo-fu, ajimof, KMF for Akimov and 阿基莫夫."""
    if len(name) > _LONGEST_NAME:
        return ()
    return tuple(_keys(han_syllables(name) if _is_han(name) else _likeliest(romanised(name))))


@lru_cache(maxsize=4_096)
def possible_keys(name: str, sure: bool = True) -> tuple[str, ...]:
    """The keys of a name's likely spellings in the other script, for a question to ask for; fewer if it may be none."""
    if len(name) > _LONGEST_NAME:
        return ()
    depths = _DEPTHS if sure else _UNSURE_DEPTHS
    if _is_han(name):
        spelled: Iterable[Syllables] = (_likeliest(letters) for letters in _spellings(han_syllables(name)))
        own: tuple[Syllables, ...] = (han_syllables(name),)
    else:
        spelled, own = _transcriptions(romanised(name), depths[0]), ()
    ways = list(dict.fromkeys((*own, *spelled)))
    by_depth = [tuple(_keys(way)) for way in ways]
    return tuple(
        dict.fromkeys(
            keys[level] for level, depth in enumerate(depths) for keys in by_depth[:depth] if len(keys) > level
        )
    )


def romanised(name: str) -> str:
    """A Latin or Cyrillic name in plain letters, without its Russian case ending."""
    word = name.lower().translate(_DIACRITICS)
    if "\u0400" <= word[:1] <= "\u04ff":
        word = _CASE.sub("", word)
    return _at_home(re.sub("[^a-z]", "", anyascii(word).lower()))


def han_syllables(name: str) -> Syllables:
    """The toneless pinyin of each character, feminine endings made masculine."""
    return _masculine(tuple(anyascii(character).lower() for character in name if _is_han(character)))


def chinese_names(text: str) -> list[str]:
    """Runs of transcribing characters, the likely foreign names of a Chinese text; `·` separates first and last."""
    return _RUN.findall(text)


def _is_han(text: str) -> bool:
    return "\u3400" <= text[:1] <= "\u9fff"


def _masculine(syllables: Syllables) -> Syllables:
    for feminine, masculine in _FEMININE:
        if len(syllables) > 2 and syllables[-len(feminine) :] == feminine:
            return syllables[: -len(feminine)] + masculine
    return syllables


def _keys(syllables: Syllables) -> Iterator[str]:
    """Exact, plain, and the classes of consonants where they are enough."""
    if not syllables:
        return
    yield "-".join(syllables)
    parts = [_plain(syllable) for syllable in syllables]
    yield _DOUBLED.sub(r"\1", _END_VOWELS.sub("", "".join(onset + vowel for onset, vowel in parts)))
    consonants = "".join(onset + vowel.strip("aeiou") for onset, vowel in parts if (onset, vowel) != ("", "l"))
    classes = _DOUBLED.sub(r"\1", consonants.translate(_CLASSES)).upper()
    if len(classes) >= _CLASSES_NEEDED:
        yield classes


@lru_cache(maxsize=4_096)
def _plain(syllable: str) -> tuple[str, str]:
    """Its initial, and its vowel with an n if it is nasal."""
    if syllable == "er":
        return "", "l"
    if not (match := _SYLLABLE.match(syllable)):
        return "", ""
    initial, final, nasal = match.groups()
    return _INITIALS.get(initial, initial), _FINALS.get(final, final) + ("n" if nasal else "")


@cache
def _pieces() -> dict[str, Scored]:
    """By piece of a name, the syllables that Chinese writes it with; how likely it is cut so and written so."""
    return {
        piece: sorted(
            ((math.log(count / counts[MET]), syllable) for syllable, count in counts.items() if syllable != MET),
            reverse=True,
        )
        for piece, counts in _counts().items()
    }


@cache
def _writings() -> dict[str, dict[str, int]]:
    """By syllable, how often it was written for each piece."""
    writings: dict[str, dict[str, int]] = {}
    for piece, counts in _counts().items():
        for syllable, count in counts.items():
            writings.setdefault(syllable, {})[piece] = count
    return writings


def _counts() -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = json.loads(_DATA.read_text(encoding="utf-8"))["pieces"]
    return counts


@lru_cache(maxsize=65_536)
def _likeliest(letters: str) -> Syllables:
    """The transcription of a spelling that is likeliest of all, by dynamic programming."""
    pieces, marked = _pieces(), f"^{letters}$"
    best: list[tuple[float, int, str] | None] = [(0.0, 0, "")] + [None] * len(marked)
    for start in range(len(marked)):
        if (here := best[start]) is None:
            continue
        for end in range(start + 1, min(start + LONGEST + 2, len(marked)) + 1):
            if options := pieces.get(marked[start:end]):
                score, syllable = options[0]
                score += here[0]
                there = best[end]
                if there is None or score > there[0]:
                    best[end] = score, start, syllable
    found: list[str] = []
    at = len(marked)
    while at and (step := best[at]):
        at = step[1]
        found.append(step[2])
    return _masculine(tuple(reversed(found)))


def _transcriptions(letters: str, number: int) -> Iterable[Syllables]:
    """The likeliest transcriptions of a spelling, likeliest first."""
    pieces, marked = _pieces(), f"^{letters}$"
    ways: list[dict[Syllables, float]] = [{} for _ in range(len(marked) + 1)]
    ways[0][()] = 0.0
    for start in range(len(marked)):
        for way, score in _best(ways[start], number):
            for end in range(start + 1, min(start + LONGEST + 2, len(marked)) + 1):
                for likely, syllable in pieces.get(marked[start:end], ()):
                    longer = (*way, syllable)
                    ways[end][longer] = max(ways[end].get(longer, -math.inf), score + likely)
    return [_masculine(way) for way, _score in _best(ways[-1], number)]


def _spellings(syllables: Syllables) -> list[str]:
    """Likely spellings, in plain letters, of a Chinese name."""
    ways = {"": 0.0}
    for index, syllable in enumerate(syllables):
        longer: dict[str, float] = {}
        for way, score in ways.items():
            for likely, piece in _fitting(syllable, index == 0, index == len(syllables) - 1):
                spelling = way + piece
                longer[spelling] = max(longer.get(spelling, -math.inf), score + likely)
        ways = dict(_best(longer, _DEPTHS[0]))
    return list(ways)


@lru_cache(maxsize=4_096)
def _fitting(syllable: str, first: bool, last: bool) -> list[tuple[float, str]]:
    """What a syllable may stand for in its place in the name."""
    counts: dict[str, int] = {}
    for piece, count in _writings().get(syllable, {}).items():
        if (first or "^" not in piece) and (last or "$" not in piece):
            counts[piece.strip("^$")] = counts.get(piece.strip("^$"), 0) + count
    commonest = sorted(counts.items(), key=lambda item: -item[1])[:_WRITINGS]
    return [(math.log(count / sum(counts.values())), piece) for piece, count in commonest]


def _best(ways: dict[_Way, float], number: int) -> list[tuple[_Way, float]]:
    return sorted(ways.items(), key=lambda item: -item[1])[:number]


def _sounds(name: str) -> str:
    """One letter per consonant sound, vowels kept."""
    word = _SPOKEN_GH.sub("g", re.sub("qu(?=[aeio])", "kv", romanised(name)))
    for spelling, sound in _DIGRAPHS:
        word = word.replace(spelling, sound)
    word = _HARD_C.sub("k", _SOFT_C.sub("s", word)).replace("C", "c")
    return word.translate(_LETTERS)


def _at_home(word: str) -> str:
    """A Slavic name in its own Latin spelling as English would write its sounds; other names as they are."""
    word = _BARE_IC.sub("ich", word)
    if _SLAVIC.search(word):
        for home, plain in _HOME_SPELLINGS:
            word = home.sub(plain, word)
    return word

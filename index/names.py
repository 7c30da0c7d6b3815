"""Names across scripts: Akimov, Акимова and 阿基莫夫 fold to keys that meet.

Two keys, both made of consonants, since vowels, case endings and doubled letters are what transcription changes:
the *fine* key keeps Latin and Cyrillic spellings of one name together (Kavanaugh = Кавано); the *coarse* key keeps
only the classes that Chinese syllables can tell apart, as 阿基莫夫 (a-ji-mo-fu) has no other way to write k, v.
Cyrillic and Chinese are read through anyascii's romanisation.
"""

import re
from functools import lru_cache

from anyascii import anyascii

# Latin spellings of one consonant sound, longest first; C is the ch of "church" until c itself has been read.
_DIGRAPHS = (
    ("shch", "s"), ("sch", "s"), ("tch", "C"), ("dzh", "j"), ("dge", "j"), ("dj", "j"), ("ch", "C"), ("sh", "s"),
    ("zh", "j"), ("kh", "h"), ("ph", "f"), ("th", "t"), ("gh", ""), ("ck", "k"), ("qu", "kv"), ("ts", "C"),
    ("tz", "C"),
)  # fmt: skip
_LETTERS = str.maketrans({"x": "ks", "q": "k", "w": "v"})
_SOFT_C = re.compile(r"c(?=[eiy])")
_HARD_C = re.compile(r"c")
# Before a consonant and at the end, Chinese drops r and l or writes the mute 尔.
_MUTE = re.compile(r"[rl]+(?=[^aeiouyrl]|$)")
_VOWELS = re.compile(r"[aeiouyh]+")
_DOUBLED = re.compile(r"(.)\1+")
# Endings of Russian names in the oblique cases and the feminine (Акимова, Акимову, Акимовым, Голиковой, Сталиным).
_CASE = re.compile(
    "((?<=ск)(ого|ому|им|ом|ой|ую|ая|ие|их|ий|ими)|(?<=[оеё]в|[иы]н)(а|у|ым|е|ой|ою|ых|ыми|ы)"
    "|(?<=...)(ого|ему|ом|ем|ой|ей)|(?<=..)[аяуюеоиыйь])$"
)
_COARSE = str.maketrans("bpdtgkqcfvszjlrmn", "PPTTKKKSFFSSSLLNN")
# Characters that newsrooms transcribe foreign names with, and few ordinary words are made of.
_TRANSCRIBING = frozenset(
    "斯尔克特拉德里尼卡利格阿夫布维罗马科亚巴纳奥基迪塔雷西伊奇洛诺普米瓦达莱姆哈萨曼托勒蒂贝比吉恩兰安多森加鲁莫塞弗埃林希赫艾帕"
    "波梅伯兹伦索娜耶菲内瑞库博麦沃杜法提沙皮霍古玛苏费茨佩凯威顿金乌史莉戈泰什福图杰扎穆海蒙文泽施瑟列切雅卢欧韦坦妮努齐朗娃登查丹"
    "辛劳谢桑丝乔丁约柯莎丽默隆戴赛尤佐佛柏根因汉贾盖宁肯坎奈考温康琳芬夏班胡舒宾摩华涅哥鲍奎葛祖潘厄娅思门季山凡豪甘昂邦席派拜"
    "亨松契狄嘉儿汀叶廷滕蕾连纽热密卜历士捷彭素珀肖露恰黛彼丘荷贡翰姬琴雪科京诸诃"
)
# Readings that transcription gives a character against its Mandarin initial (j, q and x stood for k and h once).
_READING = {
    "基": "ki",
    "吉": "gi",
    "金": "kin",
    "京": "tin",
    "加": "ga",
    "贾": "ja",
    "家": "ga",
    "希": "hi",
    "夏": "sha",
}
NAME_RUN = "[" + "".join(sorted(_TRANSCRIBING)) + "]{2,}"  # a pattern: the likely foreign names of a Chinese text
_RUN = re.compile(NAME_RUN)


@lru_cache(maxsize=65_536)
def fine_key(name: str) -> str:
    """The consonants of a Latin or Cyrillic name: `fine_key("Кавано") == fine_key("Kavanaugh") == "kvn"`."""
    sounds = _sounds(name)
    key = _DOUBLED.sub(r"\1", _VOWELS.sub("", sounds))
    return key if len(key) > 1 else sounds


@lru_cache(maxsize=65_536)
def coarse_key(name: str) -> str:
    """The classes of consonants that Chinese transcription keeps: Akimov and 阿基莫夫 both give `KNF`."""
    if "\u3400" <= name[:1] <= "\u9fff":
        sounds = "".join(_syllable(character) for character in name)
    else:
        sounds = _MUTE.sub("", _sounds(name))
    return _DOUBLED.sub(r"\1", _VOWELS.sub("", sounds).translate(_COARSE))


def _sounds(name: str) -> str:
    """One letter per consonant sound, vowels kept."""
    word = name.lower().replace("ё", "е")
    if "\u0400" <= word[:1] <= "\u04ff":
        word = _CASE.sub("", word)
    word = re.sub("[^a-z]", "", anyascii(word).lower())
    for spelling, sound in _DIGRAPHS:
        word = word.replace(spelling, sound)
    word = _HARD_C.sub("k", _SOFT_C.sub("s", word)).replace("C", "c")
    return word.translate(_LETTERS)


def _syllable(character: str) -> str:
    """Its romanised onset and nasal; the mute 尔 and vowel-only syllables leave nothing."""
    if character == "尔":
        return ""
    sound = _READING.get(character) or anyascii(character).lower()
    for spelling, plain in (
        ("zh", "j"),
        ("ch", "c"),
        ("sh", "s"),
        ("x", "s"),
        ("q", "c"),
        ("ng", "n"),
        ("w", "v"),
    ):
        sound = sound.replace(spelling, plain)
    return re.sub("[^a-z]", "", sound)


def chinese_names(text: str) -> list[str]:
    """Runs of transcribing characters, the likely foreign names of a Chinese text; `·` separates first and last."""
    return _RUN.findall(text)

"""The words for dates in English, Russian and Chinese, for `dates.py`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

from corpus.types import Language


class Unit(IntEnum):
    """What time is counted in."""

    DAY, WEEK, WEEKEND, MONTH, YEAR = range(5)


class Tense(Enum):
    """Whether something has happened."""

    PAST, FUTURE, UNSURE = range(3)


@dataclass(frozen=True, slots=True)
class Calendar:
    """One language's dates. What a pattern's group found means what `words` says of how it begins; `vague`: nothing.

    Groups: `day` counts from today, `n` and `unit` before `ago` back from it, `which` and `unit` are weeks and the like
    from this one, `edge` is the part of them before or after today, `d` to `d2` are days of the month; `year` is that
    of a month. `signs` tell the tense of a clause, `weak` ones make it unsure; where it has only `bare` characters
    beside the date, the next one tells. A `weekday` within `beside` characters of another is of a pair or a range
    ("Monday to Friday"). `by_week`: "last Friday" is always last week's.
    """

    words: Mapping[str, Mapping[str, int]]
    patterns: tuple[re.Pattern[str], ...]
    weekday: re.Pattern[str]
    clause: re.Pattern[str]
    signs: re.Pattern[str]
    weak: re.Pattern[str]
    bare: int = 10
    beside: int = 15
    by_week: bool = False

    def value(self, group: str, said: str) -> int:
        if said.isdecimal():
            return int(said)
        said = " ".join(said.lower().split())
        return next((value for stem, value in self.words.get(group, {}).items() if said.startswith(stem)), 0)

    def tenses(self, clause: str) -> list[Tense]:
        return [Tense[str(sign.lastgroup)] for sign in self.signs.finditer(clause)]


def _numbered(stems: str, first: int) -> dict[str, int]:
    return {stem: number for number, stem in enumerate(stems.split(), first)}


def _word(lower: str) -> str:
    """A word that may begin a sentence, but no name ("USA Today")."""
    return rf"(?<![\w’'-])(?:{lower[0]}|(?<!\w )(?<!, ){lower[0].upper()}){lower[1:]}(?![\w-])"


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern.replace(" ", r"\s")) for pattern in patterns)


_DAYS = r"(?P<d>\d{1,2})(?: ?[-–—] ?(?P<d2>\d{1,2}))?"
_NO_YEAR = r"(?!\w|\.?,? \d{4}| of \d)"

_EN_DAYS = {"the day before yesterday": -2, "the day after tomorrow": 2, "yesterday": -1, "last night": -1, "today": 0,
            "tonight": 0, "tomorrow": 1, "this morning": 0, "this afternoon": 0, "this evening": 0}  # fmt: skip
_EN_NUMBER = r"\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_EN_WHOLE = "January|February|March|April|May|June|July|August|September|October|November|December"
_EN_MONTH = rf"(?P<month>{_EN_WHOLE}|(?:Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
_EN_WEEKDAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_EN_WHICH = "(?<![\\w’'-])(?P<which>[Ll]ast|[Tt]his(?: past)?|[Nn]ext)"
_EN_OF_YEAR = "(?: (?:of )?(?P<year>last|this|next) year)?"
_EN = Calendar(
    words={
        "day": _EN_DAYS,
        "n": {"a": 1} | _numbered("one two three four five six seven eight nine ten eleven twelve", 1),
        "unit": {"weekend": Unit.WEEKEND, "week": Unit.WEEK, "month": Unit.MONTH, "year": Unit.YEAR},
        "which": {"last": -1, "this past": -1, "next": 1},
        "year": {"last": -1, "next": 1},
        "after": {"next": 1},
        "edge": {"earl": -1, "later": 1},
        "weekday": _numbered("mon tue wed thu fri sat sun", 0),
        "month": _numbered("jan feb mar apr may jun jul aug sep oct nov dec", 1),
    },
    patterns=_compiled(
        rf"(?<!ago )(?P<day>{'|'.join(map(_word, _EN_DAYS))})(?:(?<=yesterday)|(?!['’]s))",
        rf"(?<![Tt]he )(?:(?P<edge>[Ee]arl(?:ier|y)|[Ll]ater) (?=this))?{_EN_WHICH} "
        r"(?P<unit>weekend|week|month|year)\b(?! of\b)",
        r"(?<![\w.,:/–-])(?:(?P<vague>about|around|some|nearly|almost|over|than|least|most|roughly|or|to|half) )?"
        rf"(?P<said>(?P<n>(?i:{_EN_NUMBER})) (?P<unit>day|week|month|year)s? (?P<ago>ago))\b(?! today)",
        r"(?<![\w’'.-])(?:(?P<vague>Mail on|"
        r"(?!(?:On|Last|This|Next|Late|Early|Since|But|And|In|After|From|During) )[A-Z][\w’'-]*|"
        r"every|each|an?|any|most|one|some|that|other|following|previous|the|another|by|until|till|before) |"
        rf"(?P<on>[Oo]n ))?(?P<said>(?:{_EN_WHICH} )?(?P<weekday>{_EN_WEEKDAY})(?: (?P<after>next)(?! \w))?)\b"
        rf"(?!,? (?:the )?\d\d?\b|,? {_EN_MONTH.replace('?P<month>', '?:')} \d)(?! (?:of|last|this|next)\b)"
        r"(?(on)|(?! [A-Z]))(?! (?:Times|Telegraph|Mirror|Mail|Express|Herald|Post|World|Night)\b)",
        rf"(?<![\w.]){_EN_MONTH} {_DAYS}(?:st|nd|rd|th)?(?![\w:]|[,.:]\d){_NO_YEAR}{_EN_OF_YEAR}",
        rf"(?<![\w.,:/–-]){_DAYS}(?:st|nd|rd|th)?(?: of)? {_EN_MONTH}{_NO_YEAR}{_EN_OF_YEAR}",
        r"\b(?:[Ii]n|[Ss]ince|[Dd]uring|[Ee]arly|[Mm]id|[Ll]ate)[ -](?:early |mid-|late )?"
        rf"(?P<said>(?P<month>{_EN_WHOLE})\b{_EN_OF_YEAR})(?! [A-Z]| ?[–-]|,? \d| of \d)",
        rf"(?<![Tt]he ){_EN_WHICH} (?P<month>{_EN_WHOLE})\b(?! [A-Z]|,? \d)",
    ),
    weekday=re.compile(_EN_WEEKDAY),
    clause=re.compile(r"[,;:—“”\"()]|\b(?:that|who|which|when|while|after|before|until)\b"),
    signs=re.compile(
        r"(?P<UNSURE>\bwould\b(?: \w+){0,2}|\b(?:was|were|been) (?:due|set|scheduled|expected|planned)\b(?: to \w+)?)|"
        r"(?P<FUTURE>(?:\bwill|[’']ll|\bwon[’']t|\bshall|\b(?:is|are|be|plans?|hopes?|intends?|due|set|going|expects?|"
        r"expected|scheduled|slated) to)\b(?: (?:also|not|be|have|then|first))*(?: \w+)?|"
        r"\b(?:is|are) (?:due|set|scheduled|expected|planned|slated)\b|"
        r"\b(?:(?:scheduled|slated) (?:for|in|on)|due (?:in|on))\b)|"
        r"(?P<PAST>\b(?!need|speed|feed|seed|indeed)[a-z]{2,}ed\b|\b(?:said|told|was|were|had|did|met|went|took|came|"
        r"began|held|won|lost|left|made|gave|got|saw|spoke|wrote|rose|fell|struck|hit|shot|found|fought|sent|led|broke|"
        r"beat|died|became|ran|flew|drew|brought|bought|sold|paid|kept|grew|sank|blew|drove|cut)\b)"
    ),
    weak=re.compile(
        r"\b(?:begins?|starts?|opens?|kicks? off|takes? place|faces?|hosts?|plays?|meets?|travels?|visits?|returns?|is|"
        r"are|may|might|could|should|if|into|to [a-z]+)\b"
    ),
)

_RU_DAYS = {"позавчера": -2, "вчера": -1, "сегодня": 0, "завтра": 1, "послезавтра": 2}
_RU_WHICH = (
    r"(?P<{}>[Пп]рошл|[Мм]инувш|[Ии]стекш|[Ээ]т|[Тт]екущ|[Нн]ынешн|[Сс]ледующ|[Бб]удущ|[Пп]редстоящ|[Бб]лижайш)"
    r"(?:ий|ый|от|ую|юю|ое|ее|ой|ей|ом|ем|ого|его|ые|ие|ых|их|у|о|и)"
)
_RU_SHIFTS = dict.fromkeys("прошл минувш истекш".split(), -1) | dict.fromkeys(
    "следующ будущ предстоящ ближайш".split(), 1
)
_RU_MONTH = r"(?P<month>январ|феврал|март|апрел|ма|июн|июл|август|сентябр|октябр|ноябр|декабр)[аяе]"
_RU_OF_YEAR = rf"(?: {_RU_WHICH.format('year')} года)?(?!\w)(?!,? \d{{4}})"
_RU_VAGUE = "около|почти|более|больше|менее|примерно|или|чем|до|половиной"
_RU = Calendar(
    words={
        "day": _RU_DAYS,
        "n": _numbered("од дв тр четыр пят шест сем вос девят десят", 1),
        "unit": {"недел": Unit.WEEK, "выходн": Unit.WEEKEND, "месяц": Unit.MONTH, "год": Unit.YEAR, "лет": Unit.YEAR},
        "which": _RU_SHIFTS,
        "year": _RU_SHIFTS,
        "edge": {"ранее": -1, "в начале": -1, "поз": 1},
        "weekday": _numbered("пон вт ср чет пят суб вос", 0),
        "month": _numbered("янв фев мар апр ма июн июл авг сен окт ноя дек", 1),
    },
    patterns=_compiled(
        rf"(?<!Россия )(?<![Нн]е )(?P<day>{'|'.join(map(_word, _RU_DAYS))})",
        r"(?<!\w)(?:(?P<edge>[Рр]анее|[Пп]озднее|[Пп]озже|[Вв] начале) )?(?P<said>(?:[НнЗз]а |[Вв] )?"
        rf"{_RU_WHICH.format('which')} (?P<unit>недел[еию]|месяц[еа]?|год[уа]?|выходны[ех]))(?!\w)",
        r"(?<!\w)(?P<said>(?P<edge>[Вв] начале) (?P<unit>недели))(?!\w)",
        rf"(?<![\w.,–-])(?:(?P<vague>{_RU_VAGUE}) )?(?P<said>"
        r"(?P<n>\d{1,3}|одн[ау]|один|дв[ае]|три|четыре|пять|шесть|семь|восемь|девять|десять) "
        r"(?P<unit>д(?:ень|ня|ней)|сут(?:ки|ок)|недел[юиь]|месяц(?:а|ев)?|года?|лет) (?P<ago>назад))(?!\w)",
        rf"(?<![\w.,–-])(?:(?P<vague>{_RU_VAGUE}|\d+|\w*один|\w*одну) )?"
        r"(?P<said>(?P<unit>[Нн]еделю|[Мм]есяц|[Гг]од) (?P<ago>назад))(?!\w)",
        rf"(?<!\w)(?P<said>[Вв]о? (?:{_RU_WHICH.format('which')} )?"
        r"(?P<weekday>понедельник|вторник|среду(?! обитания)|четверг|пятницу|субботу|воскресенье))(?!\w)"
        r"(?!,? \d)(?! (?:на )?(?:прошл|следующ|этой|будущ|минувш))",
        rf"(?<![\w.,:/–-]){_DAYS} {_RU_MONTH}{_RU_OF_YEAR}",
        rf"(?<!\w)(?P<said>[Вв]о? (?:(?:начале|середине|конце) )?{_RU_MONTH}{_RU_OF_YEAR})",
    ),
    weekday=re.compile("понедельник|вторник|сред[ауы]|четверг|пятниц|суббот|воскресень"),
    clause=re.compile(r"[,;:—«»“”\"()]"),
    signs=re.compile(
        r"(?P<FUTURE>\b(?:буд(?:ет|ут|у|ем)|намерен\w*|планиру\w+|собира\w+ся|предсто[ия]т|ожидается|состо[ия]тся|"
        r"про(?:йд|вед)[её]т|про(?:йд|вед)ут|начн[её]тся|начнутся|стартует|(?:от|за)кро(?:ет|ют)(?:ся)?|"
        r"при(?:буд|лет|ед)\w{1,2}т|посет[ия]т|выступ[ия]т|встрет[ия]тся|сыгра[ею]т|прим(?:ет|ут)|подпиш[еу]т|"
        r"рассмотр[ия]т|обсуд[ия]т|верн[её]тся|вернутся)\b(?: \w+)?)|"
        r"(?P<PAST>\b(?!школ|стол|недел|цел|рол|дол|жител|если|или|отдел|дел[ао]\b|сил|сел[ао]|числ|начала\b|тел[ао]\b|"
        r"зал|вокзал|журнал|канал|финал|капитал|материал|генерал|сигнал|футбол|пол\b|мил|модел|отел|апрел)"
        r"[а-яё]*[аеёиоуыюя]л(?:а|о|и)?(?:с[ья])?\b|\b(?:сообща|переда|отмеча|заявля|уточня)[её]т\b|\bпишет\b|\bговорит)"
    ),
    weak=re.compile(r"\bесли\b|\b\w{2,}(?:[её]т|ит|[уюая]т)(?:ся)?\b"),
)

_ZH_WEEK = "[周週]|星期|礼拜|禮拜"
_ZH_DIGITS = _numbered("一 二 三 四 五 六 七 八 九", 1) | {"两": 2, "兩": 2}
_ZH = Calendar(
    words={
        "day": {"昨": -1, "前": -2, "今": 0, "明": 1, "后": 2, "後": 2},
        "n": {f"十{digit}": 10 + number for digit, number in _ZH_DIGITS.items()} | _ZH_DIGITS | {"十": 10},
        "unit": {"周末": Unit.WEEKEND, "週末": Unit.WEEKEND, "月": Unit.MONTH, "年": Unit.YEAR, "天": Unit.DAY}
        | dict.fromkeys("周週星礼禮", Unit.WEEK),
        "which": {"上": -1, "下": 1, "去": -1, "前": -2, "明": 1},
        "year": {"去": -1, "前": -2, "明": 1},
        "edge": {"初": -1, "早": -1},
        "weekday": _numbered("一 二 三 四 五 六 日", 0) | {"天": 6},
    },
    patterns=_compiled(
        r"(?P<day>昨[天日晚夜晨早]|(?<![大之目以此提])前[天日晚](?![气氣空然])|今[天日晨早晚夜](?!俄罗斯|头条)|"
        r"(?<![说說表证證声聲文])明[天日晚早](?!之星)|(?<![大以之今])[后後]天(?![的性]))",
        rf"(?<![以之])(?P<which>[上下本这這])(?:[个個](?=[星礼禮月]))?"
        rf"(?P<unit>[周週]末|{_ZH_WEEK}|月(?![球台饼餅薪收亮季光]))(?![一二三四五六日天])"
        r"(?:(?P<edge>初|早些时候)|(?P<d>\d{1,2})[日号號])?",
        r"(?<![提目以之此失过過])(?P<which>[今去明]|前(?!年[代轻輕均度]))(?P<unit>年)"
        r"(?![轻輕龄齡代味画畫]| ?\d{1,2} ?月)",
        r"(?<![\d.,第一二三四五六七八九十两兩几多百])(?P<vague>[约約近逾超多]|超过|大约|至少|不到)?"
        r"(?P<n>\d{1,3}|十[一二三四五六七八九]?|[一二三四五六七八九两兩]) ?[个個]?"
        rf"(?P<unit>天|{_ZH_WEEK}|月|年)之?(?P<ago>前)(?![往进進列景所线線述沿来來夕后後])",
        rf"(?<![每一二两兩三四五六七八九十\d几整半逐色血])(?:(?P<which>[上下本这這])[个個]?)?(?:{_ZH_WEEK})"
        r"(?P<weekday>[一二三四五六日天])(?![次起片圈带帶岁歲年]|泰晤士|邮报|日报|报\b)",
        r"(?:(?P<year>[今去明前])年|(?<![年\d历曆至到–-])(?<!年 )) ?(?P<month>\d{1,2}) ?月"
        r"(?: ?(?P<d>\d{1,2}) ?[日号號](?: ?[-–—至到] ?(?:(?P=month)月)?(?P<d2>\d{1,2})[日号號])?|份)?(?![\d球])",
        r"(?<![\d月年至到近约約前时時了期共第每满滿、.–—-])(?P<d>\d{1,2})日"
        r"(?=[，,在电電讯訊上下晚凌清早中午说說表宣报報发發举舉抵访訪与會会对對向公晨开開召])",
    ),
    weekday=re.compile(rf"(?:{_ZH_WEEK})[一二三四五六日天]"),
    clause=re.compile(r"[，,；;。：:“”「」（）()]"),
    signs=re.compile(
        r"(?P<FUTURE>[将將](?=[于於在会會要是有与與首正迎前访訪抵出]|举行|舉行|举办|召开|召開|开|開|公布|发布|继续|$)|"
        r"即[将將]|预[计期]|預[計期]|计划|計劃|拟|擬|定[于於])|"
        r"(?P<PAST>了|已|曾|表示|宣布|说|說|称|稱|指出|报道|報道|强调|透露)|(?P<UNSURE>[将將])"
    ),
    weak=re.compile("如果|[会會](?![议議见見谈談员員长長晤场展])"),
    bare=2,
    beside=4,
    by_week=True,
)

CALENDARS = {Language.EN: _EN, Language.RU: _RU, Language.ZH: _ZH}

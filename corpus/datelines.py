"""The line above an article that is no part of it: date, breadcrumb, source ("date 2019-09-18 Home » Nation")."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?|янв(?:аря)?|февр?(?:аля)?|мар(?:та)?|апр(?:еля)?|ма[йя]|июн[ья]?|июл[ья]?|"
    r"авг(?:уста)?|сент?(?:ября)?|окт(?:ября)?|нояб?(?:ря)?|дек(?:абря)?"
)
_MONTH_NUMBERS = {
    name: 1 + i % 12
    for i, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec янв фев мар апр май июн июл авг сен окт ноя дек".split()
    )
} | {"мая": 5}
_DAY = (
    r"(?P<y1>\d{4})(?P<s1>[-/.])(?P<m1>\d{1,2})(?P=s1)(?P<d1>\d{1,2})(?!\d)"
    r"|(?P<y2>\d{4})\s?年\s?(?P<m2>\d{1,2})\s?月\s?(?P<d2>\d{1,2})\s?日"
    r"|(?P<d3>\d{1,2})(?P<s3>[-/.])(?P<m3>\d{1,2})(?P=s3)(?P<y3>\d{4})(?!\d)"
    rf"|(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m4>{_MONTHS})\.?,?\s+(?P<y4>\d{{4}})(?!\d)(?:\s?г(?:ода|\.)?(?!\w))?"
    rf"|(?P<m5>{_MONTHS})\.?\s+(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y5>\d{{4}})(?!\d)"
)
_FIND_DAY = re.compile(rf"(?<!\d)(?:{_DAY})", re.I)
_WEEKDAY = (
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?"
    r"|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|星期[一二三四五六日天]|周[一二三四五六日]"
)
_LABEL = (
    r"(?:publication\s+)?date|(?:first\s+)?published(?:\s+(?:on|at))?|posted(?:\s+on)?|(?:last\s+)?updated"
    r"|дата(?:\s+публикации)?|опубликовано|обновлено|(?:发布|发表|更新)?(?:日期|时间)|(?:發布|更新)?(?:日期|時間)|发布于|发表于"
)
_TIME = (
    r"(?:T|,?\s*(?:at|в)?\s*)\d{1,2}[:：]\d{2}(?:[:：]\d{2}(?:\.\d+)?)?(?:\s?[ap]\.?m\b\.?)?"
    r"(?:\s?(?:Z|[+-]\d{2}:?\d{2}|GMT|UTC|BST|[CEMP][SD]?T|MSK|мск)\b)?(?:\s?\([^()]{1,12}\))?"
)
_DATED = re.compile(
    rf"(?<!\w)(?P<label>(?:{_LABEL})\s*[:：]?\s*)?(?:(?:{_WEEKDAY}),?\s*)?(?:{_DAY})(?:,?\s*(?:{_WEEKDAY}))?(?:{_TIME})?"
    rf"(?:,?\s*(?:{_WEEKDAY}))?",
    re.I,
)
_NAMES = {
    "source": r"source|источник|来源|來源",
    "section": r"section|category|рубрика|раздел|栏目|频道|欄目",
    "title": r"title|headline|заголовок|标题|標題",
    "author": r"authors?|by|автор|作者|记者|記者",
    "": r"editor|редактор|(?:责任)?编辑|責任編輯",
}
_NAMED = re.compile(
    "|".join(rf"(?:{words})\s?[:：]\s*(?P<{key or 'other'}>\S.*)" for key, words in _NAMES.items()), re.I
)
_TRAIL = re.compile(r"\s+»\s+|\s*[›→]\s*|\s*>\s*")
_SEPARATOR = re.compile(rf"{_TRAIL.pattern}|\s*[|｜•]\s*|\s+/\s+|\s+(?=(?:{'|'.join(_NAMES.values())})\s?[:：])", re.I)
_HOME = frozenset(("home", "homepage", "main page", "главная", "首页", "主页", "首頁"))
_CRUMB = re.compile(r"(?=.*[^\W\d_])[^.!?…。！？;；:：,，«»“”\"]{1,40}")
_HAN = re.compile("[\u3400-\u9fff]")
_DIGIT = re.compile(r"\d")
_LONGEST_HEADER = 200


@dataclass(frozen=True, slots=True)
class Header:
    """What a header line says; an empty field was not said."""

    published: date | None = None
    section: str = ""
    source: str = ""
    title: str = ""
    authors: tuple[str, ...] = ()


def find_day(text: str) -> date | None:
    """The first date written in `text` in a form common in English, Russian or Chinese.

    None when there is none, or when day and month could be exchanged (`09/10/2019`).
    """
    return next((_day(match) for match in _FIND_DAY.finditer(text)), None)


def parse_header(line: str) -> Header | None:
    """What `line` says about its article, or None when it may be a part of the article."""
    if len(line) > _LONGEST_HEADER:
        return None
    dates = list(_DATED.finditer(line))
    parts = [part.strip(" \t,;–—-/") for part in _SEPARATOR.split(_DATED.sub(" | ", line))]
    named = dict(_named(parts))
    crumbs = [part for part in parts if part and not _NAMED.fullmatch(part)]
    if not _is_header(line, dates, named, crumbs):
        return None
    sections = [crumb for crumb in crumbs if crumb.lower() not in _HOME]
    return Header(
        published=next((day for match in dates if (day := _day(match))), None),
        section=named.get("section") or (sections[-1] if sections else ""),
        source=named.get("source", ""),
        title=named.get("title", ""),
        authors=(named["author"],) if "author" in named else (),
    )


def _named(fields: list[str]) -> Iterator[tuple[str, str]]:
    for field in fields:
        if match := _NAMED.fullmatch(field):
            yield from ((key, value) for key, value in match.groupdict().items() if value)


def _is_header(line: str, dates: list[re.Match[str]], named: dict[str, str], crumbs: list[str]) -> bool:
    """Whether every part of the line is a label of some kind; a first sentence or a headline must never pass."""
    if not all(_CRUMB.fullmatch(crumb) and _words(crumb) <= 4 for crumb in crumbs):
        return False
    if any(_is_prose(value) for key, value in named.items() if key != "title"):
        return False
    if not crumbs:
        return bool(dates or named)
    if crumbs[0].lower() in _HOME and len(crumbs) > 1:
        return True
    if any(crumb[0].islower() for crumb in crumbs):
        return False
    if dates:
        return bool(_SEPARATOR.search(line)) or _is_lone_section(dates[0], crumbs)
    return len(crumbs) > 1 and bool(_TRAIL.search(line)) and not any(_words(c) > 3 or _DIGIT.search(c) for c in crumbs)


def _is_lone_section(dated: re.Match[str], crumbs: list[str]) -> bool:
    """`date 2019-09-18 World News`, `2019-09-18 Nation`: but not `11 September 2001 attacks`."""
    longest = 3 if dated["label"] else 1 if dated["y1"] or dated["y3"] else 0
    return len(crumbs) == 1 and _words(crumbs[0]) <= longest


def _is_prose(value: str) -> bool:
    return _words(value) > 8 or value[-1] in ".!?…。！？"


def _words(text: str) -> int:
    """Words, four Chinese characters counting as one."""
    return len(_HAN.sub("", text).split()) + -(-len(_HAN.findall(text)) // 4)


def _day(match: re.Match[str]) -> date | None:
    form = next(i for i in range(1, 6) if match[f"y{i}"])
    year, month, day = (match[f"{part}{form}"] for part in "ymd")
    if match["s3"] == "/":
        # 09/18/2019 can only be the American order; 09/10/2019 could be either: no date is better than a wrong one.
        if int(day) <= 12 and int(month) <= 12 and day != month:
            return None
        day, month = (month, day) if int(month) > 12 else (day, month)
    try:
        return date(int(year), _MONTH_NUMBERS.get(month[:3].lower()) or int(month), int(day))
    except ValueError:
        return None

"""Relative dates: what news means by them, and where nothing is better than a guess."""

import time
from datetime import date

import pytest

from corpus.types import Language
from qa.dates import relative_dates

EN, RU, ZH = Language.EN, Language.RU, Language.ZH
WEDNESDAY = date(2019, 9, 18)


def resolved(text: str, language: Language, published: date | None = WEDNESDAY) -> list[str]:
    """Each date as `said: from` or `said: from..until`, months and days only where the year is 2019."""
    return [
        f"{text[each.start : each.end]}: "
        + "..".join(dict.fromkeys(str(day).removeprefix("2019-") for day in (each.first, each.last)))
        for each in relative_dates(text, language, published)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yesterday he left.", ["Yesterday: 09-17"]),
        ("It rained today and tonight.", ["today: 09-18", "tonight: 09-18"]),
        ("the day before yesterday", ["the day before yesterday: 09-16"]),
        ("He leaves the day after tomorrow.", ["the day after tomorrow: 09-20"]),
        ("Shots were fired last night.", ["last night: 09-17"]),
        ("Akimov said on Monday it was late.", ["Monday: 09-16"]),
        ("Akimov said Wednesday it was late.", ["Wednesday: 09-18"]),
        ("Akimov will arrive on Wednesday.", ["Wednesday: 09-18"]),
        ("The line will open on Monday.", ["Monday: 09-23"]),
        ("On Monday, the line will open.", ["Monday: 09-23"]),
        ("On Monday, Akimov said the line will open on Friday.", ["Monday: 09-16", "Friday: 09-20"]),
        ("It is to be opened on Monday.", ["Monday: 09-23"]),
        ("It opened last Wednesday, and next Wednesday it closes.", ["last Wednesday: 09-11", "next Wednesday: 09-25"]),
        ("They meet on Monday next.", ["Monday next: 09-23"]),
        ("this Friday", ["this Friday: 09-20"]),
        ("last week, this month, next year", ["last week: 09-09..09-15", "this month: 09-01..09-30",
                                              "next year: 2020-01-01..2020-12-31"]),
        ("It rained this weekend.", ["this weekend: 09-21..09-22"]),
        ("He said earlier this week that", ["earlier this week: 09-16..09-18"]),
        ("later this month", ["later this month: 09-18..09-30"]),
        ("two days ago and three weeks ago", ["two days ago: 09-16", "three weeks ago: 08-26..09-01"]),
        ("A month ago, 10 years ago", ["A month ago: 08-01..08-31", "10 years ago: 2009-01-01..2009-12-31"]),
        ("He died on Sept. 3.", ["Sept. 3: 09-03"]),
        ("He died on 20 December.", ["20 December: 2018-12-20"]),
        ("It will open on 20 December.", ["20 December: 12-20"]),
        ("From Sept. 14-16 it rained.", ["Sept. 14-16: 09-14..09-16"]),
        ("Sales rose in August.", ["August: 08-01..08-31"]),
        ("The summit, now scheduled for mid-October, is his first.", ["October: 10-01..10-31"]),
        ("It will open in May.", ["May: 2020-05-01..2020-05-31"]),
        ("Sales rose in August last year.", ["August last year: 2018-08-01..2018-08-31"]),
        ("He left last September.", ["last September: 2018-09-01..2018-09-30"]),
    ],
)  # fmt: skip
def test_english_dates(text: str, expected: list[str]) -> None:
    assert resolved(text, EN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Вчера он уехал.", ["Вчера: 09-17"]),
        ("Позавчера, сегодня, завтра, послезавтра.",
         ["Позавчера: 09-16", "сегодня: 09-18", "завтра: 09-19", "послезавтра: 09-20"]),
        ("Об этом он сказал в понедельник.", ["в понедельник: 09-16"]),
        ("Линия откроется в\u00a0понедельник.", ["в\u00a0понедельник: 09-23"]),
        ("В понедельник линия будет открыта.", ["В понедельник: 09-23"]),
        ("Во вторник он заявил, что прибудет в пятницу.", ["Во вторник: 09-17", "в пятницу: 09-20"]),
        ("В минувшую пятницу прошёл матч.", ["В минувшую пятницу: 09-13"]),
        ("в прошлую среду, в следующую среду", ["в прошлую среду: 09-11", "в следующую среду: 09-25"]),
        ("В начале недели он молчал.", ["В начале недели: 09-16..09-18"]),
        ("на прошлой неделе", ["на прошлой неделе: 09-09..09-15"]),
        ("в прошлом месяце", ["в прошлом месяце: 08-01..08-31"]),
        ("в этом году и в будущем году", ["в этом году: 01-01..12-31", "в будущем году: 2020-01-01..2020-12-31"]),
        ("в эти выходные", ["в эти выходные: 09-21..09-22"]),
        ("два дня назад, неделю назад, 5 лет назад",
         ["два дня назад: 09-16", "неделю назад: 09-09..09-15", "5 лет назад: 2014-01-01..2014-12-31"]),
        ("Он родился 3 сентября.", ["3 сентября: 09-03"]),
        ("Он прибудет 25 сентября.", ["25 сентября: 09-25"]),
        ("В августе цены выросли.", ["В августе: 08-01..08-31"]),
        ("1 мая прошлого года он уехал.", ["1 мая прошлого года: 2018-05-01"]),
    ],
)  # fmt: skip
def test_russian_dates(text: str, expected: list[str]) -> None:
    assert resolved(text, RU) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他昨天抵达，前天离开。", ["昨天: 09-17", "前天: 09-16"]),
        ("昨日、今晨、明天", ["昨日: 09-17", "今晨: 09-18", "明天: 09-19"]),
        ("阿基莫夫周一表示，线路将于周五开通。", ["周一: 09-16", "周五: 09-20"]),
        ("他星期一说", ["星期一: 09-16"]),
        ("上周五，上周三，下周一，本周三",
         ["上周五: 09-13", "上周三: 09-11", "下周一: 09-23", "本周三: 09-18"]),
        ("上周和下周", ["上周: 09-09..09-15", "下周: 09-23..09-29"]),
        ("本周末", ["本周末: 09-21..09-22"]),
        ("上个月、本月", ["上个月: 08-01..08-31", "本月: 09-01..09-30"]),
        ("今年、去年、明年",
         ["今年: 01-01..12-31", "去年: 2018-01-01..2018-12-31", "明年: 2020-01-01..2020-12-31"]),
        ("两天前，三周前，十二年前",
         ["两天前: 09-16", "三周前: 08-26..09-01", "十二年前: 2007-01-01..2007-12-31"]),
        ("他9月3日去世。", ["9月3日: 09-03"]),
        ("去年9月3日，今年8月", ["去年9月3日: 2018-09-03", "今年8月: 08-01..08-31"]),
        ("会议将于20日在北京举行。", ["20日: 09-20"]),
        ("16日，会议结束。", ["16日: 09-16"]),
        ("上月5日", ["上月5日: 08-05"]),
    ],
)  # fmt: skip
def test_chinese_dates(text: str, expected: list[str]) -> None:
    assert resolved(text, ZH) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Black Friday, Bloody Sunday, Good Friday and Super Tuesday", EN),
        ("The Sunday Times and The Mail on Sunday", EN),
        ("USA Today and Russia Today", EN),
        ("“The Day Before Yesterday” is a film", EN),
        ("Open Monday to Friday.", EN),
        ("On Saturday and Sunday it is closed.", EN),
        ("every Monday, a Monday, the following Monday", EN),
        ("by Monday", EN),
        ("the last week of the war, the last year", EN),
        ("about two weeks ago, more than a year ago", EN),
        ("on Monday, September 21, 2015", EN),
        ("on 21 September 2015, in May 2015", EN),
        ("In 2008, war broke out on Aug. 8.", EN),
        ("the September 11 attacks", EN),
        ("The match is on Oct. 5.", EN),
        ("The talks begin on Monday.", EN),
        ("The line will open in Murmansk, the capital, on Monday.", EN),
        ("LeBron to play on Sunday", EN),
        ("today's youth", EN),
        ("a month ago today", EN),
        ("It may march.", EN),
        ("31 September", EN),
        ("999 years ago " * 3 + "yesterdays", EN),
        ("МИА «Россия сегодня» и газета «Завтра»", RU),
        ("вложения в среду обитания", RU),
        ("почти год назад, 21 год или два года назад", RU),
        ("много лет назад, 5-6 дней назад", RU),
        ("1 мая 2015 года, в мае 2015 года", RU),
        ("улица 8 Марта", RU),
        ("в субботу и воскресенье", RU),
        ("в понедельник, 16 сентября 2013 года", RU),
        ("目前天气，失去年轻，说明天气", ZH),
        ("2018年9月3日，2018年前", ZH),
        ("一周一次，每周一，四周一带", ZH),
        ("周一至周五", ZH),
        ("约三年前，三四年前", ZH),
        ("《今日俄罗斯》、黑色星期五", ZH),
        ("周一将两名嫌犯逮捕", ZH),
    ],
)
def test_what_is_no_relative_date_or_not_surely_one_is_left_alone(text: str, language: Language) -> None:
    found = resolved(text, language, date(950, 1, 1)) if "999" in text else resolved(text, language)
    assert found == []


def test_nothing_is_known_without_the_day_of_publication() -> None:
    assert relative_dates("yesterday", EN, None) == ()


@pytest.mark.parametrize("published", [date.min, date.max])
def test_there_is_no_day_beyond_the_calendar(published: date) -> None:
    for text, language in [("yesterday, tomorrow, last week, next week, next year, last month, on Monday", EN),
                           ("9月3日，16日在，本月31日", ZH)]:  # fmt: skip
        assert all(each.first <= each.last for each in relative_dates(text, language, published))


def test_a_leap_day_is_that_of_a_leap_year() -> None:
    assert resolved("He died on Feb. 29.", EN, date(2021, 1, 5)) == ["Feb. 29: 2020-02-29"]
    assert resolved("He died on Feb. 29.", EN) == []


@pytest.mark.parametrize(
    "piece", ["a", "A", "1", " ", ".", "—", "«", "on Monday ", "Sept. 18 ", "5 days ", "вылил", "в понедельник ",
              "周一", "9月8日", "将9月", "A-", "18 "],
)  # fmt: skip
def test_any_10_000_characters_are_read_fast(piece: str) -> None:
    text = (piece * 10_000)[:10_000]
    began = time.process_time()
    for language in Language:
        relative_dates(text, language, WEDNESDAY)
    assert time.process_time() - began < 3

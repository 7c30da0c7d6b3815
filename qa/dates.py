"""Days that a sentence names by that of its article: "yesterday", «в прошлую среду», 上周五. Unsure, it says nothing.

What the words mean is here, what they are in `calendars.py`: a pattern's groups tell what it found, `said` what of it
is shown. Every look around a date has a bounded length, so time is linear in the length of the text.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from corpus.types import Language
from qa.calendars import CALENDARS, Calendar, Tense, Unit
from qa.types import ResolvedDate

_NEAR = 200  # characters to either side of a date that may tell its tense
_HALF_A_YEAR = 183  # days: farther back, a month without a year and without a verb in the past may be the coming one
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
_TITLE_BEGINS = re.compile(r"[«“„\"《][^«»“”„\"《》]*$")
_TITLE_ENDS = re.compile(r"[^«»“”„\"《》]*(?<![.,!?…。，！？])[»”\"》]")
_TITLE = 30  # characters of a title to either side of a date in it
_ATTACKS = (9, 11)  # mostly those of 2001

_Span = tuple[date, date]


def relative_dates(text: str, language: Language, published: date | None) -> tuple[ResolvedDate, ...]:
    """What the relative dates in `text` mean in an article of the day `published`, in order."""
    if published is None:
        return ()
    dates: list[ResolvedDate] = []
    for each in sorted(_found(text, CALENDARS[language], published), key=lambda each: (each.start, -each.end)):
        if not dates or each.start >= dates[-1].end:
            dates.append(each)
    return tuple(dates)


def _found(text: str, calendar: Calendar, published: date) -> Iterator[ResolvedDate]:
    for pattern in calendar.patterns:
        for found in pattern.finditer(text):
            start, end = found.span("said" if "said" in pattern.groupindex else 0)
            try:
                span = None if _is_title(text, start, end) else _Reading(found, start, end, calendar, published).span()
            except (ValueError, OverflowError):  # 31 September, or before the year 1
                span = None
            if span:
                yield ResolvedDate(start, end, *span)


def _is_title(text: str, start: int, end: int) -> bool:
    """Whether it stands in a short quotation without a stop at its end: the name of a paper or a film."""
    before, after = text[max(0, start - _TITLE) : start], text[end : end + _TITLE]
    return bool(_TITLE_BEGINS.search(before) and _TITLE_ENDS.match(after))


class _Reading:
    """One date that a pattern found, being resolved."""

    def __init__(self, found: re.Match[str], start: int, end: int, calendar: Calendar, published: date) -> None:
        self._text, self._start, self._end = found.string, start, end
        self._calendar, self._published = calendar, published
        named = {name: said for name, said in found.groupdict().items() if said and name != "said"}
        self._got: Mapping[str, int] = {name: calendar.value(name, said) for name, said in named.items()}

    def span(self) -> _Span | None:
        match self._got:
            case {"vague": _}:
                return None
            case {"day": shift}:
                return _period(Unit.DAY, self._published, shift)
            case {"ago": _, "unit": unit}:
                return _period(Unit(unit), self._published, -self._got.get("n", 1))
            case {"month": month}:
                return self._in_year(month)
            case {"weekday": weekday}:
                return self._weekday(weekday)
            case {"unit": unit}:
                return self._in_period(Unit(unit))
            case {"d": day}:
                months = [_period(Unit.MONTH, self._published, shift) for shift in (-1, 0, 1)]
                return self._choose([_one(first.replace(day=day)) for first, last in months if day <= last.day])
        return None

    def _in_period(self, unit: Unit) -> _Span:
        """Last week, earlier this month, the 5th of last month."""
        first, last = _period(unit, self._published, self._got.get("which", 0))
        if day := self._got.get("d"):
            return _one(first.replace(day=day))
        if edge := self._got.get("edge", 0):
            return (first, min(last, self._published)) if edge < 0 else (max(first, self._published), last)
        return first, last

    def _in_year(self, month: int) -> _Span | None:
        """A month or a day of it: of the year that is named by this one, else of the likeliest."""
        day, this, which = self._got.get("d"), self._published.year, self._got.get("which")
        if (month, day) == _ATTACKS:
            return None
        if "year" in self._got or which == 0:
            return self._of_year(this + self._got.get("year", 0), month, day)
        earlier = _YEAR.findall(self._text, max(0, self._start - _NEAR), self._start)
        if any(int(year) < this for year in earlier):
            return None
        years = (year for year in (this - 1, this, this + 1) if not day or day <= monthrange(year, month)[1])
        return self._choose([self._of_year(year, month, day) for year in years])

    def _of_year(self, year: int, month: int, day: int | None) -> _Span:
        if day is None:
            return _period(Unit.MONTH, date(year, month, 1), 0)
        return date(year, month, day), date(year, month, max(day, self._got.get("d2", day)))

    def _weekday(self, weekday: int) -> _Span | None:
        which, near = self._got.get("which"), self._calendar.beside
        beside = self._text[max(0, self._start - near) : self._start], self._text[self._end : self._end + near]
        if which is None and any(self._calendar.weekday.search(each) for each in beside):
            return None
        monday = self._published - timedelta(self._published.weekday())
        if which is not None and (which == 0 or self._calendar.by_week):
            return _one(monday + timedelta(7 * which + weekday))
        return self._choose([_one(monday + timedelta(7 * week + weekday)) for week in (-1, 0, 1)])

    def _choose(self, spans: Sequence[_Span]) -> _Span | None:
        """Of the same day of some weeks, months or years: the latest that has begun, or the next if it is to come."""
        today, which = self._published, self._got.get("which", self._got.get("after", 0))
        if which:
            past, coming = [span for span in spans if span[1] < today], [span for span in spans if span[0] > today]
            return next(iter(past[::-1] if which < 0 else coming), None)
        begun, coming = [span for span in spans if span[0] <= today], [span for span in spans if span[1] >= today]
        tense = self._tense()
        if tense is Tense.FUTURE:
            return coming[0] if coming else None
        is_near = bool(begun) and (today - begun[-1][1]).days <= _HALF_A_YEAR
        return begun[-1] if begun and (tense is Tense.PAST or (tense is None and is_near)) else None

    def _tense(self) -> Tense | None:
        """The last sign before the date in its clause tells, else the first after it; None where there is none."""
        before, after = self._text[max(0, self._start - _NEAR) : self._start], self._text[self._end : self._end + _NEAR]
        *_, mine = self._calendar.clause.split(before)
        rest, *others = self._calendar.clause.split(after)
        tenses = [*self._calendar.tenses(mine)[::-1], *self._calendar.tenses(rest)]
        if not tenses and others and len(mine.strip() + rest.strip()) <= self._calendar.bare:
            rest = others[0]
            tenses = self._calendar.tenses(rest)
        if tenses:
            return tenses[0]
        is_unsure = self._calendar.weak.search(mine) or self._calendar.weak.search(rest)
        elsewhere = self._calendar.tenses(before) + self._calendar.tenses(after)
        return Tense.UNSURE if is_unsure or Tense.FUTURE in elsewhere else None


def _one(day: date) -> _Span:
    return day, day


def _period(unit: Unit, today: date, shift: int) -> _Span:
    """The day, week (from Monday), weekend, month or year `shift` of them from that of `today`."""
    match unit:
        case Unit.DAY:
            return _one(today + timedelta(shift))
        case Unit.WEEK | Unit.WEEKEND:
            monday = today + timedelta(7 * shift - today.weekday())
            return monday + timedelta(5 if unit is Unit.WEEKEND else 0), monday + timedelta(6)
        case Unit.MONTH:
            year, month = divmod(12 * today.year + today.month - 1 + shift, 12)
            return date(year, month + 1, 1), date(year, month + 1, monthrange(year, month + 1)[1])
        case Unit.YEAR:
            return date(today.year + shift, 1, 1), date(today.year + shift, 12, 31)

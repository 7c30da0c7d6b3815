"""The words that a reader sees, in three languages: `locales/<language>.json`."""

import json
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from corpus.types import Language

LOCALES = Path(__file__).parent / "locales"
NAMES = {Language.EN: "English", Language.RU: "Русский", Language.ZH: "中文"}  # each in its own language


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words: plain, counted, and dates."""

    language: Language
    table: Mapping[str, Any]

    def say(self, key: str, **values: object) -> str:
        return str(self.table[key]).format(**values) if values else str(self.table[key])

    def count(self, key: str, number: int) -> str:
        """The plural form of `key` that `number` asks for."""
        digits = f"{number:,}".replace(",", self.table["thousands"])
        return str(self.table[key][plural(self.language, number)]).format(n=digits)

    def name(self, language: Language) -> str:
        return str(self.table["language_names"][language])

    def day(self, when: date) -> str:
        return self.say("date", day=when.day, month=self.table["months"][when.month - 1], year=when.year)

    def days(self, first: date, last: date) -> str:
        """A span of days as it is said: one day, a month, a year, or from one day to another."""
        if first == last:
            return self.day(first)
        whole = first.year == last.year and (first.day, last.day) == (1, monthrange(last.year, last.month)[1])
        if whole and first.month == last.month:
            return self.say("month", month=self.table["months_alone"][first.month - 1], year=first.year)
        if whole and (first.month, last.month) == (1, 12):
            return self.say("year", year=first.year)
        return self.say("days", first=self.day(first), last=self.day(last))


@cache
def words(language: Language) -> Words:
    text = (LOCALES / f"{language}.json").read_text(encoding="utf-8")
    return Words(language, json.loads(text))


def plural(language: Language, number: int) -> str:
    """The CLDR category of a whole number, for the languages we speak."""
    if language is Language.EN:
        return "one" if number == 1 else "other"
    if language is Language.ZH:
        return "other"
    if number % 10 == 1 and number % 100 != 11:
        return "one"
    return "few" if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else "many"


def preferred(accept_language: str) -> Language:
    """The reader's first language that we speak, from a browser's Accept-Language ("zh-Hans-CN;q=0.9")."""
    ranges = (part.partition(";q=") for part in accept_language.lower().replace(" ", "").split(","))
    ranked = sorted(((_weight(q), tag) for tag, _, q in ranges), key=lambda range_: -range_[0])
    tags = (tag.partition("-")[0] for weight, tag in ranked if weight > 0)
    return next((Language(tag) for tag in tags if tag in set(Language)), Language.EN)


def _weight(quality: str) -> float:
    try:
        return float(quality or 1)
    except ValueError:
        return 0.0

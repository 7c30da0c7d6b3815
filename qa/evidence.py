"""Whether a sentence holds the kind of thing a question asks for: a number, a date, a name, somebody's words.

Surface signs only, alike in three languages; ranking learns what each is worth.
"""

import re
from collections.abc import Callable

from corpus.types import Language
from index.names import chinese_names
from index.terms import STOPWORDS
from qa.signs import any_of
from qa.types import Kind, Question

_DIGITS = re.compile(r"\d+")
_NUMBER_WORDS = {
    Language.EN: any_of("""
        one two three four five six seven eight nine ten eleven twelve dozen* hundred* thousand* million* billion* half
        third quarter twice double* none zero every"""),
    Language.RU: any_of("""
        один одна одного дв* три тр* четыр* пят* шест* сем* восем* девят* десят* сотн* тысяч* миллион* миллиард* млн
        млрд тыс половин* трет* четверт* вдвое втрое кажд*"""),
    Language.ZH: any_of("", "[一二两三四五六七八九十百千万亿半几]"),
}
_TIMES = {
    Language.EN: any_of(
        """
        january february march april june july august september october november december monday tuesday wednesday
        thursday friday saturday sunday today yesterday tomorrow tonight morning evening midnight noon spring summer
        autumn winter minute* hour* day* week* month* year* century jan feb mar apr aug sep sept oct nov dec""",
        r"\b(1[89]|20)\d\d\b", r"\b\d{1,2}:\d\d\b", r"\b\d{1,2} ?[ap]\.?m\b", r"\b\d+(st|nd|rd|th)\b", r"(?-i:\bMay\b)",
    ),
    Language.RU: any_of(
        """
        январ* феврал* март* апрел* мая май* июн* июл* август* сентябр* октябр* ноябр* декабр* понедельник* вторник*
        сред* четверг* пятниц* суббот* воскресень* сегодня вчера завтра утр* вечер* ноч* полноч* полдень весн* летом
        осен* зим* минут* час часа часов часам дней дня день недел* месяц* год* лет век*""",
        r"\b(1[89]|20)\d\d\b", r"\b\d{1,2}:\d\d\b", r"\b\d+-(й|м|го|е)\b",
    ),
    Language.ZH: any_of(
        "星期 去年 晚上 凌晨",
        r"[\d一二三四五六七八九十]\s*(年|月|日|号|点|时|分|周|天|世纪)", "周[一二三四五六日末]", "今[天年晨晚]",
        "昨[天日晚]", "明[天年]",
        "[上下][周月]", "早[上晨]", "[春夏秋冬][季天]", "第.{1,4}(圈|分钟|节)",
    ),
}  # fmt: skip
# A question for a year, and a year.
_ASKS_YEAR = re.compile(r"\b(what|which) years?\b|\bкак(ой|ие|их|ом) год|哪[一两几]?年", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1\d|20)\d\d(?!\d)")
_QUOTES = re.compile('["“”„«»‘’「」『』]')
SPEECH = {
    Language.EN: any_of("""
        said says saying told tells announc* added adding promis* den* claim* warn* stated statement explain*
        according_to argu* insist* tweet* wrote writes called_on called_for called_the describ* believ* think* thought
        urg* declar* confirm* noted notes asked asks repl* admit* vow* pledg* hopes hoped express* suggest*"""),
    Language.RU: any_of("""
        сказа* говор* сообщ* объяв* заяв* обеща* отриц* опроверг* добав* рассказ* напис* пиш* прокомментир* предупре*
        объясн* призва* предлож* ответ* отвеч* счита* по_словам по_мнению отмет* подчеркн* призна* утвержд* поясн*
        уточн* увер* подтверд* выраз* назва* попрос* надеет* полага* думае*"""),
    Language.ZH: any_of("""
        说 宣布 表示 承诺 否认 称 写道 回应 解释 建议 呼吁 警告 认为 透露 指出 强调 补充
        告诉 坦言 提出 希望 相信 发推 评价 保证"""),
}
_CAUSES = {
    Language.EN: any_of("""
        because due_to since as_a_result caus* reason* so_that in_order_to after owing_to thanks_to led_to blam* over
        amid worr*"""),
    Language.RU: any_of("""
        потому из-за так_как поскольку вследствие причин* чтобы благодаря вызва* ради связан* привел* после"""),
    Language.ZH: any_of("因为 由于 导致 原因 所以 为了 使得 令 鉴于 出于 造成", "因[^此]"),
}
_CAPITALISED = re.compile(r"^[A-ZА-ЯЁ][\w’'-]+|(?<=[\w,;:»”\"’)] )[A-ZА-ЯЁ][\w’'-]+|(?<=[«“\"(])[A-ZА-ЯЁ][\w’'-]+")
_HAN_NAME = re.compile(
    "[\u4e00-\u9fff]{1,10}·[\u4e00-\u9fff]+|[A-Z][a-z]+|先生|女士|教授|总统|部长|主席|经理|市长|院长|教练"
)
_PLACE = {
    Language.EN: re.compile(r"\b(in|at|near|from|to|on|outside|across|around|off)\b(?= (the )?[A-Z])"),
    Language.RU: re.compile(r"\b(?i:в|во|на|у|из|под|близ|около|возле)\b(?= [А-ЯЁA-Z«])"),
    Language.ZH: re.compile("[在于位至从][^，。]{1,12}[市省州县区镇村街路国岛湾港河山]|[市省州县区镇村街路]"),
}


def holds(question: Question, sentence: str, language: Language) -> float:
    """1.0 when `sentence` shows what the question's kind asks for, 0.0 when not, in between when unsure.

    2.0 when the question asks for a year and the sentence gives one: no other sign is as exact.
    """
    test = _TESTS.get(question.kind)
    return test(question.text, sentence, language) if test else 0.5


def _number(question: str, sentence: str, language: Language) -> float:
    """A number that the question itself does not mention."""
    if set(_DIGITS.findall(sentence)) - set(_DIGITS.findall(question)):
        return 1.0
    return 0.5 if _NUMBER_WORDS[language].search(sentence) else 0.0


def _when(question: str, sentence: str, language: Language) -> float:
    """A time that the question itself does not mention; one with a figure says when, another perhaps."""
    if _ASKS_YEAR.search(question) and any(year.group() not in question for year in _YEAR.finditer(sentence)):
        return 2.0
    found = {match.group().lower() for match in _TIMES[language].finditer(sentence)}
    times = [time for time in found if time not in question.lower()]
    if any(_DIGITS.search(time) for time in times):
        return 1.0
    return 0.5 if times else 0.0


def _said(_question: str, sentence: str, language: Language) -> float:
    """A verb of speech and a quotation count half each."""
    return 0.5 * bool(SPEECH[language].search(sentence)) + 0.5 * bool(_QUOTES.search(sentence))


def _who(question: str, sentence: str, language: Language) -> float:
    """A name that the question does not mention."""
    chinese = language is Language.ZH
    names = chinese_names(sentence) + _HAN_NAME.findall(sentence) if chinese else _CAPITALISED.findall(sentence)
    return 1.0 if any(name not in question and name.lower() not in STOPWORDS for name in names) else 0.0


def _which(question: str, sentence: str, language: Language) -> float:
    """A name that the question does not mention, or something in quotation marks."""
    return max(_who(question, sentence, language), 0.5 * bool(_QUOTES.search(sentence)))


def _where(_question: str, sentence: str, language: Language) -> float:
    return 1.0 if _PLACE[language].search(sentence) else 0.0


def _why(_question: str, sentence: str, language: Language) -> float:
    return 1.0 if _CAUSES[language].search(sentence) else 0.0


_TESTS: dict[Kind, Callable[[str, str, Language], float]] = {
    Kind.NUMBER: _number,
    Kind.WHEN: _when,
    Kind.SAID: _said,
    Kind.WHO: _who,
    Kind.WHERE: _where,
    Kind.WHY: _why,
    Kind.WHICH: _which,
}

"""Raw text and earlier turns → a Question: its language, what kind of answer it wants, what it borrows."""

import re
from collections.abc import Sequence

from corpus.language import question_language
from corpus.types import Language
from index.names import NAME_RUN
from index.terms import STOPWORDS
from qa.evidence import SPEECH
from qa.signs import any_of
from qa.speaker import asked_of
from qa.types import Kind, Question, QuestionRejected, Turn

MAX_LENGTH = 2_000  # characters; the encoder reads some 1,500 of them
_HISTORY = 3  # earlier turns that a follow-up may lean on
_BORROWED = 300  # characters of an earlier question that a follow-up is searched with

# The first kind that matches decides: "when did he say" asks for a date, "what did he say" for what was said.
_KINDS = {
    Language.EN: {
        Kind.WHEN: any_of("when", r"\b(what|which) (time|date|day|years?|month|minute|lap)\b", r"\bhow long ago\b"),
        Kind.NUMBER: any_of(
            "score price", r"\bhow (many|much|old|long|often|far|big|large|tall|high|fast|heavy)\b",
            r"\bwhat (percent|percentage|share|number|price|score|age)\b", r"\bhow\b.*\b(cost|weigh)",
        ),
        Kind.WHY: any_of("why reason* how_come", r"\bwhat (caused|made)\b"),
        Kind.SAID: any_of("""
            say says said saying tell told announce announced promise promised deny denied claim claimed call_for
            called_for warn warned react reacted comment commented tweet tweeted write wrote explain explained think
            praise praised according_to statement ask asked asking respond* urge urged propose* suggest* advise*
            accuse* admit* insist* criticis* criticiz* predict* recommend* justif* opinion complain* describe*
            threaten* pledge*"""),
        Kind.WHO: any_of("who whose whom what_is_the_name"),
        Kind.WHERE: any_of("where", r"\b(what|which) (city|country|town|place|village|region)\b"),
        Kind.WHICH: any_of(
            "which",
            r"\bwhat\b(?! (?:did|does|do|is|was|are|were|has|have|will|would|can|could|happen\w*|kind|sort)\b)",
        ),
    },
    Language.RU: {
        Kind.WHEN: any_of(
            "когда в_каком_году в_каком_месяце какого_числа во_сколько с_какого на_какой_минуте на_каком_круге "
            "какие_годы в_какой_день"
        ),
        Kind.NUMBER: any_of(
            "скольк* как_часто как_долго как_давно как_далеко почём",
            r"\bкак(ой|ова|ую|ие|им|ое) .*(процент|дол[юя]|сумм|числ|цен|возраст|сч[её]т|стоимост|курс)",
        ),
        Kind.WHY: any_of("почему зачем из-за_чего от_чего причин*", r"\bчем .*не нрав"),
        Kind.SAID: any_of(
            """сказал* говорил* говорит сообщил* объявил* заявил* пообещал* обещал* обещает отрицал* опроверг*
            рассказал* написал* отреагировал* прокомментировал* предупредил* объяснил* объясняет призвал* предложил*
            ответил* считает думает назвал* просит просят попросил* отозвал* по_словам по_мнению совету* посовет*
            критик* раскритик* оценил* оценивает потребовал* требует надеется пригрозил* обвинил* признал* утвержд*
            относится хвал* похвал* мнени* жалу* описал* описыва* прогноз*""",
            r"\bо ч[её]м .*(прос|говор|договор)",
        ),
        Kind.WHO: any_of("кто кого кому кем как_зовут как_звали чей чья"),
        Kind.WHERE: any_of(
            "где куда откуда на_каком_перекр*", r"\bв как(ом|ой|их) (город|стран|район|мест|регион|област|округ)"
        ),
        Kind.WHICH: any_of("", r"\bкак(ой|ая|ое|ие|ую|ого|ому|им|ими|их|ом)\b"),
    },
    Language.ZH: {
        Kind.WHEN: any_of("什么时候 何时 几时 几点 哪个月 第几 多会儿 什么时间 什么日期", "哪[一两几]?[年天月日]"),
        Kind.NUMBER: any_of(
            "多少 多久 百分之几 票房 比分", "几[个名人次家种张年位只岁场项米层吨倍票台天届比]", "多[大高长远久重快深宽]"
        ),
        Kind.WHY: any_of("为什么 为何 为啥 怎么会 什么原因 原因 何以"),
        Kind.SAID: any_of("""
            说 宣布 表示 承诺 许诺 许了 否认 声称 宣称 称 发推 写道 回应
            评价 怎么看 反应 解释 建议 呼吁 警告 认为 透露 指出 提出
            夸 讲述 谈 要求 批评 指责 希望 抱怨 承认 强调 感想 看法 态度 预测 威胁"""),
        Kind.WHO: any_of("谁 哪位 哪一位 哪个人 叫什么名字 什么人"),
        Kind.WHERE: any_of("哪里 哪儿 何处 在哪 什么地方", "哪个(城市|国家|地方|地段|路口|省|区)"),
        Kind.WHICH: any_of(
            "", "哪[种个家些支部首所款项位只条类]", "什么(?=[\u4e00-\u9fff])(?!时候|地方|原因|样|人|时间|日期)"
        ),
    },
}  # fmt: skip
# How a question leans on an earlier one: it begins with "and", or has a pronoun that nothing in it explains.
_OPENING = {
    Language.EN: re.compile(
        r"^\W*(?:(?:and|but|so|then|also)\b(?: what about\b| how about\b)?"
        r"|what about\b|how about\b|what else\b|anything else\b|who else\b|where else\b)[ ,]*",
        re.IGNORECASE,
    ),
    Language.RU: re.compile(r"^\W*(?:а|и|но|тогда|ещё|еще)\b[ ,]*", re.IGNORECASE),
    Language.ZH: re.compile("^(?:那么?(?![个些次里项时位天年])|还有|另外|然后|而)[，, ]*"),
}
_PRONOUN = {
    Language.EN: re.compile(
        r"\b(?:he|she|they|him|her|them|his|hers|theirs|it|its|himself|herself|themselves)\b"
        r"|(?<!^is )(?<!^are )\bthere\b(?! (?:a|an|any|is|are|was|were)\b)"
        r"|\b(?:this|these|those|that)\b(?=[?.!]|$| (?:happen|mean|cost|take|work|deal|project|plan)\b)"
        r"|\bdoes that\b|\bis that\b|\bwas that\b|\btheir\b",
        re.IGNORECASE,
    ),
    Language.RU: re.compile(
        r"\b(?:он|она|они|оно|его|её|ее|их|ему|ей|им|ими|него|неё|нее|них"
        r"|нему|ней|нём|нем|сам|сама|сами)\b"
        r"|\b(?:это|этот|эта|эти|этого|этой|этом|этому|этим|там|туда)\b(?!,? (?:год|недел|месяц|что))",
        re.IGNORECASE,
    ),
    Language.ZH: re.compile(
        "(?<!其)他们?(?!国)|她们?|(?<!其)它|^(?:这|那(?:个|些|次|里|项|时|位))|这(?=里|件事|个?[？?]?$)|那里"
        "|(?<![应活])该(?=[公项计协方人案国地组])|对此|为此|因此"
    ),
}
_CHINESE_FRAGMENT = re.compile("(?!.*(?:什么|多少|几|谁|哪|怎么|为何)).{1,14}呢[？?]?")
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_CHINESE_ASKING = re.compile(r"什么|哪些|哪个|怎么|了|过|呢|的|话|事|都|又|曾|最近|\W")
# A Chinese name has no form of its own; one stands before "said what", or alone before 呢.
_CHINESE_NAME = re.compile(
    f"{NAME_RUN}|(?<=^那)[\u4e00-\u9fff]{{2,4}}(?=呢)|^[\u4e00-\u9fff]{{2,4}}?(?=说|宣布|表示|否认|承诺)"
)


def understand(text: str, history: Sequence[Turn] = ()) -> Question:
    """Read a question; `history` holds the earlier turns, oldest first. Raises QuestionRejected."""
    return readings(text, history)[0]


def readings(text: str, history: Sequence[Turn] = ()) -> tuple[Question, ...]:
    """The ways to read a question: one, or two when it may lean on the turns before it or begin a new topic.

    "And the ground stations?" cannot stand alone, "What did Golikova say?" can only; "And who won in Monza?" may be
    either, which the answers must tell. Raises QuestionRejected.
    """
    text = text.strip()
    if not text:
        raise QuestionRejected("the question is empty; ask something, in English, Russian or Chinese")
    if len(text) > MAX_LENGTH:
        raise QuestionRejected(f"the question has {len(text):,} characters; ask it in at most {MAX_LENGTH:,}")
    language = question_language(text)
    alone = _question(text, language, ())
    if not history or not _leans(text, language):
        return (alone,)
    leaning = _question(text, language, _leant_on(history))
    return (leaning, alone) if _may_stand_alone(text, language) else (leaning,)


def _question(text: str, language: Language, leans_on: tuple[Turn, ...]) -> Question:
    asked = _without_opening(text, language) if leans_on else text
    kind, speaker = kind_of(asked, language), asked_of(asked, language)
    is_open = kind is Kind.SAID and _asks_for_anything(text, language)
    if leans_on:
        earlier = leans_on[-1].question
        earlier_language = question_language(earlier)
        if kind is Kind.OTHER:  # "And Golikova?" asks what was asked of Akimov
            kind = kind_of(earlier, earlier_language)
            if asked_of(earlier, earlier_language):
                speaker = " ".join(_names(text, language))
        if not _names(speaker, language) and (not speaker or _PRONOUN[language].search(speaker)):
            speaker = asked_of(earlier, earlier_language)
        is_open = False
    return Question(text, language, kind, _search_text(text, language, leans_on), leans_on, is_open, speaker)


def _leant_on(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """The latest turn, and those before it as long as each leans on the one before."""
    turns = list(history)[-_HISTORY:]
    start = len(turns) - 1
    while start > 0 and _leans(turns[start].question, question_language(turns[start].question)):
        start -= 1
    return tuple(turns[start:])


def kind_of(text: str, language: Language) -> Kind:
    """What kind of answer a question wants, from its question words."""
    return next((kind for kind, pattern in _KINDS[language].items() if pattern.search(text)), Kind.OTHER)


def _asks_for_anything(text: str, language: Language) -> bool:
    """Whether names and words of asking and saying are all there is."""
    left = SPEECH[language].sub(" ", text)
    for name in _names(text, language):
        left = left.replace(name, " ")
    if language is Language.ZH:
        return not _CHINESE_ASKING.sub("", left)
    return all(word in STOPWORDS for word in _WORD.findall(left.lower()))


def _leans(text: str, language: Language) -> bool:
    """Whether a question seems to need the one before it."""
    return bool(_OPENING[language].search(text)) or not _may_stand_alone(text, language)


def _may_stand_alone(text: str, language: Language) -> bool:
    """Whether a question can be understood without the one before it: no stray pronoun, and something it is about."""
    rest = _without_opening(text, language)
    found = _PRONOUN[language].search(rest)
    # "What did Daley say about his son" explains its own pronoun.
    if found is not None and not _names(rest[: found.start()], language):
        return False
    return not _is_fragment(rest, language)


def _without_opening(text: str, language: Language) -> str:
    opening = _OPENING[language].match(text)
    return text[opening.end() :] or text if opening else text


def _is_fragment(text: str, language: Language) -> bool:
    """So short that it asks nothing by itself: "Why?", «а на CNN?», “那餐馆呢？”."""
    if language is Language.ZH:
        return len(text) <= 5 or bool(_CHINESE_FRAGMENT.fullmatch(text))
    words = _WORD.findall(text)
    content = [word for word in words if word.lower() not in STOPWORDS]
    return len(words) <= 2 or len(content) <= (1 if len(words) <= 4 else 0)


def _search_text(text: str, language: Language, leans_on: Sequence[Turn]) -> str:
    """The questions it leans on, then the question; where it is about somebody else, without the earlier names."""
    if not leans_on:
        return text
    earlier = " ".join(turn.question[:_BORROWED] for turn in leans_on)
    goes_on = _PRONOUN[language].search(_without_opening(text, language)) or not _names(text, language)
    for name in () if goes_on else _names(earlier, question_language(earlier)):
        earlier = earlier.replace(name, "")
    return f"{earlier} {text}"


def _names(text: str, language: Language) -> list[str]:
    """The names in a question, as far as their form tells: capitalised words that are no question words."""
    if language is Language.ZH:
        return _CHINESE_NAME.findall(text)
    return [word for word in _WORD.findall(text) if word[0].isupper() and word.lower() not in STOPWORDS]

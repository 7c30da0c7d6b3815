"""Raw text and earlier turns → a Question: its language, what kind of answer it wants, what it borrows."""

import re
from collections.abc import Sequence

from corpus.language import question_language
from corpus.types import Language
from index.names import NAME_RUN
from index.terms import STOPWORDS
from qa.evidence import SPEECH
from qa.signs import any_of
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
            praise praised according_to statement ask asked asking respond responded urge urged propose* suggest*"""),
        Kind.WHO: any_of("who whose whom what_is_the_name"),
        Kind.WHERE: any_of("where", r"\b(what|which) (city|country|town|place|village|region)\b"),
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
            ответил* считает думает назвал* просит просят попросил* отозвал* по_словам по_мнению""",
            r"\bо ч[её]м .*(прос|говор|договор)",
        ),
        Kind.WHO: any_of("кто кого кому кем как_зовут как_звали чей чья"),
        Kind.WHERE: any_of(
            "где куда откуда на_каком_перекр*", r"\bв как(ом|ой|их) (город|стран|район|мест|регион|област|округ)"
        ),
    },
    Language.ZH: {
        Kind.WHEN: any_of("什么时候 何时 几时 几点 哪个月 第几 多会儿 什么时间 什么日期", "哪[一两几]?[年天月日]"),
        Kind.NUMBER: any_of(
            "多少 多久 百分之几 票房 比分", "几[个名人次家种张年位只岁场项米层吨倍票台天届比]", "多[大高长远久重快]"
        ),
        Kind.WHY: any_of("为什么 为何 为啥 怎么会 什么原因 原因 何以"),
        Kind.SAID: any_of("""
            说 宣布 表示 承诺 许诺 许了 否认 声称 宣称 称 发推 写道 回应
            评价 怎么看 反应 解释 建议 呼吁 警告 认为 透露 指出 提出
            夸 讲述 谈"""),
        Kind.WHO: any_of("谁 哪位 哪一位 哪个人 叫什么名字 什么人"),
        Kind.WHERE: any_of("哪里 哪儿 何处 在哪 什么地方", "哪个(城市|国家|地方|地段|路口|省|区)"),
    },
}  # fmt: skip
# What a question leans on an earlier one with: beginning with "and", or a pronoun that nothing in it explains.
_LEANING = {
    Language.EN: re.compile(
        r"^(and|but|so|then|also|what about|how about|what else|anything else|who else|where else)\b"
        r"|\b(he|she|they|him|her|them|his|hers|theirs|it|its)\b|(?<!^is )(?<!^are )\bthere\b"
        r"(?! (a|an|any|is|are|was|were)\b)"
        r"|\b(this|these|those|that)\b(?=[?.!]|$| (happen|mean|cost|take|work|deal|project|plan)\b)"
        r"|\bdoes that\b|\bis that\b|\bwas that\b|\btheir\b",
        re.IGNORECASE,
    ),
    Language.RU: re.compile(
        r"^(а|и|но|тогда|ещё|еще)\b|\b(он|она|они|оно|его|её|ее|их|ему|ей|им|ими|него|неё|нее|них"
        r"|нему|ней|нём|нем)\b"
        r"|\b(это|этот|эта|эти|этого|этой|этом|этому|этим|там|туда)\b(?!,? (год|недел|месяц|что))",
        re.IGNORECASE,
    ),
    Language.ZH: re.compile(
        "^(那|还有|另外|然后)|(?<!其)他(?!国)|她|(?<!其)它|(?<![彼在从到])这(?!一?[年周月天])|那(个|些|次|里|项|时)"
        "|(?<![应活])该(?=[公项计协方人案国地组])|对此|为此|因此"
    ),
}
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_CHINESE_ASKING = re.compile(r"什么|哪些|哪个|怎么|了|过|呢|的|话|事|都|又|曾|最近|\W")
# A Chinese name has no form of its own; one stands before "said what", or alone before 呢.
_CHINESE_NAME = re.compile(
    f"{NAME_RUN}|(?<=^那)[\u4e00-\u9fff]{{2,4}}(?=呢)|^[\u4e00-\u9fff]{{2,4}}?(?=说|宣布|表示|否认|承诺)"
)


def understand(text: str, history: Sequence[Turn] = ()) -> Question:
    """Read a question; `history` holds the earlier turns, oldest first. Raises QuestionRejected."""
    text = text.strip()
    if not text:
        raise QuestionRejected("the question is empty; ask something, in English, Russian or Chinese")
    if len(text) > MAX_LENGTH:
        raise QuestionRejected(f"the question has {len(text):,} characters; ask it in at most {MAX_LENGTH:,}")
    language = question_language(text)
    leans_on = tuple(history)[-_HISTORY:] if _leans(text, language) else ()
    kind = kind_of(text, language)
    is_open = kind is Kind.SAID and _asks_for_anything(text, language)
    return Question(text, language, kind, _search_text(text, language, leans_on), leans_on, is_open)


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
    """Whether a question cannot be understood without the one before it."""
    found = _LEANING[language].search(text)
    # "What did Daley say about his son" explains its own pronoun.
    explained = found is not None and bool(_names(text[: found.start()], language))
    return (found is not None and not explained) or _is_fragment(text, language)


def _is_fragment(text: str, language: Language) -> bool:
    """So short that it names no subject: "Why?", «сколько?», "为什么？"."""
    short = len(text) <= 5 if language is Language.ZH else len(text.split()) <= 2
    return short and not _names(text, language)


def _search_text(text: str, language: Language, leans_on: Sequence[Turn]) -> str:
    """The question before it, then the question; where it brings a name of its own, without the earlier names."""
    if not leans_on:
        return text
    earlier = leans_on[-1].question[:_BORROWED]
    for name in _names(earlier, question_language(earlier)) if _names(text, language) else ():
        earlier = earlier.replace(name, "")
    return f"{earlier} {text}"


def _names(text: str, language: Language) -> list[str]:
    """The names in a question, as far as their form tells: capitalised words that are no question words."""
    if language is Language.ZH:
        return _CHINESE_NAME.findall(text)
    return [word for word in _WORD.findall(text) if word[0].isupper() and word.lower() not in STOPWORDS]

"""Who is speaking: whether a sentence holds the words of the person that a question names.

News gives a name once and then lets its bearer speak: in the same sentence, in the rest of a quotation that the name
closes, in a "He added". Each is recognised from the sentence and its neighbours among the hits.
"""

import re
from collections.abc import Collection, Mapping

from corpus.types import Language
from index.types import Hit
from qa.evidence import SPEECH

Place = tuple[str, int]  # article id, position

_QUOTES = {"“": 1, "”": -1, "«": 1, "»": -1, "「": 1, "」": -1, "『": 1, "』": -1}
_FACING = re.compile(f"[{''.join(_QUOTES)}]")
_MARKS = '"' + "".join(_QUOTES)
_PRONOUN = {
    Language.EN: re.compile(r"\b([Hh]e|[Ss]he|[Tt]hey)\b"),
    Language.RU: re.compile(r"\b([Оо]н|[Оо]на|[Оо]ни|[Пп]о (его|её|ее|их) словам)\b"),
    Language.ZH: re.compile("[他她]"),
}
_OWN, _QUOTED, _PRONOUNED, _GOING_ON = 1.0, 0.8, 0.6, 0.3
_CHAIN = 3  # sentences over which the one who was named may go on speaking
_AUXILIARY = r"(?:did|does|do|has|have|had|is|was|were|are|will|would|might|can|could)"
_SAY_EN = (
    "say|saying|said|tell|told|announc|promis|den[yi]|claim|call|warn|react|comment|tweet|writ|wrote|explain|think|prais"
    "|ask|respond|reply|urg|propos|suggest|want|plan|describ|blam|accus|admit|believ|insist|argu|criti|demand"
    "|recommend|predict|report|reveal|hope|vow|threat|pledg|confirm|advis|feel|appeal|complain|respon|recall|stress|rate"
    "|see|view|object|agree|concede|boast|note|mention|justif|defend|condemn|regret|apolog"
)
_SAY_RU = (
    "сказа|говор|сообщ|объяв|заяв|обеща|пообеща|отрица|опроверг|добав|рассказ|напис|пиш|прокоммент|комментир|предупре|объясн"
    "|призва|призыва|предлож|предлаг|ответ|отвеч|счита|думае|отмет|отреагир|реагир|назва|назыв|прос[ия]|попрос|хочет|хотел|намер|оцени"
    "|обвин|признал|призна|увер|настаива|треб|посовет|совет|прогноз|надеет|пригроз|угрож|подтверд|жалу|пожалов|относ|видит"
    "|критик|раскритик|похвал|хвал|вспомин|вспомн|пожела|планир|опис|отозва|утвержда|подчеркн|поясн|извин|осуд|защища"
    "|рекоменд|упомян|возраз|полага"
)
_SAY_ZH = (
    "怎么|如何|为何|为什么|说|宣布|表示|承诺|许诺|许了|否认|声称|宣称|称|发推|写|回应|评价|作何|有何|有什么|反应|解释|建议|呼吁|警告"
    "|认为|透露|指出|提出|夸|讲|谈|希望|要求|批评|指责|打算|计划|想|预测|觉得|抱怨|坚持|承认|主张|介绍|描述|强调|告诉|对|就|给|在|又|还|曾"
)
_ASKED_OF = {
    Language.EN: (
        re.compile(
            rf"\b{_AUXILIARY}(?:n't)? (?P<who>[^,?]{{2,80}}?) (?:\w+ly |also |just )?(?:{_SAY_EN})", re.IGNORECASE
        ),
        re.compile(r"\baccording to (?P<who>[^,?]{2,80})", re.IGNORECASE),
        re.compile(rf"\b(?:what|why|how|who|where|when|which) (?P<who>[^,?]{{2,80}}?) (?:{_SAY_EN})", re.IGNORECASE),
        re.compile(
            r"(?P<who>[^,?]{2,60})(?:'s?|’s?) (?:reaction|response|view|opinion|statement|comment|promise|warning)"
        ),
    ),
    Language.RU: (
        re.compile(r"\bпо (?:словам|мнению|версии|данным|оценке) (?P<who>[^,?]{2,80}?)(?:,|\?|$)", re.IGNORECASE),
        re.compile(
            r"^\W*(?:а |и |но )?(?:что|как|каким образом|о ч[её]м|почему|зачем|сколько|когда|где|кого|чем|какие? \S+) "
            rf"(?P<who>[^,?]{{2,80}}?) (?:{_SAY_RU})",
            re.IGNORECASE,
        ),
        re.compile(
            rf"\b(?:{_SAY_RU})\w* (?P<who>[^?]{{2,80}}?)"
            r"(?= (?:о|об|обо|про|насч[её]т|по поводу|после|в|во|на|что|когда|если|журналистам|репортерам|относительно"
            r"|с|от|из|для|к|за|перед)\b|[,?]|$)",
            re.IGNORECASE,
        ),
    ),
    Language.ZH: (
        re.compile("(?:据|按照?|根据)(?P<who>[^，？的]{2,20}?)(?:的说法|称|的看法|介绍|，|说)"),
        re.compile(f"^(?:那么?|关于[^，]{{1,20}}，|当了[^的]{{1,6}}的)?(?P<who>[^，？]{{2,20}}?)(?:{_SAY_ZH})"),
        re.compile(f"，(?P<who>[^，？]{{2,16}}?)(?:{_SAY_ZH})"),
    ),
}


def asked_of(text: str, language: Language) -> str:
    """Whose words a question asks for, as it names them; empty when that cannot be told."""
    for pattern in _ASKED_OF[language]:
        if found := pattern.search(text):
            return found["who"].strip()
    return ""


def speaks(hit: Hit, hits: Mapping[Place, Hit], speaker: Collection[int]) -> float:
    """How surely a person says what this sentence says, 0.0 to 1.0; `speaker` are the places of the person's units."""
    if _says(hit, speaker):
        return _OWN
    before, after = (hits.get((hit.article.id, hit.sentence.position + step)) for step in (-1, 1))
    text = hit.sentence.text
    if after and _open_quotes(text) > 0 and _says(after, speaker):
        return _QUOTED
    if before and _open_quotes(text) < 0 and _says(before, speaker):
        return _QUOTED
    language = hit.article.language
    spoken = bool(SPEECH[language].search(text)) or any(mark in text for mark in _MARKS)
    if before and spoken and _PRONOUN[language].search(text) and _names(before, speaker):
        return _PRONOUNED
    for step in range(1, _CHAIN + 1) if spoken else ():
        earlier = hits.get((hit.article.id, hit.sentence.position - step))
        if earlier is None:
            break
        if _names(earlier, speaker):
            return _GOING_ON
    return 0.0


def _names(hit: Hit, speaker: Collection[int]) -> bool:
    return not hit.matched.isdisjoint(speaker)


def _says(hit: Hit, speaker: Collection[int]) -> bool:
    return _names(hit, speaker) and bool(SPEECH[hit.article.language].search(hit.sentence.text))


def _open_quotes(text: str) -> int:
    """More opened than closed: the quotation goes on; fewer: it began before."""
    straight = text.count('"') % 2  # those do not tell which way they face; at the start they open
    return sum(_QUOTES[mark] for mark in _FACING.findall(text)) + (straight if text.startswith('"') else -straight)

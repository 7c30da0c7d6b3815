"""Where sentences begin and end: rules for English, Russian and Chinese, in one text that may mix them.

Every citation is one of these spans, so a wrong cut is a wrong quotation. The rules look a bounded distance to
either side of each full stop, so time is linear in the length of the text, whatever it holds.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from corpus.abbreviations import BOUND, CLAUSAL, DATES, FIRM, LOOSE, STARTERS, words
from corpus.types import Article, Language, Sentence

# A citation longer than this is no longer readable; Chinese says the same in less than half the characters.
_LONGEST = {Language.EN: 600, Language.RU: 600, Language.ZH: 300}
_NEAR = 120  # characters of context: more than any name, date or attribution that decides
_WIDEST_WRAP = 200  # columns; a longer line is a paragraph


_SPACES = "".join(chr(c) for c in range(0x3001) if chr(c).isspace()) + "\ufeff\u200b"
_OPENERS = "\"'“‘«„‹(（[「『【《〈*—–-" + _SPACES
_CONTINUES = frozenset(",;:.!?…)%”»，、；：）」』》。！？")
_GAP = re.compile(f"[{_SPACES}]*")
_NEWLINE = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_LINE = re.compile(f"[^{_SPACES}](?:[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*[^{_SPACES}])?")
_WORD = re.compile(r"[^\W_]")
_HAN = re.compile("[〇々\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_IDEOGRAPHIC = re.compile(f"[。！？｡]|{_HAN.pattern}")
_WIDE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff]+")
_TERMINAL = re.compile(r"[.!?…。！？｡][\"'“’”»›）)\]】」』〉》*]{0,6}$")
_BULLET = re.compile(r"[•▪●◦‣■*]\s")
_DOUBLE_QUOTE = re.compile(
    r'(?P<opens>(?<![^\s(\[«—–-])"(?=[^\s.,;:!?)])|„)|(?P<closes>(?<=[^\s:：])"(?![^\s.,;:!?)"])|”)|["“]'
)
_MARK = re.compile(
    r"((?:[.!?…‥。！？｡．]|(?<=…)\s(?=…))++)"
    r"((?:[”’»›）)\]】」』〉》*]|\s*+[”»）】」』》]|'(?!\w)|\[\d{1,3}\])*+)"
)
_QUOTED = re.compile("['’”»›」』]")
_CLOSES_SOON = re.compile(
    r"(?:[-–—]\s“\w+”|[^()（）«»“”「」『』《》]{1,20})(?<!\s)[)）»”」』》]"  # `(в Ливии. — "Ъ")`
)
_LETTER = "[^\\W_\u2e80-\U0003ffff]"
_TOKEN = re.compile(rf"(?:(?:\b{_LETTER}\.\s)?(?<![°/&])\b{_LETTER}|°?{_LETTER}+(?:[.’'/&-]{_LETTER}+)*)\s*$")
_COUNTED = re.compile(r"(?:\d|\b[IVX]+|кв\.|куб\.)\s*(?:[гвмсл]|см)$")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_ITEM = re.compile(r"(?:^|(?<!\d)[:;]\s)[(\[]?(?:\d{1,3}|[IVXLC]{1,5})$")
_ITEM_ZH = re.compile(r"(?:^|[\s；，、：。])\d{1,2}$")
_DATED = re.compile(r"(?:(?:[^,]{1,40},\s)?(?:что\s)?(?:в|к|с|до|на|по|от|in|on|by|since)\s|\d)(?:\S+\s){0,5}\S+", re.I)
_FIRST_WORD = re.compile(r"[^\W\d_][\w’'-]*(?!\w*\.\s?\w)")
_CAPITALISED = re.compile(r"[«“(]?[A-ZА-ЯЁ][a-zа-яё]{2}")
_CLAUSE = re.compile(r"(?!\w+day\b)[A-Z][a-z]+ (?!time\b|on\b|in\b|to\b|and\b|at\b|until\b|of\b|for\b)[a-z]")
# After `!”` or `?”`, a name and one of these: the sentence goes on.
_SAID = "said|says|asked|asks|told|added|wrote|tweeted|replied|shouted|cried|exclaimed|joked|yelled|answered"
_SPEAKS = re.compile(rf"\b(?:{_SAID})$")
_ATTRIBUTION = re.compile(
    rf"(?:(?:[A-Z][\w.’'-]*|de|van|von|al|bin|of|the)\s){{1,6}}(?:{_SAID})\b"
    r"(?! (?:that|an?|his|her|its|their|he|she|it|they|there|no\w*)\b)"
)
# In Chinese nothing but these words tells whether the sentence around a quotation goes on after it.
_ATTRIBUTION_ZH = re.compile(
    "(?!然后|随后|接着|后来|之后|于是|但|而|同时)[^，。！？；：“”没未不]{0,30}?(?:[说說称稱问問道写寫]|表示|[回答]答|补充|補充|强调|強調"
    "|指出|告诉|告訴)[^，。！？；：“”]{0,6}(?:。|[，,]\\s*[“「]|$)"
)
_GOES_ON_ZH = re.compile(
    "[的等并也便走跑和及是让使]|之[类一]|然后|随即|就(?!在)|来(?!自)|为(?![了此什])|后(?![来者])|时(?!任)|与(?![此会])"
    "|或(?!许)|被(?!告)|[这那][一个样句些位类]"
)
_STARTS_ZH = re.compile("[他她它我你您此据“「『]|但是|然而|所以|如果|今天|目前|不过|为什么")
_ASKS_ZH = re.compile("[吗呢么谁哪何几否吧怎岂]|多少|难道|是不")
_SEPARATORS = tuple(
    re.compile(f"(?s:.*)(?:{last})") for last in (r"\n", "[;；]", r"[,:](?=\s)|[，、：]", r"\s", r"[,|/](?!\d)")
)
_EXTENDING = words("Mn Mc Me Sk Cf")


def sentences(article: Article) -> list[Sentence]:
    """The article's sentences in order; each one's text is exactly `article.text[start:end]`."""
    return [
        Sentence(f"{article.id}-{i}", article.id, i, start, end, article.text[start:end], article.language)
        for i, (start, end) in enumerate(split(article.text, article.language))
    ]


def split(text: str, language: Language) -> list[tuple[int, int]]:
    """Sentence spans as `[start, end)` in code points, in order, apart from one another and never empty.

    Together they hold everything but white space, to which U+FEFF and U+200B belong here, and none begins or
    ends with it. A sentence too long to read as a citation is cut at the best place inside; how long that is
    depends on `language`, while the rules read all three languages at once.
    """
    return [
        piece
        for block in _blocks(text)
        for sentence in _sentences(text, *block)
        for piece in _pieces(text, *sentence, _LONGEST[language])
    ]


def _blocks(text: str) -> list[tuple[int, int]]:
    """Runs of lines that one sentence may run through: paragraphs, headlines, list items."""
    lines = [line.span() for line in _LINE.finditer(text)]
    wide, width = _wrapping(text, lines)
    blocks = lines[:1]
    for (a, b), (c, d) in pairwise(lines):
        if _adjoin(text, b, c) and _runs_on(text[a:b], text[c : min(d, c + _NEAR)], wide, width):
            blocks[-1] = (blocks[-1][0], d)
        else:
            blocks.append((c, d))
    return blocks


def _adjoin(text: str, end: int, start: int) -> bool:
    return len(_NEWLINE.findall(text, end, start)) == 1


def _wrapping(text: str, lines: list[tuple[int, int]]) -> tuple[int, int]:
    """The columns of a Chinese character, and of a full line where the text was hard-wrapped, or 0.

    They are learned from lines that plainly stop in mid sentence. Chinese has no lower case to tell these from
    headlines, but most of them have one length.
    """
    stopped = [
        (text[a:b], text[c])
        for (a, b), (c, _) in pairwise(lines)
        if b - a <= _WIDEST_WRAP and _adjoin(text, b, c) and not _TERMINAL.search(text, a, b)
    ]
    han = [line for line, following in stopped if _HAN.match(following) and _HAN.match(line[-1])]
    for wide in (1, 2):
        sizes = sorted(_columns(line, wide) for line in han)
        width = sizes[9 * len(sizes) // 10] if sizes else 0
        if width > 20 * wide and sum(abs(width - size) <= 2 for size in sizes) > max(1, len(sizes) * 0.6):
            return wide, width
    sizes = sorted(_columns(line, 2) for line, following in stopped if following.islower())
    return 2, sizes[9 * len(sizes) // 10] if sizes else 0


def _runs_on(line: str, following: str, wide: int, width: int) -> bool:
    """Whether a line break is only wrapping."""
    if following[0] in _CONTINUES or _BULLET.match(following):
        return following[0] in _CONTINUES
    first = wide if _HAN.match(following) else len(following.split(None, 1)[0])
    if width > 25 and len(line) <= _WIDEST_WRAP and width - first <= _columns(line, wide) + 1 <= width + 8:
        return True
    if line[-1] in ",，、(（«“-–—" or (line[-1] == "." and _token(line[:-1]).lower() in BOUND):
        return True
    return following[0].islower() and line[-1] not in ";:；：" and not _TERMINAL.search(line)


def _columns(line: str, wide: int) -> int:
    return len(line) + (wide - 1) * sum(map(len, _WIDE.findall(line)))


class _Stop(NamedTuple):
    """A run of terminators with the quotes and brackets that close on it, and the text to either side."""

    before: str  # of the same sentence, at most _NEAR characters; white space is one space here and in `ahead`
    run: str
    closers: str
    gap: bool
    ahead: str  # without the leading one: that is `gap`


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of one block; none is without a letter or digit, unless the whole block is."""
    block = _directed(text[start:end])
    spans, at, word = [], 0, _WORD.search(block)
    for mark in _MARK.finditer(block):
        if word and word.start() < mark.start() and _ends(_stop(block, at, mark)):
            spans.append((start + at, start + mark.end()))
            at = _skip(block, mark.end())
            word = _WORD.search(block, at)
    if word or not spans:
        return [*spans, (start + at, end)]
    return [*spans[:-1], (spans[-1][0], end)]


def _directed(block: str) -> str:
    """The block with every double quote as `“` or `”`; one that spaces do not tell opens and closes in turn."""
    opener = ""

    def direct(quote: re.Match[str]) -> str:
        nonlocal opener
        # “ after “ repeats it for a new paragraph of speech; after another opener it was typed for ”.
        in_turn = bool(opener) and not opener == quote[0] == "“"
        opener = "" if quote["closes"] or (in_turn and not quote["opens"]) else quote[0]
        return "“" if opener else "”"

    return _DOUBLE_QUOTE.sub(direct, block)


def _stop(block: str, at: int, mark: re.Match[str]) -> _Stop:
    before, after = block[max(at, mark.start() - _NEAR) : mark.start()], block[mark.end() : mark.end() + _NEAR]
    ahead = after.lstrip(_SPACES)
    return _Stop(" ".join(before.split()), mark[1], mark[2], ahead != after, " ".join(ahead.split()))


def _ends(stop: _Stop) -> bool:
    """Whether a sentence ends here."""
    before, run, _, gap, ahead = stop
    if not ahead:
        return True
    if ahead[0] in _CONTINUES or before[-1:] in "([（【" or (not gap and _extends(ahead[0])) or _is_enclosed(stop):
        return False
    beside = before[-1:] if gap or run in ".．" else before[-1:] + ahead[0]
    if _IDEOGRAPHIC.search(run + beside):
        return _ends_ideographic(stop)
    head = ahead.lstrip(_OPENERS)
    if head[:1].islower() and not head[1:2].isupper():  # `iPhone` may begin a sentence
        return False
    if not (gap or _lacks_space(stop)) or _is_attributed(stop):
        return False
    return _ends_period(stop) if run in ".．" else not (run[-1] in ".…" and ahead[0].isdigit())


def _is_enclosed(stop: _Stop) -> bool:
    """Whether this is inside a bracket, or a title in quotes, that opened in mid sentence."""
    before, run, closers, _, ahead = stop
    if ")" in closers or "）" in closers:
        return _opened(before, "(（", ")）") > 0 and "。" not in run and _first_word(ahead) not in STARTERS
    if closers or not _CLOSES_SOON.match(ahead):
        return False
    lead = before[: max(_opened(before, "«“「『", "»”」』"), 0)].rstrip(_SPACES)
    titled = bool(lead) and lead[-1] not in ":：,，—–-" and not _SPEAKS.search(lead)
    return (titled and "。" not in run) or _opened(before, "(（", ")）") > 0 or _opened(before, "《", "》") >= 0


def _opened(before: str, openers: str, closers: str) -> int:
    """Where the last of `openers` stands that no closer follows, or -1."""
    opened = max(before.rfind(c) for c in openers)
    return opened if opened > max(before.rfind(c) for c in closers) else -1


def _is_attributed(stop: _Stop) -> bool:
    """Whether what follows tells who said the quotation that closes here: `"It works!" Akimov said.`"""
    said = _ATTRIBUTION.match(stop.ahead) if _QUOTED.search(stop.closers) else None
    if said and stop.run == ".":
        return stop.ahead[said.end() :].startswith(".")
    return said is not None and _first_word(stop.ahead) not in STARTERS


def _lacks_space(stop: _Stop) -> bool:
    """Whether a sentence begins right after the terminator, its space forgotten."""
    token = _token(stop.before)
    if _HAN.match(stop.ahead):
        return not _ITEM_ZH.search(stop.before[-4:])
    if stop.run == "." and stop.ahead[0].isascii() and _first_word(stop.ahead) not in STARTERS:
        return False
    return len(token) > 2 and token.isalpha() and token[-1].islower() and bool(_CAPITALISED.match(stop.ahead))


def _ends_ideographic(stop: _Stop) -> bool:
    before, run, closers, gap, ahead = stop
    if run == "." and not gap and ahead[0].isascii():
        return False
    if run == "?" and not gap and not closers and _HAN.match(before[-1:]):
        return _ASKS_ZH.search(before) is not None  # between names, `?` is what bad decoding made of `·`
    if run != "." and run[-1] in ".…‥" and not closers:
        return _STARTS_ZH.match(ahead) is not None
    if not _QUOTED.search(closers):
        return "》" not in closers
    return not _ATTRIBUTION_ZH.match(ahead) and ("。" in run or not _GOES_ON_ZH.match(ahead))


def _ends_period(stop: _Stop) -> bool:
    token, starts = _token(stop.before), _first_word(stop.ahead) in STARTERS
    if _ITEM.search(stop.before):
        return False
    if len(token) == 1 and token.isupper():
        return starts or _changes_script(token, stop.ahead)
    if token.isupper() and "." not in token and not stop.ahead[:3].isupper():
        return True  # an acronym, not an abbreviation in a headline of capitals
    return _ends_abbreviated(stop, token, token.lower(), starts)


def _ends_abbreviated(stop: _Stop, token: str, name: str, starts: bool) -> bool:
    if name in BOUND:
        return False
    capital = stop.ahead.lstrip(_OPENERS)[:1].isupper()
    counted = _COUNTED.search(stop.before[-12:])
    if name in DATES or (counted and name.endswith(("г", "в"))):
        return capital and (starts or not (len(stop.before) < 60 and _DATED.fullmatch(stop.before)))
    if name in LOOSE or counted:
        return capital
    if name in FIRM or token in FIRM or _DOTTED.fullmatch(name):
        clause = name in CLAUSAL and _CLAUSE.match(stop.ahead)
        return starts or bool(clause) or _changes_script(token, stop.ahead)
    return True


def _changes_script(token: str, ahead: str) -> bool:
    """Whether Latin is followed by Cyrillic or the reverse: no name goes on so."""
    first = ahead.lstrip(_OPENERS)[:1]
    return first.isalpha() and not _HAN.match(first) and ("Ѐ" <= first < "԰") != ("Ѐ" <= token[-1] < "԰")


def _token(before: str) -> str:
    """The word, or the letters with full stops, right before the terminator."""
    found = _TOKEN.search(before[-30:])
    return found[0].replace(" ", "") if found else ""


def _first_word(ahead: str) -> str:
    found = _FIRST_WORD.match(ahead.lstrip(_OPENERS))
    return found[0].lower() if found else ""


def _pieces(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    """The span itself or, when it is longer than `longest`, parts that are not: cut after the strongest separator."""
    while end - start > longest:
        low, high = start + longest // 2, min(start + longest, end - longest // 4)
        stop = next((cut.end() for each in _SEPARATORS if (cut := each.match(text, low, high))), high)
        while stop < end and (_extends(text[stop]) or text[stop - 1] == "\u200d"):
            stop += 1
        yield start, start + len(text[start:stop].rstrip(_SPACES))
        start = _skip(text, stop)
    if start < end:
        yield start, end


def _extends(char: str) -> bool:
    """Whether `char` belongs to one grapheme with what precedes it: accents, parts of emoji, flags."""
    return unicodedata.category(char) in _EXTENDING or "\U0001f1e6" <= char <= "\U0001f1ff"


def _skip(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at

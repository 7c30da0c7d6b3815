"""Sentence spans: where texts are cut, that every span quotes exactly, and that no input is too long or too odd."""

import json
import random
import re
import unicodedata
from pathlib import Path

import pytest

from corpus.sentences import sentences, split
from corpus.types import Article, Language

# `|` marks every expected cut; each line is one text.
ENGLISH = """
Gov. Sergei Sobyanin opened the bridge.| Traffic began at noon.
The train left at 9 a.m. Moscow time.| It was late.
The launch is set for 7 p.m.| Police closed the road.
It opens at 9 a.m.| The museum is free.
“It works!” Akimov said.| Nobody answered.
"It works!" Akimov said.| Nobody answered.
"It works!" he said.| Nobody answered.
"Why now?" asked Prime Minister Medvedev.| There was no reply.
"We won.| We go on," he said.| The crowd cheered.
“We are planning a project.| We have already begun,” Akimov told reporters.
"We won.| We go on."| The crowd cheered.
He said: "No.| I will not."
Mr. Smith met Mrs. Jones and Dr. Brown.| They talked.
He scored on Jan. 3 in St. Petersburg.| It rained.
She is No. 1.| He is No. 2.
Novak is ranked No. 1 in the world.| Rafael is No. 2.
J. K. Rowling wrote it.| J.R.R. Tolkien did not.
George W. Bush spoke.| Then he left.
U.S. President Donald Trump spoke.| China listened.
He lives in the U.S.| The company does not.
The U.S. and the U.K. signed.| The EU did not.
Apple Inc. Chief Executive Tim Cook resigned.| Shares fell.
She works for Apple Inc.| The pay is good.
The firm, Apple Inc., grew.| Sales rose.
She has a Ph.D. from MIT.| He has none.
It was Smith vs. Jones.| Smith won.
Apples, pears, etc. were sold.| Plums were not.
They sold apples, pears, etc.| Nobody bought plums.
It cost $3.5 million.| It was worth 2.1.| 7 people paid.
Visit example.com.| Write to info@example.com.| See https://example.com/a.b?c=D.E for more.
He wrote Node.js code.| It ran.
Really?!| Yes...| Well... maybe.
He paused...| Then he spoke.
What?| Who?!| Stop!!!| Go.
He left (it was late).| She stayed.
(He left.)| She stayed.
He left (see p. 5).| She stayed.
The show "What's Up, Doc?" is on.| Watch it.
Yahoo! said profits rose.| Shares fell.
The price rose 5 percent.| iPhone sales fell.
The law [1] passed.[2]| It was hated.
See Fig. 3 and Sec. 2 of vol. 5, pp. 3-4.| Then stop.
Col. Ivanov and Maj. Gen. Petrov arrived.| Lt. Sidorov did not.
World War II ended in 1945.| Peace followed.
He met Putin in Moscow on Sept. 18, 2019.| They spoke of GLONASS.
‘How dare you?’| She left.
He asked for a B.A. from the college.| They refused.
It grew by 3 per cent!| "Good," he said.| "Very good."
He said (in Russian.)| She nodded.
They came from D.C.| He went to L.A.| She stayed.
"Stop," he said.| "I will not," she said.
Prices at Co. Ltd. rose.| Wages fell.
"""

RUSSIAN = """
Это было в 2010 г.| В 2011 г. всё изменилось.
Он родился 21 дек. 1948 г. в Москве.| Умер в 2010 г.| Похоронен там же.
В 2010 г. Россия подписала договор.| Китай тоже.
По данным РБК, в сентябре 2019 г. Яндекс открыл офис.| Офис большой.
Он живёт по адресу: ул. Ленина, д. 5, кв. 12.| Рядом парк.
ул. им. В. И. Ленина закрыта.| Объезд по ул. Мира.
В. В. Путин выступил.| Зал аплодировал.
Выступил Путин В. В.| После него говорил Медведев.
А. С. Пушкин и Л. Н. Толстой.| Великие писатели.
Потратили 5 млн руб. на ремонт.| Осталось 3 млрд.| Хватит ли?
Цена выросла до 100 руб.| Покупатели недовольны.
Дом стоит 5 млн. рублей.| Дорого.
Прибыль составила 2,5 млрд.| Акции выросли.
Это т. е. нечто иное.| Да.
Купили хлеб, молоко и т. д.| Потом ушли.
Купили хлеб, молоко и т. п. и ушли.| Всё.
Купили хлеб, молоко и т.д.| Магазин закрылся.
— Да! — сказал он.| — Нет.
— Да! — сказал он.| — Мы идём дальше.
«Мы победили.| Мы идём дальше», — сказал он.| Все молчали.
«Когда это будет?» — спросил Песков.| Ответа не было.
«Работает!» — заявил Акимов.| Ему поверили.
"Работает!" - заявил Акимов.| Ему поверили.
Школа № 1.| Школа № 2.
Он занял 1-е место.| Она — 2-е.
В XIX в. Россия росла.| В XX в. тоже.
Это случилось в XIX в.| Россия тогда росла.
Войны 1812–1815 гг. изменили Европу.| Мир настал.
Римская империя пала в V в. н. э.| Варвары победили.
Акад. Иванов и проф. Петров приехали.| Доц. Сидоров нет.
Г-н Петров уехал.| Г-жа Петрова осталась.
Он из г. Москвы.| Она из с. Иваново.
См. рис. 5 и табл. 2.| Там всё есть.
Скорость 100 км/ч.| Погода хорошая.
Температура −5 °С.| Ветер слабый.
Площадь 450 кв. м.| Дом новый.
Что?!| Где?..| Когда...| Потом.
Он думал... и молчал.| Она тоже.
Сайт gazeta.ru закрыт.| Пишите на info@mail.ru.| Ждём.
Она сказала: «Нет».| Он ушёл.
Она сказала: «Нет!»| Он ушёл.
Фильм «Ну, погоди!» вышел.| Дети рады.
(Так и было.)| Никто не спорил.
В США (англ. United States) выборы.| Победил Трамп.
Рост составил 3,5 %.| 15 компаний выросли.
Он из США.| Она из РФ.
Он помог им.| Они рады.
Договор подписали Россия, Китай и др.| Остальные ждут.
В стадионе 10 тыс. мест.| Пришло 5 тыс.| Мало.
Майкл Дж. Фокс снялся в кино.| Фильм хороший.
По словам В.В.Путина, рост есть.| Рост мал.
Срок — 5 лет.| Штраф — 300 тыс. руб.| Суд идёт.
Музей Петра I.| Вход свободный.
Представители республик (в Ливии. — "Ъ") приехали.| Встреча прошла.
"""

CHINESE = """
他说“没有问题！”然后走了。|我们留下。
他说：“没有问题！”|我们都笑了。
“我们赢了。”他说。|大家鼓掌。
“我们赢了。|我们继续前进。”他说。|大家鼓掌。
“我们赢了！”他说，“我们继续。”|大家鼓掌。
他说：“我们赢了。|我们继续。”|她笑了。
U.S.关系很重要。|中国同意。
中美(U.S.)关系很重要。|中国同意。
中国和俄罗斯签署协议。|双方将合作。
什么？|真的吗？！|是的！
他走了……|我留下。
好吧……
他说……不知道。
道路阻断、机场受损 … … 救援工作困难重重。|大家努力。
价格上涨；需求下降。|市场稳定。
他买了苹果、梨等。|她没买。
增长3.5%。|下降2.1%。
访问example.com。|写信给info@example.com。
他看了《你好！李焕英》。|很好看。
他看了《谁是最可爱的人？》这本书。|很好看。
（完）
中国（北京）很大。|上海也很大。
他来了。|（新华社）
第一章。|第二章。
他说：“好。”|她说：“不好。”
他问：“你是谁？”|她没回答。
「我們贏了。」他說。|大家鼓掌。
他說：「我們贏了。」|大家鼓掌。
『你好！』
What is this?|这是什么？
他说"没有问题!"然后走了。|我们留下。
他说："我们赢了。|我们继续。"|她笑了。
苹果公司发布了iPhone 11。|价格是699美元。
苹果公司发布了iPhone.|价格不变。
俄罗斯副总理阿基莫夫（Maxim Akimov）表示：“我们正在规划一个项目。|我们已经开始工作。”
据《纽约时报》报道，他辞职了。|白宫没有回应。
2019年9月18日，北京。|会议开始。
他赢了 。|她输了 。
他说 ： “ 没有变化 。 ”|会议结束 。
太好了!|我们走吧!
你知道吗?|我不知道。
德?鲁蒂斯住在墨尔本。|他很有钱。
结果为2.5:1.|比赛结束。
他说：“真的……”|她哭了。
“谁的街道？”的主题很重要。|人们来了。
他们高呼“十一月来了！”。|警察来了。
这就是“格洛纳斯”。|它很大。
中国GDP增长6.1%。|No. 1 is China.|中国第一。
1.中国。|2.俄罗斯。
会议于9 a.m.开始。|大家都到了。
他说:"Yes, we can."|大家笑了。
"""


# Texts whose line breaks matter: `⏎` stands for one.
LINES = """
Moscow and Beijing sign a pact⏎|By John Smith⏎|The two countries signed it.| It is new.
Россия и Китай подписали договор⏎|Автор: Иван Петров⏎|Договор подписан.| Он новый.
中俄签署协议⏎|记者 张三⏎|双方签署了协议。|协议很重要。
- apples⏎|- pears⏎|- plums
• яблоки⏎|• груши
Нужно купить:⏎|яблоки;⏎|груши.
苹果⏎|香蕉⏎|橘子
He said it was⏎so.| She agreed.
He met Mr.⏎Smith.| They talked.
One paragraph.⏎|Another one.⏎⏎|A third.
In the end, he⏎⏎|Next paragraph
“We won.⏎”| Yes.
The first⏎ line goes on
A line.⏎|iPhone sales fell.
"""

WRAPPED = """\
China and Russia agreed in Moscow on Tuesday to strengthen cooperation in
scientific and technological innovation, said Deputy Prime Minister Maxim
Akimov. The agreement was made when Chinese Premier Li Keqiang and Mr.
Medvedev co-chaired the 24th regular meeting. "It works!" Prime Minister
Medvedev said.
Also that day
The prime minister left Moscow for St. Petersburg, where the Governor of
St. Petersburg met him.
"""
WRAPPED_ZH = """\
中国国务院总理李克强同俄罗斯总理梅德韦杰夫在圣彼得堡共同
主持中俄总理第二十四次定期会晤。双方同意加强科技创新合作
，并就深化经贸、能源、航天等领域的合作达成广泛共识。双方
还将在二〇二〇年和二〇二一年举办科技创新年。
"""
ADVERSARIAL = {
    "full stops": "." * 10**6,
    "letters": "x" * 10**6,
    "abbreviations": "a.b." * 40_000,
    "initials": "A. " * 30_000,
    "brackets": "(." * 200_000,
    "quotes": '"' * 10**6,
    "quoted stops": 'a."' * 100_000,
    "closers": "a." + ")" * 10**6,
    "stops and spaces": ("a." + " " * 1000) * 1000,
    "lines": "a\n" * 100_000,
    "wrapped Chinese": ("好" * 36 + "\n") * 10_000,
    "questions": "好?" * 50_000,
    "spaced years": "2010 г. " * 10_000,
    "accents": "a" + "\u0301" * 10**5,
}
PIECES = [
    *" .,!?…。！？”“\"'()（）《》«»—-",
    *" \n\r\t\u00a0\u3000\ufeff\u200b\u2028",
    *"aZяЖ中文1９",
    *[
        "Mr",
        "г",
        "т. д.",
        "e\u0301",
        "\U0001f469\u200d\U0001f467",
        "\U0001f1f7\U0001f1fa",
        "\U00020000",
        "\r\n",
        "U.S.",
    ],
]
SHARED = Path(__file__).parents[2] / "shared" / "eval"
FLOORS = {
    ("news", "en"): 0.988,
    ("news", "ru"): 0.965,  # the reference keeps 38 pairs of sentences together
    ("news", "zh"): 0.95,  # the reference cuts at headlines without full stops and at quotes typed the wrong way
    ("xquad", "en"): 0.993,
    ("xquad", "ru"): 0.991,
    ("xquad", "zh"): 0.960,  # the reference never cuts before a digit
}


def cases(table: str) -> list[str]:
    return [line for line in table.strip("\n").splitlines() if line]


def cut(text: str, language: Language) -> list[str]:
    return [text[start:end] for start, end in split(text, language)]


def expect(marked: str, language: Language) -> None:
    assert cut(marked.replace("|", ""), language) == [part.strip() for part in marked.split("|")]


def is_space(char: str) -> bool:
    return char.isspace() or char in "\ufeff\u200b"


def check_invariants(text: str, language: Language) -> None:
    spans = split(text, language)
    end_before = 0
    for start, end in spans:
        assert end_before <= start < end <= len(text)
        assert all(is_space(char) for char in text[end_before:start])
        assert not is_space(text[start])
        assert not is_space(text[end - 1])
        end_before = end
    assert all(is_space(char) for char in text[end_before:])


@pytest.mark.parametrize("marked", cases(ENGLISH))
def test_english_is_cut_where_marked(marked: str) -> None:
    expect(marked, Language.EN)


@pytest.mark.parametrize("marked", cases(RUSSIAN))
def test_russian_is_cut_where_marked(marked: str) -> None:
    expect(marked, Language.RU)


@pytest.mark.parametrize("marked", cases(CHINESE))
def test_chinese_is_cut_where_marked(marked: str) -> None:
    expect(marked, Language.ZH)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("marked", cases(LINES))
def test_a_line_break_ends_a_sentence_only_where_it_was_meant(marked: str, newline: str) -> None:
    expect(marked.replace("⏎", newline), Language.EN)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_hard_wrapped_text_is_cut_at_its_sentences(newline: str) -> None:
    found = cut(WRAPPED.replace("\n", newline), Language.EN)
    assert [" ".join(sentence.split()) for sentence in found] == [
        "China and Russia agreed in Moscow on Tuesday to strengthen cooperation in scientific and technological"
        " innovation, said Deputy Prime Minister Maxim Akimov.",
        "The agreement was made when Chinese Premier Li Keqiang and Mr. Medvedev co-chaired the 24th regular meeting.",
        '"It works!" Prime Minister Medvedev said.',
        "Also that day",
        "The prime minister left Moscow for St. Petersburg, where the Governor of St. Petersburg met him.",
    ]


def test_hard_wrapped_chinese_is_cut_at_its_sentences() -> None:
    found = cut(WRAPPED_ZH, Language.ZH)
    assert [len(sentence.replace("\n", "")) for sentence in found] == [44, 38, 24]
    assert all(sentence.endswith("。") for sentence in found)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\ufeff", "\u3000\u00a0\u200b"])
def test_white_space_holds_no_sentence(text: str) -> None:
    assert split(text, Language.EN) == []


def test_no_sentence_is_made_of_punctuation_alone() -> None:
    assert cut("... And so on. ***", Language.EN) == ["... And so on. ***"]
    assert cut("***\n\nText.", Language.EN) == ["***", "Text."]


def test_outer_white_space_stays_outside_the_span() -> None:
    text = "\ufeff  First.\u00a0\u3000Second.\u200b\r\n"
    assert split(text, Language.EN) == [(3, 9), (11, 18)]


@pytest.mark.parametrize("language", list(Language))
def test_spans_hold_all_text_in_order_for_any_input(language: Language) -> None:
    source = random.Random(7)
    for _ in range(1500):
        check_invariants("".join(source.choices(PIECES, k=source.randrange(60))), language)


@pytest.mark.parametrize("language", list(Language))
def test_long_sentences_are_cut_into_readable_pieces(language: Language) -> None:
    longest = 300 if language is Language.ZH else 600
    for text in ("слово, " * 2000, "word " * 2000, "字，" * 5000, "字" * 10_000, "a;b\t" * 3000):
        spans = split(text, language)
        check_invariants(text, language)
        assert all(longest / 4 <= end - start <= longest for start, end in spans[:-1])


def test_a_long_sentence_is_cut_at_its_strongest_separator() -> None:
    first = "one, two " * 50 + "three;"
    assert cut(first + " four, five" * 40, Language.EN)[0] == first


def test_a_grapheme_is_never_cut() -> None:
    family, flag, accent = (
        "\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f3fd",
        "\U0001f1f7\U0001f1fa",
        "e\u0301\u0323",
    )
    source = random.Random(3)
    for _ in range(20):
        text = "x" * source.randrange(9) + "".join(source.choices([family, flag + "x", accent], k=1500))
        for start, _ in split(text, Language.EN)[1:]:
            assert unicodedata.category(text[start])[0] != "M"
            assert "\u200d" not in text[start - 1 : start + 1]
            assert not re.fullmatch("[\U0001f1e6-\U0001f1ff]{2}", text[start - 1 : start + 1])


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_adversarial_text_is_split_all_the_same(name: str) -> None:
    check_invariants(ADVERSARIAL[name], Language.EN)
    check_invariants(ADVERSARIAL[name], Language.ZH)


def test_sentences_quote_their_article_exactly() -> None:
    text = "\ufeffTitle\r\n\r\nIt works! \U0001f600 Е\u0308лка. 好。"
    article = Article("ab12", text, "Title", True, Language.EN)
    found = sentences(article)
    assert [each.id for each in found] == [f"ab12-{i}" for i in range(len(found))]
    assert [each.position for each in found] == list(range(len(found)))
    assert all(each.text == text[each.start : each.end] for each in found)
    assert {(each.article_id, each.language) for each in found} == {("ab12", Language.EN)}


def boundaries(text: str, spans: list[tuple[int, int]]) -> set[int]:
    """Where spans end, apart from paragraph ends, which are no test."""
    ends = {len(text[:end].rstrip()) for _, end in spans}
    return {end for end in ends if end < len(text.rstrip()) and not re.match(r"\s*\n", text[end:])}


@pytest.mark.parametrize(("kind", "language"), FLOORS)
def test_boundaries_agree_with_the_reference_segments(kind: str, language: str) -> None:
    path = SHARED / kind / f"articles.{language}.jsonl"
    if not path.exists():
        pytest.skip(f"no reference segments: {path} is absent")
    agreed = wanted = found = 0
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        article = json.loads(line)
        text = article["text"]
        reference, ours = boundaries(text, article["segments"]), boundaries(text, split(text, Language(language)))
        agreed, wanted, found = agreed + len(reference & ours), wanted + len(reference), found + len(ours)
    assert 2 * agreed / (wanted + found) >= FLOORS[kind, language]

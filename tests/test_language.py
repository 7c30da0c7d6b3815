"""Languages of articles and of short questions."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from corpus.language import article_language, question_language
from corpus.types import Language

SHARED = Path(__file__).parents[2] / "shared" / "eval"

ARTICLES = {
    "en": """
Russia and China are working on a low-orbit satellite constellation, the deputy prime minister said on Tuesday.
Prime Minister Dmitry Medvedev met Li Keqiang (李克强) in St. Petersburg, where they signed fourteen agreements.
«Мы планируем интересный проект», Maxim Akimov told reporters in Moscow, adding that work had already begun.
Read more at https://пример.рф/новости/очень-длинный-адрес and tell us what you think.
He paused.
""",
    "ru": """
Россия и Китай работают над совместным проектом низкоорбитальной группировки спутников, сообщил вице-премьер.
Глава «Роскосмоса» заявил, что Apple, Google и Amazon не получат доступа к данным ГЛОНАСС.
Подробности на сайте https://www.example.com/news/2019/09/18/very-long-address-in-latin-letters.html сегодня.
Голикова приехала в Пекин.
Москва.
""",
    "zh": """
俄罗斯副总理阿基莫夫表示，两国正在合作建设低轨道卫星星座，用于提供高速互联网。
兩國總理簽署了協議，並將繼續加強科技合作，台灣媒體也作了報導。
苹果公司（Apple Inc.）首席执行官Tim Cook周二在California发布了新款iPhone 11 Pro Max手机。
日本动漫电影《君の名は。》在中国上映以后，票房收入超过了五亿元人民币，引起了广泛关注。
""",
    "none": """
Der russische Ministerpräsident hat am Dienstag in Moskau erklärt, dass die Zusammenarbeit fortgesetzt wird.
Le premier ministre russe a déclaré mardi que les deux pays poursuivraient leur coopération dans l'espace.
El primer ministro ruso declaró el martes que los dos países continuarán su cooperación en el espacio.
Il primo ministro russo ha dichiarato che i due paesi continueranno a collaborare nello spazio.
Rosyjski premier oświadczył we wtorek, że oba kraje będą kontynuować współpracę w kosmosie.
De Russische premier zei dinsdag dat beide landen hun samenwerking in de ruimte zullen voortzetten.
Thủ tướng Nga hôm thứ Ba tuyên bố rằng hai nước sẽ tiếp tục hợp tác trong không gian.
Rusya Başbakanı salı günü iki ülkenin uzay alanındaki iş birliğini sürdüreceğini açıkladı.
Прем'єр-міністр Росії заявив у вівторок, що обидві країни продовжать співпрацю в космосі.
Прэм'ер-міністр Расіі заявіў у аўторак, што абедзве краіны працягнуць супрацоўніцтва ў космасе.
Руският министър-председател заяви във вторник, че двете страни ще продължат сътрудничеството си в космоса.
Руски премијер изјавио је у уторак да ће две земље наставити сарадњу у свемиру.
Рускиот премиер изјави во вторникот дека двете земји ќе продолжат со соработката во вселената.
Ресей премьер-министрі сейсенбі күні екі елдің ғарыштағы ынтымақтастығын жалғастыратынын мәлімдеді.
Россия премьер-министры ике илнең галәмдәге хезмәттәшлеген дәвам итәчәген белдерде.
ロシアの首相は火曜日、両国が宇宙での協力を続けると述べた。
東京都知事選挙の結果が発表された。
러시아 총리는 화요일 양국이 우주 분야에서 협력을 계속할 것이라고 말했다.
قال رئيس الوزراء الروسي يوم الثلاثاء إن البلدين سيواصلان تعاونهما في الفضاء.
Ο Ρώσος πρωθυπουργός δήλωσε την Τρίτη ότι οι δύο χώρες θα συνεχίσουν τη συνεργασία τους στο διάστημα.
ראש ממשלת רוסיה אמר ביום שלישי כי שתי המדינות ימשיכו בשיתוף הפעולה בחלל.
निकट भविष्य में दोनों देश अंतरिक्ष में सहयोग जारी रखेंगे, रूसी प्रधानमंत्री ने कहा।
นายกรัฐมนตรีรัสเซียกล่าวเมื่อวันอังคารว่าทั้งสองประเทศจะร่วมมือกันต่อไป
12345 67.89 !!!
😀🚀
""",
}

QUESTIONS = {
    "en": """
What is 格洛纳斯?
Putin
putin
Who is Голикова?
kto takoy Putin
GLONASS
What did Акимов announce?
WHAT IS 格洛纳斯
what does 什么 mean
How do you say 谢谢 in English?
Who wrote Война и мир, and when?
When was "Что делать?" written?
what does «кто виноват» mean?
What is 和平号?
Who is 何厚铧?
2019
???
😀
12.03.2021?
格洛纳斯 launch date
Tell me about 一带一路.
Where's Пекин?
what’s new
COVID-19
Beyoncé?
did Xi Jinping (习近平) meet Путин in 2019?
""",
    "ru": """
Голикова?
Кто такой Xi Jinping?
Что такое 格洛纳斯?
Что сказал Tim Cook?
GLONASS — что это?
iPhone 11 цена
ГЛОНАСС
Путин
путин и си цзиньпин
кто такие The Who?
кто написал песню "What Is Love"?
Когда вышел фильм The Lord of the Rings?
Сколько стоит Apple Watch?
Чем занимается Boeing?
В каком году основан Google?
Ще не вмерла Україна
Москва 2019
Сергей Lavrov
ЧТО СКАЗАЛ АКИМОВ
Встреча Putin и Xi
как дела, how are you
Ё?
""",
    "zh": """
什么是GLONASS？
格洛纳斯
習近平是誰？
誰是Maxim Akimov？
iPhone 11多少钱？
Putin是谁
Голикова是谁？
《What Is Love》是谁唱的？
who let the dogs out 是谁唱的
Boeing 737 MAX的问题
5G技术
華為 Huawei
facebook 罚款
苹果公司 Apple Inc. 市值
中俄合作
阿基莫夫说了什么
COVID-19疫苗
NASA与ESA的合作
The Beatles什么时候成立的？
台灣在哪裡
G20峰会
""",
}


def cases(tables: dict[str, str]) -> list[tuple[str, str]]:
    return [(language, line) for language, table in tables.items() for line in table.strip().splitlines()]


@pytest.mark.parametrize(("language", "text"), cases(ARTICLES))
def test_an_article_is_in_the_language_of_most_of_its_text_or_rejected(language: str, text: str) -> None:
    assert str(article_language(text)).lower() == language


@pytest.mark.parametrize("text", ["", " \n", "\ufeff", "\x00", "\ud800"])
def test_text_without_letters_has_no_language(text: str) -> None:
    assert article_language(text) is None


def test_odd_characters_do_not_hide_the_language() -> None:
    assert article_language("\ufeff\x00 The man \ud800 said that he would come. \x00") is Language.EN


def test_the_dominant_language_of_a_mixed_article_wins() -> None:
    english = "The two countries will continue to work together in space. "
    russian = "Две страны продолжат совместную работу в космосе. "
    chinese = "两国将继续在航天领域开展合作。"
    german = "Die beiden Länder werden ihre Zusammenarbeit fortsetzen. "
    assert article_language(english * 5 + russian * 2 + chinese * 2) is Language.EN
    assert article_language(english + russian * 4 + chinese) is Language.RU
    assert article_language(english + russian + chinese * 5) is Language.ZH
    assert article_language(english + german * 6) is None


def test_a_long_article_is_judged_by_its_beginning_and_its_middle() -> None:
    english = "The two countries will continue to work together in space. "
    german = "Die beiden Länder werden ihre Zusammenarbeit im Weltraum fortsetzen. "
    assert article_language(english * 50_000) is Language.EN
    assert article_language(english + german * 50_000) is None
    assert article_language("x" * 10**6) in (Language.EN, None)


@pytest.mark.parametrize(("language", "text"), cases(QUESTIONS))
def test_a_question_is_in_the_language_that_asks(language: str, text: str) -> None:
    assert question_language(text) == language


@pytest.mark.parametrize("text", ["", " ", "\ufeff", "プーチンとは誰ですか", "푸틴은 누구입니까", "مرحبا", "\ud800"])
def test_every_question_gets_a_language(text: str) -> None:
    assert question_language(text) in set(Language)


def test_detection_gives_the_same_answers_in_many_threads() -> None:
    texts = [text for _, text in cases(ARTICLES)] * 20
    expected = [article_language(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(article_language, texts)) == expected


@pytest.mark.parametrize("kind", ["news", "xquad"])
def test_reference_questions_and_articles_are_recognised(kind: str) -> None:
    folder = SHARED / kind
    if not folder.exists():
        pytest.skip(f"no reference questions: {folder} is absent")
    for line in (folder / "questions.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
        for language, question in json.loads(line)["question"].items():
            assert question_language(question) == language, question
    for language in Language:
        for line in (folder / f"articles.{language}.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
            assert article_language(json.loads(line)["text"]) is language

"""What measure a question asks for, and which sentences give it."""

import pytest

from corpus.types import Language
from qa.measures import _ASKED, gives, measure_of

EN, RU, ZH = Language


@pytest.mark.parametrize(
    ("measure", "english", "russian", "chinese"),
    [
        ("money", "How much does the bridge cost?", "Сколько стоит мост?", "这座桥造价多少？"),
        ("weight", "How much did the pig weigh?", "Сколько весила свинья?", "那头猪有多重？"),
        (
            "percent",
            "What percent of Americans agree?",
            "Сколько процентов американцев согласны?",
            "百分之几的人同意？",
        ),
        ("people", "How many people came?", "Сколько человек пришло?", "来了多少人？"),
        ("clock", "What time did it happen?", "Во сколько это случилось?", "是几点的事？"),
        ("lap", "On which lap did he stop?", "На каком круге он остановился?", "他第几圈进站？"),
        ("often", "How often do parts arrive?", "Как часто привозят детали?", "每隔多久到一批？"),
        ("age", "How old is she?", "Сколько ей лет?", "她几岁？"),
        ("duration", "How long did it last?", "Как долго это длилось?", "持续了多久？"),
        ("length", "How high is the tower?", "Какова высота башни?", "这座塔有多高？"),
        ("score", "What was the final result?", "С каким счётом победили?", "几比几？"),
        ("year", "In what year was it built?", "В каком году построен?", "哪年建成的？"),
        (None, "Who built it?", "Кто построил?", "谁建的？"),
        (None, "How many stores will there be?", "Сколько будет магазинов?", "会有多少家店？"),
    ],
)
def test_the_measure_is_the_same_in_three_languages(
    measure: str | None, english: str, russian: str, chinese: str
) -> None:
    assert [measure_of(english, EN), measure_of(russian, RU), measure_of(chinese, ZH)] == [measure] * 3


@pytest.mark.parametrize(
    ("measure", "language", "yes", "no"),
    [
        ("money", EN, "It cost $350,000.", "350,000 people came."),
        ("money", RU, "Залог — 350 тыс. долларов.", "Пришло 350 тыс. человек."),
        ("money", ZH, "保释金为 35 万美元。", "来了35万人。"),
        ("weight", EN, "The 550 pound hog died.", "At 550 it stopped."),
        ("weight", RU, "Боров весил 250 кг.", "Пришло 250 человек."),
        ("weight", ZH, "这头猪重550磅。", "来了550人。"),
        ("percent", EN, "Up to three per cent.", "Up to three men."),
        ("percent", RU, "41 процент респондентов.", "41 респондент."),
        ("percent", ZH, "41%的受访者。", "41名受访者。"),
        ("people", EN, "More than 20 million people watched.", "It cost 20 million dollars."),
        ("people", RU, "Смотрело более 20,4 млн зрителей.", "Стоил 20,4 млн долларов."),
        ("people", ZH, "超过 2000 万人收看。", "花了2000万美元。"),
        ("clock", EN, "It was at about 02:30 BST.", "It was on Monday."),
        ("clock", RU, "Это было около 02:30.", "Это было в понедельник."),
        ("clock", ZH, "凌晨2点左右。", "周一。"),
        ("lap", RU, "Он ушёл на 44-м круге.", "Он занял 4-е место."),
        ("often", ZH, "每37分钟一批。", "37分钟。"),
        ("age", RU, "20-летний игрок.", "20 лет назад."),
        ("duration", EN, "It took two weeks.", "It took two men."),
        ("length", RU, "Высота башни 300 метров.", "Башня стоит 300 евро."),
        ("score", ZH, "他们5比3获胜。", "5人获胜。"),
        ("year", EN, "It opened in 1918.", "It opened in May."),
    ],
)
def test_a_sentence_gives_a_measure_by_its_unit(measure: str, language: Language, yes: str, no: str) -> None:
    assert gives(measure, "?", yes, language)
    assert not gives(measure, "?", no, language)


def test_what_the_question_mentions_itself_is_not_given() -> None:
    assert not gives("money", "Who paid the $5 million?", "The $5 million was paid.", EN)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("text", ["1" * 3_000, "a " * 3_000, "десять " * 1_000, "五" * 3_000, "一千人" * 1_000])
def test_no_text_takes_long(text: str, language: Language) -> None:
    """Quadratic patterns would take minutes together."""
    for measure in _ASKED[language]:
        gives(measure, "?", text, language)
    measure_of(text, language)

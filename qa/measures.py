"""What measure a question asks for (money, weight, a time of day, a score), and whether a sentence gives one.

A sentence about the same thing is rarely without some number; the right one comes with the right unit. Surface signs
only, alike in three languages.
"""

import re

from corpus.types import Language
from qa.signs import any_of

_DIGITS = r"\d[\d,.]{0,20}"
_NUMBER = {
    Language.EN: rf"\b(?:{_DIGITS}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|half|dozens?|hundreds?"
    r"|thousands?|millions?|billions?|an?|several)(?:[- ](?:hundred|thousand|million|billion|trillion|m|bn|k))*[- ]?",
    Language.RU: rf"\b(?:{_DIGITS}|один|одн\w+|дв[аеух]\w*|три|тр[её]\w+|четыр\w+|пят\w+|шест\w+|сем\w+|вос[еь]м\w+"
    r"|девят\w+|десят\w+|сорок\w*|ст[оа]|полутор\w*|пол|сот\w*|тысяч\w*|миллион\w*|миллиард\w*|нескольк\w+)"
    r"(?: (?:тыс\w*\.?|млн|млрд|трлн|миллион\w*|миллиард\w*|триллион\w*|с половиной))*[- ]?",
    Language.ZH: rf"(?:{_DIGITS}|[零一二两三四五六七八九十百千万亿半几数])[十百千万亿多余 ]{{0,6}}\s*",
}


def _units(language: Language, units: str) -> str:
    """A pattern for a number with any of the units, which stand as in `any_of`; Russian ones take any ending."""
    either = "|".join(units.split())
    end = {Language.EN: r"\b", Language.RU: r"\w*", Language.ZH: ""}[language]
    return _NUMBER[language] + f"(?:{either}){end}"


# What asks for a measure; the first that a question asks for decides.
_ASKED = {
    Language.EN: {
        "score": any_of("final_result how_many_goals", r"\bscore\b(?! (?:the|a|for|against))"),
        "percent": any_of("per_cent percent percentage proportion what_share what_rate",
                          r"\bhow much (?:extra|more) (?:tax|stamp)"),
        "clock": any_of("what_time what_hour"),
        "lap": any_of("", r"\b(?:what|which) (?:minute|lap|round|half|inning|set)\b"),
        "often": any_of("how_often how_frequently how_regularly how_many_times"),
        "age": any_of("how_old age what_age"),
        "duration": any_of(
            "for_how_many term_in_jail term_in_prison", r"\bhow long\b(?! ago)",
            r"\bhow many (?:years?|months?|weeks?|days?|hours?|minutes?|seconds?)\b"),
        "weight": any_of("weigh* heavy", r"\bhow many (?:tons|tonnes|kilos|kilograms|pounds)\b"),
        "length": any_of(
            "", r"\bhow (?:far|tall|high|wide|deep|thick)\b|\b(?:what|which) (?:height|distance|depth|width|length)\b",
            r"\bhow many (?:miles|kilomet|met(?:er|re)s|feet|inches)"),
        "speed": any_of("how_fast speed"),
        "heat": any_of("temperature*", r"\bhow (?:hot|cold|warm)\b"),
        "money": any_of(
            "cost* price* pay paid worth bail fine fined salary budget earn* revenue profit* spend spent",
            r"\bhow much (?:money|is|was|were|are|did|does|do|will|would|has|have|can|could|in)\b"),
        "people": any_of(
            "death_toll",
            r"\bhow many (?:\w+ ){0,2}(?:people|persons|men|women|children|kids|workers|employees|staff|victims"
            r"|students|soldiers|residents|citizens|voters|viewers|fans|patients|passengers|refugees|migrants|protesters|players"
            r"|troops|officers|jobs|deaths|dead|casualties)\b",
            r"\bhow many (?:were|have been|got) (?:killed|hurt|injured|detained|arrested|wounded|infected)"),
        "year": any_of("since_when", r"\b(?:what|which) years?\b"),
    },
    Language.RU: {
        "score": any_of("с_каким_счётом с_каким_счетом какой_счёт какой_счет счётом счетом"),
        "percent": any_of("процент* доля долю доли ставка ставку ставки"),
        "clock": any_of("в_котором_часу который_час", r"\bво сколько\b(?! раз)"),
        "lap": any_of("", r"\bна как(?:ой|ом) (?:минут|круг|раунд)"),
        "often": any_of("как_часто сколько_раз в_который_раз с_какой_периодичностью"),
        "age": any_of("возраст*", r"\bсколько .{0,30}\bлет\b(?! назад)"),
        "duration": any_of(
            "как_долго какой_срок",
            r"\bсколько (?:\w+ ){0,2}(?:времени|лет|месяцев|недель|дней|суток|часов|минут|секунд)\b",
            r"\b(?:на|за) сколько (?:времени|лет|дней|часов|месяцев)"),
        "weight": any_of("весит весил* вес веса тонн килограмм*"),
        "length": any_of(
            "как_далеко длина длины длину высота высоты высоту глубин* ширин* расстояни*",
            r"\bсколько (?:километр|метр|миль|сантиметр)"),
        "speed": any_of("скорост*"),
        "heat": any_of("температур* сколько_градусов"),
        "money": any_of(
            """стоит стоил* стоимост* цена цены цену цене за_сколько сумм* залог* штраф* зарплат* бюджет* доход* выручк*
            прибыл*""",
            r"\bсколько (?:\w+ ){0,3}(?:денег|рубл|доллар|евро|заплат|плат|получ|потрат|выдел|заработ|собра)"),
        "people": any_of(
            "число_жертв",
            r"\bсколько (?:\S+ ){0,2}(?:человек|людей|мужчин|женщин|детей|рабоч|сотрудник|жертв|студент|солдат|жител"
            r"|граждан|избирател|зрител|телезрител|болельщик|пациент|пассажир|беженц|мигрант|игрок|полицейск|погиб"
            r"|пострада|задержа|арестова|ранен)"),
        "year": any_of("", r"\bкак(?:ой|ие|их|ом) год"),
    },
    Language.ZH: {
        "score": any_of("几比几 比分 多少比多少"),
        "percent": any_of("百分之几 百分比 百分之多少 比例 占比 比率 税率 利率"),
        "clock": any_of("几点 什么钟点"),
        "lap": any_of("", "第几[圈分轮局节]"),
        "often": any_of("多久一次 每隔多久 多少次 几次 第几次 多长时间一次 几回"),
        "age": any_of("多大年纪 多大岁数 多大了 几岁 多少岁 年龄 年纪"),
        "duration": any_of("多久 多长 刑期 几小时 几分钟 多少小时 多少个小时 多少分钟",
                           "几个?[年天周月]", "多少个?[年天周月]"),
        "weight": any_of("多重 重量 体重", "多少(?:吨|公斤|千克|斤|磅)", "几[吨斤]"),
        "length": any_of("长度 高度 深度 距离 全长", "多[高远深宽厚]", "(?:多少|几)(?:公里|米|千米|英里|厘米|英尺)"),
        "speed": any_of("多快 速度 时速"),
        "heat": any_of("多少度 几度 气温 温度"),
        "money": any_of(
            """多少钱 造价 价格 售价 票价 金额 保释金 罚款 工资 薪水 预算 收入 利润 营收 花了多少 赔偿 要价 票房 成本
            投资额 身价 值多少""", "多少[万亿]*(?:美元|元|欧元|英镑|卢布|人民币)"),
        "people": any_of(
            "伤亡人数 死亡人数",
            "多少[名位个]?(?:人|员工|工人|儿童|孩子|妇女|学生|士兵|居民|公民|选民|观众|球迷|患者|病人|乘客|难民|移民"
            "|警察|遇难|死|伤)", "几[名人位]"),
        "year": any_of("几几年", "哪[一两几]?年"),
    },
}  # fmt: skip
_EN, _RU, _ZH = Language.EN, Language.RU, Language.ZH
# What gives it.
_GIVEN = {
    _EN: {
        "score": any_of("", r"\b\d{1,3}\s?[-–:]\s?\d{1,3}\b|\b\d+ goals?\b"),
        "percent": any_of(
            "half a_third two_thirds two-thirds a_quarter one_quarter three_quarters", rf"{_DIGITS}\s?%",
            _units(_EN, "per\\s?cent percentage\\spoints? in\\s(?:\\d+|ten|five|four|three)")),
        "clock": any_of("noon midnight", r"\b\d{1,2}[:.]\d\d\b|\b\d{1,2} ?[ap]\.?m\b|\b\d{1,2} o'clock\b"),
        "lap": any_of(
            "", r"\b\d{1,4}(?:st|nd|rd|th)?[- ](?:minute|lap|round)",
            r"\b(?:first|second|third|final|last|opening) (?:minute|lap|round|half)"),
        "often": any_of(
            "every once twice daily weekly monthly annually hourly a_day a_week a_month a_year", _units(_EN, "times"),
            r"\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d{1,4}(?:st|nd|rd|th)) "
            r"(?:time|trip|visit)\b"),
        "age": any_of(
            "", _units(_EN, "years?\\sold years?\\sof\\sage"),
            r"\baged? \d+|, \d\d,|\bin (?:his|her|their) \d0s|\b\d+[- ]year[- ]old"),
        "duration": any_of("", _units(_EN, "years? months? weeks? days? hours? minutes? seconds? decades? nights?")),
        "weight": any_of(
            "",
            _units(_EN, "pounds? lbs? kgs? kilos? kilograms? tons? tonnes? stone ounces? oz grams? g mg")),
        "length": any_of(
            "", _units(
                _EN, "miles? km kilomet(?:er|re)s? met(?:er|re)s? m cm mm centimet(?:er|re)s? feet foot ft inch(?:es)? "
                "yards? stor(?:ey|ie)s?")),
        "speed": any_of("per_hour miles_an_hour", _units(_EN, "mph kph km/h knots?")),
        "heat": any_of("degree degrees", r"\d\s?°|\d\s?[CF]\b"),
        "money": any_of(
            "", r"[$£€¥₽]\s?\d|\d\s?[$£€¥₽]",
            _units(_EN, "dollars? pounds? euros? cents? pence r(?:o)?ubles? yuan rmb yen francs? usd eur")),
        "people": any_of(
            "", _units(
                _EN, r"(?:\w+\s){0,2}(?:people|persons?|men|women|children|kids|boys|girls|workers|employees|staff"
                r"|victims|students|pupils|soldiers|residents|citizens|voters|viewers|fans|patients|passengers|refugees"
                r"|migrants|protesters|players|troops|officers|jobs|deaths|dead|others|members|adults|americans"
                r"|civilians)"),
            r"\b(?:killed|injured|wounded|detained|arrested)\b.{0,20}\d",
            r"\d.{0,20}\b(?:killed|injured|wounded|detained|arrested)\b"),
    },
    _RU: {
        "score": any_of("", r"\b\d{1,3}\s?[-–:]\s?\d{1,3}\b"),
        "percent": any_of("половин* треть трети четверт*", rf"{_DIGITS}\s?%", _units(_RU, "процент")),
        "clock": any_of("в_полночь в_полдень", r"\b\d{1,2}[:.]\d\d\b|\b\d{1,2} ?(?:час\w*|ч\.?\b)"),
        "lap": any_of("", r"\b\d{1,4}(?:-\w+)? (?:минут|круг|раунд)",
                      r"\b(?:перв|втор|трет|последн)\w+ (?:минут|круг|раунд)"),
        "often": any_of(
            "кажд* ежегодн* ежедневн* еженедельн* ежемесячн* дважды трижды в_год в_день в_неделю в_месяц",
            _units(_RU, "раз"),
            r"\b(?:перв|втор|трет|четверт|пят|шест|седьм|восьм)\w+ (?:раз|поездк|визит)"),
        "age": any_of("в_возрасте", _units(_RU, "лет(?!\\w|\\sназад) год(?!\\w*\\sназад)"),
                      r"\d+-летн|летн(?:ий|яя|его|ей|ему|юю|им|ие)\b"),
        "duration": any_of("", _units(_RU, "лет\\b год месяц недел дн[яе] день сут час минут секунд десятилети"),
                           r"\d+-(?:летн|минутн|дневн|часов|месячн)"),
        "weight": any_of("", _units(_RU, "фунт кг килограмм тонн т\\b грамм г\\b унци центнер мг")),
        "length": any_of("", _units(_RU, "км километр метр м\\b см мм сантиметр мил[яьией] фут дюйм этаж ярд")),
        "speed": any_of("в_час миль_в_час", r"\bкм/ч|\bм/с\b|\bузл"),
        "heat": any_of("градус*", r"\d\s?°"),
        "money": any_of(
            "", r"[$£€¥₽]\s?\d|\d\s?[$£€¥₽]",
            _units(_RU, "доллар евро рубл руб фунт юан иен йен франк цент гривен гривн долл тенге крон")),
        "people": any_of(
            "", _units(
                _RU, r"(?:\S+\s){0,2}(?:человек|люд|мужчин|женщин|дет[ея]|рабочи|сотрудник|жертв|студент|школьник"
                r"|солдат|жител|граждан|избирател|зрител|телезрител|болельщик|пациент|пассажир|беженц|мигрант|игрок"
                r"|полицейск|погиб|пострада|задержа|арестова|ранен|военн)")),
    },
    _ZH: {
        "score": any_of("", r"\d{1,3}\s?[-–:：比]\s?\d{1,3}"),
        "percent": any_of("百分之 个百分点", "[%％]|[一二三四五六七八九]成|[半一二三四]分之"),
        "clock": any_of("中午 午夜", r"\d{1,2}[:：]\d\d|[\d一二三四五六七八九十]{1,9}\s*[点时](?!间)"),
        "lap": any_of("", r"第?\s?[\d一二三四五六七八九十]{1,9}\s?(?:分钟|圈|轮|局|节)"),
        "often": any_of("", rf"每(?:隔|[天年周月日小]|{_NUMBER[_ZH]})", _units(_ZH, "[次回趟]"),
                        r"第[一二三四五六七八九十\d]{1,9}[次回趟]"),
        "age": any_of("", r"[\d一二三四五六七八九十]{1,9}\s?[多余]?岁"),
        "duration": any_of("", _units(_ZH, "年 个月 周 星期 天 日 个?小时 分钟 秒 个?季度 载 夜")),
        "weight": any_of("", _units(_ZH, "磅 公斤 千克 斤 吨 克 盎司 毫克")),
        "length": any_of("", _units(_ZH, "公里 千米 米 英里 海里 里 厘米 毫米 英尺 英寸 层 码")),
        "speed": any_of("时速 每小时 公里/小时 每秒", _units(_ZH, "节")),
        "heat": any_of("", "[度℃°]"),
        "money": any_of(
            "", r"[$£€¥₽]\s?\d",
            _units(_ZH, "美元 元 欧元 英镑 卢布 人民币 日元 港元 美金 法郎 块钱 便士 港币 韩元")),
        "people": any_of("", _units(_ZH, "[名位个]?[^，。\\d]{0,6}人 名 位 死 伤 例")),
    },
}  # fmt: skip
_YEAR = re.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)|去年|今年|明年")
_NARROW_SPACE = re.compile("[\u00a0\u2009\u202f]")  # as newspapers set between a number and its unit


def measure_of(question: str, language: Language) -> str | None:
    """The measure that a question asks for; None when it asks for none, or for a plain number."""
    return next((name for name, pattern in _ASKED[language].items() if pattern.search(question)), None)


def gives(measure: str, question: str, sentence: str, language: Language) -> bool:
    """Whether a sentence gives that measure, other than as the question itself mentions it."""
    pattern = _YEAR if measure == "year" else _GIVEN[language][measure]
    plain = _NARROW_SPACE.sub(" ", sentence)
    return any(match.group() not in question for match in pattern.finditer(plain))

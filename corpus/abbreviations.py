"""Words that decide whether the full stop after or before them ends a sentence, in English and Russian."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Abbreviations, without their last full stop. These never end a sentence:
BOUND = words("""
    mr mrs ms mx messrs dr prof gov sen sens rep reps brig gen col lt sgt capt cmdr cpl pvt maj adm amb rev hon pres
    supt insp det fr mt vs v e.g i.e cf approx eds г-н г-жа гг-н проф акад доц ул просп наб бул ш т.е т.к т.н т.о т.ч ср
    напр дж тов оз стр корп ст п пп ч табл абз англ лат греч франц исп итал о""")
# These do before a word that opens sentences (STARTERS), not before another capital:
FIRM = words("""
    st ft sec ave blvd rd inc corp co ltd llc plc bros jr sr ph.d dept univ ext assn gmbh Ala Ariz Ark Calif Colo Conn
    Del Fla Ga Ill Ind Kan Ky La Mass Md Mich Minn Miss Mo Mont Neb Nev Okla Ore Pa Tenn Tex Va Vt Wash Wis Wyo им пер
    пл пос дер мкр гл рис см ген лейт кап адм обл р-н д р с г в м зам зав нач пом деп гос тел доб св кв ред прим""")
# These of them also before a capital and a small word: `at 7 p.m. Police closed the road.`
CLAUSAL = words("a.m p.m inc corp co ltd llc plc")
# These do before any capital, not before a digit or a sign:
LOOSE = words("""
    etc al art no nos ch fig figs vol p pp pt lb oz o.k млн млрд трлн тыс руб коп долл проц т.д т.п др пр н.э чел мин
    сек час кг км мм га экз""")
# So do these, unless the sentence so far is no more than a date: `В мае 2010 г. Иванов уехал.`
DATES = words("""
    jan feb mar apr jun jul aug sep sept oct nov dec янв фев февр мар апр авг сен сент окт ноя нояб дек гг вв""")
STARTERS = words("""
    the a an he she it they we i you this that these those in on at by for from with but and or so as if when while
    after before since although though however meanwhile there here his her its their our my not no yes what who why
    how where which then now also even some many most both each until during under according earlier later among up
    despite still yet to because between once such other another one all any every just more next over several two
    three through today last is are was were do does did can could would should mr mrs ms dr
    в во на по с со к ко у о об из за от до при для под над без через это он она оно они мы вы я но и а или если
    когда как что чтобы кто где также кроме однако так тогда там тут затем потом после перед между все всё его её ее
    их не ни ещё еще уже только даже ранее сейчас теперь сегодня вчера завтра поэтому согласно среди этот эта эти
    тот та те такой такие другие каждый один одна несмотря впрочем кстати напомним отметим нет да то""")

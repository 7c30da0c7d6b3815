"""What an abstention says, in the language of the question."""

from corpus.types import Language
from qa.types import AbstentionReason

_MESSAGES = {
    Language.EN: {
        AbstentionReason.NO_ARTICLES: "The library has no articles yet; add some first.",
        AbstentionReason.FILTERED_OUT: "No article passes these filters; widen them and ask again.",
        AbstentionReason.NO_SUPPORT: "No sentence in the articles searched supports an answer.",
    },
    Language.RU: {
        AbstentionReason.NO_ARTICLES: "В библиотеке ещё нет статей; сначала добавьте их.",
        AbstentionReason.FILTERED_OUT: "Ни одна статья не проходит эти фильтры; расширьте их и спросите снова.",
        AbstentionReason.NO_SUPPORT: "Ни одно предложение в просмотренных статьях не подтверждает ответа.",
    },
    Language.ZH: {
        AbstentionReason.NO_ARTICLES: "文库中还没有文章，请先添加。",
        AbstentionReason.FILTERED_OUT: "没有文章符合这些筛选条件，请放宽条件后再问。",
        AbstentionReason.NO_SUPPORT: "检索到的文章中没有任何句子能支持回答。",
    },
}


def message(reason: AbstentionReason, language: Language) -> str:
    return _MESSAGES[language][reason]

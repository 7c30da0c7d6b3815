"""Fit the ranker's weights, and set its scale so that a question counts as answered from a probability of 0.5.

    python training/ranker.py --eval ../shared/eval

Weights: a logistic regression over (question, candidate) pairs. Candidates come from our own search over the sample
articles, each in one language in turn, with their headlines put on top as news sites do. Each answerable question is
also seen with its answers taken away, so that the probability drops when only sentences about the same thing are left.
Regularisation is strong (C = 0.2): of 0.02 to 1 it did best on the development sets, and adding encyclopaedia questions
(SQuAD, CMRC, DRCD) gained nothing there.

Of the development sets only one number is taken: the bias, set where the answerable questions of the news set declined
and its off-topic ones answered add up to least.
"""

import argparse
import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path
from sklearn.linear_model import LogisticRegression

from corpus.types import Article, Language
from index.encoder import SentenceTransformerEncoder
from index.library import Library
from index.types import Hit
from qa.question import understand
from qa.rank import Ranker, features
from qa.speaker import speaks
from qa.types import CitedSentence, Question, Turn

SAMPLES = Path(__file__).parents[1] / "corpus" / "samples"
OUT = Path(__file__).parents[1] / "qa" / "ranker.json"
REGULARISATION = 0.2
OPEN_WEIGHT = 0.3  # there are many, all alike
MAIN_POINTS = 2  # of a speaker in an article: news puts first what matters most
# People who speak in the sample articles, for open questions.
SPEAKERS = (
    ("Akimov", "Акимов", "阿基莫夫"), ("Medvedev", "Медведев", "梅德韦杰夫"), ("Halvorsen", "Халворсен", "哈尔沃森"),
    ("Fontana", "Фонтана", "丰塔纳"), ("Orlova", "Орлова", "奥尔洛娃"), ("Raikuna", "Райкуна", "赖库纳"),
    ("Yuldashev", "Юлдашев", "尤尔达舍夫"), ("Gantulga", "Гантулга", "甘图勒嘎"), ("Sinclair", "Синклер", "辛克莱"),
    ("Kalo", "Кало", "卡洛"), ("Albers", "Алберс", "阿尔伯斯"), ("Dekker", "Деккер", "德克尔"),
    ("Batbayar", "Батбаяр", "巴特巴亚尔"),
)  # fmt: skip
OPEN_QUESTIONS = {
    Language.EN: ("What did {} say?", "what did {} announce?"),
    Language.RU: ("Что сказал {}?", "Что объявил {}?"),
    Language.ZH: ("{}说了什么？", "{}宣布了什么？"),
}


@dataclass(frozen=True)
class Asked:
    """A question with its candidates, and which of them are right."""

    question: Question
    hits: list[Hit]
    right: list[bool]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eval", type=Path, required=True)
    options = parser.parse_args()
    encoder = SentenceTransformerEncoder("", user_cache_path("citewire"))
    asked = list(samples(encoder))
    rows, labels, weights = table([*asked, *map(without_answers, asked)])
    model = LogisticRegression(C=REGULARISATION, max_iter=5000).fit(rows, labels, sample_weight=weights)
    names = list(features(asked[0].question, asked[0].hits)[0])
    result: dict[str, Any] = {
        "features": {name: round(float(value), 3) for name, value in zip(names, model.coef_[0], strict=True)},
        "bias": float(model.intercept_[0]),
        "threshold": 0.5,
        "provenance": {
            "script": "training/ranker.py",
            "questions": len(asked),
            "pairs": len(labels),
            "weights_fitted_on": "sample articles and questions, and open questions about their speakers",
            "bias_set_on": "news development set, scattered library",
        },
    }
    limit = threshold(encoder, options.eval / "news", Ranker(result))
    result["bias"] = round(result["bias"] - math.log(limit / (1 - limit)), 3)
    OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


def samples(encoder: SentenceTransformerEncoder) -> Iterator[Asked]:
    """The sample questions, asked of three libraries in which each story stands in one language."""
    questions = lines(SAMPLES / "questions.jsonl")
    for turn in range(3):
        articles = [
            item
            for place, language in enumerate(Language)
            for number, item in enumerate(lines(SAMPLES / f"articles.{language}.jsonl"))
            if (number + place + turn) % 3 == 0
        ]
        gold = {item["url"]: item for item in articles}
        with temporary(encoder, [headed(item) for item in articles]) as library:
            for item in questions:
                for language in Language:
                    yield ask(library, item, language, questions, gold)
            for spellings in SPEAKERS:
                for language, name in zip(Language, spellings, strict=True):
                    for template in OPEN_QUESTIONS[language]:
                        yield ask_openly(library, template.format(name), spellings)


def ask_openly(library: Library, text: str, spellings: Sequence[str]) -> Asked:
    """An open question; right is what the person says first in each article, going by the spelling of each language."""
    question = understand(text)
    hits = library.search(question.search_text, question.language)
    spelled = [replace(hit, names=float(any(name in hit.sentence.text for name in spellings))) for hit in hits]
    places = {(hit.article.id, hit.sentence.position): hit for hit in spelled}
    said = [place for place, hit in sorted(places.items()) if speaks(hit, places)]
    main = {place for place in said if sum(other[0] == place[0] and other < place for other in said) < MAIN_POINTS}
    return Asked(question, hits, [(hit.article.id, hit.sentence.position) in main for hit in hits])


def headed(item: dict[str, Any]) -> Article:
    """A sample article with its headline on top of the text, where news sites have it."""
    text = f"{item['title']}\n\n{item['text']}"
    return Article(item["url"], text, item["title"], False, Language(item["language"]), item["source"], url=item["url"])


def ask(
    library: Library, item: dict[str, Any], language: Language, questions: list[Any], gold: dict[str, Any]
) -> Asked:
    history = ()
    if item.get("previous"):
        earlier = next(each for each in questions if each["id"] == item["previous"])
        cited = library.search(earlier["question"][language], language)[:2]
        history = (Turn(earlier["question"][language], tuple(CitedSentence(hit.article.id, "") for hit in cited)),)
    question = understand(item["question"][language], history)
    hits = library.search(question.search_text, question.language)
    return Asked(question, hits, [is_right(hit, item, gold[hit.article.url]) for hit in hits])


def is_right(hit: Hit, item: dict[str, Any], article: dict[str, Any]) -> bool:
    shift = len(hit.article.text) - len(article["text"])
    groups = item["groups"][article["language"]] if isinstance(item["groups"], dict) else item["groups"]
    references = [reference for group in groups for reference in group] + list(item.get("optional") or [])
    spans = [
        article["segments"][int(number)]
        for document, number in (reference.rsplit("#", 1) for reference in references)
        if document == article["document"]
    ]
    return any(overlaps(hit, start + shift, end + shift) for start, end in spans)


def overlaps(hit: Hit, start: int, end: int) -> bool:
    shared = min(end, hit.sentence.end) - max(start, hit.sentence.start)
    return shared >= 0.5 * min(end - start, hit.sentence.end - hit.sentence.start)


def without_answers(asked: Asked) -> Asked:
    left = [hit for hit, right in zip(asked.hits, asked.right, strict=True) if not right]
    return replace(asked, hits=left, right=[False] * len(left))


def table(asked: Sequence[Asked]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels and weights of all pairs; a question weighs the same however many candidates it has."""
    rows, labels, weights = [], [], []
    for each in asked:
        for values, right in zip(features(each.question, each.hits), each.right, strict=True):
            rows.append(list(values.values()))
            labels.append(right)
            weights.append((OPEN_WEIGHT if each.question.is_open else 1.0) * 100 / len(each.hits))
    return np.array(rows), np.array(labels), np.array(weights)


def threshold(encoder: SentenceTransformerEncoder, folder: Path, ranker: Ranker) -> float:
    """Where the shares of answerable questions declined and of off-topic ones answered add up to least.

    Where limits differ by no more than one question, the highest: when in doubt, decline.
    """
    best: dict[str, list[float]] = {"near": [], "unanswerable": [], "answerable": []}
    articles = [as_article(item) for item in lines(folder / "articles.scattered.jsonl")]
    with temporary(encoder, articles) as library:
        for item in lines(folder / "questions.jsonl"):
            for text in item["question"].values():
                question = understand(text)
                ranked = ranker.rank(question, library.search(question.search_text, question.language))
                best["answerable" if item["groups"] else item["type"]].append(ranked[0].probability)
    yes, no = np.array(best["answerable"]), np.array(best["unanswerable"])
    limits = np.linspace(0.02, 0.6, 581)
    costs = np.array([(yes < limit).mean() + (no >= limit).mean() for limit in limits])
    return float(limits[costs < costs.min() + 1.5 / len(yes)].max())


def as_article(item: dict[str, Any]) -> Article:
    return Article(item["url"], item["text"], item["title"], False, Language(item["language"]), url=item["url"])


@contextmanager
def temporary(encoder: SentenceTransformerEncoder, articles: Iterable[Article]) -> Iterator[Library]:
    """A library of these articles that lasts for a `with` block."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), encoder=encoder) as library:
        for _outcome in library.add(articles):
            pass
        yield library


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()

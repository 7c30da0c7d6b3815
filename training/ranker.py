"""Fit the ranker's weights on questions about news, and calibrate its probabilities.

    python -m training.ranker --data ../shared/training --eval ../shared/eval [--reader NAME]

Candidates come from our own search over news articles whose questions the adapter and the reader have never seen
(training/news.py), each article in one of its languages; and, for questions about whatever somebody said, over the
sample articles. Two sets of weights are fitted in the same way: for candidates as they were found, and for the best of
these after a reader has read them.

1. *Order*: a conditional logit (McFadden 1974), that is, a softmax over the candidates of each answerable question.
2. *Confidence*: a logistic regression (Platt 1999) of "the best candidate answers" on its features, its score and its
   lead, from those questions, near misses, and many of them again: without their answers, without their articles, or
   asked of somebody else who speaks in other news.
3. *Gap*: how fast the probability falls for the candidates behind the best.
4. *Further sentences*: a logistic regression, from questions whose best candidate answers, of whether another does too.
5. *Threshold*: the one number taken from the development sets, news and xquad: where the answerable questions declined
   and those answered after their answers were taken away add up to least, among thresholds that decline at most
   `DECLINED` of the answerable news questions.

Prints top1 by cross-validation over articles, the reliability of the probabilities, and the curve of thresholds;
writes `qa/ranker.json` and, with `--plot`, the reliability as a picture. `--keep FILE` keeps the candidates for another
run. Reading takes most of the time, though only some of the questions are read: some ten minutes on two cores.
"""

import argparse
import itertools
import json
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from platformdirs import user_cache_path
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import corpus
from corpus.types import Article, Language
from index.encoder import open_encoder
from index.library import Library
from index.terms import query_units
from index.types import Encoder, Hit
from qa.evaluation import Gold, read_questions, references
from qa.features import features
from qa.question import understand
from qa.rank import Ranked, Ranker, companionship, confidence
from qa.reader import Reader
from qa.readers import ON, open_reader
from qa.reread import Rereader, read
from qa.reread import features as reading_features
from qa.speaker import speaks
from qa.types import CitedSentence, Question, Turn
from training.news import Place, articles, is_held_out, languages, lines, place, questions

SAMPLES = Path(__file__).parents[1] / "corpus" / "samples"
OUT = Path(__file__).parents[1] / "qa" / "ranker.json"
# People who speak in the sample articles, for questions about whatever they said.
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
MAIN_POINTS = 2  # of a speaker in an article: news puts first what matters most
FOLDS = 5
STEPS, RATE, DECAY = 200, 0.05, 1e-3
SURELY = 0.5  # from this degree a sentence holds somebody's own words
RAREST = 0.05  # a deviation below it belongs to a feature that few questions have, which must not weigh too much
WITHOUT = 0.35  # of the weight of the question as it was asked
DECLINED = 0.18
SAMPLED = 100  # questions of a development set, about, that the threshold is set on
READ = 1500  # questions, about, that are read as they are, and without their answers
FURTHER = 15  # candidates after the best that are looked at for more answers
SWAPPED = 7  # places further on stands the other person; the questions of an article stand together
WRONG, RIGHT, NEUTRAL = 0, 1, 2

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Asked:
    """A question with its candidates, their labels, the article it is about, and its language and kind.

    `read` are the features of the candidates after they were read; None before.
    """

    question: Question
    hits: list[Hit]
    labels: NDArray[np.int64]
    where: Place
    about: str
    read: list[dict[str, float]] | None = None

    @cached_property
    def features(self) -> list[dict[str, float]]:
        """The features of each candidate."""
        return features(self.question, self.hits) if self.read is None else self.read

    @cached_property
    def rows(self) -> Array:
        """The same as numbers, shape (candidates, features)."""
        return np.array([list(row.values()) for row in self.features], np.float32)

    @property
    def answerable(self) -> bool:
        return bool((self.labels == RIGHT).any())

    def without_answers(self) -> "Asked":
        right = {
            (hit.article.id, hit.sentence.position)
            for hit, label in zip(self.hits, self.labels, strict=True)
            if label != WRONG
        }
        return self.only(self.labels == WRONG, right)

    def without_article(self) -> "Asked":
        about = address(self.where, "")
        return self.only(np.array([not hit.article.url.startswith(about) for hit in self.hits]))

    def only(self, left: NDArray[np.bool_], gone: Set[tuple[str, int]] = frozenset()) -> "Asked":
        """With the hits left; no neighbour of theirs is one of the sentences that are gone."""
        hits = [_alone(hit, gone) for hit, kept in zip(self.hits, left, strict=True) if kept]
        return Asked(self.question, hits, self.labels[left], self.where, self.about)


def _alone(hit: Hit, gone: Set[tuple[str, int]]) -> Hit:
    before, after = (
        "" if (hit.article.id, hit.sentence.position + step) in gone else neighbour
        for step, neighbour in zip((-1, 1), hit.neighbours, strict=True)
    )
    return replace(hit, neighbours=(before, after))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--eval", type=Path, required=True)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--reader", default=ON)
    parser.add_argument("--only-read", action="store_true", help="leave the weights for candidates as they were found")
    options = parser.parse_args()
    torch.manual_seed(1)
    encoder = open_encoder("", user_cache_path("citewire"))
    reader = open_reader(options.reader, encoder)
    if reader is None:
        parser.error("--reader off leaves nothing to fit the second weights with")
    asked, swapped = kept(options.keep) or collect(encoder, options.data)
    if options.keep:
        options.keep.write_bytes(pickle.dumps((asked, swapped)))
    asked += open_questions(encoder)
    fewer = [less for number, each in enumerate(asked) if (less := reduced(each, number)) and less.hits] + swapped
    written = json.loads(OUT.read_text(encoding="utf-8"))
    found, counts = written["found"], written["provenance"]["questions"]
    if not options.only_read:
        print("## As they were found")
        found = fitted(asked, fewer, None)
        found["threshold"] = threshold(encoder, options.eval, Ranker(found), None)
        counts["found"] = len(asked)
    print("## After reading")
    sections = {"found": found, "read": {}}
    again = [[reread(each, Ranker(found), reader) for each in spread(some)] for some in (asked, fewer)]
    sections["read"] = fitted(*again, options.plot)
    rereader = Rereader(reader, Ranker(sections["read"]))
    sections["read"]["threshold"] = threshold(encoder, options.eval, Ranker(found), rereader)
    provenance = {
        "script": "training/ranker.py",
        "fitted_on": "training/questions.jsonl, held-out articles of the parallel news; sample articles",
        "questions": counts | {"read": len(again[0])},
        "reader": options.reader,
        "threshold_set_on": "news and xquad development sets, scattered libraries, answers taken away",
    }
    OUT.write_text(json.dumps(sections | {"provenance": provenance}, indent=1) + "\n", encoding="utf-8")


def kept(path: Path | None) -> tuple[list[Asked], list[Asked]] | None:
    return pickle.loads(path.read_bytes()) if path and path.is_file() else None


def reduced(asked: Asked, number: int) -> Asked | None:
    """The question again without its answers or, every third time, without their article."""
    if number % 3 == 0 and asked.where[0] != "samples":
        return asked.without_article()
    return asked.without_answers() if asked.answerable else None


def spread(asked: Sequence[Asked]) -> Sequence[Asked]:
    """About `READ` of them, from all articles."""
    return asked[:: max(1, round(len(asked) / READ))]


def reread(asked: Asked, ranker: Ranker, reader: Reader) -> Asked:
    """The question with those of its candidates that were read."""
    ranked = ranker.order(asked.hits, asked.features)
    readings = read(reader, asked.question, ranked)
    seen = [each for each in ranked if each.hit.sentence.id in readings]
    labels = {hit.sentence.id: label for hit, label in zip(asked.hits, asked.labels, strict=True)}
    return Asked(
        asked.question,
        [each.hit for each in seen],
        np.array([labels[each.hit.sentence.id] for each in seen]),
        asked.where,
        asked.about,
        reading_features(asked.question, seen, readings),
    )


def fitted(asked: Sequence[Asked], fewer: Sequence[Asked], plot: Path | None) -> dict[str, Any]:
    """The weights, all but the threshold; `fewer` are questions without what answered them."""
    names = list(asked[0].features[0])
    held = cross_validated(asked, asked)
    report(asked, held)
    judged = [(each, score, 1.0) for each, score in zip(asked, held, strict=True)]
    judged += [(each, score, WITHOUT) for each, score in zip(fewer, cross_validated(asked, fewer), strict=True)]
    signs = [signs_of(names, each, score) for each, score, _ in judged]
    table = np.array([list(sign.values()) for sign in signs])
    right = np.array([each.labels[score.argmax()] != WRONG for each, score, _ in judged])
    weights = np.array([weight for *_, weight in judged])
    groups = np.array([str(each.where) for each, *_ in judged])
    sure = cross_val_predict(
        logistic(), table, right, groups=groups, cv=GroupKFold(FOLDS), method="predict_proba",
        params={"logisticregression__sample_weight": weights},
    )[:, 1]  # fmt: skip
    reliability(sure, right, weights, plot)
    model = logistic().fit(table, right, logisticregression__sample_weight=weights)
    scaler, regression = model.steps[0][1], model.steps[1][1]
    confidence_weights = regression.coef_[0] / scaler.scale_
    levels = np.log(sure / (1 - sure))
    gap = fitted_gap([(each, score, level) for (each, score, _), level in zip(judged, levels, strict=True)])
    order = fit(asked).astype(float).round(3).tolist()
    return {
        "order": dict(zip(names, order, strict=True)),
        "confidence": {name: round(float(value), 3) for name, value in zip(signs[0], confidence_weights, strict=True)},
        "gap": round(gap, 3),
        "bias": round(float(regression.intercept_[0] - confidence_weights @ scaler.mean_), 3),
        "threshold": 0.5,
        "beside": companions(asked, held, levels[: len(asked)], gap),
    }


def logistic() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))


def signs_of(names: Sequence[str], each: Asked, scores: Array) -> dict[str, float]:
    best = dict(zip(names, map(float, each.rows[scores.argmax()]), strict=True))
    return confidence(best, scores.tolist())


def fitted_gap(judged: Sequence[tuple[Asked, Array, float]]) -> float:
    """By maximum likelihood over the candidates behind the best."""
    behind = np.concatenate([score - score.max() for _, score, _ in judged])
    level = np.concatenate([np.full(len(score), level) for _, score, level in judged])
    right = np.concatenate([each.labels != WRONG for each, *_ in judged])
    use = behind < 0
    gaps = np.arange(0.2, 2.0, 0.02)

    def loss(gap: float) -> float:
        probable = np.clip(1 / (1 + np.exp(-(level + gap * behind)[use])), 1e-6, 1 - 1e-6)
        return float(-np.log(np.where(right[use], probable, 1 - probable)).mean())

    return float(min(gaps, key=loss))


def open_questions(encoder: Encoder) -> Iterator[Asked]:
    """What did they say? Right is what each says first in an article, going by the spelling of its language."""
    for turn in range(len(Language)):
        told = [
            headed(item)
            for place_, language in enumerate(Language)
            for number, item in enumerate(lines(SAMPLES / f"articles.{language}.jsonl"))
            if (number + place_ + turn) % len(Language) == 0
        ]
        with temporary(encoder, told) as library:
            for number, spellings in enumerate(SPEAKERS):
                for language, name in zip(Language, spellings, strict=True):
                    for template in OPEN_QUESTIONS[language]:
                        question = understand(template.format(name))
                        hits = [bare(hit) for hit in library.search(question.search_text, question.language)]
                        labels = first_said(hits, spellings)
                        yield Asked(question, hits, labels, ("samples", number, 0), f"{language} open")


def headed(item: dict[str, Any]) -> Article:
    """A sample article with its headline on top of the text, where news sites have it."""
    text = f"{item['title']}\n\n{item['text']}"
    return Article(item["url"], text, item["title"], False, Language(item["language"]), item["source"], url=item["url"])


def first_said(hits: Sequence[Hit], spellings: Sequence[str]) -> NDArray[np.int64]:
    named = [
        replace(hit, matched=frozenset({0} if any(name in hit.sentence.text for name in spellings) else ()))
        for hit in hits
    ]
    places = {(hit.article.id, hit.sentence.position): hit for hit in named}
    said = [spot for spot, hit in sorted(places.items()) if speaks(hit, places, {0}) > SURELY]
    main = {spot for spot in said if sum(other[0] == spot[0] and other < spot for other in said) < MAIN_POINTS}
    return np.array([RIGHT if (hit.article.id, hit.sentence.position) in main else WRONG for hit in hits])


def bare(hit: Hit) -> Hit:
    """Without its vector, which no feature needs and which would fill the memory."""
    return replace(hit, vector=np.zeros(0, np.float32))


def collect(encoder: Encoder, data: Path) -> tuple[list[Asked], list[Asked]]:
    """Every question of the held-out articles in one of its languages in turn, each article in one of its.

    And those about what somebody said again, asked of somebody else.
    """
    everything, asked = questions(), []
    items = [(index, item) for index, item in enumerate(everything) if is_held_out(place(item))]
    sentences = articles(data, {place(item) for _, item in items})
    made = {}
    for number, (where, texts) in enumerate(sentences.items()):
        if possible := languages(texts):
            article, spans = news_article(where, texts, possible[number % len(possible)])
            made[article.url] = (article, where, spans)
    with temporary(encoder, [article for article, *_ in made.values()]) as library:
        for index, item in items:
            spoken = [language for language in Language if language in item["question"]]
            language = spoken[index % len(spoken)]
            history = follow(library, everything[index - 1], language) if item.get("follows") else ()
            question = understand(item["question"][language], history)
            hits = [bare(hit) for hit in library.search(question.search_text, question.language)]
            labels = [label(hit, item, *made[hit.article.url][1:]) for hit in hits]
            asked.append(Asked(question, hits, np.array(labels), place(item), f"{language} {item['type']}"))
        return asked, list(swapped(library, asked))


def swapped(library: Library, asked: Sequence[Asked]) -> Iterator[Asked]:
    """What one person said, asked of another who speaks elsewhere: the topic is there and so is the person."""
    for language in Language:
        spoken = [each for each in asked if each.question.language is language and names_speaker(each.question)]
        for each, other in zip(spoken, spoken[SWAPPED:] + spoken[:SWAPPED], strict=True):
            if other.where == each.where or other.question.speaker == each.question.speaker:
                continue
            question = understand(each.question.text.replace(each.question.speaker, other.question.speaker))
            hits = [bare(hit) for hit in library.search(question.search_text, question.language)]
            yield Asked(question, hits, np.full(len(hits), WRONG), each.where, f"{language} swapped")


def names_speaker(question: Question) -> bool:
    named = any(unit.name for unit in query_units(question.speaker))
    return named and not question.is_open and not question.leans_on and question.speaker in question.text


def news_article(where: Place, texts: dict[int, dict[str, str]], language: Language) -> tuple[Article, dict[int, Any]]:
    """An article with its headline on top, as news sites have it, and the span of each sentence."""
    first = next(iter(texts))
    text, spans = texts[first][language] + "\n\n", {first: (0, len(texts[first][language]))}
    for number in list(texts)[1:]:
        spans[number] = (len(text), len(text) + len(texts[number][language]))
        text += texts[number][language] + ("" if language is Language.ZH else " ")
    url = address(where, language)
    return Article(url, text.rstrip(), texts[first][language], False, language, "", url=url), spans


def address(where: Place, language: str) -> str:
    return f"{where[0]}/{where[1]}/{language}"


def follow(library: Library, earlier: dict[str, Any], language: Language) -> tuple[Turn, ...]:
    """The turn that a follow-up comes after, with what it will have cited."""
    text = earlier["question"][language]
    cited = library.search(text, language)[:2]
    return (Turn(text, tuple(CitedSentence(hit.article.id, "") for hit in cited)),)


def label(hit: Hit, item: dict[str, Any], where: Place, spans: dict[int, tuple[int, int]]) -> int:
    if where != place(item):
        return WRONG
    if any(overlaps(hit, *spans[number]) for group in item["groups"] for number in group if number in spans):
        return RIGHT
    return NEUTRAL if any(overlaps(hit, *spans[number]) for number in item["optional"] if number in spans) else WRONG


def overlaps(hit: Hit, start: int, end: int) -> bool:
    shared = min(end, hit.sentence.end) - max(start, hit.sentence.start)
    return shared >= 0.5 * min(end - start, hit.sentence.end - hit.sentence.start)


def fit(asked: Sequence[Asked]) -> Array:
    """The weights of the conditional logit, by full batches over standardised features."""
    answerable = [each for each in asked if each.answerable]
    everything = np.concatenate([each.rows for each in answerable])
    mean, deviation = everything.mean(0), np.maximum(everything.std(0), RAREST)
    longest = max(len(each.rows) for each in answerable)
    rows = torch.zeros(len(answerable), longest, len(mean))
    right, possible = (torch.zeros(len(answerable), longest, dtype=torch.bool) for _ in range(2))
    for number, each in enumerate(answerable):
        count = len(each.rows)
        rows[number, :count] = torch.from_numpy((each.rows - mean) / deviation)
        possible[number, :count] = torch.from_numpy(each.labels != NEUTRAL)
        right[number, :count] = torch.from_numpy(each.labels == RIGHT)
    weights = torch.zeros(len(mean), requires_grad=True)
    optimiser = torch.optim.AdamW([weights], lr=RATE, weight_decay=DECAY)
    for _ in range(STEPS):
        logits = (rows @ weights).masked_fill(~possible, -1e4)
        loss = (logits.logsumexp(-1) - logits.masked_fill(~right, -1e4).logsumexp(-1)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return np.asarray(weights.detach().numpy() / deviation, np.float32)


def cross_validated(asked: Sequence[Asked], scored: Sequence[Asked]) -> list[Array]:
    """Scores of the candidates of `scored`, by weights that were fitted on questions about other articles."""
    everywhere = sorted({each.where for each in (*asked, *scored)})
    folds = {where: number % FOLDS for number, where in enumerate(everywhere)}
    weights = [fit([each for each in asked if folds[each.where] != fold]) for fold in range(FOLDS)]
    return [each.rows @ weights[folds[each.where]] for each in scored]


def report(asked: Sequence[Asked], scores: Sequence[Array]) -> None:
    right: dict[str, list[bool]] = {}
    for each, score in zip(asked, scores, strict=True):
        if not each.about.endswith("near"):
            for key in ("all", *each.about.split()):
                right.setdefault(key, []).append(each.labels[score.argmax()] != WRONG)
    print("top1 by cross-validation:", {key: round(float(np.mean(values)), 3) for key, values in right.items()})


def companions(asked: Sequence[Asked], scores: Sequence[Array], levels: Array, gap: float) -> dict[str, float]:
    """Weights for whether a further sentence answers too, from questions whose best candidate does."""
    signs, right = [], []
    for each, score, level in zip(asked, scores, levels, strict=True):
        if not each.answerable or each.labels[score.argmax()] == WRONG:
            continue
        probable = 1 / (1 + np.exp(-(level + gap * (score - score.max()))))
        ranked = [Ranked(hit, float(value)) for hit, value in zip(each.hits, probable, strict=True)]
        first, *others = np.argsort(-score)[: FURTHER + 1]
        signs += [companionship(ranked[first], ranked[index]) for index in others]
        right += [bool(each.labels[index] != WRONG) for index in others]
    table, truth = np.array([list(sign.values()) for sign in signs]), np.array(right)
    model = LogisticRegression(C=10).fit(table, truth)
    for limit in (0.2, 0.25, 0.3, 0.35, 0.4, 0.5):
        cited = model.predict_proba(table)[:, 1] >= limit
        found, sure = cited[truth].mean(), truth[cited].mean()
        print(f"further sentences cited from {limit}: {found:.2f} of those that answer; {sure:.2f} of the cited do")
    weights = dict(zip(signs[0], map(float, model.coef_[0]), strict=True)) | {"bias": float(model.intercept_[0])}
    return {name: round(value, 3) for name, value in weights.items()}


def reliability(given: Array, right: NDArray[np.bool_], weights: Array, plot: Path | None) -> None:
    """How often the best candidate was right, by the probability it was given."""
    points = []
    print("| probability | questions | mean | right |\n|---|---|---|---|")
    for low in np.arange(0, 1, 0.1):
        inside = (given >= low) & (given < low + 0.1)
        if inside.any():
            mean, share = (float(np.average(values[inside], weights=weights[inside])) for values in (given, right))
            points.append((mean, share, int(inside.sum())))
            print(f"| {low:.1f}–{low + 0.1:.1f} | {points[-1][2]} | {mean:.2f} | {share:.2f} |")
    error = sum(abs(mean - share) * count for mean, share, count in points) / len(given)
    print(f"expected calibration error {error:.3f}; AUROC {roc_auc_score(right, given, sample_weight=weights):.3f}")
    if plot:
        plot.write_text(picture(points), encoding="utf-8")


def picture(points: Sequence[tuple[float, float, int]]) -> str:
    """A reliability diagram as SVG: probability to the right, share that was right upwards."""
    most = max(count for *_, count in points)
    dots = "".join(
        f'<circle cx="{40 + 300 * given:.0f}" cy="{320 - 300 * share:.0f}" r="{3 + 9 * (count / most) ** 0.5:.1f}"/>'
        for given, share, count in points
    )
    labels = "".join(
        f'<text x="{40 + 300 * value:.0f}" y="338">{value}</text>'
        f'<text x="18" y="{324 - 300 * value:.0f}">{value}</text>'
        for value in (0, 0.5, 1)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 360" font-family="sans-serif" font-size="12" '
        'text-anchor="middle"><rect width="360" height="360" fill="#fff"/>'
        '<path d="M40 20V320H340" fill="none" stroke="#333"/>'
        '<path d="M40 320L340 20" stroke="#999" stroke-dasharray="4"/>'
        f'<g fill="#0b6e6e" fill-opacity=".7">{dots}</g><g fill="#333">{labels}'
        '<text x="190" y="354">probability given</text>'
        '<text transform="translate(10 170) rotate(-90)">share right</text></g></svg>\n'
    )


def threshold(encoder: Encoder, sets: Path, ranker: Ranker, rereader: Rereader | None) -> float:
    """See the module's text; prints the curve."""

    def surest(question: Question, hits: Sequence[Hit]) -> float:
        ranked = ranker.rank(question, hits)
        return (rereader.rank(question, ranked) if rereader else ranked)[0].probability

    best: dict[str, list[float]] = {}
    for name in ("news", "xquad"):
        folder = sets / name
        gold = Gold(folder)
        with temporary(encoder, corpus.articles([str(folder / "articles.scattered.jsonl")])) as library:
            items = read_questions(folder)
            for item, language in itertools.product(items[:: len(items) // SAMPLED or 1], Language):
                question = understand(item["question"][language])
                hits = library.search(question.search_text, question.language)
                kind = "answerable" if item["groups"] else item["type"]
                best.setdefault(f"{name} {kind}", []).append(surest(question, hits))
                if item["groups"]:
                    labels = np.array([RIGHT if is_gold(gold, hit, item) else WRONG for hit in hits])
                    without = Asked(question, hits, labels, ("", 0, 0), "").without_answers()
                    best.setdefault(f"{name} without its answers", []).append(surest(question, without.hits))
    limits = np.arange(0.1, 0.9, 0.02)
    shares = {kind: np.array([(np.array(values) >= limit).mean() for limit in limits]) for kind, values in best.items()}
    print(f"| threshold | {' | '.join(f'{kind} answered' for kind in shares)} |\n|---{'|---' * len(shares)}|")
    for row, limit in enumerate(limits):
        print(f"| {limit:.2f} | {' | '.join(f'{values[row]:.2f}' for values in shares.values())} |")
    costs = sum(1 - shares[f"{name} answerable"] + shares[f"{name} without its answers"] for name in ("news", "xquad"))
    allowed = np.where(1 - shares["news answerable"] <= DECLINED, costs, np.inf)
    return round(float(limits[int(np.argmin(allowed))]), 2)


def is_gold(gold: Gold, hit: Hit, item: dict[str, Any]) -> bool:
    return gold.hits(hit.article.url, hit.sentence.start, hit.sentence.end, references(item, hit.article.language))


@contextmanager
def temporary(encoder: Encoder, articles: Iterable[Any]) -> Iterator[Library]:
    """A library of these articles that lasts for a `with` block."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), encoder=encoder) as library:
        for _outcome in library.add(articles):
            pass
        yield library


if __name__ == "__main__":
    main()

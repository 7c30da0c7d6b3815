"""How well the reader finds the exact answer, and how many candidates are worth reading.

    python benchmarks/reading.py ../shared/eval [--reader NAME | --weights FILE] [--only f1|spans|curve|risk]
                                   [--every N]

- F1 and exact match on xquad, by question and paragraph language, the paragraph that holds the answer given: SQuAD's
  normalisation (Rajpurkar et al. 2016, arXiv:1606.05250), Chinese by characters.
- Spans on news: how many of the spans shown with a right citation share a word (in Chinese a character) with the
  short answer, for questions of number, when, who and where, scattered library.
- The curve: answers on the scattered news with none, 2, 4, 8 and 16 candidates read, with and without the sentences
  around them, and only where the ranker is undecided, with what time they take against no reading, in one run.
- Risk and coverage: of the answers above each confidence, the share that is wrong (Geifman & El-Yaniv 2017,
  arXiv:1705.08500), unanswerable questions included.

`--weights` takes what training/reader.py wrote, such as a reader of six layers.
"""

import argparse
import statistics
import string
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from answers import library
from platformdirs import user_cache_path

from corpus.sentences import split
from corpus.types import Language
from index.embedded import EmbeddedEncoder
from index.library import Library
from index.types import Filters
from qa.evaluation import Gold, evaluate, read_questions, references
from qa.pipeline import Answerer
from qa.rank import Ranked
from qa.reader import EmbeddedReader, Excerpt, Reader, Reading
from qa.readers import ON, open_reader
from qa.reread import DEPTH
from qa.types import Question

UNSURE = (0.03, 0.9)  # probabilities between which the ranker is undecided
SHORT = ("number", "when", "who", "where")
_MARKS = str.maketrans(dict.fromkeys(string.punctuation + "，。！？、；：“”‘’（）《》「」『』—…·«»–", " "))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, help="the folder that holds news/ and xquad/")
    parser.add_argument("--reader", default=ON, help="on, or the name of another")
    parser.add_argument("--weights", type=Path, help="of a reader of ours, other than those that come along")
    parser.add_argument("--only", choices=("f1", "spans", "curve", "risk"))
    parser.add_argument("--every", type=int, default=1, help="F1 of each so many-th question only")
    options = parser.parse_args()
    encoder = EmbeddedEncoder(user_cache_path("citewire"))
    news = options.sets / "news"
    if options.weights:
        reader: Reader | None = EmbeddedReader(encoder, options.weights)
    else:
        reader = open_reader(options.reader, encoder)
    if reader is None:
        parser.error("--reader off leaves nothing to measure")
    if options.only in (None, "f1"):
        show_f1(reader, options.sets / "xquad", options.every)
    if options.only == "f1":
        return
    with library(encoder, news / "articles.scattered.jsonl") as opened:
        if options.only in (None, "spans"):
            show_spans(Answerer(opened, reader=reader), news)
        if options.only in (None, "risk"):
            show_risk(Answerer(opened, reader=reader), news)
        if options.only in (None, "curve"):
            show_curve(opened, reader, news)


def show_f1(reader: Reader, folder: Path, every: int) -> None:
    questions = read_questions(folder)[::every]
    print(f"\n### xquad, {len(questions)} questions, gold paragraph given: F1 (exact match)\n")
    print("| question \\ paragraph | en | ru | zh |\n|---|---|---|---|")
    scores: dict[tuple[Language, Language], list[tuple[float, bool]]] = defaultdict(list)
    for language in Language:
        articles = {item["document"]: item for item in Gold(folder).articles(language)}
        for item in questions:
            sentences = paragraph_of(item, articles, language)
            excerpt = Excerpt("", dict(enumerate(sentences)), range(len(sentences)))
            for asked in Language:
                (readings,) = reader.read(item["question"][asked], [excerpt])
                found = answer_in(sentences, readings)
                scores[asked, language].append(compared(found, item["answer"][language], language))
    for asked in Language:
        cells = [scores[asked, language] for language in Language]
        means = [
            (statistics.fmean(f1 for f1, _ in cell), statistics.fmean(exact for _, exact in cell)) for cell in cells
        ]
        print(f"| {asked} | {' | '.join(f'{100 * f1:.1f} ({100 * exact:.1f})' for f1, exact in means)} |", flush=True)


def paragraph_of(item: dict[str, Any], articles: dict[str, Any], language: Language) -> list[str]:
    """The sentences of the paragraph, between empty lines, that holds the gold sentence."""
    document, segment = item["groups"][language][0][0].rsplit("#", 1)
    text = articles[document]["text"]
    at = articles[document]["segments"][int(segment)][0]
    start = text.rfind("\n\n", 0, at) + 2 if "\n\n" in text[:at] else 0
    end = text.find("\n\n", at)
    paragraph = text[start : end if end >= 0 else len(text)]
    return [paragraph[begin:stop] for begin, stop in split(paragraph, language)]


def answer_in(sentences: Sequence[str], readings: dict[int, Reading]) -> str:
    """The span that the reader believes in most, in the sentence and in itself."""
    place, reading = max(readings.items(), key=lambda each: each[1].answers + each[1].margin)
    return sentences[place][slice(*(reading.span or (0, 0)))]


def compared(found: str, gold: str, language: Language) -> tuple[float, bool]:
    """F1 of the tokens, and whether they are the same."""
    one, other = tokens(found, language), tokens(gold, language)
    shared = sum((Counter(one) & Counter(other)).values())
    return (2 * shared / (len(one) + len(other)) if shared else 0.0), one == other


def tokens(text: str, language: Language) -> list[str]:
    plain = text.lower().translate(_MARKS)
    if language is Language.ZH:
        return [character for character in plain if not character.isspace()]
    return [word for word in plain.split() if language is not Language.EN or word not in ("a", "an", "the")]


def show_spans(answerer: Answerer, folder: Path) -> None:
    print("\n### News, scattered library: spans of right citations that share a word with the short answer\n")
    print("| question | questions | right citations | with a span | share a word |\n|---|---|---|---|---|")
    gold = Gold(folder)
    items = [item for item in read_questions(folder) if item["type"] in SHORT and item["answer"]]
    for asked in Language:
        right, spans, good = 0, 0, 0
        for item in items:
            for citation in answerer.ask(item["question"][asked]).citations:
                if not gold.is_right(citation, references(item, citation.language)):
                    continue
                right += 1
                if citation.span:
                    spans += 1
                    answer = item["answer"][citation.language]
                    found = tokens(citation.quote[slice(*citation.span)], citation.language)
                    good += not set(found).isdisjoint(tokens(answer, citation.language))
        share = f"{good / spans:.2f}" if spans else "–"
        print(f"| {asked} | {len(items)} | {right} | {spans} | {share} |", flush=True)


def show_risk(answerer: Answerer, folder: Path) -> None:
    print("\n### News, scattered library: risk and coverage, all questions\n")
    gold, judged = Gold(folder), []
    for item in read_questions(folder):
        for asked in Language:
            answer = answerer.ask(item["question"][asked])
            first = next(iter(answer.citations or answer.nearest), None)
            right = bool(item["groups"]) and first is not None
            right = right and gold.is_right(first, references(item, first.language))
            judged.append((answer.confidence, right))
    judged.sort(reverse=True)
    print("| coverage | confidence from | wrong |\n|---|---|---|")
    for coverage in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        part = judged[: round(coverage * len(judged))]
        print(f"| {coverage:.0%} | {part[-1][0]:.2f} | {1 - statistics.fmean(right for _, right in part):.2f} |")


class Narrow:
    """A reader that sees no sentences but those it is to read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[dict[int, Reading]]:
        alone = [replace(each, sentences={place: each.sentences[place] for place in each.wanted}) for each in excerpts]
        return self._reader.read(question, alone)


class Undecided(Answerer):
    """Reads only where the ranker is neither sure that the best candidate answers nor that none does."""

    def _ranked(self, question: Question, filters: Filters) -> list[Ranked]:
        hits = self.library.search(question.search_text, question.language, filters=filters)
        ranked = self._ranker.rank(question, hits)
        sure = not ranked or not UNSURE[0] < ranked[0].probability < UNSURE[1]
        return ranked if sure or not self._rereader else self._rereader.rank(question, ranked)


def show_curve(opened: Library, reader: Reader, folder: Path) -> None:
    print("\n### News, scattered library: candidates read (top1, complete, auroc are means of three languages)\n")
    print("| read | around them | top1 | complete | auroc | near | invented | declined | time, times that of none |")
    print("|---|---|---|---|---|---|---|---|---|")
    base = 0.0
    answerers = [("none", "", Answerer(opened))]
    answerers += [(str(count), "yes", Answerer(opened, reader=reader, depth=count)) for count in (2, 4, 8, 16)]
    answerers += [
        (str(DEPTH), "no", Answerer(opened, reader=Narrow(reader))),
        (f"{DEPTH}, undecided", "yes", Undecided(opened, reader=reader)),
    ]
    for count, around, answerer in answerers:
        answerer.ask("Ready?")
        began = time.perf_counter()
        rows = evaluate(answerer, folder)["whole"].values()
        took = time.perf_counter() - began
        base = base or took
        names = ("top1", "complete", "auroc", "near", "invented", "declined")
        figures = [statistics.fmean(float(row[name] or 0) for row in rows) for name in names]
        print(
            f"| {count} | {around} | {' | '.join(f'{value:.3f}' for value in figures)} | {took / base:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

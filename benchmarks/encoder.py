"""What the encoder alone does: nearest sentence to each question, with and without the adapter and centring.

    python benchmarks/encoder.py ../shared/eval/news

Scattered articles, cut as the reference cuts them; no ranking. Top1, and the share of first hits in the question's own
language (a third is blind), by question language.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from corpus.types import Language
from index import bundled
from index.encoder import SentenceTransformerEncoder, centring


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    folder = parser.parse_args().set
    questions = [item for item in lines(folder / "questions.jsonl") if item["groups"]]
    places = [
        (article["document"], number, Language(article["language"]), article["text"][start:end])
        for article in lines(folder / "articles.scattered.jsonl")
        for number, (start, end) in enumerate(article["segments"])
    ]
    cache = user_cache_path("citewire")
    print("| encoder | centred | top1 en / ru / zh | own language |\n|---|---|---|---|")
    for name, model in (("e5", str(bundled.model_folder(cache, adapted=False))), ("with our adapter", "")):
        encoder = SentenceTransformerEncoder(model, cache)
        means = centring(encoder, cache)
        raw = encoder.encode_sentences([text for *_, text in places])
        centred = means.sentence(raw, [language for _, _, language, _ in places])
        for label, sentences in (("no", raw), ("yes", centred)):
            figures = []
            for language in Language:
                asked = encoder.encode_questions([item["question"][language] for item in questions])
                vectors = asked if sentences is raw else means.question(asked, language)
                figures.append(measure(questions, places, language, (vectors @ sentences.T).argmax(axis=1)))
            top1, own = (" / ".join(f"{value:.2f}" for value in column) for column in zip(*figures, strict=True))
            print(f"| {name} | {label} | {top1} | {own} |", flush=True)


def measure(questions: list[Any], places: list[Any], language: Language, first: np.ndarray) -> tuple[float, float]:
    hits = [(f"{places[index][0]}#{places[index][1]}", places[index][2]) for index in first]
    right = [hit[0] in references(item) for hit, item in zip(hits, questions, strict=True)]
    return float(np.mean(right)), float(np.mean([hit[1] is language for hit in hits]))


def references(item: dict[str, Any]) -> set[str]:
    return {reference for group in item["groups"] for reference in group} | set(item.get("optional") or [])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()

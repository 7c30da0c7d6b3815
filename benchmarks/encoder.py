"""What the encoder alone does: the nearest sentence to each question, with and without the adapter and centring.

    python benchmarks/encoder.py ../shared/eval

Sentences as the reference cuts them; no ranking. For each set the share of questions whose nearest sentence is right,
by question and article language (en → ru: asked in English of the Russian articles), and for the scattered articles,
with the share of first hits in the question's own language (a third is blind).
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from corpus.types import Language
from index import bundled
from index.encoder import Centring, centring, open_encoder
from index.types import Encoder, Vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--model", action="append", help="also this sentence-transformers model")
    options = parser.parse_args()
    cache = user_cache_path("citewire")
    models = {"e5": str(bundled.model_folder(cache, adapted=False)), "with our adapter": ""}
    models |= {name: name for name in options.model or ()}
    for name in ("news", "xquad"):
        pairs = [f"{asked} → {told}" for asked in Language for told in Language]
        scattered = [f"scattered {language} (own)" for language in Language]
        print(f"\n### {name}\n\n| encoder | centred | {' | '.join([*pairs, 'mean', *scattered])} |")
        print("|---" * (len(pairs) + len(scattered) + 3) + "|")
        for title, model in models.items():
            encoder = open_encoder(model, cache)
            means = centring(encoder, cache)
            table = Set(options.sets / name, encoder)
            for label, centred in (("no", None), ("yes", means)):
                cells = [table.within(asked, told, centred) for asked in Language for told in Language]
                whole = [table.scattered(language, centred) for language in Language]
                shown = [f"{cell:.3f}" for cell in [*cells, np.mean(cells)]]
                shown += [f"{top1:.3f} ({own:.2f})" for top1, own in whole]
                print(f"| {title} | {label} | {' | '.join(shown)} |", flush=True)


class Set:
    """A question set, embedded."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.items = [item for item in lines(folder / "questions.jsonl") if item["groups"]]
        self.asked = {
            language: encoder.encode_questions([item["question"][language] for item in self.items])
            for language in Language
        }
        self.places, texts = [], []
        for language in Language:
            for article in lines(folder / f"articles.{language}.jsonl"):
                for number, (start, end) in enumerate(article["segments"]):
                    self.places.append((article["url"], f"{article['document']}#{number}", language))
                    texts.append(article["text"][start:end])
        self.told = encoder.encode_sentences(texts)
        self.in_scattered = {article["url"] for article in lines(folder / "articles.scattered.jsonl")}

    def within(self, asked: Language, told: Language, means: Centring | None) -> float:
        """Top1 of questions in one language among the articles of one language."""
        chosen = [index for index, (_, _, language) in enumerate(self.places) if language is told]
        return float(np.mean([right for right, _ in self.first(asked, chosen, means)]))

    def scattered(self, asked: Language, means: Centring | None) -> tuple[float, float]:
        """Top1 among the scattered articles, and the share of first hits in the question's language."""
        chosen = [index for index, (url, _, _) in enumerate(self.places) if url in self.in_scattered]
        first = self.first(asked, chosen, means)
        return float(np.mean([right for right, _ in first])), float(np.mean([own for _, own in first]))

    def first(self, asked: Language, chosen: list[int], means: Centring | None) -> list[tuple[bool, bool]]:
        """Of each question: whether the nearest of the chosen sentences is right, and whether in its own language."""
        questions: Vectors = self.asked[asked]
        sentences: Vectors = self.told[chosen]
        if means:
            questions = means.question(questions, asked)
            sentences = means.sentence(sentences, [self.places[index][2] for index in chosen])
        nearest = [self.places[chosen[index]] for index in (questions @ sentences.T).argmax(axis=1)]
        return [
            (place in references(item, language), language is asked)
            for item, (_, place, language) in zip(self.items, nearest, strict=True)
        ]


def references(item: dict[str, Any], language: Language) -> set[str]:
    groups = item["groups"][language] if isinstance(item["groups"], dict) else item["groups"]
    return {reference for group in groups for reference in group} | set(item.get("optional") or [])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


if __name__ == "__main__":
    main()

"""Makes a large library out of a few real articles, for measuring what size costs.

    python benchmarks/scale_data.py FOLDER [--size 100k] [--articles FILE ...] [--parallel FILE] [--embedded N]
                                           [--seed N]

Its sentences are made, not written. Some real ones are embedded (once; their vectors are kept in the cache folder).
Each article that is made follows a real one sentence by sentence, with a mixture in the place of each: the first words
of it and the last of one of its nearest neighbours in the same language, and their vectors in the same proportion; then
half the difference of two others, by chance, is added to the vector, so that vectors vary as real ones do. Articles
have real lengths, their sentences belong together, words are as frequent as in news, and vectors cluster as real ones
do; how nearly is printed: the cosines of sentences to those around them, of real ones and of as many made ones. What
such a library lacks: words that are rarer than those of the real articles, and sense.

Half of the articles are in English, the rest in Russian and Chinese. Their sources are as unequal as Zipf's law says,
their days lie in ten years, late ones more often, and some have none. The same seed and files make the same library.
`--parallel` takes news sentences as `training/` does, JSON Lines of consecutive ones with a key for each language; they
are used where those of the articles do not suffice.
"""

import argparse
import hashlib
import itertools
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path
from serving import SAMPLES

import corpus
from corpus.identity import article_id
from corpus.sentences import sentences
from corpus.types import Article, Language, Sentence
from index.derived import FAISS
from index.encoder import normalise, open_encoder
from index.store import Store
from index.types import Encoder, Ids, Vectors

SHARES = {Language.EN: 0.5, Language.RU: 0.3, Language.ZH: 0.2}  # of the articles
SOURCES = 200
FIRST_DAY, DAYS = date(2015, 1, 1), 3650
UNDATED = 0.03  # of the articles

_NEIGHBOURS = 10  # that a sentence may be mixed with
_OWN = 0.5  # least share of the sentence itself
_CHANCE = 0.5  # of the difference of two others; with it nearness grows with size as among 250 to 4,000 real sentences
_LENGTHS = (8, 30)  # sentences of an article whose end is not known
_BATCH = 1_000  # sentences embedded or compared at a time
_TRANSACTION = 2_000  # articles
_COMPARED = 2_000  # sentences whose nearness is told
_RANKS = (1, 10, 50)
_SPACE = {Language.EN: " ", Language.RU: " ", Language.ZH: ""}  # between sentences, and between words

Texts = list[str]


@dataclass(frozen=True, slots=True)
class Real:
    """Embedded sentences, and the articles they stand in.

    `vectors` (n, dimension) are those of `texts`; `neighbours` (n, few) the numbers of the nearest sentences of the
    same language, best first; `articles` by language the numbers of each article's sentences, in order.
    """

    texts: Texts
    vectors: Vectors
    neighbours: Ids
    articles: dict[Language, list[Ids]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a new one, for the library")
    parser.add_argument("--size", type=count, default=100_000, help="sentences, such as 10k or 1m")
    add_options(parser)
    options = parser.parse_args()
    encoder = open_encoder("", user_cache_path("citewire"))
    real = from_options(options, options.size, encoder)
    print(likeness(real, options.seed), flush=True)
    began = time.perf_counter()
    make(options.folder, options.size, real, encoder, options.seed)
    print(
        f"made in {time.perf_counter() - began:.0f} s; `citewire --library {options.folder} rebuild` makes its indexes"
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """What a library is made of."""
    parser.add_argument("--articles", type=Path, nargs="+", default=SAMPLES, help="files that `citewire add` reads")
    parser.add_argument("--parallel", type=Path, help="consecutive sentences in several languages, for more")
    parser.add_argument("--embedded", type=int, help="real sentences, at most (default: a fifth, up to 20,000)")
    parser.add_argument("--seed", type=int, default=0)


def from_options(options: argparse.Namespace, size: int, encoder: Encoder) -> Real:
    """The real sentences for a library of `size`, embedded now or before."""
    limit = options.embedded or min(20_000, size // 5)
    articles = [*of_files(options.articles)]
    more = [*of_pairs(options.parallel)] if options.parallel else []
    chance = np.random.default_rng(options.seed)
    mixed_up = [group[number] for group in (articles, more) for number in chance.permutation(len(group))]
    return read(mixed_up, limit, encoder)


def count(text: str) -> int:
    """10k, 1m or 2000 → the number."""
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    return int(text if factor == 1 else text[:-1]) * factor


def source(rank: int) -> str:
    """The name of a source; the first has most articles."""
    return f"Source {rank}"


# Real sentences


def of_files(files: Sequence[Path]) -> Iterator[tuple[Language, Texts]]:
    """The language and the sentences of each article."""
    for article in corpus.articles(map(str, files)):
        if isinstance(article, Article):
            yield article.language, [sentence.text for sentence in sentences(article)]


def of_pairs(file: Path) -> Iterator[tuple[Language, Texts]]:
    """The same of consecutive sentences, cut into articles by chance."""
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    chance = np.random.default_rng(0)
    for language in Language:
        texts = [line[language].strip() for line in lines if language in line]
        while texts:
            length = int(chance.integers(*_LENGTHS))
            yield language, texts[:length]
            texts = texts[length:]


def read(articles: Iterable[tuple[Language, Texts]], limit: int, encoder: Encoder) -> Real:
    """Embed `limit` sentences of the first articles, a third in each language if there are so many; each text once."""
    texts: dict[str, int] = {}
    numbers: dict[Language, list[Ids]] = {}
    for language, told in articles:
        held = numbers.setdefault(language, [])
        new = [text for text in dict.fromkeys(told) if text and text not in texts]
        if new and sum(map(len, held)) + len(new) <= limit / len(Language):
            held.append(len(texts) + np.arange(len(new)))
            texts.update((text, len(texts)) for text in new)
    numbers = {language: held for language, held in numbers.items() if held}
    vectors = _embedded(list(texts), encoder)
    return Real(
        list(texts), vectors, _neighbours(vectors, [np.concatenate(each) for each in numbers.values()]), numbers
    )


def _embedded(texts: Texts, encoder: Encoder) -> Vectors:
    """Their vectors, shape (n, dimension); those of the same texts are kept from one time to the next."""
    key = hashlib.blake2b(json.dumps([encoder.fingerprint, texts]).encode(), digest_size=8).hexdigest()
    path = user_cache_path("citewire") / f"scale-{key}.npy"
    if not path.exists():
        print(f"embedding {len(texts):,} sentences, once; they are kept as {path}", flush=True)
        parts = [encoder.encode_sentences(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        np.save(path, np.concatenate(parts).astype(np.float16))
    return np.load(path).astype(np.float32)


def _neighbours(vectors: Vectors, groups: Sequence[Ids]) -> Ids:
    """The numbers of each vector's nearest in its group, itself apart, best first, shape (n, few)."""
    few = min(_NEIGHBOURS, min(map(len, groups)) - 1)
    found = np.empty((len(vectors), few), np.int64)
    for group in groups:
        for start in range(0, len(group), _BATCH):
            part = group[start : start + _BATCH]
            cosines = vectors[part] @ vectors[group].T
            cosines[np.arange(len(part)), start + np.arange(len(part))] = -np.inf
            found[part] = group[np.argsort(-cosines, axis=1)[:, :few]]
    return found


def likeness(real: Real, seed: int) -> str:
    """How near sentences are to those around them, in one language: real ones, and as many made ones."""
    chance = np.random.default_rng(seed)
    language, articles = max(real.articles.items(), key=lambda each: sum(map(len, each[1])))
    group = np.concatenate(articles)[:_COMPARED]
    made = mixed(real, chance.choice(group, len(group)), language, chance)[1]
    told = f"real {_nearness(real.vectors[group])}, made {_nearness(made)}"
    return f"mean cosine of {len(group):,} sentences ({language}) to the {_RANKS} nearest of them: {told}"


def _nearness(vectors: Vectors) -> str:
    centred = normalise(vectors - vectors.mean(axis=0))
    cosines = np.sort(centred @ centred.T, axis=1)[:, ::-1]  # the first is the sentence itself
    return " ".join(f"{cosines[:, rank].mean():.2f}" for rank in _RANKS if rank < len(vectors))


# Made ones


def make(folder: Path, size: int, real: Real, encoder: Encoder, seed: int) -> None:
    """Write a library of at least `size` sentences into a new folder; what is derived from it is still to be made."""
    folder.mkdir(parents=True)
    articles, made = _articles(real, seed), 0
    with closing(Store(folder / "library.sqlite")) as store:
        with store.transaction():
            store.set("model", encoder.name)
            store.set("encoder", encoder.fingerprint)
            store.set("dimension", str(encoder.dimension))
            store.set("store", FAISS)
        while made < size:
            with store.transaction():
                for article, parts, vectors in itertools.islice(articles, _TRANSACTION):
                    store.put(article, parts, vectors)
                    made += len(parts)
                    if made >= size:
                        break


def _articles(real: Real, seed: int) -> Iterator[tuple[Article, list[Sentence], Vectors]]:
    """Articles without end, their sentences, and the sentences' vectors, shape (n, dimension)."""
    chance = np.random.default_rng(seed)
    languages = list(real.articles)
    shares = np.array([SHARES[language] for language in languages])
    sources = 1 / np.arange(1, SOURCES + 1)
    for number in itertools.count():
        language = languages[chance.choice(len(languages), p=shares / shares.sum())]
        followed = real.articles[language][chance.integers(len(real.articles[language]))]
        texts, vectors = mixed(real, followed, language, chance)
        url = f"https://made.example/{language}/{number}"
        article = Article(
            id=article_id(url, "", ""),
            text=_SPACE[language].join(texts),
            title=texts[0],
            title_derived=True,
            language=language,
            source=source(1 + chance.choice(SOURCES, p=sources / sources.sum())),
            url=url,
            published=_day(chance),
        )
        yield article, list(_sentences(article, texts)), vectors


def mixed(real: Real, numbers: Ids, language: Language, chance: np.random.Generator) -> tuple[Texts, Vectors]:
    """For each sentence one that is made of it and of a neighbour: the texts, and their unit vectors."""
    others = real.neighbours[numbers, chance.integers(real.neighbours.shape[1], size=len(numbers))]
    shares = chance.uniform(_OWN, 1, len(numbers)).astype(np.float32)
    far = real.vectors[chance.integers(len(real.texts), size=(2, len(numbers)))]
    own = shares[:, np.newaxis]
    vectors = own * real.vectors[numbers] + (1 - own) * real.vectors[others] + _CHANCE * (far[0] - far[1])
    pairs = zip(numbers.tolist(), others.tolist(), shares.tolist(), strict=True)
    space = _SPACE[language]
    texts = [_spliced(real.texts[one], real.texts[other], share, space) for one, other, share in pairs]
    return texts, normalise(vectors)


def _spliced(one: str, other: str, share: float, space: str) -> str:
    """The first words of one sentence and the last of the other; characters, where no space is between words."""
    first, last = (one.split(space), other.split(space)) if space else (list(one), list(other))
    return space.join(first[: round(share * len(first))] + last[round(share * len(last)) :]) or one


def _sentences(article: Article, texts: Texts) -> Iterator[Sentence]:
    start = 0
    for position, text in enumerate(texts):
        end = start + len(text)
        yield Sentence(f"{article.id}-{position}", article.id, position, start, end, text, article.language)
        start = end + len(_SPACE[article.language])


def _day(chance: np.random.Generator) -> date | None:
    late = float(chance.random() ** 0.7)
    return None if chance.random() < UNDATED else FIRST_DAY + timedelta(days=int(DAYS * late))


if __name__ == "__main__":
    main()

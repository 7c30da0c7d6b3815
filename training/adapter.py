"""Teach the embedded model one space for three languages, and to prefer the sentence that answers.

    python -m training.adapter --data ../shared/training --steps 1100 --until 400 --out first.safetensors
    python -m training.adapter --data ../shared/training --steps 480 --rate 3e-4 --seed 2 --start first.safetensors \\
        --share 0.6

A student, the frozen model with LoRA adapters (Hu et al. 2021, arXiv:2106.09685), learns two things in every step.

- *One space*: the frozen model embeds English; the student embeds the Russian or Chinese side of the same sentence,
  question or name, and learns to land where the English one lies (distillation after Reimers & Gurevych 2020,
  arXiv:2004.09813), point by point and in its order of the batch.
- *The sentence that answers*: what is about the same thing as a question does not yet answer it. So questions about
  news, in any of three languages, are held against the sentences around their answer and those of two other articles,
  each article in a language drawn at random; and English and Chinese questions about encyclopaedia paragraphs against
  the sentences of those (InfoNCE with several right ones).

The second call writes `index/adapter.safetensors`, which is merged into the model when that is unpacked: 0.6 of what
was learned, because weights between the old and the new ones generalise better than either (Wortsman et al. 2022,
arXiv:2109.01903), by 5 points on xquad and 3 on news. On two cores a step takes two and a half seconds.
"""

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from platformdirs import user_cache_path
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from torch.nn import functional

from corpus.sentences import split
from corpus.types import Language
from index import bundled
from training.news import articles, is_held_out, languages, lines, place, questions

RANK = 32
MAX_TOKENS = 96
CHUNK = 16  # texts of like length that go through the model together
ORDER_TEMPERATURE, ANSWER_TEMPERATURE = 0.03, 0.03
NEIGHBOURS, QUESTIONS, NAMES = 10, 5, 3  # parallel texts of each kind in a step
ARTICLES, ASKED, WINDOW = 3, 4, 14  # of news in a step: articles, questions of each, sentences around their answers
PARAGRAPHS = 4  # of encyclopaedias, in every second step
ENGLISH = 0.15  # share of parallel news that the student sees in English too, so that English stays where it is
CARRIERS = (
    ("What did {} say?", "Что сказал {}?", "{}说了什么？"),
    ("Who is {}?", "Кто такой {}?", "{}是谁？"),
    ("{} told reporters", "{} сообщил журналистам", "{}告诉记者"),
    ("the interview with {}", "интервью: {}", "对{}的采访"),
)


@dataclass(frozen=True)
class Asked:
    """Questions and sentences; `right` and `neutral` (questions, sentences) mark what answers, and what may count."""

    questions: list[str]
    sentences: list[str]
    right: torch.Tensor
    neutral: torch.Tensor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1100)
    parser.add_argument("--until", type=int, help="stop after this step of --steps")
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="go on from these weights")
    parser.add_argument("--share", type=float, default=1.0, help="how much of what was learned to write")
    parser.add_argument("--out", type=Path, default=Path(bundled.ADAPTER))
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    plain = bundled.model_folder(user_cache_path("citewire"), adapted=False)
    teacher = SentenceTransformer(str(plain), device=device).eval()
    student = SentenceTransformer(str(plain), device=device)
    body = student[0].model
    targets = [
        name for name, module in body.named_modules() if isinstance(module, torch.nn.Linear) and "pooler" not in name
    ]
    student[0].model = get_peft_model(
        body, LoraConfig(r=RANK, lora_alpha=RANK, lora_dropout=0.0, target_modules=targets)
    )
    if options.start:
        restore(student, options.start)
    train(teacher, student, options)
    save(student, options.out, options.share)


def train(teacher: SentenceTransformer, student: SentenceTransformer, options: argparse.Namespace) -> None:
    weights = [weight for weight in student.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.rate, total_steps=options.steps, pct_start=0.06)
    chance = random.Random(options.seed)
    parallel = parallel_texts(options.data, chance)
    news, paragraphs = asked_of_news(options.data, chance), asked_of_paragraphs(options.data, chance)
    began, log = time.perf_counter(), []
    for step in range(1, (options.until or options.steps) + 1):
        source, english = next(parallel)
        batches = [next(news), next(paragraphs)] if step % 2 else [next(news)]
        texts = source + [text for batch in batches for text in batch.questions + batch.sentences]
        with torch.autocast(student.device.type, torch.bfloat16):
            with torch.no_grad():
                goal = embed(teacher, english)
            aligned, *rest = torch.split(embed(student, texts), [len(source), *map(size, batches)])
        alignment = 20 * (1 - (aligned * goal).sum(-1)).mean() + order(aligned, goal)
        answering = [answer_loss(batch, vectors) for batch, vectors in zip(batches, rest, strict=True)]
        optimiser.zero_grad()
        torch.stack([alignment, *answering]).sum().backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        log.append((alignment.item(), answering[0].item()))
        if step % 20 == 0:
            mean = [sum(values) / len(values) for values in zip(*log[-20:], strict=True)]
            print(f"{step:5} align {mean[0]:.3f} answer {mean[1]:.3f} {time.perf_counter() - began:.0f} s", flush=True)
        if step % 100 == 0:
            save(student, options.out)


def size(batch: Asked) -> int:
    return len(batch.questions) + len(batch.sentences)


def embed(model: SentenceTransformer, texts: list[str]) -> torch.Tensor:
    """Unit vectors with gradients, shape (len(texts), dimension); texts carry their prompts."""
    model[0].max_seq_length = MAX_TOKENS
    by_length = sorted(range(len(texts)), key=lambda index: len(texts[index].encode()))
    parts = []
    for start in range(0, len(texts), CHUNK):
        batch = model.preprocess([texts[index] for index in by_length[start : start + CHUNK]])
        batch = {key: value.to(model.device) if hasattr(value, "to") else value for key, value in batch.items()}
        parts.append(model(batch)["sentence_embedding"].float())
    places = torch.tensor(by_length, device=parts[0].device).argsort()
    return functional.normalize(torch.cat(parts)[places], dim=-1)


def order(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """KL divergence between the similarity distributions within the batch."""
    diagonal = torch.eye(len(student), dtype=torch.bool, device=student.device)
    goal = (teacher @ teacher.T / ORDER_TEMPERATURE).masked_fill(diagonal, -1e4).softmax(-1)
    got = (student @ teacher.T / ORDER_TEMPERATURE).masked_fill(diagonal, -1e4).log_softmax(-1)
    return functional.kl_div(got, goal, reduction="batchmean")


def answer_loss(batch: Asked, vectors: torch.Tensor) -> torch.Tensor:
    """How improbable the right sentences are among all of the batch."""
    questions, sentences = torch.split(vectors, [len(batch.questions), len(batch.sentences)])
    logits = (questions @ sentences.T / ANSWER_TEMPERATURE).masked_fill(batch.neutral.to(vectors.device), -1e4)
    right = logits.masked_fill(~batch.right.to(vectors.device), -1e4)
    return (logits.logsumexp(-1) - right.logsumexp(-1)).mean()


def parallel_texts(data: Path, chance: random.Random) -> Iterator[tuple[list[str], list[str]]]:
    """(texts for the student, their English for the teacher): neighbouring news sentences, questions and names."""
    news = [pair for pair in lines(data / "parallel_news.jsonl") if "en" in pair]
    questions = lines(data / "parallel_questions.jsonl")
    names = [(pair, key) for key in ("ru", "zh") for pair in lines(data / f"names_en_{key}.jsonl")]
    while True:
        source, english = [], []
        for _ in range(2):  # two runs of neighbours: the hardest to tell apart
            start = chance.randrange(len(news) - 2 * NEIGHBOURS)
            for pair in news[start : start + NEIGHBOURS]:
                prompt = chance.choice(("passage: ", "passage: ", "query: "))
                other = next((key for key in ("ru", "zh") if key in pair), "en")
                source.append(prompt + pair["en" if chance.random() < ENGLISH else other])
                english.append(prompt + pair["en"])
        for pair in chance.sample(questions, QUESTIONS):
            for language in ("ru", "zh"):
                source.append("query: " + pair[language])
                english.append("query: " + pair["en"])
        for pair, key in chance.sample(names, NAMES):
            carrier = chance.choice(CARRIERS)
            source.append("query: " + carrier[1 if key == "ru" else 2].format(pair[key].title()))
            english.append("query: " + carrier[0].format(pair["en"].title()))
        yield source, english


def asked_of_news(data: Path, chance: random.Random) -> Iterator[Asked]:
    """Some questions about a few articles, the articles in one language each, the questions in any."""
    asked: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for item in questions():
        if item["groups"] and not item.get("follows") and not is_held_out(place(item)):
            asked[place(item)].append(item)
    sentences = articles(data, set(asked))
    while True:
        rows, texts = [], []
        for where in chance.sample(sorted(asked), ARTICLES):
            items = chance.sample(asked[where], min(ASKED, len(asked[where])))
            language = chance.choice(languages(sentences[where]))
            for number in window(list(sentences[where]), items):
                texts.append((where, number, "passage: " + sentences[where][number][language]))
            rows += [
                (where, item, "query: " + item["question"][chance.choice(list(item["question"]))]) for item in items
            ]
        right = [[where == other and number in gold(item) for other, number, _ in texts] for where, item, _ in rows]
        neutral = [
            [where == other and number in set(item["optional"]) - gold(item) for other, number, _ in texts]
            for where, item, _ in rows
        ]
        yield Asked(
            [text for *_, text in rows], [text for *_, text in texts], torch.tensor(right), torch.tensor(neutral)
        )


def gold(item: dict[str, Any]) -> set[int]:
    return {number for group in item["groups"] for number in group}


def window(numbers: list[int], items: list[dict[str, Any]]) -> list[int]:
    """The headline, the answers and the sentences nearest to them, in order."""
    answers = {number for item in items for number in gold(item)}
    near = sorted(numbers[1:], key=lambda number: min(abs(number - answer) for answer in answers))
    return [numbers[0], *sorted(near[: WINDOW + len(answers)])]


def asked_of_paragraphs(data: Path, chance: random.Random) -> Iterator[Asked]:
    """Some questions about a few encyclopaedia paragraphs in one language, against all of their sentences."""
    by_language: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for item in lines(data / "reading.jsonl"):
        if item["answer"] is not None and len(item["context"]) < 1200:
            by_language[item["language"]][item["context"]].append(item)
    while True:
        paragraphs = by_language[chance.choice(("en", "zh"))]
        asked, sentences, answers = [], [], []
        for context in chance.sample(list(paragraphs), PARAGRAPHS):
            items = paragraphs[context]
            spans = split(context, Language(items[0]["language"]))
            for item in chance.sample(items, min(3, len(items))):
                answer = next((i for i, (start, end) in enumerate(spans) if start <= item["start"] < end), None)
                if answer is not None:
                    asked.append("query: " + item["question"])
                    answers.append(len(sentences) + answer)
            sentences += ["passage: " + context[start:end] for start, end in spans]
        if asked:
            right = functional.one_hot(torch.tensor(answers), len(sentences)).bool()
            yield Asked(asked, sentences, right, torch.zeros_like(right))


def restore(student: SentenceTransformer, path: Path) -> None:
    tensors = load_file(path)
    with torch.no_grad():
        for name, weight in student[0].model.named_parameters():
            if weight.requires_grad:
                weight.copy_(tensors[target_of(name)])


def save(student: SentenceTransformer, path: Path, share: float = 1.0) -> None:
    """Each adapter as two half-precision matrices named for the weight that their product is added to."""
    tensors = {}
    for name, weight in student[0].model.named_parameters():
        if weight.requires_grad:
            scale = share if "lora_B" in name else 1.0
            tensors[target_of(name)] = (scale * weight.detach().cpu()).to(torch.float16).contiguous()
    save_file(tensors, path)


def target_of(name: str) -> str:
    """The name of the weight that an adapter's matrix belongs to, with which of the two it is."""
    return name.removeprefix("base_model.model.").replace(".default", "").removesuffix(".weight")


if __name__ == "__main__":
    main()

"""Teach the embedded model one space for three languages, and to prefer the sentence that answers.

    python training/adapter.py --data ../shared/training --steps 240

The frozen model embeds English; the student, the same model with LoRA adapters (Hu et al. 2021, arXiv:2106.09685),
embeds the Russian or Chinese side of the same sentence and learns to land where the English one lies (distillation
after Reimers & Gurevych 2020, arXiv:2004.09813), both point by point and in its order of the batch. In the same steps
it learns from question → sentence pairs, each against the other sentences of its paragraphs (InfoNCE), because what
is about the same thing as a question does not yet answer it. Writes `index/adapter.safetensors`, which is merged
into the model when that is unpacked.
"""

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from platformdirs import user_cache_path
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from torch.nn import functional

from corpus.sentences import split
from corpus.types import Language
from index import bundled

RANK, ALPHA = 16, 16
RATE = 4e-4
MAX_TOKENS = 96
TEMPERATURE, QA_TEMPERATURE = 0.03, 0.05
NEWS, QUESTIONS, PARAGRAPHS = 20, 6, 4  # items of each kind in a step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
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
        body, LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=targets)
    )
    train(teacher, student, options)
    save(student, options.out)


def train(teacher: SentenceTransformer, student: SentenceTransformer, options: argparse.Namespace) -> None:
    weights = [weight for weight in student.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=options.steps, pct_start=0.1)
    chance = random.Random(options.seed)
    parallel, paragraphs = parallel_batches(options.data, chance), paragraph_batches(options.data, chance)
    began, log = time.perf_counter(), []
    for step in range(1, options.steps + 1):
        source, english = next(parallel)
        with torch.no_grad():
            goal = embed(teacher, english)
        aligned = embed(student, source)
        alignment = 20 * (1 - (aligned * goal).sum(-1)).mean() + order(aligned, goal)
        questions, sentences, answers = next(paragraphs)
        logits = embed(student, questions) @ embed(student, sentences).T / QA_TEMPERATURE
        answering = functional.cross_entropy(logits, torch.tensor(answers, device=logits.device))
        loss = alignment + answering
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        log.append((alignment.item(), answering.item()))
        if step % 10 == 0:
            mean = [sum(values) / len(values) for values in zip(*log[-10:], strict=True)]
            print(f"{step:5} align {mean[0]:.3f} answer {mean[1]:.3f} {time.perf_counter() - began:.0f} s", flush=True)
            if step % 60 == 0:
                save(student, options.out)


def embed(model: SentenceTransformer, texts: list[str]) -> torch.Tensor:
    """Unit vectors with gradients, shape (len(texts), dimension); texts carry their prompts."""
    model[0].max_seq_length = MAX_TOKENS
    batch = model.preprocess(texts)
    batch = {key: value.to(model.device) if hasattr(value, "to") else value for key, value in batch.items()}
    with torch.autocast(model.device.type, torch.bfloat16):
        vectors = model(batch)["sentence_embedding"]
    return functional.normalize(vectors.float(), dim=-1)


def order(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """KL divergence between the similarity distributions within the batch."""
    diagonal = torch.eye(len(student), dtype=torch.bool, device=student.device)
    goal = (teacher @ teacher.T / TEMPERATURE).masked_fill(diagonal, -1e4).softmax(-1)
    got = (student @ teacher.T / TEMPERATURE).masked_fill(diagonal, -1e4).log_softmax(-1)
    return functional.kl_div(got, goal, reduction="batchmean")


def parallel_batches(data: Path, chance: random.Random) -> Iterator[tuple[list[str], list[str]]]:
    """(texts for the student, their English for the teacher): neighbouring news sentences, and questions."""
    news = [pair for pair in read(data / "parallel_news.jsonl") if "en" in pair]
    questions = read(data / "parallel_questions.jsonl")
    while True:
        source, english = [], []
        for _ in range(2):  # two runs of neighbours: the hardest to tell apart
            start = chance.randrange(len(news) - NEWS)
            for pair in news[start : start + NEWS // 2]:
                prompt = chance.choice(("passage: ", "passage: ", "query: "))
                other = next((key for key in ("ru", "zh") if key in pair), "en")
                source.append(prompt + pair["en" if chance.random() < 0.15 else other])
                english.append(prompt + pair["en"])
        for pair in chance.sample(questions, QUESTIONS):
            for language in ("ru", "zh"):
                source.append("query: " + pair[language])
                english.append("query: " + pair["en"])
        yield source, english


def paragraph_batches(data: Path, chance: random.Random) -> Iterator[tuple[list[str], list[str], list[int]]]:
    """(questions, sentences, index of each question's sentence) of some paragraphs in one language."""
    by_language: dict[str, dict[str, list[dict[str, object]]]] = defaultdict(lambda: defaultdict(list))
    for item in read(data / "reading.jsonl"):
        if item["answer"] is not None and len(item["context"]) < 1200:
            by_language[item["language"]][item["context"]].append(item)
    while True:
        paragraphs = by_language[chance.choice(("en", "zh"))]
        questions, sentences, answers = [], [], []
        for context in chance.sample(list(paragraphs), PARAGRAPHS):
            items = paragraphs[context]
            spans = split(context, Language(items[0]["language"]))
            for item in chance.sample(items, min(3, len(items))):
                place = next((i for i, (start, end) in enumerate(spans) if start <= item["start"] < end), None)
                if place is not None:
                    questions.append("query: " + item["question"])
                    answers.append(len(sentences) + place)
            sentences += ["passage: " + context[start:end] for start, end in spans]
        if questions:
            yield questions, sentences, answers


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def save(student: SentenceTransformer, path: Path) -> None:
    """Each adapter as two half-precision matrices named for the weight that their product is added to."""
    tensors = {}
    for name, weight in student[0].model.named_parameters():
        if weight.requires_grad:
            target = name.removeprefix("base_model.model.").replace(".default", "").removesuffix(".weight")
            scale = ALPHA / RANK if "lora_B" in target else 1.0
            tensors[target] = (weight.detach().cpu() * scale).to(torch.float16).contiguous()
    save_file(tensors, path)


if __name__ == "__main__":
    main()

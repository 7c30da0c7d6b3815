"""Train the reader: does a sentence answer a question, and with which words?

    python -m training.reader --data ../shared/training --steps 1250 --out first.safetensors
    python -m training.reader --data ../shared/training --steps 7500 --start first.safetensors --seed 9 --last

The model is the adapted encoder's transformer with three numbers for each token: how well an answer begins there, how
well it ends there, and how much the token speaks for its sentence (qa/passages.py, qa/reader.py). All of its layers are
trained; the vectors of words and positions stay the encoder's, which it shares them with.

It reads passages of up to 160 tokens, drawn at random:

- *News* (training/questions.jsonl): questions in any of three languages about articles in any of theirs. Six in ten
  passages hold an answer; the others are the sentences of the same article, or of another, that the encoder finds
  nearest to the question (hard negatives). A third of the questions have no answer though they look as if they had.
- *Encyclopaedia paragraphs* (SQuAD 2.0, CMRC 2018, DRCD; Rajpurkar et al. 2018, arXiv:1806.03822), English and Chinese,
  with their own questions and ours in three languages (training/paragraphs.jsonl).
- Some questions get another number or year than they had, and no answer any more.

Losses: for spans the cross-entropy of the first and the last token, the first token of all standing for "no answer"
(Devlin et al. 2019, arXiv:1810.04805); for sentences the cross-entropy among those of the passage and "none", and half
the binary one, since several may answer. On two cores a step of 17 passages takes two thirds of a second; torch
compiles the layers first, for which it needs a C++ compiler.

The last call lets the rate fall to nothing and writes `qa/reader.safetensors`: each row of a matrix as 8-bit integers
with a scale, a quarter of the size.
"""

import argparse
import hashlib
import math
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from platformdirs import user_cache_path
from safetensors import numpy as safetensors
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from torch import nn
from torch.nn import functional
from transformers import AutoModel

from corpus.sentences import split
from corpus.types import Language
from index import bundled
from index.runtime import Words
from qa.passages import MAX_TOKENS, Pieced, Pieces, Sheet, overhead, sheet
from qa.reader import SCALE, unpacked
from training.news import Place, articles, is_held_out, languages, lines, place, questions

PARAGRAPHS = Path(__file__).with_name("paragraphs.jsonl")
OUT = Path(__file__).parents[1] / "qa" / "reader.safetensors"
BATCH_TOKENS = 2300
POOL = 400  # passages that are sorted by length before they are cut into batches
WARM = 0.03  # of the steps
NEWS = 0.5  # of the passages
ANSWERED, ELSEWHERE = 0.6, 0.5  # of passages about questions with an answer; of the others, from another article
SWAPPED = 0.1  # of the questions with an answer in view, where they name a number
UNTITLED = 0.25
LENGTHS = (1, 2, 3, 9, 9, 9, 9)  # sentences of a passage, if they fit


@dataclass(frozen=True)
class Example:
    """A sheet, which of its sentences answer (1), do not (0) or may count (-1), and the answer's tokens.

    `spans` are the first and last tokens of the answer wherever it stands; empty when there is none, None when where it
    stands is not known.
    """

    sheet: Sheet
    labels: list[int]
    spans: list[tuple[int, int]] | None


@dataclass(frozen=True)
class Passage:
    """What an example is made from: consecutive sentences, one to be in it, some to stay out, labels and spans of all.

    A span is the `[start, end)` of the answer in its sentence.
    """

    question: str
    title: str
    sentences: list[str]
    at: int
    barred: set[int]
    labels: list[int]
    spans: dict[int, tuple[int, int]] | None


class Network(nn.Module):
    """A transformer, and three scores for each of its tokens."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.head = body, nn.Linear(width, 3)

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.head(self.body(**inputs).last_hidden_state.float())
        return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1400)
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--last", action="store_true", help="let the rate fall to nothing, and write small weights")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layers", type=int, help="use only so many of the lower layers")
    parser.add_argument("--start", type=Path, help="go on from these weights")
    parser.add_argument("--out", type=Path, help="where to write; with --last, qa/reader.safetensors without it")
    options = parser.parse_args()
    options.out = options.out or (OUT if options.last else None) or parser.error("--out is needed without --last")
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = SentenceTransformer(str(bundled.model_folder(user_cache_path("citewire"))), device=device)
    network = untrained(encoder, options.layers).to(device)
    if options.start:
        start(network, options.start)
    train(network, encoder, options)


def start(network: Network, path: Path) -> None:
    weights = {name: torch.from_numpy(values) for name, values in unpacked(safetensors.load_file(path)).items()}
    head = {name.removeprefix("head."): weights.pop(name) for name in list(weights) if name.startswith("head.")}
    network.head.load_state_dict(head)
    network.body.load_state_dict(weights, strict=False)


def untrained(encoder: SentenceTransformer, layers: int | None = None) -> Network:
    """The encoder's transformer with a new head; what it shares with the encoder is not trained."""
    body = AutoModel.from_pretrained(
        str(bundled.model_folder(user_cache_path("citewire"))),
        add_pooling_layer=False,
        attn_implementation="eager",  # on a processor its gradients take half the time of the fused one's
        hidden_dropout_prob=0.0,  # the loss on what it has seen is still far from nothing
        attention_probs_dropout_prob=0.0,
    )
    body.encoder.layer = body.encoder.layer[:layers]
    body.encoder.compile(dynamic=True)
    for shared in (body.embeddings.word_embeddings, body.embeddings.position_embeddings):
        shared.weight.requires_grad_(False)
    return Network(body, encoder[0].model.config.hidden_size)


def train(network: Network, encoder: SentenceTransformer, options: argparse.Namespace) -> None:
    chance = random.Random(options.seed)
    pieced = Pieced(Words(bundled.model_folder(user_cache_path("citewire"))).tokenizer)
    sources = {Paragraphs(options.data, chance): 1 - NEWS, News(options.data, encoder, chance): NEWS}
    stream = batches(sources, pieced, chance)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.01, fused=True)

    def rate(step: int) -> float:
        left = (options.steps - step) / options.steps if options.last else 1.0
        return min(1.0, (step + 1) / (WARM * options.steps)) * left

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    network.train()
    began, log = time.perf_counter(), []
    for step in range(1, options.steps + 1):
        batch = next(stream)
        with torch.autocast(encoder.device.type, torch.bfloat16):
            scores = network(**inputs_of(batch, network.body.config.pad_token_id, encoder.device))
        sentence, span = losses(batch, scores.float().cpu())
        optimiser.zero_grad(set_to_none=True)
        (sentence + span).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        log.append((sentence.item(), span.item()))
        if step % 50 == 0:
            mean = np.mean(log[-50:], axis=0)
            print(f"{step:5} sentence {mean[0]:.3f} span {mean[1]:.3f} {time.perf_counter() - began:.0f} s", flush=True)
        if step % 250 == 0 or step == options.steps:
            save(network, options.out, small=options.last)


def save(network: Network, path: Path, *, small: bool) -> None:
    """What was trained, by the names that the transformer alone gives its weights (qa/reader.py reads them)."""
    kept: dict[str, torch.Tensor] = {}
    for name, weight in network.named_parameters():
        name, values = name.removeprefix("body."), weight.detach().cpu()
        if weight.requires_grad and small and name.startswith("encoder") and values.dim() == 2:
            scale = (values.abs().amax(1) / 127).clamp_min(1e-9)
            kept |= {name: (values / scale[:, None]).round().to(torch.int8), name + SCALE: scale}
        elif weight.requires_grad:
            kept[name] = values
    beside = path.with_suffix(".part")
    save_file(kept, beside)
    beside.replace(path)


class News:
    """Passages from articles whose questions the ranker is not fitted on, each in one of its languages."""

    def __init__(self, data: Path, encoder: SentenceTransformer, chance: random.Random) -> None:
        self._chance = chance
        self._items = [item for item in questions() if not is_held_out(place(item)) and not item.get("follows")]
        self._articles = articles(data, {place(item) for item in self._items})
        self._keys = [(where, number) for where, texts in self._articles.items() for number in texts]
        self._rows = {key: row for row, key in enumerate(self._keys)}
        english = [self._articles[where][number][Language.EN] for where, number in self._keys]
        asked = [item["question"][Language.EN] for item in self._items]
        with torch.autocast(encoder.device.type, torch.bfloat16):
            vectors = encoder.encode(english, prompt_name="passage", batch_size=64, show_progress_bar=False)
            wanted = encoder.encode(asked, prompt_name="query", batch_size=64, show_progress_bar=False)
        self._vectors, self._wanted = np.asarray(vectors, np.float32), np.asarray(wanted, np.float32)

    def draw(self) -> Passage | None:
        chance = self._chance
        index = chance.randrange(len(self._items))
        item = self._items[index]
        where = place(item)
        gold = {number for group in item["groups"] for number in group}
        language = chance.choice(languages(self._articles[where]))
        barred: set[int] = set()
        if gold and chance.random() < ANSWERED:
            at = chance.choice(sorted(gold))
        elif gold and chance.random() < ELSEWHERE:
            nearest = self._nearest_elsewhere(index, where, language)
            if nearest is None:
                return None
            where, at = nearest
            gold = set()
        else:
            barred = gold | set(item["optional"])
            free = [number for number in self._articles[where] if number not in barred]
            if not free:
                return None
            near = [number for number in item.get("near", []) if number in free]
            at = chance.choice(near) if near and chance.random() < 0.5 else self._nearest(index, where, free)
        texts = self._articles[where]
        numbers = list(texts)
        maybe = set(item["optional"]) if where == place(item) else set()
        marked = {int(number): spans[language] for number, spans in item.get("spans", {}).items() if language in spans}
        return Passage(
            question=item["question"][chance.choice(list(item["question"]))],
            title=texts[numbers[0]][language],
            sentences=[texts[number][language] for number in numbers],
            at=numbers.index(at),
            barred={numbers.index(number) for number in barred if number in texts},
            labels=[1 if number in gold else -1 if number in maybe else 0 for number in numbers],
            spans={numbers.index(number): tuple(marked[number]) for number in gold if number in marked},
        )

    def _nearest(self, index: int, where: Place, numbers: Sequence[int]) -> int:
        rows = [self._rows[where, number] for number in numbers]
        ordered = np.argsort(-(self._vectors[rows] @ self._wanted[index]))
        return numbers[ordered[min(int(self._chance.expovariate(0.6)), len(ordered) - 1)]]

    def _nearest_elsewhere(self, index: int, where: Place, language: Language) -> tuple[Place, int] | None:
        ordered = np.argsort(-(self._vectors @ self._wanted[index]))[:100]
        near = [self._keys[row] for row in ordered if self._keys[row][0] != where]
        spoken = [key for key in near if language in languages(self._articles[key[0]])]
        return self._chance.choice(spoken[:8]) if spoken else None


class Paragraphs:
    """Passages from encyclopaedia paragraphs, with their questions and ours."""

    def __init__(self, data: Path, chance: random.Random) -> None:
        self._chance = chance
        rows = lines(data / "reading.jsonl")
        named = {key_of(row["context"]): row for row in rows}
        spans = [(row["start"], row["start"] + len(row["answer"])) if row["answer"] else None for row in rows]
        self._items = [(row["question"], row, span) for row, span in zip(rows, spans, strict=True)]
        for item in lines(PARAGRAPHS):
            span = tuple(item["span"]) if item["span"] else None
            self._items += [(asked, named[item["paragraph"]], span) for asked in item["question"].values()]
        self._cuts = {row["context"]: split(row["context"], Language(row["language"])) for row in named.values()}

    def draw(self) -> Passage | None:
        question, row, span = self._chance.choice(self._items)
        context, cuts = row["context"], self._cuts[row["context"]]
        gold = next((place for place, (start, end) in enumerate(cuts) if span and start <= span[0] < end), None)
        if span and gold is None:
            return None
        others = [place for place in range(len(cuts)) if place != gold]
        shown = gold is not None and (self._chance.random() < 0.85 or not others)
        return Passage(
            question=question,
            title=row["title"],
            sentences=[context[start:end] for start, end in cuts],
            at=gold if shown else self._chance.choice(others or [0]),
            barred=set() if shown or gold is None else {gold},
            labels=[int(place == gold) for place in range(len(cuts))],
            spans={gold: (span[0] - cuts[gold][0], span[1] - cuts[gold][0])} if span and gold is not None else {},
        )


def key_of(paragraph: str) -> str:
    """The name by which training/paragraphs.jsonl knows a paragraph."""
    return hashlib.blake2b(paragraph.encode(), digest_size=5).hexdigest()


def batches(sources: dict[Any, float], pieced: Pieced, chance: random.Random) -> Iterator[list[Example]]:
    """Examples of like length together, in random order, without end."""
    while True:
        pool: list[Example] = []
        while len(pool) < POOL:
            (source,) = chance.choices(list(sources), list(sources.values()))
            if passage := source.draw():
                pool.append(example(passage, pieced, chance))
        pool.sort(key=lambda each: len(each.sheet.ids) + 8 * chance.random())
        cut: list[list[Example]] = [[]]
        for each in pool:
            if (len(cut[-1]) + 1) * len(each.sheet.ids) > BATCH_TOKENS:
                cut.append([])
            cut[-1].append(each)
        chance.shuffle(cut)
        yield from cut


def example(passage: Passage, pieced: Pieced, chance: random.Random) -> Example:
    pieces = pieced.cut(passage.sentences)
    title = Pieces([], []) if chance.random() < UNTITLED else pieced.cut([passage.title])[0]
    question = pieced.question(passage.question)
    lengths = [len(each.ids) + 1 for each in pieces]
    view = window(lengths, passage.at, passage.barred, MAX_TOKENS - overhead(question, title), chance)
    labels = [passage.labels[place] for place in view]
    spans = {view.index(place): span for place, span in passage.spans.items() if place in view}
    if 1 in labels and chance.random() < SWAPPED:
        other = swapped(passage.question, " ".join(passage.sentences), chance)
        if other:
            question, labels, spans = pieced.question(other), [0] * len(labels), {}
    page = sheet(pieced, question, title, [pieces[place] for place in view])
    if 1 not in labels:
        return Example(page, labels, [])
    return Example(page, labels, token_spans(page, spans) or None)


def window(lengths: Sequence[int], at: int, barred: set[int], room: int, chance: random.Random) -> range:
    """Sentences around `at` that fit into the room, without those barred."""
    first = last = at
    room -= lengths[at]
    for _ in range(chance.choice(LENGTHS) - 1):
        sides = [
            side
            for side in (first - 1, last + 1)
            if 0 <= side < len(lengths) and side not in barred and lengths[side] <= room
        ]
        if not sides:
            break
        side = chance.choice(sides)
        first, last, room = min(first, side), max(last, side), room - lengths[side]
    return range(first, last + 1)


def token_spans(page: Sheet, spans: dict[int, tuple[int, int]]) -> list[tuple[int, int]]:
    """The first and last tokens of spans of characters, by sentence, as far as the sheet holds all of them."""
    found = []
    for sentence, (start, end) in spans.items():
        offsets = {token: page.offsets[token - page.begin] for token in page.tokens[sentence]}
        inside = [token for token, (begin, stop) in offsets.items() if begin < end and stop > max(start, begin)]
        if inside and offsets[inside[-1]][1] >= end:
            found.append((inside[0], inside[-1]))
    return found


def swapped(question: str, text: str, chance: random.Random) -> str | None:
    """The question with another number where it names one, other than those of the text; None where it names none."""
    numbers = list(re.finditer(r"\d{1,4}", question))
    if not numbers:
        return None
    number = chance.choice(numbers)
    other = str(max(1, int(number.group()) + chance.choice((-7, -4, -3, -2, -1, 1, 2, 3, 5, 8))))
    return None if other in text else question[: number.start()] + other + question[number.end() :]


def inputs_of(batch: Sequence[Example], padding: int, device: torch.device) -> dict[str, torch.Tensor]:
    rows = padded([each.sheet for each in batch], padding)
    return {name: torch.tensor(values, device=device) for name, values in rows.items()}


def padded(sheets: Sequence[Sheet], padding: int) -> dict[str, list[list[int]]]:
    """The inputs of a BERT-like model, all as long as the longest; the sentences are its second segment."""
    width = max(len(each.ids) for each in sheets)
    spare = [width - len(each.ids) for each in sheets]
    return {
        "input_ids": [each.ids + [padding] * more for each, more in zip(sheets, spare, strict=True)],
        "attention_mask": [[1] * len(each.ids) + [0] * more for each, more in zip(sheets, spare, strict=True)],
        "token_type_ids": [
            [0] * each.begin + [1] * (len(each.ids) - each.begin) + [0] * more
            for each, more in zip(sheets, spare, strict=True)
        ],
    }


def losses(batch: Sequence[Example], scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean losses of sentences and of spans; `scores` has the shape (examples, tokens, 3)."""
    of_sentences, of_spans = [], []
    for each, score in zip(batch, scores, strict=True):
        logits, labels = sentence_logits(each.sheet, score[:, 2]), torch.tensor(each.labels)
        counted = labels >= 0
        binary = functional.binary_cross_entropy_with_logits(logits[counted], labels[counted].float(), reduction="sum")
        of_sentences.append(binary / 2)
        right = torch.cat([torch.tensor([1 not in each.labels]), labels == 1])
        if counted.all() or 1 in each.labels:
            among = torch.cat([logits.new_zeros(1), logits.masked_fill(~counted, -1e4)])
            of_sentences.append(among.logsumexp(0) - among[right].logsumexp(0))
        if each.spans is not None:
            inside = [0, *(each.sheet.begin + at for at, (start, end) in enumerate(each.sheet.offsets) if end > start)]
            places = {token: at for at, token in enumerate(inside)}
            firsts, lasts = score[inside, 0].log_softmax(0), score[inside, 1].log_softmax(0)
            pairs = [firsts[places[first]] + lasts[places[last]] for first, last in each.spans or [(0, 0)]]
            of_spans.append(-torch.stack(pairs).logsumexp(0))
    return torch.stack(of_sentences).sum() / len(batch), torch.stack(of_spans).mean() if of_spans else 0 * scores.sum()


def sentence_logits(page: Sheet, scores: torch.Tensor) -> torch.Tensor:
    """One for each sentence: the soft maximum of its tokens' scores."""
    return torch.stack([scores[each.start : each.stop].logsumexp(0) - math.log(len(each)) for each in page.tokens])


if __name__ == "__main__":
    main()

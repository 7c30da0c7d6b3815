"""Learn which spellings of foreign names each Chinese syllable stands for. Writes index/transcription.json.

    python -m training.names --data ../shared/training

Data: names_en_zh.jsonl and names_en_ru.jsonl (Wikidata, CC0). Expectation maximisation over all ways to cut a spelling
(Latin, or Cyrillic romanised) into as many pieces as the Chinese name has syllables; then each pair's best cut is
counted, `^` and `$` marking a name's ends. Pairs whose best cut is unlikely are not transcriptions (Ozawa, 绪方) and
are left out, and so is the tenth of the names that benchmarks/names.py measures with.
"""

import argparse
import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from index.names import LONGEST, MET, han_syllables, romanised

OUT = Path(__file__).parents[1] / "index" / "transcription.json"
ROUNDS = 6
LIKELY = -0.95  # log probability of a pair's best cut, by letter and syllable
SEEN = 3  # a piece counted less often is chance
OPTIONS = 8  # syllables kept for a piece

Syllables = tuple[str, ...]
Pair = tuple[str, Syllables]
Chances = dict[tuple[str, str], float]  # of a piece, given its syllable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    pairs = list(dict.fromkeys(training_pairs(read(data / "names_en_zh.jsonl"), read(data / "names_en_ru.jsonl"))))
    chances: Chances = {}
    for _ in range(ROUNDS):
        chances = expect(pairs, chances)
    counted, used = count_pieces(pairs, chances)
    pieces = {
        piece: dict(sorted(syllables.items(), key=lambda item: -item[1])[:OPTIONS])
        for piece, syllables in sorted(counted.items())
    }
    result = {
        "provenance": {
            "made_by": "training/names.py",
            "data": "names_en_zh.jsonl and names_en_ru.jsonl: Wikidata by way of NETransliteration-COLING2018, CC0",
            "pairs": used,
            "held_out": "names whose SHA-256's first byte is a multiple of 10",
            "meaning": "how often a piece of a romanised name (^ and $ are its ends) was written so in Chinese; "
            "*: how often it was met where a syllable begins, cut so or not",
        },
        "pieces": pieces,
    }
    OUT.write_text(one_line_each(json.dumps(result, indent=1)), encoding="utf-8")
    print(f"{used} of {len(pairs)} pairs, {len(pieces)} pieces, {OUT.stat().st_size // 1024} KB")


def read(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def held_out(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % 10 == 0


def training_pairs(chinese: list[dict[str, str]], russian: list[dict[str, str]]) -> Iterator[Pair]:
    """Latin and romanised Cyrillic spellings with Chinese syllables; nothing held out, in any script."""
    kept = {name["zh"] for name in chinese if held_out(name["en"])} | {
        name["ru"] for name in russian if held_out(name["en"])
    }
    cyrillic = {name["en"]: name["ru"] for name in russian if name["ru"] not in kept}
    for name in chinese:
        if held_out(name["en"]) or name["zh"] in kept:
            continue
        syllables = han_syllables(name["zh"])
        for spelling in (name["en"], cyrillic.get(name["en"], "")):
            letters = romanised(spelling)
            if 2 <= len(letters) <= 14 and 1 <= len(syllables) <= 8:
                yield letters, syllables


def expect(pairs: list[Pair], chances: Chances) -> Chances:
    """One round: expected counts of each piece, over all cuts, become its new chances."""
    counts: defaultdict[tuple[str, str], float] = defaultdict(float)
    for letters, syllables in pairs:
        for piece, syllable, expected in expected_pieces(letters, syllables, chances):
            counts[piece, syllable] += expected
    totals: defaultdict[str, float] = defaultdict(float)
    for (_piece, syllable), count in counts.items():
        totals[syllable] += count
    return {
        key: count / (totals[key[1]] + 2) for key, count in counts.items() if count > (0.3 if chances else 0.05)
    }  # the 2: a syllable seen once or twice explains little


def expected_pieces(letters: str, syllables: Syllables, chances: Chances) -> Iterator[tuple[str, str, float]]:
    """Forward and backward sums over all cuts of one pair."""
    length, number = len(letters), len(syllables)
    forward = [[0.0] * (length + 1) for _ in range(number + 1)]
    forward[0][0] = 1.0
    arcs = []
    for step, syllable in enumerate(syllables):
        for start in range(length + 1):
            if not forward[step][start]:
                continue
            for end in range(start, min(start + LONGEST, length) + 1):
                if chance := piece_chance(letters[start:end], syllable, chances):
                    arcs.append((step, start, end, chance))
                    forward[step + 1][end] += forward[step][start] * chance
    if not (total := forward[number][length]):
        return
    backward = [[0.0] * (length + 1) for _ in range(number + 1)]
    backward[number][length] = 1.0
    for step, start, end, chance in reversed(arcs):
        after = chance * backward[step + 1][end]
        if after:
            backward[step][start] += after
            if (expected := forward[step][start] * after / total) > 1e-4:
                yield letters[start:end], syllables[step], expected


def piece_chance(piece: str, syllable: str, chances: Chances) -> float:
    """Before the first round: a syllable likes two letters, and its own initial."""
    if chances:
        return chances.get((piece, syllable), 0.0)
    return (0.03, 0.25, 0.035, 0.002, 1e-4, 3e-6)[len(piece)] * (1.0 if piece[:1] == syllable[:1] else 0.2)


def count_pieces(pairs: list[Pair], chances: Chances) -> tuple[dict[str, dict[str, int]], int]:
    """The pieces of every likely pair's best cut, and how many pairs were likely."""
    counts: Counter[tuple[str, str]] = Counter()
    met: Counter[str] = Counter()
    used = 0
    for letters, syllables in pairs:
        score, pieces = best_cut(letters, syllables, chances)
        if score < LIKELY * (len(letters) + len(syllables)):
            continue
        used += 1
        marked = ["", *pieces, ""]
        marked[1] = f"^{marked[1]}"
        last = max(index for index, piece in enumerate(marked) if piece.strip("^"))
        marked[last] += "$"  # what follows writes no letter
        counts.update(zip(marked[1:-1], syllables, strict=True))
        met.update(beginnings(marked))
    by_piece: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (piece, syllable), count in counts.items():
        if count >= SEEN and piece.strip("^$"):
            by_piece[piece][syllable] = count
    return {piece: syllables | {MET: met[piece]} for piece, syllables in by_piece.items()}, used


def beginnings(pieces: list[str]) -> Iterator[str]:
    """All that a piece could have been wherever one began."""
    for index, piece in enumerate(pieces):
        if piece:
            rest = "".join(pieces[index:])
            yield from (rest[:length] for length in range(1, min(LONGEST + 2, len(rest)) + 1))


def best_cut(letters: str, syllables: Syllables, chances: Chances) -> tuple[float, tuple[str, ...]]:
    best: dict[int, tuple[float, tuple[str, ...]]] = {0: (0.0, ())}
    for syllable in syllables:
        reached: dict[int, tuple[float, tuple[str, ...]]] = {}
        for start, (score, pieces) in best.items():
            for end in range(start, min(start + LONGEST, len(letters)) + 1):
                if chance := chances.get((letters[start:end], syllable)):
                    candidate = (score + math.log(chance), (*pieces, letters[start:end]))
                    reached[end] = max(reached.get(end, candidate), candidate)
        best = reached
    return best.get(len(letters), (-math.inf, ()))


def one_line_each(text: str) -> str:
    """JSON with one line for each piece."""
    return text.replace("{\n   ", "{").replace(",\n   ", ", ").replace("\n  }", "}") + "\n"


if __name__ == "__main__":
    main()

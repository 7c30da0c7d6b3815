"""How well names meet across scripts by the terms of the index alone.

    python benchmarks/names.py --data ../shared/training

Each held-out name is asked for in one script among 6,000 names of the other. A name's score is the sum of the rarities
of the terms it shares with the question's unit; where several are best, each counts for its share. `found`: it shares
a term at all; `others`: how many wrong names do. Held out are the names whose hash training/names.py leaves out. Slavic
are those whose Russian and Latin spellings both end like Slavic surnames or patronymics. The data are noisy: some
spellings are other people's or short forms, so that nothing can reach 1.
"""

import argparse
import hashlib
import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from index.terms import query_units, terms

POOL = 6_000
ASKED = 400
SLAVIC_LATIN = re.compile(
    "([oe]v|[kčžcz]in|[czs]hin|s[ck]i|sk[iy]y|sky|skii|enko|[iy]ch|i[ćč]|[oe]va|kina|hina|ska(ya)?|uk)$"
)
SLAVIC_CYRILLIC = re.compile("([оеё]в|[кшжц]ин|[сц]кий|енко|ич|[оеё]ва|[кшжц]ина|[сц]кая|[чщ]ук|юк)$")
MARKS = "~=#@^"  # of terms that names have, see index/terms.py
HAN = re.compile("[\u4e00-\u9fff]+")
Pairs = list[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    russian = read(data / "names_en_ru.jsonl", "ru")
    chinese = [(latin, han) for latin, han in read(data / "names_en_zh.jsonl", "zh") if HAN.fullmatch(han)]
    slavic = {latin for latin, cyrillic in russian if SLAVIC_LATIN.search(latin) and SLAVIC_CYRILLIC.search(cyrillic)}
    print("| names | asked → found in | acc@1 | found | others | asked |\n|---|---|---|---|---|---|")
    for kind, chosen in (("Slavic", slavic), ("all", None)):
        for way, pairs in (
            ("zh → Latin", [(han, latin) for latin, han in chinese]),
            ("Latin → zh", chinese),
            ("ru → Latin", [(cyrillic, latin) for latin, cyrillic in russian]),
        ):
            latin_side = 0 if way == "Latin → zh" else 1
            print(f"| {kind} | {way} | {measure(pairs, latin_side, chosen)} |", flush=True)


def read(path: Path, key: str) -> Pairs:
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [(line["en"], line[key]) for line in lines]


def held_out(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % 10 == 0


def measure(pairs: Pairs, latin_side: int, chosen: Collection[str] | None) -> str:
    """One row: held-out names against a pool that holds their partners and others at random."""
    draw = random.Random(1)
    held = [pair for pair in pairs if held_out(pair[latin_side]) and (chosen is None or pair[latin_side] in chosen)]
    asked = draw.sample(held, min(ASKED, len(held)))
    pool = dict.fromkeys(name for _question, name in asked)
    for _question, name in draw.sample(pairs, 2 * POOL):
        if len(pool) < POOL:
            pool[name] = None
    partners = defaultdict(set)
    for question, name in pairs:
        partners[question].add(name)
    holders = holders_of_terms(pool)
    right = found = others = 0.0
    for question in sorted({question for question, _name in asked}):
        scores = score(question, holders)
        best = [name for name, value in scores.items() if value == max(scores.values())]
        right += sum(name in partners[question] for name in best) / max(len(best), 1)
        found += any(name in partners[question] for name in scores)
        others += sum(name not in partners[question] for name in scores)
    number = len({question for question, _name in asked})
    return f"{right / number:.3f} | {found / number:.3f} | {others / number:.1f} | {number}"


def holders_of_terms(pool: Iterable[str]) -> Mapping[str, set[str]]:
    holders = defaultdict(set)
    for name in pool:
        for term in terms(name.title()):
            if term[0] in MARKS:
                holders[term].add(name)
    return holders


def score(question: str, holders: Mapping[str, set[str]]) -> Mapping[str, float]:
    """The rarity of all shared terms by name."""
    scores: defaultdict[str, float] = defaultdict(float)
    asked = {term for unit in query_units(question.title()) for term in unit.terms if term in holders}
    for term in sorted(asked):
        for name in holders[term]:
            scores[name] += math.log(1 + POOL / (1 + len(holders[term])))
    return scores


if __name__ == "__main__":
    main()

"""Make the simulated subject's item bank: item text -> trait and direction, from the IPIP marker and assignment tables.

The key file that instruments score with (``ipip_neo_300.csv``) is not a source; it is read only to *report* how far the
two agree. Sources of a text, in order: the Big Five markers; a facet of the NEO inventory; a factor scale of another
inventory; the majority of the remaining labels that bear a facet's name; else the first label itself is the trait.

Run: ``python tools/make_item_bank.py ../shared/data/ipip src/personarium/models/simulated/items.csv``
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

# The five factors with the scales of the assignment table that belong to them: IPIP-NEO facets (the IPIP's page
# "A comparison table for the NEO scales") and scales that bear a factor's own name.
FACTORS = {
    "Neuroticism": ("N", 1),
    "Emotional Stability": ("N", -1),
    "Extraversion": ("E", 1),
    "Openness To Experience": ("O", 1),
    "Agreeableness": ("A", 1),
    "Conscientiousness": ("C", 1),
}
FACETS = {
    "N": ("Anxiety", "Anger", "Depression", "Self-consciousness", "Immoderation", "Vulnerability"),
    "E": (
        "Friendliness", "Gregariousness", "Assertiveness", "Activity-Level", "Excitement-seeking", "Cheerfulness",
    ),
    "O": (
        "Imagination", "Aesthetic Appreciation/Artistic Interests", "Emotionality", "Adventurousness", "Intellect",
        "Liberalism",
    ),
    "A": ("Trust", "Morality", "Altruism", "Cooperation", "Modesty/Humility", "Sympathy"),
    "C": (
        "Self-efficacy", "Orderliness", "Dutifulness", "Achievement-striving", "Self-discipline", "Cautiousness",
    ),
}  # fmt: skip
FACET_OF = {facet: letter for letter, facets in FACETS.items() for facet in facets}
MARKER_LETTERS = {"E": ("E", 1), "A": ("A", 1), "C": ("C", 1), "ES": ("N", -1), "I": ("O", 1)}

Key = tuple[str, int]


def plain(text: str) -> str:
    """One spelling for one text."""
    return " ".join(re.sub(r"[^a-z' ]", " ", text.lower()).split())


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def marker_keys(folder: Path) -> dict[str, tuple[str, Key]]:
    """Plain text -> (text, key) of the hundred markers."""
    out = {}
    for row in read(folder / "ipip_big_five_markers.csv"):
        letter, sign = MARKER_LETTERS[row["factor_letter"]]
        out[plain(row["text"])] = (row["text"], (letter, sign * int(row["key"])))
    return out


def key_of(labels: list[tuple[str, str, int]]) -> Key:
    """The trait and direction of one text from its (instrument, label, key) rows."""
    for instrument, label, key in labels:
        if instrument == "NEO" and label in FACET_OF:
            return FACET_OF[label], key
    for _, label, key in labels:
        if label in FACTORS:
            return FACTORS[label][0], FACTORS[label][1] * key
    votes = Counter((FACET_OF[label], key) for _, label, key in labels if label in FACET_OF)
    if votes:
        return votes.most_common(1)[0][0]
    return labels[0][1].lower(), labels[0][2]


def bank(folder: Path) -> dict[str, tuple[str, Key]]:
    """Plain text -> (text, key) of everything that the two tables know."""
    labels: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    texts: dict[str, str] = {}
    for row in read(folder / "ipip_item_assignment_table.csv"):
        if int(row["key"]) != 0:
            labels[plain(row["text"])].append((row["instrument"], row["label"], int(row["key"])))
            texts.setdefault(plain(row["text"]), row["text"])
    out = {text: (texts[text], key_of(rows)) for text, rows in labels.items()}
    return out | marker_keys(folder)


def disagreements(items: dict[str, tuple[str, Key]], folder: Path) -> list[str]:
    """One line for every text whose key differs from that of the 300-item key file."""
    lines = []
    for row in read(folder / "ipip_neo_300.csv"):
        key = items.get(plain(row["text"]))
        if key and key[1] != (row["domain"], int(row["key"])):
            lines.append(f"{row['text']} bank {key[1][0]}{key[1][1]:+d}, key file {row['domain']}{int(row['key']):+d}")
    return lines


def main() -> None:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    items = bank(folder)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("text", "trait", "direction"))
        writer.writerows((text, key[0], key[1]) for _, (text, key) in sorted(items.items()))
    markers = marker_keys(folder)
    print(f"{len(items)} texts, {sum(key[0] in 'OCEAN' for _, key in items.values())} of the Big Five")
    print("markers against the key file:", *disagreements(markers, folder), sep="\n  ")
    print("bank against the key file:", *disagreements(items, folder), sep="\n  ")


if __name__ == "__main__":
    main()

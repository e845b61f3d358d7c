"""The questionnaires of the personal identity: keys, items, answers on 1 to 7 and exact scores.

The keys of BFI-2-S and PVQ-21 stand here; their wordings belong to their authors and come from the user's file
(:func:`load_items`). The default questionnaires have items that may be shipped: the Mini-IPIP (public domain) and twenty
statements of our own on Schwartz's ten values, which nobody has validated; the 120-item IPIP-NEO gives facets too.

Source: spectrum page, steps 2 and 3; items: see ``data/NOTICE.md``.
Units: answers are whole numbers from 1 to 7 for every questionnaire, as the paper rescales its two; scores lie on the same
range, so that published norms of the instruments do not apply.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.core.files import existing, parse_json, parse_yaml, read_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["personality", "values"]
LO, HI = 1, 7
LONGEST_ITEM = 500  # characters


@dataclass(frozen=True, slots=True)
class Facet:
    """A part of a domain: its name and the codes of its items."""

    name: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain or value: its name, the codes of its items, and its facets where it has any."""

    name: str
    items: tuple[str, ...]
    facets: tuple[Facet, ...] = ()


@dataclass(frozen=True)
class Questionnaire:
    """Items with a key; every answer is a whole number from 1 to 7.

    Args:
        name: What it is called.
        kind: ``personality`` or ``values``.
        prefix: What stands before the number in a code.
        domains: In the order in which they are described.
        reversed: Codes whose answer x counts as 8 - x.
        labels: What 1, 4 and 7 mean.
        texts: Code -> statement; empty until :func:`load_items` brings the wordings of an inventory that may not ship.
        source: Where the key comes from.
    """

    name: str
    kind: Kind
    prefix: str
    domains: tuple[Domain, ...]
    reversed: frozenset[str] = frozenset()
    labels: tuple[str, str, str] = ("disagree strongly", "neutral", "agree strongly")
    texts: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """All item codes, by number."""
        found = {code for domain in self.domains for code in domain.items}
        return tuple(sorted(found, key=self._number))

    def _number(self, code: str) -> int:
        return int(code.removeprefix(self.prefix))

    def asked(self) -> list[tuple[str, str]]:
        """Code and statement of every item, in order.

        Raises:
            UsageError: The wordings are not here.
        """
        if not self.texts:
            raise UsageError(
                f"the wordings of {self.name} may not be shipped; read yours with load_items(path, {self.name})"
            )
        return [(code, self.texts[code]) for code in self.codes]

    def check(self, answers: Mapping[str, Any], where: str = "answers") -> dict[str, int]:
        """The answers by code, checked: one whole number from 1 to 7 for every item, and no other item.

        Args:
            answers: By code (``D1PB-1``) or bare number (``1``).
            where: Whose they are, for messages.

        Raises:
            InvalidInput: Naming the item that is missing, unknown or out of range.
        """
        named = {self._code(key): value for key, value in answers.items()}
        known = self.codes
        unknown = [code for code in named if code not in known]
        if unknown or len(named) < len(answers):
            wanted = f"items of {self.name}, each once"
            raise InvalidInput(
                where, wanted, unknown[0] if unknown else "an item twice", unknown[0] if unknown else None
            )
        missing = [code for code in known if named.get(code) is None]
        if missing:
            raise InvalidInput(where, f"an answer from {LO} to {HI}", "nothing", missing[0])
        return {code: _whole(named[code], where, code) for code in known}

    def _code(self, key: Any) -> str:
        text = str(key).strip()
        return f"{self.prefix}{text}" if text.isdecimal() else text


def _whole(value: Any, where: str, code: str) -> int:
    wrong = isinstance(value, bool) or not isinstance(value, (int, float)) or value != value
    if wrong or not LO <= value <= HI or value != int(value):
        raise InvalidInput(where, f"a whole number from {LO} to {HI}", value, code)
    return int(value)


@dataclass(frozen=True, slots=True)
class TraitScore:
    """The exact score of a domain, value or facet, from 1 to 7; facets stand under their domain."""

    name: str
    score: float
    facets: tuple[TraitScore, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        out: dict[str, Any] = {"name": self.name, "score": self.score}
        return {**out, "facets": [f.as_dict() for f in self.facets]} if self.facets else out


def score(
    questionnaire: Questionnaire,
    answers: Mapping[str, Any],
    where: str = "answers",
    *,
    reverse: bool = True,
    unchecked: bool = False,
) -> tuple[TraitScore, ...]:
    """Mean of each domain's and facet's items, reversed items turned, never rounded.

    Args:
        questionnaire: The key.
        answers: By code or number.
        where: Whose answers, for messages.
        reverse: Turn reversed items; False is the control that shows what the key is for.
        unchecked: Erratum ``answers-unchecked``: an answer out of range enters the sum.

    Raises:
        InvalidInput: An item is missing, unknown or (unless ``unchecked``) out of range; it is named.
    """
    if unchecked:
        given = {questionnaire._code(key): int(value) for key, value in answers.items()}
    else:
        given = questionnaire.check(answers, where)
    turned = questionnaire.reversed if reverse else frozenset[str]()

    def mean(items: Sequence[str]) -> float:
        return sum(LO + HI - given[code] if code in turned else given[code] for code in items) / len(items)

    return tuple(
        TraitScore(d.name, mean(d.items), tuple(TraitScore(f.name, mean(f.items)) for f in d.facets))
        for d in questionnaire.domains
    )


def domain_scores(
    questionnaire: Questionnaire, answers: NDArray[Any], *, reverse: bool = True
) -> dict[str, list[float]]:
    """Scores of many people at once, by the engine of keyed scales.

    Args:
        questionnaire: The key.
        answers: People x items, items by number; an incomplete row is refused.
        reverse: As in :func:`score`.

    Returns:
        Domain -> one score a person.
    """
    from personarium.stats.scales import ScaleKey, complete_rows, key_answers, scale_scores

    complete_rows(answers, "refuse")
    place = {code: k for k, code in enumerate(questionnaire.codes)}
    found = {}
    for domain in questionnaire.domains:
        keys = tuple(-1 if reverse and code in questionnaire.reversed else 1 for code in domain.items)
        key = ScaleKey(domain.name, domain.items, keys, LO, HI, questionnaire.source)
        keyed = key_answers(key, answers[:, [place[code] for code in domain.items]])
        found[domain.name] = [float(v) for v in scale_scores(keyed, min_answered=1.0).values if v is not None]
    return found


# --- the keys of the two instruments of the paper ---

_BFI_FACETS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "Extraversion": {"Sociability": (1, 16), "Assertiveness": (6, 21), "Energy Level": (11, 26)},
    "Agreeableness": {"Compassion": (2, 17), "Respectfulness": (7, 22), "Trust": (12, 27)},
    "Conscientiousness": {"Organization": (3, 18), "Productiveness": (8, 23), "Responsibility": (13, 28)},
    "Negative Emotionality": {"Anxiety": (4, 19), "Depression": (9, 24), "Emotional Volatility": (14, 29)},
    "Open-Mindedness": {
        "Aesthetic Sensitivity": (5, 20),
        "Intellectual Curiosity": (10, 25),
        "Creative Imagination": (15, 30),
    },
}
_BFI_REVERSED = (1, 21, 26, 7, 17, 27, 3, 8, 28, 14, 19, 24, 10, 20, 30)
# The numbers jump from 19 to 21: 21 is item 20 of the PVQ and 22 is item 21.
_PVQ: Mapping[str, tuple[int, ...]] = {
    "Self-Direction": (1, 11),
    "Power": (2, 17),
    "Universalism": (3, 8, 19),
    "Achievement": (4, 13),
    "Security": (5, 14),
    "Stimulation": (6, 15),
    "Conformity": (7, 16),
    "Tradition": (9, 21),
    "Hedonism": (10, 22),
    "Benevolence": (12, 18),
}


def _codes(prefix: str, numbers: Collection[int]) -> tuple[str, ...]:
    return tuple(f"{prefix}{n}" for n in numbers)


def _bfi() -> Questionnaire:
    prefix = "D1PB-"
    domains = tuple(
        Domain(
            name,
            _codes(prefix, range(first, 31, 5)),
            tuple(Facet(facet, _codes(prefix, pair)) for facet, pair in facets.items()),
        )
        for first, (name, facets) in enumerate(_BFI_FACETS.items(), 1)
    )
    turned = frozenset(_codes(prefix, _BFI_REVERSED))
    return Questionnaire("bfi-2-s", "personality", prefix, domains, turned, source="spectrum page, step 2")


def _pvq() -> Questionnaire:
    domains = tuple(Domain(name, _codes("D2LP-", items)) for name, items in _PVQ.items())
    labels = ("not like me at all", "somewhat like me", "very much like me")
    return Questionnaire("pvq-21", "values", "D2LP-", domains, labels=labels, source="spectrum page, step 3")


BFI_2_S = _bfi()
PVQ_21 = _pvq()


# --- bundled questionnaires ---

_BUNDLED: Mapping[str, tuple[Kind, str, str, tuple[str, str, str]]] = {
    "mini-ipip": ("personality", "mini_ipip.csv", "MI-", ("very inaccurate", "neither", "very accurate")),
    "ipip-neo-120": ("personality", "ipip_neo_120.csv", "IPN-", ("very inaccurate", "neither", "very accurate")),
    "own-values": ("values", "own_values.csv", "OV-", ("matters least", "in between", "matters most")),
}


@lru_cache(maxsize=8)
def questionnaire(name: str) -> Questionnaire:
    """A questionnaire by name: ``mini-ipip``, ``ipip-neo-120``, ``own-values``, or the bare keys ``bfi-2-s``, ``pvq-21``.

    Raises:
        NotFound: There is none of this name.
    """
    keys = {BFI_2_S.name: BFI_2_S, PVQ_21.name: PVQ_21}
    if name in keys:
        return keys[name]
    if name not in _BUNDLED:
        raise NotFound(f"no questionnaire is called '{name}'; there are {', '.join([*_BUNDLED, *keys])}")
    kind, file, prefix, labels = _BUNDLED[name]
    text = (files("personarium.make.spectrum") / "data" / file).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    domains = tuple(_domain(scale, rows) for scale in dict.fromkeys(row["scale"] for row in rows))
    turned = frozenset(row["code"] for row in rows if row["key"] == "-1")
    texts = {row["code"]: row["text"] for row in rows}
    return Questionnaire(name, kind, prefix, domains, turned, labels, texts, f"data/{file}")


def _domain(scale: str, rows: Sequence[Mapping[str, str]]) -> Domain:
    mine = [row for row in rows if row["scale"] == scale]
    names = dict.fromkeys(row["facet"] for row in mine if row["facet"])
    facets = (Facet(name, tuple(row["code"] for row in mine if row["facet"] == name)) for name in names)
    return Domain(scale, tuple(row["code"] for row in mine), tuple(facets))


def load_items(path: str | Path, questionnaire: Questionnaire) -> Questionnaire:
    """A questionnaire with the wordings of the user's file.

    Args:
        path: JSON or YAML (code or number -> statement), or CSV with the columns ``code`` and ``text``.
        questionnaire: Whose items they are.

    Raises:
        NotFound: No such file.
        InvalidInput: An item is missing, unknown, empty or longer than 500 characters.
    """
    path = existing(path)
    given = _item_table(path)
    texts = {questionnaire._code(key): value for key, value in given.items()}
    for code in (*questionnaire.codes, *texts):
        if code not in questionnaire.codes:
            raise InvalidInput(str(path), f"items of {questionnaire.name}", code, code)
        text = texts.get(code)
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_ITEM:
            raise InvalidInput(str(path), f"a statement of at most {LONGEST_ITEM} characters", text, code)
    return replace(questionnaire, texts={code: " ".join(texts[code].split()) for code in questionnaire.codes})


def _item_table(path: Path) -> Mapping[Any, Any]:
    text = read_text(path, "the items of a questionnaire")
    suffix = path.suffix.lower()
    if suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        if not rows or not {"code", "text"} <= set(rows[0]):
            raise InvalidInput(str(path), "the columns code and text", list(rows[0]) if rows else "no row")
        return {row["code"]: row["text"] for row in rows}
    data = parse_json(text, str(path)) if suffix == ".json" else parse_yaml(text, str(path))
    if not isinstance(data, dict):
        raise InvalidInput(str(path), "an object: code -> statement", data)
    return data

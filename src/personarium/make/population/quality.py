"""How good a population is: quotas, rules, duplicates, variety, distance to target, coverage, pairs that occur too often.

Pure functions over a frame; :func:`quality_of` puts them together as estimates and report sections (docs/report.md).

Source: HACHIMI, step 12 (distinct-n over characters, self-BLEU-2 on 2,000 candidates of 20 references, KL with add-one
smoothing); adjusted residuals of Haberman (1973) with Holm's correction for pairs.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from personarium.core.population import QuotaRow
from personarium.core.results import Estimate
from personarium.make.population.lexical_gate import as_column, fingerprints_of
from personarium.make.population.repair import broken_rules
from personarium.stats.corrections import holm
from personarium.stats.intervals import mean_interval, wilson
from personarium.text.row_fingerprints import BatchGate

if TYPE_CHECKING:
    import polars as pl

    from personarium.make.population.schema import Schema

MOST_VALUES = 60  # a field with more is a text or a number, not a category
LONG_TEXT = 40  # characters on average from which a field is a text
_SHOWN = 25
_CANDIDATES, _REFERENCES, _SEED = 2000, 20, 42  # HACHIMI, step 12


@dataclass(frozen=True)
class Pair:
    """Two values that occur together more often (or less) than independence expects.

    Args:
        fields: The two fields.
        values: Their values.
        observed: Members with both.
        expected: Members with both under independence.
        residual: Adjusted standardised residual.
        p: Two-sided, corrected for all pairs looked at (Holm).
    """

    fields: tuple[str, str]
    values: tuple[Any, Any]
    observed: int
    expected: float
    residual: float
    p: float


@dataclass(frozen=True)
class Quality:
    """The report of one population.

    Args:
        estimates: Headline figures by name.
        sections: Sections of a report.
        pairs: Over-represented pairs, strongest first.
        duplicates: Rows (from 0) that are near duplicates of an earlier one.
    """

    estimates: Mapping[str, Estimate]
    sections: tuple[Mapping[str, Any], ...]
    pairs: tuple[Pair, ...] = ()
    duplicates: tuple[int, ...] = field(default=())


# --------------------------------------------------------------------------------------------------- single measures


def quota_error(rows: Sequence[QuotaRow]) -> Estimate:
    """Share of members that stand in a wrong cell: half the summed differences of a target, worst target."""
    worst, n = 0.0, 0
    for columns in {tuple(row.cell) for row in rows}:
        own = [row for row in rows if tuple(row.cell) == columns]
        total = sum(row.target for row in own)
        n = max(n, total)
        worst = max(worst, sum(abs(row.missing) for row in own) / (2 * max(1, total)))
    return Estimate(worst if rows else None, None, None, n, "member", "half the summed differences, worst target")


def rule_violations(frame: pl.DataFrame, schema: Schema) -> dict[str, Estimate]:
    """Share of members that break each rule, with a Wilson interval; rules over missing columns are left out."""
    rules = [rule for rule in schema.rules if set(rule.needs) <= set(frame.columns)]
    if not rules or not frame.height:
        return {}
    broken = broken_rules(rules, frame).sum(axis=0)
    return {rule.name: wilson(int(count), frame.height, "member") for rule, count in zip(rules, broken)}


def lexical_duplicates(frame: pl.DataFrame, fields: Sequence[str] = (), threshold: int = 3) -> NDArray[np.int64]:
    """The rows (from 0) that are near duplicates of an earlier one, by SimHash of the joined values."""
    return np.flatnonzero(BatchGate(threshold).offer(fingerprints_of(frame, fields)) >= 0)


def duplicate_pairs(frame: pl.DataFrame, fields: Sequence[str] = (), threshold: int = 3) -> list[tuple[int, int]]:
    """Each row (from 0) that is a near duplicate, with the earlier row that it is near to; as :func:`lexical_duplicates`."""
    near = BatchGate(threshold).offer(fingerprints_of(frame, fields))
    accepted = np.flatnonzero(near < 0)
    rows = np.flatnonzero(near >= 0)
    return list(zip(rows.tolist(), accepted[near[rows]].tolist(), strict=True))


def distinct_n(texts: Sequence[str], n: int) -> float | None:
    """Mean over texts of distinct character n-grams / n-grams, punctuation and blanks removed; None without n-grams.

    Source: HACHIMI, step 12 ("Works when" 3: the mean over texts, not the pooled share).
    """
    shares = []
    for text in texts:
        plain = "".join(char for char in text if not char.isspace() and unicodedata.category(char)[0] not in "PS")
        grams = [plain[k : k + n] for k in range(len(plain) - n + 1)]
        if grams:
            shares.append(len(set(grams)) / len(grams))
    return sum(shares) / len(shares) if shares else None


def self_bleu(
    texts: Sequence[str], candidates: int = _CANDIDATES, references: int = _REFERENCES, seed: int = _SEED
) -> float | None:
    """Mean BLEU-2 of texts against others of the same population: 0 nothing in common, 1 all alike.

    Args:
        texts: At least two.
        candidates: How many are scored, at most.
        references: Others each is compared with, at most.
        seed: Who is drawn.
    """
    words = [text.split() for text in texts if text.strip()]
    if len(words) < 2:
        return None
    draw = np.random.default_rng(seed)
    counts = [(Counter(one), Counter(pairwise(one))) for one in words]
    chosen = draw.permutation(len(words))[:candidates]
    scores = []
    for k in chosen.tolist():
        others = draw.choice(len(words) - 1, size=min(references, len(words) - 1), replace=False)
        scores.append(_bleu_2(k, [o + (o >= k) for o in others.tolist()], words, counts))
    return float(np.mean(scores))


def _bleu_2(
    k: int, others: list[int], words: Sequence[Sequence[str]], counts: Sequence[tuple[Counter[Any], Counter[Any]]]
) -> float:
    precisions = []
    for order in (0, 1):
        own = counts[k][order]
        total = sum(own.values())
        if not total:
            return 0.0
        hits = sum(min(n, max(counts[o][order][gram] for o in others)) for gram, n in own.items())
        precisions.append(hits / total)
    if not all(precisions):
        return 0.0
    length = len(words[k])
    nearest = min((len(words[o]) for o in others), key=lambda other: (abs(other - length), other))
    brevity = 1.0 if length >= nearest else math.exp(1 - nearest / length)
    return brevity * math.exp(sum(map(math.log, precisions)) / 2)


def kl_to_target(counts: Mapping[Any, int], target: Mapping[Any, float]) -> float:
    """KL(p || target) in nats with p = (count + 1) / (total + number of categories); targets of 0 are left out.

    Source: HACHIMI, step 12.
    """
    names = [name for name, share in target.items() if share > 0]
    whole = sum(target[name] for name in names)
    total = sum(counts.get(name, 0) for name in names)
    shares = ((counts.get(name, 0) + 1) / (total + len(names)) for name in names)
    return sum(p * math.log(p * whole / target[name]) for p, name in zip(shares, names))


def coverage(frame: pl.DataFrame, schema: Schema) -> dict[str, tuple[int, int]]:
    """For each field whose values are listed: how many of them occur, and how many there are."""
    out = {}
    for one in schema.fields:
        if one.listed and one.path in frame.columns:
            out[one.path] = (len(set(frame[one.path].unique().to_list()) & set(one.listed)), len(one.listed))
    return out


def uniqueness(frame: pl.DataFrame, fields: Sequence[str] = ()) -> Estimate:
    """Share of members whose combination of values nobody else has."""
    chosen = list(fields) or [path for path in frame.columns if path != "id"]
    if not frame.height or not chosen:
        return Estimate(None, None, None, 0, "member", "share of unique members")
    unique = frame.select(alone=_unique(chosen))["alone"].sum()
    return wilson(int(unique), frame.height, "member")


def _unique(columns: Sequence[str]) -> pl.Expr:
    import polars as pl

    return pl.struct(columns).is_unique()


def over_represented(frame: pl.DataFrame, fields: Sequence[str] = (), alpha: float = 0.05) -> list[Pair]:
    """Pairs of values that occur together more often than independence of their fields expects.

    Args:
        frame: The population.
        fields: Which to look at; every field with at most ``MOST_VALUES`` values by default.
        alpha: Level after Holm's correction over all cells looked at.

    Returns:
        The pairs with a residual above 0, strongest first. Cells that expect fewer than 5 members are not tested: the
        normal approximation does not hold there.
    """
    from scipy.stats import norm

    chosen = list(fields) or categories(frame)
    found: list[tuple[tuple[str, str], tuple[Any, Any], int, float, float]] = []
    columns = {path: as_column(frame[path]) for path in chosen}
    for one, other in combinations(chosen, 2):
        (rows, a), (names, b) = columns[one], columns[other]
        table = np.bincount(a * len(names) + b, minlength=len(rows) * len(names)).reshape(len(rows), len(names))
        expected, residuals = adjusted_residuals(table)
        for i, j in zip(*np.nonzero(expected >= 5)):
            cell = (rows[i], names[j])
            found.append(((one, other), cell, int(table[i, j]), float(expected[i, j]), float(residuals[i, j])))
    p = holm(np.asarray(2 * norm.sf(np.abs([one[4] for one in found]))).tolist()) if found else []
    pairs = [Pair(*one, p=float(q or 0.0)) for one, q in zip(found, p) if one[4] > 0 and q is not None and q < alpha]
    return sorted(pairs, key=lambda pair: (-pair.residual, pair.fields, str(pair.values)))


def adjusted_residuals(table: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expected counts under independence, and Haberman's adjusted residuals (0 where a margin is everything)."""
    total = table.sum()
    rows = table.sum(axis=1, keepdims=True) / total
    columns = table.sum(axis=0, keepdims=True) / total
    expected = rows * columns * total
    spread = np.sqrt(expected * (1 - rows) * (1 - columns))
    return expected, np.divide(table - expected, spread, out=np.zeros(expected.shape), where=spread > 0)


def categories(frame: pl.DataFrame) -> list[str]:
    """The columns with few values."""
    paths = [
        path for path, kind in frame.schema.items() if path != "id" and not kind.is_nested() and not kind.is_float()
    ]
    return [path for path in paths if 1 < frame[path].n_unique() <= min(MOST_VALUES, max(2, frame.height // 5))]


def texts_of(frame: pl.DataFrame, schema: Schema | None = None) -> dict[str, list[str]]:
    """The columns of free text: those that a model writes, or long ones of many values."""
    import polars as pl

    by_model = {one.path for one in schema.by_model if not one.choices} if schema is not None else set()
    out = {}
    for path, kind in frame.schema.items():
        if kind != pl.String or path in ("id", "_persona"):
            continue
        series = frame[path].drop_nulls()
        mean = series.str.len_chars().mean() if len(series) else 0
        if path in by_model or (float(mean or 0) >= LONG_TEXT and series.n_unique() > MOST_VALUES):  # type: ignore[arg-type]
            out[path] = series.to_list()
    return out


# ------------------------------------------------------------------------------------------------------ the report


def quality_of(
    frame: pl.DataFrame,
    schema: Schema | None = None,
    quotas: Sequence[QuotaRow] = (),
    *,
    fields: Sequence[str] = (),
    threshold: int = 3,
) -> Quality:
    """Everything about one population.

    Args:
        frame: One member a row; ``id`` and the fields.
        schema: What it was made from, for rules, coverage and targets.
        quotas: Targets beside what was made.
        fields: What near duplicates are compared by; the schema's choice or all by default.
        threshold: Bits within which two SimHashes are near.
    """
    wanted = fields or (schema.compared if schema is not None else ())
    compared = [path for path in wanted if path in frame.columns]
    duplicates = lexical_duplicates(frame, compared, threshold) if frame.height else np.empty(0, dtype=np.int64)
    rules = rule_violations(frame, schema) if schema is not None else {}
    pairs = over_represented(frame) if frame.height else []
    texts = texts_of(frame, schema)
    estimates: dict[str, Estimate] = {}
    if quotas:
        estimates["Quota error"] = quota_error(quotas)
    if rules and schema is not None:
        estimates["Members that break a rule"] = _any_rule(frame, schema)
    estimates["Near duplicates"] = wilson(len(duplicates), frame.height, "member")
    estimates["Unique members"] = uniqueness(frame, compared)
    estimates.update(_text_estimates(texts))
    sections = [*_rule_section(rules), *_target_section(quotas), *_coverage_section(frame, schema)]
    sections += [_pair_section(pairs), *_distributions(frame)]
    return Quality(estimates, tuple(sections), tuple(pairs), tuple(duplicates.tolist()))


def _any_rule(frame: pl.DataFrame, schema: Schema) -> Estimate:
    rules = [rule for rule in schema.rules if set(rule.needs) <= set(frame.columns)]
    return wilson(int(broken_rules(rules, frame).any(axis=1).sum()), frame.height, "member")


def _text_estimates(texts: Mapping[str, Sequence[str]]) -> dict[str, Estimate]:
    out = {}
    for path, some in texts.items():
        for n in (1, 2):
            shares = [share for share in (distinct_n([text], n) for text in some[:_CANDIDATES]) if share is not None]
            if shares:
                out[f"Distinct-{n} of {path}"] = mean_interval(shares, "member", method="mean over texts, characters")
        bleu = self_bleu(some)
        if bleu is not None:
            method = f"BLEU-2 against {_REFERENCES} others, at most {_CANDIDATES:,} texts"
            out[f"Self-BLEU of {path}"] = Estimate(bleu, None, None, len(some), "member", method)
    return out


def _rule_section(rules: Mapping[str, Estimate]) -> list[dict[str, Any]]:
    if not rules:
        return []
    return [
        {
            "kind": "table",
            "title": "Rules",
            "note": "Share of members that break each rule.",
            "columns": ["rule", "broken"],
            "rows": [[name, estimate.as_dict()] for name, estimate in rules.items()],
        }
    ]


def _target_section(quotas: Sequence[QuotaRow]) -> list[dict[str, Any]]:
    rows = []
    for columns in dict.fromkeys(tuple(row.cell) for row in quotas):
        own = [row for row in quotas if tuple(row.cell) == columns]
        counts = {tuple(row.cell.values()): row.actual for row in own}
        kl = kl_to_target(counts, {tuple(row.cell.values()): float(row.target) for row in own})
        exact = sum(row.missing == 0 for row in own)
        rows.append([" x ".join(columns), len(own), exact, max(abs(row.missing) for row in own), round(kl, 6)])
    if not rows:
        return []
    note = "Cells of every target, how many are exact, the largest difference in members, and KL to the target in nats."
    heads = ["target", "cells", "exact", "largest difference", "KL"]
    return [{"kind": "table", "title": "Targets", "note": note, "columns": heads, "rows": rows}]


def _coverage_section(frame: pl.DataFrame, schema: Schema | None) -> list[dict[str, Any]]:
    found = coverage(frame, schema) if schema is not None else {}
    if not found:
        return []
    rows = [{"label": path, "value": seen / many, "n": many} for path, (seen, many) in found.items()]
    scale = {"lo": 0, "hi": 1, "higher_is_better": True, "unit": "share"}
    note = "Share of each field's listed values that occur."
    return [{"kind": "bars", "title": "Coverage", "note": note, "rows": rows, "scale": scale}]


def _pair_section(pairs: Sequence[Pair]) -> dict[str, Any]:
    note = (
        "Values that stand together more often than independent fields would have it: adjusted residual, p after Holm's "
        "correction. What the schema's tables and rules ask for is in here, too."
    )
    rows = [
        [f"{p.fields[0]} = {p.values[0]}", f"{p.fields[1]} = {p.values[1]}", p.observed, *_rounded(p)]
        for p in pairs[:_SHOWN]
    ]
    columns = ["value", "with", "members", "expected", "residual", "p"]
    title = f"Over-represented pairs ({len(pairs)})"
    return {"kind": "table", "title": title, "note": note, "columns": columns, "rows": rows}


def _rounded(pair: Pair) -> tuple[float, float, float]:
    return round(pair.expected, 1), round(pair.residual, 2), float(f"{pair.p:.2g}")


def _distributions(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """One plot a field: bars for few values, a histogram for numbers of many."""
    few = set(categories(frame))
    out: list[dict[str, Any]] = []
    for path, kind in frame.schema.items():
        if path in few:
            counts = frame[path].value_counts(sort=True).rows()
            rows = [{"label": str(value), "value": count} for value, count in counts]
            out.append({"kind": "bars", "title": path, "rows": rows})
        elif kind.is_numeric() and frame.height:
            out.append(_histogram(path, frame[path].drop_nulls().to_numpy()))
    return out


def _histogram(path: str, values: NDArray[Any]) -> dict[str, Any]:
    counts, edges = np.histogram(values, bins=20) if values.size else (np.zeros(1), np.array([0.0, 1.0]))
    bins = [{"lo": float(a), "hi": float(b), "count": int(n)} for a, b, n in zip(edges[:-1], edges[1:], counts)]
    return {"kind": "histogram", "title": path, "x_label": path, "bins": bins}

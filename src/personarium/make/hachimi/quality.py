"""The quality report on a population of students: errors, warnings, variety, near duplicates, distance to the target.

Source: hachimi page, step 12 and "Data formats" (six files).
Differs: errata ``any-dimension``, ``first-list-marker-only``, ``polarity-substrings``, ``report-age-norms``, ``top-block-only``;
the published age norms of the report differ from R1.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from personarium.core.errata import Published
from personarium.core.errors import UsageError
from personarium.core.files import replacing
from personarium.core.results import Estimate
from personarium.make.hachimi.filtering import presence_issues
from personarium.make.hachimi.gate import compared_text, near_duplicates
from personarium.make.hachimi.grades import dimension_grades, polarity
from personarium.make.hachimi.published import REPORT_AGE_NORMS, faults
from personarium.make.hachimi.rules import TOLERANCE, broken_rules, feasibility_issues, paragraph_issues
from personarium.make.hachimi.schema import PARAGRAPHS, Record, Student, StudentSchema
from personarium.make.hachimi.slots import EQUAL_MIX, check_mix
from personarium.make.hachimi.variety import distinct_share, kl_to_target, overlap, repetition, simhash_spread
from personarium.make.population.drafting import Issue
from personarium.text.near_duplicates import simhash

ALIKE = 0.80  # overlap of two texts of one student from which they count as one template
# The report's own norms, by place of the grade (published; R1 has 6-7 for the first, 10-11 for the fifth).
PUBLISHED_NORMS = (
    (7, 8), (8, 9), (9, 10), (10, 11), (10, 11), (11, 12), (12, 13), (13, 14), (14, 15), (15, 16), (16, 17), (17, 18),
)  # fmt: skip
_SUSPICIOUS = 100  # samples in the file of that name
_SHOWN = 20  # of them on the dashboard


@dataclass(frozen=True)
class StudentReport:
    """What the report says of one student.

    Args:
        id: Its id.
        errors: Hard errors, as sentences.
        warnings: Warnings, as sentences.
    """

    id: int
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class QualityReport:
    """The report.

    Args:
        students: One entry each.
        estimates: error_rate, warning_rate, level_vs_values, level_vs_creativity, level_vs_health, strong_mentioned,
            weak_mentioned, each with interval and n.
        measures: distinct_1, distinct_2, self_bleu_2, simhash_mean, simhash_sd, kl_level, kl_gender, kl_grade; None where
            nothing could be measured.
        near: Near duplicates as (id, id, distance).
        buckets: level, gender, grade -> value -> count.
    """

    students: tuple[StudentReport, ...]
    estimates: Mapping[str, Estimate]
    measures: Mapping[str, float | None]
    near: tuple[tuple[int, int, int], ...]
    buckets: Mapping[str, Mapping[str, int]]

    def summary(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "count": len(self.students),
            **{name: estimate.as_dict() for name, estimate in self.estimates.items()},
            **self.measures,
            "near_duplicate_pairs": len(self.near),
            "distributions": {name: dict(counts) for name, counts in self.buckets.items()},
        }

    @property
    def suspicious(self) -> list[StudentReport]:
        """Students with errors or warnings, most errors first."""
        found = [one for one in self.students if one.errors or one.warnings]
        return sorted(found, key=lambda one: (-len(one.errors), -len(one.warnings), one.id))[:_SUSPICIOUS]

    def save(self, folder: Path | str) -> Path:
        """Write ``summary.json, per_item.jsonl, near_duplicates.json, suspicious_samples.json, dashboard.md, buckets.csv``.

        Raises:
            StorageError: The disk refuses.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        near = [{"id_i": a, "id_j": b, "distance": d} for a, b, d in self.near]
        files = {
            "summary.json": _json(self.summary()),
            "per_item.jsonl": "".join(json.dumps(_row(one), ensure_ascii=False) + "\n" for one in self.students),
            "near_duplicates.json": _json(near),
            "suspicious_samples.json": _json([_row(one) for one in self.suspicious]),
            "dashboard.md": self.dashboard(),
            "buckets.csv": self._buckets_csv(),
        }
        for name, text in files.items():
            with replacing(folder / name) as scratch:
                scratch.write_text(text, encoding="utf-8")
        return folder

    def dashboard(self) -> str:
        """For people, in Markdown."""
        rows = [(name.replace("_", " "), str(estimate)) for name, estimate in self.estimates.items()]
        rows += [
            (name.replace("_", " "), "not measured" if v is None else f"{v:.4f}") for name, v in self.measures.items()
        ]
        rows.append(("near duplicate pairs", str(len(self.near))))
        table = "\n".join(f"| {name} | {value} |" for name, value in rows)
        worst = "\n".join(f"- {one.id}: {'; '.join((*one.errors, *one.warnings))}" for one in self.suspicious[:_SHOWN])
        buckets = "\n".join(
            f"- {name}: {', '.join(f'{k} {n}' for k, n in counts.items())}" for name, counts in self.buckets.items()
        )
        title = f"# Quality of {len(self.students)} students"
        return f"{title}\n\n| what | value |\n|---|---|\n{table}\n\n## Counts\n\n{buckets}\n\n## To look at\n\n{worst or 'nothing'}\n"

    def _buckets_csv(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("bucket", "key", "count"))
        writer.writerows((name, key, n) for name, counts in self.buckets.items() for key, n in counts.items())
        return text.getvalue()


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _row(one: StudentReport) -> dict[str, Any]:
    return {"id": one.id, "errors": list(one.errors), "warnings": list(one.warnings)}


def student_quality(
    records: Sequence[Record],
    schema: StudentSchema,
    *,
    mix: Mapping[str, float] = EQUAL_MIX,
    threshold: int = 3,
    as_published: Published = False,
) -> QualityReport:
    """Report on a population.

    Args:
        records: Published records in the schema's keys.
        schema: The school.
        mix: The level mix that was wanted.
        threshold: Hamming distance that is a near duplicate.
        as_published: Erratum ids.

    Raises:
        UsageError: There is no record.
    """
    if not records:
        raise UsageError("a quality report needs at least one student")
    wrong = faults(as_published)
    students = [schema.student(record) for record in records]
    ids = [int(record.get(schema.keys["id"], place)) for place, record in enumerate(records, 1)]
    reports = [
        StudentReport(id, _texts(hard_errors(s, schema, wrong)), _texts(warnings(s, schema, wrong)))
        for id, s in zip(ids, students, strict=True)
    ]
    texts = [compared_text(record, schema) for record in records]
    fingerprints = [simhash(text) for text in texts]
    near = [(ids[i], ids[j], d) for i, j, d in near_duplicates(fingerprints, threshold, wrong)]
    buckets = {name: dict(Counter(str(s.get(name, "")) for s in students)) for name in ("level", "gender", "grade")}
    measures = {**_variety(texts, fingerprints, schema), **_distances(buckets, mix, schema)}
    return QualityReport(tuple(reports), _estimates(reports, students, schema, wrong), measures, tuple(near), buckets)


def _texts(issues: Sequence[Issue]) -> tuple[str, ...]:
    return tuple(one.text for one in issues)


def hard_errors(student: Student, schema: StudentSchema, wrong: Collection[str] = ()) -> list[Issue]:
    """Keys, level and subjects, agent name, paragraphs."""
    return [*broken_rules(student, schema, ("R7", "R15", "R3", "R6")), *paragraph_issues(student, schema, wrong)]


def warnings(student: Student, schema: StudentSchema, wrong: Collection[str] = ()) -> list[Issue]:
    """Dimensions, closing word, health indices, feasibility, age and grade, stages, length of paragraphs, alike paragraphs."""
    found = list(presence_issues(student, schema, wrong))
    grades = dimension_grades(str(student.get("creativity", "")), "creativity", schema)
    found += feasibility_issues(grades, schema)
    found += _age_warning(student, schema, wrong)
    found += broken_rules(student, schema, ("R2", "R5"))
    return [*found, *_length_warnings(student, schema), *_alike_warning(student, schema)]


def _age_warning(student: Student, schema: StudentSchema, wrong: Collection[str]) -> list[Issue]:
    if REPORT_AGE_NORMS not in wrong:
        return broken_rules(student, schema, ("R1",))
    age, grade = student.get("age"), student.get("grade")
    if grade not in schema.grades or schema.grades.index(grade) >= len(PUBLISHED_NORMS):
        return []
    low, high = PUBLISHED_NORMS[schema.grades.index(grade)]
    if type(age) is int and low - TOLERANCE <= age <= high + TOLERANCE:
        return []
    return [Issue("enrolment", f"R1: the age does not fit {grade} by the report's norms ({low} and {high})", "R1")]


def _length_warnings(student: Student, schema: StudentSchema) -> list[Issue]:
    low, high = schema.length
    sizes = {field: len("".join(str(student.get(field, "")).split())) for field in PARAGRAPHS}
    told = "'{}' has {} characters; expected are {} to {}"
    return [
        Issue(field, told.format(schema.keys[field], size, low, high), "length")
        for field, size in sizes.items()
        if not low <= size <= high
    ]


def _alike_warning(student: Student, schema: StudentSchema) -> list[Issue]:
    pairs = combinations((str(student.get(field, "")) for field in PARAGRAPHS), 2)
    if all(overlap(a, b, schema.unit) < ALIKE for a, b in pairs):
        return []
    return [Issue("values", "two of the long texts are alike, as from a template", "alike")]


def _variety(texts: Sequence[str], fingerprints: Sequence[int], schema: StudentSchema) -> dict[str, float | None]:
    spread = simhash_spread(fingerprints) or (None, None)
    return {
        "distinct_1": distinct_share(texts, 1, schema.unit),
        "distinct_2": distinct_share(texts, 2, schema.unit),
        "self_bleu_2": repetition(texts, schema.unit),
        "simhash_mean": spread[0],
        "simhash_sd": spread[1],
    }


def _distances(
    buckets: Mapping[str, Mapping[str, int]], mix: Mapping[str, float], schema: StudentSchema
) -> dict[str, float | None]:
    """KL to the target; values outside the schema are errors elsewhere and not counted here."""
    shares = {level: share for level, share in check_mix(mix).items() if share > 0}
    targets: dict[str, dict[str, float]] = {
        "level": {schema.levels[level]: share for level, share in shares.items()},
        "gender": dict.fromkeys(schema.genders, 1 / len(schema.genders)),
        "grade": dict.fromkeys(schema.grades, 1 / len(schema.grades)),
    }
    return {
        f"kl_{name}": kl_to_target({k: n for k, n in buckets[name].items() if k in target}, target)
        for name, target in targets.items()
    }


def _estimates(
    reports: Sequence[StudentReport], students: Sequence[Student], schema: StudentSchema, wrong: Collection[str]
) -> dict[str, Estimate]:
    from personarium.stats.correlation import pearson
    from personarium.stats.intervals import wilson

    count = len(reports)
    found = {
        "error_rate": wilson(sum(bool(one.errors) for one in reports), count, "student"),
        "warning_rate": wilson(sum(bool(one.warnings) for one in reports), count, "student"),
    }
    rank = {text: 3 - place for place, text in enumerate(schema.levels.values())}  # 3 / 2 / 1 / 0
    levels = [rank.get(str(student.get("level"))) for student in students]
    for field in PARAGRAPHS:
        scores = [polarity(str(student.get(field, "")), schema, wrong) for student in students]
        found[f"level_vs_{field}"] = pearson(levels, scores, unit="student")
    for field in ("strong", "weak"):
        named = [_mentions(student, field) for student in students if isinstance(student.get(field), list)]
        if named:
            found[f"{field}_mentioned"] = wilson(sum(named), len(named), "student")
    return found


def _mentions(student: Student, field: str) -> bool:
    long = "\n".join(str(student.get(name, "")) for name in (*PARAGRAPHS, "social")).lower()
    return any(str(subject).lower() in long for subject in student[field])

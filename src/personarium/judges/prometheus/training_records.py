"""Training records for an evaluator of one's own: what is learnt is the feedback and the score, nothing else.

Source: Prometheus (arXiv 2310.08491), step 5 and the official training code (llama-recipes).
Differs: the code cuts an over-long record from the right, which takes its score away; here such a record is dropped and
counted (erratum ``cut-records``). Instruction and output are encoded apart, so that the border is exact whatever the
tokenizer merges. Units: lengths are tokens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.core.rubric import LEVELS
from personarium.text.form import Unparsed
from personarium.text.verdicts import prometheus_score

IGNORED = -100  # the label that a loss leaves out
MAX_TOKENS = 2048  # page prometheus, step 5

Encode = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """One record for a causal language model.

    Args:
        input_ids: Instruction, output, end token, padding.
        labels: :data:`IGNORED` on instruction and padding, elsewhere equal to ``input_ids``.
        attention_mask: 1 on everything but padding.
        id: The record's place in the source.
    """

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    attention_mask: tuple[int, ...]
    id: int = 0


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Records with what was left out.

    Args:
        records: What is trained on, in order.
        dropped: Places of the records that were over the limit.
        cut: Places of the records that were cut and lost their end (only as published).
        balance: By rubric, how often each score occurs.
    """

    records: tuple[TrainingRecord, ...]
    dropped: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()
    balance: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    @property
    def unbalanced(self) -> tuple[str, ...]:
        """Rubrics whose scores do not occur equally often."""
        return tuple(rubric for rubric, counts in self.balance.items() if not is_balanced(counts))


def format_output(feedback: str, score: int) -> str:
    """The output of a record: feedback, " [RESULT] ", score.

    Raises:
        InvalidInput: A score that is no whole number from 1 to 5.
    """
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= LEVELS:
        raise InvalidInput("training record", "a whole score from 1 to 5", score, "score")
    return f"{feedback} [RESULT] {score}"


def encode_record(
    instruction: str,
    output: str,
    encode: Encode,
    end_id: int,
    *,
    pad_to: int | None = None,
    pad_id: int = 0,
    begin_id: int | None = None,
    id: int = 0,
) -> TrainingRecord:
    """Encode one record; makes no check of its length.

    Args:
        instruction: The prompt; not learnt.
        output: What is learnt, joined to it without a separator.
        encode: Text -> token ids without special tokens.
        end_id: The end token, which is learnt too.
        pad_to: Length to pad to on the right; None pads nothing.
        pad_id: The padding token.
        begin_id: A token before everything, if the model wants one; counted to the instruction.
        id: The record's place.
    """
    head = [*([] if begin_id is None else [begin_id]), *encode(instruction)]
    tail = [*encode(output), end_id]
    padding = max(0, (pad_to or 0) - len(head) - len(tail))
    return TrainingRecord(
        (*head, *tail, *[pad_id] * padding),
        (*[IGNORED] * len(head), *tail, *[IGNORED] * padding),
        (*[1] * (len(head) + len(tail)), *[0] * padding),
        id,
    )


def build_training_set(
    rows: Sequence[Mapping[str, Any]],
    encode: Encode,
    end_id: int,
    *,
    max_tokens: int = MAX_TOKENS,
    pad: bool = False,
    pad_id: int = 0,
    begin_id: int | None = None,
    as_published: bool | Collection[str] = False,
) -> TrainingSet:
    """Encode all records that fit, count those that do not, and say how often each score occurs by rubric.

    Args:
        rows: Each with ``instruction`` and ``output``, or ``feedback`` and ``score`` in place of the output; ``rubric``
            and ``score`` feed the balance.
        encode: Text -> token ids without special tokens.
        end_id: The end token.
        max_tokens: Limit of a record.
        pad: Pad every record to the limit.
        pad_id: The padding token.
        begin_id: See :func:`encode_record`.
        as_published: True or a set with ``cut-records`` cuts over-long records from the right instead.

    Raises:
        InvalidInput: A row without instruction or output.
    """
    from personarium.core.errata import published_faults
    from personarium.judges.prometheus.settings import ERRATA

    cutting = "cut-records" in published_faults(as_published, ERRATA)
    kept: list[TrainingRecord] = []
    dropped: list[int] = []
    cut: list[int] = []
    for k, row in enumerate(rows):
        texts = _texts(row, f"training row {k}")
        record = encode_record(
            *texts, encode, end_id, pad_to=max_tokens if pad else None, pad_id=pad_id, begin_id=begin_id, id=k
        )
        if len(record.input_ids) <= max_tokens:
            kept.append(record)
        elif cutting:
            kept.append(_cut(record, max_tokens))
            cut.append(k)
        else:
            dropped.append(k)
    return TrainingSet(tuple(kept), tuple(dropped), tuple(cut), score_balance(rows))


def score_balance(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, int]]:
    """By rubric, how often each score from 1 to 5 occurs; the score is the row's own or stands at the end of its output.

    Rows without a readable score count under 0.
    """
    found: dict[str, Counter[int]] = {}
    for row in rows:
        found.setdefault(str(row.get("rubric", "")), Counter())[_score(row)] += 1
    return {rubric: {k: counts[k] for k in range(LEVELS + 1) if k or counts[k]} for rubric, counts in found.items()}


def _score(row: Mapping[str, Any]) -> int:
    if "score" in row:
        return int(row["score"])
    found = prometheus_score(str(row.get("output", "")))
    return 0 if isinstance(found, Unparsed) else int(found.value)


def is_balanced(counts: Mapping[int, int]) -> bool:
    """Whether all five scores occur equally often."""
    return len({counts.get(k, 0) for k in range(1, LEVELS + 1)}) == 1


def _texts(row: Mapping[str, Any], where: str) -> tuple[str, str]:
    output = row.get("output")
    if output is None and "feedback" in row:
        output = format_output(str(row["feedback"]), row.get("score", 0))
    for name, value in (("instruction", row.get("instruction")), ("output", output)):
        if not isinstance(value, str) or not value:
            raise InvalidInput(where, "a text that is not empty", value, name)
    return str(row["instruction"]), str(output)


def _cut(record: TrainingRecord, limit: int) -> TrainingRecord:
    return TrainingRecord(record.input_ids[:limit], record.labels[:limit], record.attention_mask[:limit], record.id)

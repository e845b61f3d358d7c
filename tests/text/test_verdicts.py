"""Judges' verdicts: the truth tables of the Prometheus and PersonaGym pages, published and default side by side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.text.holes import Unparsed
from personarium.text.verdicts import (
    Verdict,
    personagym_score,
    personagym_score_published,
    prometheus_preference,
    prometheus_score,
    score_examples,
    split_evaluations,
    split_evaluations_published,
    split_examples,
)


def value(read: Verdict | Unparsed | int) -> int | str | None:
    if isinstance(read, Unparsed):
        assert read.reason
        return None
    return read.value if isinstance(read, Verdict) else read


# Prometheus, "Works when" 1: reply, default, published, script (None: unparsed; "-": the page does not say)
ABSOLUTE = [
    ("Fine. [RESULT] 3", 3, 3),
    ("Reference (Score 5) two results [RESULT] 3", 3, 3),
    ("Reference (Score 5) not results", None, None),
    ("[RESULT] 5 out of 5", 5, 5),
    ("[Result] 4/5", 4, 4),
    ("[RESULT] score of 1", 1, 1),
    ("[RESULT] (5)", 5, 5),
    ("Good job. [Score 4]", 4, 4),
    ("[Result] Score: 2", 2, 2),
    ("[RESULT] 3\n\n", 3, 3),
    ("[RESULT] 2 was my draft [RESULT] 4", 4, 4),
    ("Score: 2.5", None, None),
    ("I rate this a perfect 10!", None, None),
    ("The score is definitely not 3.", None, None),
    ("[RESULT] 4 because it is good", None, None),
    ("[RESULT] 6", None, None),
    ("[RESULT] 0", None, None),
    ("[RESULT] 4/10", None, None),
    ("", None, None),
    ("[RESULT] 4.", 4, None),
    ("[RESULT] **4**", 4, None),
    ("**[RESULT]** 4/5.", 4, None),
]


@pytest.mark.parametrize(("reply", "default", "published"), ABSOLUTE)
def test_prometheus_absolute(reply: str, default: int | None, published: int | None) -> None:
    assert value(prometheus_score(reply)) == default
    assert value(prometheus_score(reply, "published")) == published


@pytest.mark.parametrize(
    ("reply", "score"),
    [("x [RESULT] 3", 3), ("x [RESULT] 4/5", None), ("[RESULT] 2 was my draft [RESULT] 4", None),
     ("x [result] 3", None),
     ("x [RESULT] 3 [RESULT] 5", 3), ("x [RESULT] 6", None), ("", None)],
)  # fmt: skip
def test_prometheus_absolute_script(reply: str, score: int | None) -> None:
    assert value(prometheus_score(reply, "script")) == score


@pytest.mark.parametrize(
    ("reply", "default", "published"),
    [
        ("[RESULT] A", "A", "A"),
        ("[Result] Response B", "B", "B"),
        ("Response A is better. [RESULT: B]", "B", "B"),
        ("Both clear... [Response B]", "B", "B"),
        ("I select Response B.", None, None),
        ("Result A or B, not results", None, None),
        ("[RESULT] C", None, None),
        ("[RESULT] A\nOn second thought [RESULT] B", "B", "A"),
        ("**[RESULT] A**.", "A", None),
        ("[RESULT] A\nbecause it is kind", None, "A"),
        ("", None, None),
    ],
)
def test_prometheus_relative(reply: str, default: str | None, published: str | None) -> None:
    assert value(prometheus_preference(reply)) == default
    assert value(prometheus_preference(reply, "published")) == published


def test_the_feedback_is_the_text_before_the_marker_but_the_whole_reply_as_published() -> None:
    reply = "Feedback: Kind and clear. [RESULT] 4"
    assert prometheus_score(reply) == Verdict(4, "Kind and clear.")
    assert prometheus_score(reply, "published") == Verdict(4, reply)
    assert prometheus_score("Good job. [Score 4]") == Verdict(4, "Good job.")
    assert prometheus_preference("B is kind. [RESULT] B") == Verdict("B", "B is kind.")


# PersonaGym, "Works when" 4


@pytest.mark.parametrize(
    ("reply", "strict", "tolerant"),
    [
        ("Therefore, the final score is 4.", 4, 4),
        ("Therefore, the final score is **4**", 0, 4),
        ("final score: 4/5", 0, 4),
        ("Therefore, the final score is 10", 10, None),
        ("Therefore, the final score is 4.5", 4, None),
        ("", 0, None),
        ("a fine answer", 0, None),
        ("Therefore, the final score is 2. Wait. Therefore, the final score is 4.", 2, 4),
        ("The final score is (3) out of 5, as it is dull.", 0, 3),
        ("final score: 4/10", 0, None),
        ("final score: 3-4", 0, None),
        ("final score of 3 or 4", 0, None),
        ("final score: -3", 0, None),
    ],
)
def test_personagym_final_score(reply: str, strict: int, tolerant: int | None) -> None:
    assert personagym_score_published(reply) == strict
    assert value(personagym_score(reply)) == tolerant


def batch(count: int, style: str = "({}) Evaluation:") -> str:
    notes = {2: "It makes (1) and (2) points, see (3) below. ", 4: "Point (2) Evaluation: of the rubric. "}
    return "\n\n".join(
        f"{style.format(k)}\n{notes.get(k, '')}Therefore, the final score is {k}." for k in range(1, count + 1)
    )


@pytest.mark.parametrize("style", ["({}) Evaluation:", "**({}) Evaluation:**", "### ({}) Evaluation"])
def test_five_evaluations_split_into_five_parts(style: str) -> None:
    parts = split_evaluations(batch(5, style), 5)
    assert not isinstance(parts, Unparsed)
    assert [personagym_score(part) for part in parts] == [1, 2, 3, 4, 5]
    assert "(1) and (2) points" in parts[1]


def test_four_headings_for_five_questions_are_unparsed_but_four_scores_as_published() -> None:
    read = split_evaluations(batch(4), 5)
    assert isinstance(read, Unparsed)
    assert "5 evaluations are wanted, found 4" in read.reason
    plain = "".join(f"({k}) Evaluation: Therefore, the final score is {k}. " for k in range(1, 5))
    assert [personagym_score_published(part) for part in split_evaluations_published(plain)] == [1, 2, 3, 4]


def test_a_reply_without_headings_has_no_parts() -> None:
    assert split_evaluations_published("Therefore, the final score is 4.") == []
    assert isinstance(split_evaluations("Therefore, the final score is 4.", 5), Unparsed)


EXAMPLES = "\n".join(
    f"Rubric {q} Examples:\n"
    + "\n".join(f"Score {k}: Response - answer {q}.{k}\n  and more of it" for k in range(1, 6))
    for q in range(1, 6)
)


def test_score_examples_are_one_block_a_question_and_may_span_lines() -> None:
    blocks = split_examples(EXAMPLES, 5)
    assert not isinstance(blocks, Unparsed)
    assert len(blocks) == 5
    assert score_examples(blocks[2]) == {k: f"answer 3.{k}\n  and more of it" for k in range(1, 6)}


def test_as_published_the_further_lines_of_an_example_are_lost() -> None:
    blocks = split_examples(EXAMPLES, 5, as_published=True)
    assert not isinstance(blocks, Unparsed)
    assert blocks[0].split("\n") == [f"Score {k}: Response - answer 1.{k}" for k in range(1, 6)]


def test_four_blocks_and_a_block_with_four_levels_are_unparsed() -> None:
    assert isinstance(split_examples(EXAMPLES.replace("Rubric 4 Examples:", ""), 5), Unparsed)
    read = score_examples("Score 1: a\nScore 2: b\nScore 3: c\nScore 5: e")
    assert isinstance(read, Unparsed)
    assert read.reason == "no example for score 4"


SCRAPS = st.lists(
    st.sampled_from(["[RESULT]", "Score", "score of", "Result", ":", " ", "\n", "4", "5", "/5", "out of 5", "A", "B",
                     ".", "**", "(1) Evaluation:", "Therefore, the final score is", "Rubric 1 Examples:", "(", ")",
                     "9" * 400]),
    max_size=20,
).map("".join)  # fmt: skip


@given(reply=st.one_of(SCRAPS, st.text(max_size=100)))
def test_no_verdict_parser_raises_or_leaves_its_range(reply: str) -> None:
    for mode in ("default", "published", "script"):
        assert value(prometheus_score(reply, mode)) in (None, 1, 2, 3, 4, 5)  # type: ignore[arg-type]
        assert value(prometheus_preference(reply, mode)) in (None, "A", "B")  # type: ignore[arg-type]
    assert value(personagym_score(reply)) in (None, 1, 2, 3, 4, 5)
    assert personagym_score_published(reply) >= 0
    for read in (split_evaluations(reply, 2), split_examples(reply, 1), score_examples(reply)):
        assert isinstance(read, (Unparsed, list, dict))
    assert isinstance(split_evaluations_published(reply), list)


@given(feedback=st.text("abc .,\n", max_size=40), score=st.integers(1, 5))
def test_whatever_the_published_parser_reads_the_default_reads_alike(feedback: str, score: int) -> None:
    reply = f"{feedback}[RESULT] {score}"
    assert value(prometheus_score(reply)) == value(prometheus_score(reply, "published")) == score

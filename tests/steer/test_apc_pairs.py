"""APC-based preference pairs: what is sampled, kept, left out and counted."""

from __future__ import annotations

from collections.abc import Sequence

from personarium.core.chat import Message, Sampling
from personarium.judges.entailment import KeyedFact, RuleOracle, Triple
from personarium.models import ScriptedModel
from personarium.steer import DPOSettings, PairSettings, ScoredReplies, keep_pairs, preference_pairs

FACTS = [
    KeyedFact("Mira lives in Riga.", "home", "Riga", ("Oslo",), ("live",)),
    KeyedFact("Mira is a baker.", "job", "baker", ("pilot",), ("living",)),
    KeyedFact("Mira owns a cat.", "pet", "cat", ("dog",), ("pet",)),
]
STATEMENTS = [fact.statement for fact in FACTS]


def by_sample(messages: Sequence[Message], sampling: Sampling) -> str:
    """The second of two samples answers the question about the home; all else says nothing."""
    told = "live" in messages[-1]["content"] and sampling.sample == 1
    return "I live in Riga." if told else "Who knows."


async def test_two_replies_a_query_and_the_better_one_is_chosen() -> None:
    model = ScriptedModel(by_sample)

    made = await preference_pairs(
        model, "Mira", STATEMENTS, ["Where do you live?", "Which pet do you have?"], RuleOracle(FACTS)
    )

    (pair,) = made.pairs
    assert (pair.chosen, pair.rejected, pair.margin) == ("I live in Riga.", "Who knows.", 1.0)
    assert pair.prompt.endswith("Where do you live?") and "Mira lives in Riga." in pair.prompt
    assert sorted(pair.as_dict()) == ["chosen", "prompt", "rejected"]
    assert made.too_close == 1
    assert {call.sampling.temperature for call in model.calls} == {1.0}
    assert {call.sampling.max_tokens for call in model.calls} == {256}


async def test_the_prompt_holds_the_most_relevant_statements_only() -> None:
    model = ScriptedModel(by_sample)
    settings = PairSettings(top_k=1)

    await preference_pairs(model, "Mira", STATEMENTS, ["Which pet do you have?"], RuleOracle(FACTS), settings)

    assert "Mira owns a cat." in model.calls[0].messages[0]["content"]
    assert "Mira is a baker." not in model.calls[0].messages[0]["content"]


async def test_at_most_a_hundred_queries_are_drawn() -> None:
    model = ScriptedModel(by_sample)
    queries = [f"Where do you live, part {i}?" for i in range(130)]

    made = await preference_pairs(model, "Mira", STATEMENTS, queries, RuleOracle(FACTS))

    assert len(model.calls) == 200
    assert len(made.pairs) == 100


async def test_what_failed_makes_no_pair_and_is_counted() -> None:
    class Mute(RuleOracle):
        async def entailment(self, statements: Sequence[str], query: str, response: str) -> list[Triple | None]:
            return [None for _ in statements]

    model = ScriptedModel(["", "I live in Riga."])
    lost = await preference_pairs(model, "Mira", STATEMENTS, ["Where do you live?"], RuleOracle(FACTS))
    unread = await preference_pairs(ScriptedModel(by_sample), "Mira", STATEMENTS, ["Where do you live?"], Mute(FACTS))

    assert (lost.pairs, [f.kind for f in lost.failures]) == ((), ["empty"])
    assert unread.pairs == ()
    assert {f.kind for f in unread.failures} == {"unparsed"}


def test_equal_scores_are_no_preference() -> None:
    assert keep_pairs([ScoredReplies("p", "a", "b", 1.0, 1.0)], threshold=0.0) == ()


def test_training_constants_are_the_papers() -> None:
    settings = DPOSettings()
    assert (settings.lora_rank, settings.beta, settings.learning_rate, settings.epochs) == (128, 0.1, 2e-4, 10)
    assert settings.batch_size * settings.accumulation == 8
    assert len(settings.lora_targets) == 7

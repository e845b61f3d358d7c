"""SIMULATED.md, "Works when", statements 5 to 8 and the malformed part of 9: everything that is not playing."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist, fmean

import numpy as np
import pytest

from personarium.core.chat import Message, Sampling, system, user
from personarium.models.simulated.inventory import DISAGREEING, bank, lookup, shares
from personarium.models.simulated.subject import SimulatedModel
from personarium.text.blocks import block
from personarium.text.form import Form
from personarium.text.holes import Unparsed

FIVE = (
    "Very Inaccurate",
    "Moderately Inaccurate",
    "Neither Accurate Nor Inaccurate",
    "Moderately Accurate",
    "Very Accurate",
)
PERSONA = "Name: Ann Lee\nAge: 34\nOccupation: florist\nHobby: chess\nPet: a cat\nHome: Leiden"


def prompt(*parts: str, form: str, persona: str = "") -> list[Message]:
    text = "\n".join([*parts, Form.parse(form).show()])
    return [system(persona), user(text)] if persona else [user(text)]


async def reply(model: SimulatedModel, messages: Sequence[Message], seed: int = 0, **sampling: object) -> str:
    return (await model.generate(messages, Sampling(seed=seed).but(**sampling))).text


# ------------------------------------------------------------------------------------------------ 5 inventories


def item_prompt(item: str, labels: Sequence[str] = FIVE) -> list[Message]:
    letters = "ABCDE"[: len(labels)]
    options = "\n".join(f"{letter}. {label}" for letter, label in zip(letters, labels))
    return prompt(block("item", item), block("options", options), form=f"<{'|'.join(letters)}>")


def inventory(seed: int, n: int = 24) -> tuple[list[str], np.ndarray]:
    """The same 24 items of one trait, half of them reversed, with their keys."""
    known = [(text, key) for text, (trait, key) in bank().items() if trait == "E"]
    up, down = [t for t, k in known if k > 0][: n // 2], [t for t, k in known if k < 0][: n // 2]
    return up + down, np.array([1] * len(up) + [-1] * len(down))


async def answers(model: SimulatedModel, items: Sequence[str], seed: int = 0) -> np.ndarray:
    text = "\n".join(block("item", item, n) for n, item in enumerate(items, 1))
    scale = "\n".join(f"{k} = {label}" for k, label in enumerate(FIVE, 1))
    form = "\n".join(f"{n}: <q{n}: 1-5>" for n in range(1, len(items) + 1))
    values = Form.parse(form).read(await reply(model, prompt(text, block("options", scale), form=form), seed))
    assert not isinstance(values, Unparsed)
    return np.array([values[f"q{n}"] for n in range(1, len(items) + 1)], dtype=float)


async def test_w5_theta_one_gives_the_five_shares_over_5000_draws() -> None:
    model = SimulatedModel("simulated:traits=E:1,sloppy=0")
    messages = item_prompt("Make friends easily.")
    drawn = Counter([await reply(model, messages, seed) for seed in range(5000)])
    for letter, share in zip("ABCDE", (0.0474, 0.0944, 0.2125, 0.2913, 0.3543)):
        assert drawn[letter] / 5000 == pytest.approx(share, abs=0.02)


def test_w5_the_numbers_to_check() -> None:
    assert shares(1.0, 5) == pytest.approx([0.0474, 0.0944, 0.2125, 0.2913, 0.3543], abs=5e-5)
    assert sum(k * p for k, p in enumerate(shares(0.0, 5), 1)) == pytest.approx(3.000, abs=5e-4)
    assert sum(k * p for k, p in enumerate(shares(1.0, 5), 1)) == pytest.approx(3.811, abs=5e-4)


async def test_w5_keyed_means_follow_theta_and_unkeyed_ones_do_not() -> None:
    items, keys = inventory(0)
    latent = [NormalDist().inv_cdf((k + 0.5) / 300) for k in range(300)]
    raw = np.array([await answers(_subject(t, k), items) for k, t in enumerate(latent)])
    keyed = np.where(keys > 0, raw, 6 - raw).mean(axis=1)
    assert np.corrcoef(keyed, latent)[0, 1] == pytest.approx(0.95, abs=0.02)
    assert abs(np.corrcoef(raw.mean(axis=1), latent)[0, 1]) < 0.15


def _subject(theta: float, seed: int, more: str = "") -> SimulatedModel:
    return SimulatedModel(f"simulated:traits=E:{theta:.6f},seed={seed},sloppy=0{more}")


async def test_w5_acquiescence_moves_the_raw_mean_and_leaves_keyed_means() -> None:
    items, keys = inventory(0)
    latent = [NormalDist().inv_cdf((k + 0.5) / 200) for k in range(200)]
    raw = np.array([await answers(_subject(t, k, ",acquiescence=1"), items) for k, t in enumerate(latent)])
    plain = np.array([await answers(_subject(t, k), items) for k, t in enumerate(latent)])
    assert raw.mean() == pytest.approx(3.73, abs=0.05)
    assert plain.mean() == pytest.approx(3.0, abs=0.05)
    assert np.where(keys > 0, raw, 6 - raw).mean() == pytest.approx(
        np.where(keys > 0, plain, 6 - plain).mean(), abs=0.05
    )


@pytest.mark.parametrize("order", [(4, 3, 2, 1, 0), (2, 0, 4, 1, 3)])
async def test_w5_a_reversed_or_permuted_scale_changes_nothing_but_the_label(order: tuple[int, ...]) -> None:
    model = SimulatedModel("simulated:traits=E:0.7,sloppy=0")
    printed = [FIVE[k] for k in order]
    for seed in range(100):
        straight = FIVE["ABCDE".index(await reply(model, item_prompt("Am the life of the party."), seed))]
        other = printed["ABCDE".index(await reply(model, item_prompt("Am the life of the party.", printed), seed))]
        assert straight == other


def test_w5_the_bank_and_its_four_disagreements() -> None:
    assert [lookup(text) for text, _, _ in DISAGREEING] == [("A", 1), ("E", -1), ("A", -1), ("A", -1)]
    assert (
        lookup("Worry about things") == lookup("You worry about things.") == lookup("I worry about things.") == ("N", 1)
    )


# ------------------------------------------------------------------------------------------------ 6 judging

SAID = ("I work as a florist.", "My hobby is chess.", "I have a cat.", "I live in Leiden.")
ASKED = "What is your job, what is your hobby, do you have a pet, and which city do you live in?"


def judge_prompt(response: str, form: str = "Therefore, the final score is <1-5>") -> list[Message]:
    facts = "Occupation: florist\nHobby: chess\nPet: a cat\nHome: Leiden"
    return prompt(
        block("persona", facts),
        block("question", ASKED),
        block("response", response),
        block("rubric", "Consistency"),
        form=form,
    )


async def test_w6_pearson_with_quality_for_one_sample_and_the_mean_of_three() -> None:
    model = SimulatedModel("simulated:judge_noise=1,sloppy=0")
    form = Form.parse("Therefore, the final score is <1-5>")
    quality, one, three = [], [], []
    for seed in range(0, 9000, 3):
        carried = seed // 3 % 5
        messages = judge_prompt(" ".join(SAID[:carried]) or "That is a nice question.")
        scores = [form.read(await reply(model, messages, seed + k)) for k in range(3)]
        values = [s["score"] for s in scores if not isinstance(s, Unparsed)]
        quality.append(1 + carried)
        one.append(values[0])
        three.append(fmean(values))
    assert np.corrcoef(quality, one)[0, 1] == pytest.approx(0.815, abs=0.02)
    assert np.corrcoef(quality, three)[0, 1] == pytest.approx(0.924, abs=0.01)


def test_w6_quality_is_one_plus_four_times_the_carried_share() -> None:
    model = SimulatedModel("simulated")
    for carried in range(5):
        ledger = model.explain(judge_prompt(" ".join(SAID[:carried]) or "That is a nice question."))
        assert dict(ledger.latents)["quality"] == 1 + carried


def pair_prompt(a: str, b: str) -> list[Message]:
    return prompt(
        block("persona", PERSONA),
        block("question", ASKED),
        block("response_a", a),
        block("response_b", b),
        form="[[<A|B>]]",
    )


async def test_w6_two_equal_texts_with_position_bias() -> None:
    model = SimulatedModel("simulated:position_bias=1,judge_noise=1,sloppy=0")
    # equal in quality and told apart by a number only
    pairs = [(f"{SAID[0]} Reply {2 * k}.", f"{SAID[0]} Reply {2 * k + 1}.") for k in range(2000)]
    forward = [await reply(model, pair_prompt(a, b)) == "[[A]]" for a, b in pairs]
    backward = [await reply(model, pair_prompt(b, a)) == "[[A]]" for a, b in pairs]
    assert fmean(forward + backward) == pytest.approx(0.760, abs=0.02)
    assert fmean(f != b for f, b in zip(forward, backward)) == pytest.approx(0.364, abs=0.02)


async def test_w6_first_always_takes_the_first() -> None:
    model = SimulatedModel("simulated/first:sloppy=0")
    assert {await reply(model, pair_prompt("Nothing.", " ".join(SAID)), k) for k in range(50)} == {"[[A]]"}


# ------------------------------------------------------------------------------------------------ 7 choices


def choice_prompt(question: str, options: Sequence[str], persona: str = "", memory: str = "") -> list[Message]:
    listed = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCDEFGH", options))
    given = [block("memory", memory)] if memory else []
    form = f"<{'|'.join('ABCDEFGH'[: len(options)])}>"
    return prompt(*given, block("question", question), block("options", listed), form=form, persona=persona)


RIVERS = ("the Amber", "the Birch", "the Cobalt", "the Dove")


async def test_w7_with_nothing_to_know_a_quarter_and_unchanged_by_permutation() -> None:
    model = SimulatedModel("simulated:sloppy=0")
    hits = 0
    for k in range(2000):
        question = f"Which river runs through village number {k}?"
        letter = await reply(model, choice_prompt(question, RIVERS))
        permuted = [RIVERS[(i + 1 + k % 3) % 4] for i in range(4)]
        other = await reply(model, choice_prompt(question, permuted))
        assert RIVERS["ABCD".index(letter)] == permuted["ABCD".index(other)]
        hits += letter == "A"
    assert hits / 2000 == pytest.approx(0.25, abs=0.03)


async def test_w7_a_visible_fact_is_used_with_ability() -> None:
    options = ("a parrot", "a cat", "a hamster", "a tortoise")
    right = 0
    for seed in range(1000):
        model = SimulatedModel(f"simulated:ability=0.8,sloppy=0,seed={seed}")
        right += await reply(model, choice_prompt("Which pet do you have?", options, persona=PERSONA)) == "B"
    assert right / 1000 == pytest.approx(0.8, abs=0.04)


async def test_w7_an_updated_fact_is_missed_by_a_stale_subject() -> None:
    options = ("Leiden", "Bergen", "Otago", "Kyoto")
    persona, memory = "Home: Leiden", "I moved to Bergen last month."
    for seed in range(100):
        fresh = SimulatedModel(f"simulated:ability=1,sloppy=0,seed={seed}")
        stale = SimulatedModel(f"simulated:ability=1,stale=1,sloppy=0,seed={seed}")
        messages = choice_prompt("Where is your home?", options, persona, memory)
        assert await reply(fresh, messages) == "B"
        assert await reply(stale, messages) != "B"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("simulated:first=0.3,abstain=0.2,sloppy=0", (*RIVERS[:3], "I cannot answer this.")),
        ("simulated:traits=E:0.8,sloppy=0", ("Am the life of the party.", "Keep in the background.")),
    ],
)
async def test_w7_log_probabilities_sum_to_one_and_match_5000_draws(name: str, options: Sequence[str]) -> None:
    model = SimulatedModel(name)
    messages = choice_prompt("What would you do?", options)
    found = (await model.generate(messages, Sampling(seed=0, top_logprobs=20))).logprobs
    assert found is not None and len(found) == 1
    stated = {label: math.exp(logprob) for label, logprob in found[0].top}
    assert sum(stated.values()) == pytest.approx(1.0, abs=1e-12)
    drawn = Counter([await reply(model, messages, seed) for seed in range(5000)])
    for label, share in stated.items():
        assert drawn[label] / 5000 == pytest.approx(share, abs=0.02)


# ------------------------------------------------------------------------------------------------ 8 blind instruments

PETS = ("a parrot", "a cat", "a hamster", "a tortoise")


async def consistency(model: SimulatedModel, shown: bool) -> float:
    """Share of answers that name the pet; blind when the persona is not shown to the subject."""
    messages = prompt(
        block("question", "Which pet do you have?"), form="<text>", persona=PERSONA if shown else "Be brief."
    )
    return fmean([bool(re.search(r"\bcat\b", await reply(model, messages, seed))) for seed in range(200)])


async def test_w8_a_dropped_persona_is_caught_by_generic() -> None:
    honest, generic = SimulatedModel("simulated"), SimulatedModel("simulated/generic")
    assert await consistency(honest, shown=True) - await consistency(generic, shown=True) > 0.8
    assert await consistency(honest, shown=False) - await consistency(generic, shown=False) == 0


async def accuracy(model: SimulatedModel, permuted: bool, leak: bool = False) -> float:
    """Share of right answers; blind when the right option always stands first, or when its letter is left in the prompt."""
    right = 0
    for k in range(400):
        at = k % 4 if permuted else 0
        options = [RIVERS[1 + i] for i in range(3)]
        options.insert(at, RIVERS[0])
        question = f"Which river runs through village number {k}?"
        text = f"{question}\nCorrect answer: {'ABCD'[at]}" if leak else question
        right += await reply(model, choice_prompt(text, options), k) == "ABCD"[at]
    return right / 400


async def test_w8_options_that_are_not_permuted_are_caught_by_first() -> None:
    first = SimulatedModel("simulated/first:sloppy=0")
    assert await accuracy(first, permuted=False) == 1.0
    assert await accuracy(first, permuted=True) == 0.25


async def test_w8_a_gold_letter_in_the_prompt_is_caught_by_insider() -> None:
    insider = SimulatedModel("simulated/insider:sloppy=0")
    assert await accuracy(insider, permuted=True, leak=True) == 1.0
    assert await accuracy(insider, permuted=True) == pytest.approx(0.25, abs=0.07)


async def rated(model: SimulatedModel, zero_for_unparsed: bool) -> tuple[float | None, int]:
    """Mean score and number of failures; blind when what cannot be read counts as 0."""
    form = Form.parse("Therefore, the final score is <1-5>")
    read = [form.read_strict(await reply(model, judge_prompt(" ".join(SAID)), seed)) for seed in range(300)]
    scores = [float(r["score"]) for r in read if not isinstance(r, Unparsed)]
    if zero_for_unparsed:
        return (sum(scores) / len(read), 0)
    return (fmean(scores) if scores else None, len(read) - len(scores))


async def test_w8_zero_for_unparsed_is_caught_by_unparsable_and_by_the_malformed_rate() -> None:
    unparsable = SimulatedModel("simulated/unparsable")
    assert await rated(unparsable, zero_for_unparsed=False) == (None, 300)
    assert await rated(unparsable, zero_for_unparsed=True) == (0.0, 0)
    whole, broken = SimulatedModel("simulated:sloppy=0"), SimulatedModel("simulated:sloppy=0,malformed=0.5")
    honest, blind = await rated(whole, True), await rated(broken, True)
    assert honest[0] is not None and blind[0] is not None and blind[0] < honest[0] - 1
    right = await rated(broken, False)
    assert right[0] is not None and right[0] == pytest.approx(honest[0], abs=0.2)
    assert right[1] > 50


# ------------------------------------------------------------------------------------------------ 9 malformed


async def test_w9_malformed_thirty_percent_is_unparsed_and_every_one_is_counted() -> None:
    model = SimulatedModel("simulated:malformed=0.3,sloppy=0")
    forms = [
        "Therefore, the final score is <1-5>", "Feedback: <text> [RESULT] <1-5>", '{"reason": <text>, "score": <1-5>}',
        "<yes|no>",
    ]  # fmt: skip
    unparsed, kinds = 0, Counter[str]()
    for k in range(2000):
        messages = judge_prompt(f"{SAID[0]} {k}", forms[k % 4])
        fault = model.explain(messages, Sampling(seed=k)).fault
        failed = isinstance(Form.parse(forms[k % 4]).read_strict(await reply(model, messages, k)), Unparsed)
        assert failed == fault.startswith("malformed")
        unparsed += failed
        kinds[fault] += 1
    assert unparsed / 2000 == pytest.approx(0.30, abs=0.03)
    named = {k.removeprefix("malformed: ") for k in kinds if k}
    assert named == {"truncated", "wrong key", "missing marker", "out of range", "two verdicts"}


async def test_w9_malformed_lists_have_a_wrong_count_among_their_faults() -> None:
    model = SimulatedModel("simulated:malformed=1")
    form = '5 x "<text>"'
    messages = [prompt(block("materials", f"garden {k}"), "Write questions.", form=form) for k in range(60)]
    assert all([isinstance(Form.parse(form).read_strict(await reply(model, m)), Unparsed) for m in messages])
    assert "malformed: wrong count" in {model.explain(m).fault for m in messages}

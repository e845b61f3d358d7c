"""``personarium make characterchat``: characters of all types, and the support dialogues between them.

Source: characterchat page. Differs: the command's default is one partner a seeker (the paper: 10), so that a first run takes
minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.make.characterchat.bank import BankConfig, invent_inputs
from personarium.make.characterchat.method import ERRATA, plan_calls, run_characterchat
from personarium.make.characterchat.result import CharacterChatConfig
from personarium.make.characterchat.steps import INVENT
from personarium.make.makers import Made, Maker, MakeRequest
from personarium.make.option_values import listed, published, whole, yes_no
from personarium.play.characterchat.crisis import CrisisPolicy
from personarium.play.characterchat.method import Cast
from personarium.play.characterchat.result import DialogueConfig
from personarium.runs.plan import DryRun

PARTNERS = 1


async def make(request: MakeRequest) -> Made:
    """Make ``request.count`` characters and let each meet some of the others.

    Raises:
        UsageError: An option that is not what it should be, or too few characters for so many partners.
    """
    config = read_options(request.options, request.seed, request.count)
    if isinstance(request.run, DryRun):
        _plan(request, request.run, config)
        return Made()
    faults = published(request.options.get("as_published", "no"))
    cast = Cast(request.model, request.model, request.model, request.judge)
    result = await run_characterchat(
        request.count, request.model, cast, config=config, as_published=faults, run=request.run
    )
    return Made(
        personas=result.personas,
        dialogues=result.talks,
        rows=result.rows(),
        estimates=result.estimates(),
        sections=result.sections(),
        failures=result.failures,
    )


def read_options(options: Mapping[str, str], seed: int, count: int) -> CharacterChatConfig:
    """The configuration that options as text come to.

    Raises:
        UsageError: Naming the option and what was expected.
    """
    asks = whole("asks", options.get("asks", "5"), 1)
    partners = whole("partners", options.get("partners", str(min(PARTNERS, count - 1))))
    crisis = CrisisPolicy() if yes_no("crisis", options.get("crisis", "yes")) else None
    if options.get("referral", "").strip() and crisis is not None:
        crisis = CrisisPolicy(referral=options["referral"].strip())
    bank = BankConfig(listed(options.get("types", "").upper()), asks=asks, seed=seed)
    last_turn = whole("last_turn", options.get("last_turn", "19"), 3)
    talks = DialogueConfig(last_turn=last_turn, asks=asks, crisis=crisis, seed=seed)
    return CharacterChatConfig(bank, talks, partners, yes_no("rated", options.get("rated", "yes")), seed)


def _plan(request: MakeRequest, run: DryRun, config: CharacterChatConfig) -> None:
    """Count the most calls that a run can take; the prompt of the first step is shown."""
    inputs: dict[str, Any] = invent_inputs(config.bank.drawn[0], 0, config.bank)
    calls = plan_calls(request.count, config)
    run.plan.see(INVENT.name, request.model.name, INVENT.render(**inputs), INVENT.sampling)
    for name, number in calls.items():
        model = request.judge.name if name == "characterchat.rate" else request.model.name
        run.plan.expect(name, model, number - (name == INVENT.name), prompt_tokens=_TOKENS.get(name, 300))


# Usual lengths of prompts in tokens, as they depend on what will have been written.
_TOKENS = {"characterchat.invent": 350, "characterchat.enrich": 500, "characterchat.add": 900, "characterchat.turn": 700,
           "characterchat.aspect": 900, "characterchat.rate": 900}  # fmt: skip

MAKER = Maker(
    "characterchat",
    "personas and dialogues",
    make,
    {
        "partners": "how many others each character meets as a seeker; 0 makes characters only (1; the paper: 10)",
        "types": "letters of the types to draw for, with commas (all 16)",
        "rated": "yes, or no: whether the judge rates the dialogues (yes)",
        "last_turn": "the turn at which a dialogue goes to its farewells, odd (19)",
        "asks": "the most times one question is put while the answer cannot be used (5)",
        "crisis": "yes, or no: whether words of self-harm end a dialogue with a referral (yes)",
        "referral": "the words of that referral (a text for the United States, Canada, the United Kingdom and Ireland)",
        "as_published": f"yes, or ids of errata with commas: {', '.join(ERRATA)} (no)",
    },
)

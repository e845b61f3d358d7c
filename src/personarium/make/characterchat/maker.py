"""``personarium make characterchat``: characters of all types, and the support dialogues between them.

Source: characterchat page. Differs: the command's default is one partner a seeker (the paper: 10), so that a first run takes
minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personarium.core.errors import UsageError
from personarium.make.characterchat.bank import BankConfig, invent_inputs
from personarium.make.characterchat.method import ERRATA, plan_calls, run_characterchat
from personarium.make.characterchat.result import CharacterChatConfig
from personarium.make.characterchat.steps import INVENT
from personarium.make.makers import Made, Maker, MakeRequest
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
    faults = _published(request.options.get("as_published", "no"))
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
    asks = _whole(options, "asks", 5, 1)
    partners = _whole(options, "partners", min(PARTNERS, count - 1), 0)
    crisis = CrisisPolicy() if _yes(options, "crisis", True) else None
    if options.get("referral", "").strip() and crisis is not None:
        crisis = CrisisPolicy(referral=options["referral"].strip())
    named = tuple(name.strip().upper() for name in options.get("types", "").split(",") if name.strip())
    bank = BankConfig(named, asks=asks, seed=seed)
    talks = DialogueConfig(last_turn=_whole(options, "last_turn", 19, 3), asks=asks, crisis=crisis, seed=seed)
    return CharacterChatConfig(bank, talks, partners, _yes(options, "rated", True), seed)


def _whole(options: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = options.get(name, str(default)).strip()
    if not text.isdecimal() or len(text) > 6 or int(text) < least:
        raise UsageError(f"{name} must be a whole number from {least}, found '{text[:40]}'")
    return int(text)


def _yes(options: Mapping[str, str], name: str, default: bool) -> bool:
    text = options.get(name, "yes" if default else "no").strip()
    if text not in ("yes", "no"):
        raise UsageError(f"{name} must be yes or no, found '{text[:40]}'")
    return text == "yes"


def _published(text: str) -> bool | frozenset[str]:
    if text in ("yes", "no"):
        return text == "yes"
    return frozenset(part.strip() for part in text.split(",") if part.strip())


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

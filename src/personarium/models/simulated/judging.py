"""Judging: scores, verdicts, entailment, validity, stop or go on; by a second reader and with planted biases.

Source: SIMULATED.md, "Judging".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from personarium.models.simulated.asked import (
    Answer,
    answer_holes,
    certainty_value,
    fill,
    form_of,
    has_part,
    is_certainty,
    make_values,
    part,
    place_of,
    plain_rule,
    to_range,
)
from personarium.models.simulated.cases import Case, cases_of, facts_of, premise_of, statements_of
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.reading import attributes
from personarium.models.simulated.request import Request
from personarium.models.simulated.second_reader import (
    Sight,
    asks_for,
    count_insults,
    discloses,
    entails,
    keys_in,
    look,
    overlap_f1,
    relevant,
    says_farewell,
    turns,
)
from personarium.models.simulated.validity import check
from personarium.models.simulated.verdicts import is_pair, is_verdict, meanings
from personarium.text.form import Form
from personarium.text.holes import Hole

TIE = 0.25  # closer scores are a tie where one is offered
USUAL_WORDS = 40  # the length at which verbosity_bias adds nothing
MIDDLE = 3.0  # the quality when there is nothing to read

_PHI = NormalDist().cdf
_TOXIC = re.compile(r"\b(?:toxic\w*|offensive\w*|hateful|abusive|insult\w*|civil(?:ity)?)\b", re.IGNORECASE)
_ASKS_CONFLICT = re.compile(
    r"\b(?:contradict\w*|inconsisten\w+|conflict\w*|violat\w+|deviat\w+|out of character)\b", re.IGNORECASE
)
_ASKS_AI = re.compile(r"\b(?:language model|an ai\b|reveal\w*|break\w* character|admit\w*|disclos\w+)", re.IGNORECASE)
_ASKS_TOXIC = re.compile(r"\b(?:toxic|insult\w*|offensive|hateful|abusive|rude)\b", re.IGNORECASE)
_ASKS_STOP = re.compile(
    r"\b(?:end(?:ed|s|ing)?|finish\w*|stop\w*|over|conclud\w*|terminat\w*|goodbye|said farewell)\b", re.IGNORECASE
)
_ASKS_RELEVANT = re.compile(r"\b(?:ir)?relevan\w+", re.IGNORECASE)
_ASKS_CONTINUE = re.compile(r"\b(?:continue|go on|keep (?:going|talking))\b", re.IGNORECASE)


def recognise(request: Request) -> str:
    """Something to judge together with a rubric, or with a hole for a score, a verdict or an entailment label."""
    form = form_of(request)
    if form is None or request.has("item"):
        return ""
    rule = plain_rule(request)
    if has_part(request, "response", "response_a", "statements") or (
        has_part(request, "dialogue") and _not_asked_for_facts(form)
    ):
        wanted = _wanted(request, form)
        return f"{wanted}, {rule}" if wanted and rule else wanted
    if has_part(request, "slot", "draft") and has_part(request, "rules", "rubric") and _verdicts(form):
        return "draft with rules"
    return ""


def _wanted(request: Request, form: Form) -> str:
    if has_part(request, "options") and not has_part(request, "rubric", "response_a") and not _verdicts(form):
        return ""
    if has_part(request, "rubric") and (
        _verdicts(form) or form.kind in ("line", "text") or has_part(request, "response")
    ):
        return "rubric"
    holes = _verdicts(form)
    return f"{holes[0].kind} hole" if holes else ""


def _verdicts(form: Form) -> list[Hole]:
    """The holes for a score, a verdict or an entailment label."""
    return [h for h in answer_holes(form) if h.kind != "choice" or is_verdict(h.choices) or is_pair(h.choices)]


def _not_asked_for_facts(form: Form) -> bool:
    """Whether the numbers wanted are scores and not attributes of a person (an age) that a reader would look up."""
    names = {h.name.replace("_", " ").rsplit(".", 1)[-1] for h in answer_holes(form) if h.kind == "number"}
    return not any(
        name == key.replace("_", " ") or name in a.synonyms for name in names for key, a in attributes().items()
    )


@dataclass(slots=True)
class Bench:
    """A judge at work on one request; scores and verdicts are made once and then looked up."""

    request: Request
    parameters: Parameters
    dice: Dice
    ledger: Ledger
    form: Form
    cases: list[Case]
    statements: list[str]
    seen: dict[int, tuple[float, str]] = field(default_factory=dict)
    labels: dict[int, tuple[str, str]] = field(default_factory=dict)


def answer(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    """Fill every hole of the form: scores, verdicts, certainties and reasons."""
    form = form_of(request)
    assert form is not None  # recognise() saw it
    bench = Bench(request, parameters, dice, ledger, form, cases_of(request), statements_of(request))
    length = max(len(bench.statements), len(bench.cases), 1)
    if has_part(request, "response_a", "response_b"):
        return fill(request, form, make_values(form, lambda h, k: _pair_value(bench, h), 1))
    return fill(request, form, make_values(form, lambda h, k: _value(bench, h, k), length))


def _value(bench: Bench, hole: Hole, k: int) -> Any:
    """One hole of a pointwise form."""
    if is_certainty(hole):
        return certainty_value(hole, _sureness(bench), bench.parameters)
    if hole.kind == "number":
        return _score_value(bench, hole, _share(bench, hole, k), k)
    if hole.choices:
        return _label_value(bench, hole, _share(bench, hole, k), k)
    return _reason(bench, _share(bench, hole, k))


def _share(bench: Bench, hole: Hole, k: int) -> int:
    """Which case a hole is about: like holes are dealt out over the cases in order."""
    if bench.form.kind == "list" or hole.many is not None:
        return k
    like = tuple(h for h in bench.form.holes if h.kind == hole.kind and is_certainty(h) == is_certainty(hole))
    things = max(len(bench.statements) if hole.choices or not bench.cases else 0, len(bench.cases), 1)
    return place_of(bench.form, hole, k, like) * things // max(len(like), things)


def _sureness(bench: Bench) -> float:
    """How sure a single judgement is: of a verdict 1 - flip, of a score that noise does not move it by half a point."""
    if any(h.choices for h in answer_holes(bench.form)):
        return 1 - bench.parameters.flip
    noise = bench.parameters.judge_noise
    return 1.0 if noise == 0 else 2 * _PHI(0.5 / noise) - 1


# ---------------------------------------------------------------------------------------------------- scores


def quality(case: Case, ledger: Ledger) -> tuple[float, str]:
    """The visible quality 1..5 of a case and the reason for it.

    q = 1 + 4 x carried / relevant (4 if nothing is relevant), -2 if anything is contradicted, -2 for disclosure, -1 for
    inventions; with a reference and no persona 1 + 4 x F1 of content roots; toxicity: 5 minus insults; else 3.
    """
    if _TOXIC.search(case.rubric):
        found = count_insults(case.response)
        return _clipped(5.0 - found), f"I found {found} insulting words."
    if case.facts:
        return _against_persona(case, ledger)
    if case.reference:
        f1 = overlap_f1(case.response, case.reference)
        return _clipped(1 + 4 * f1), f"It shares {f1:.0%} of its content with the reference."
    if case.rules:
        broken = check(case.rules, case.response).broken
        return (1.0 if broken else 5.0), f"Broken rules: {'; '.join(broken) or 'none'}."
    ledger.unread.append("nothing to judge by")
    return MIDDLE, "There is nothing to compare it with."


def _against_persona(case: Case, ledger: Ledger) -> tuple[float, str]:
    asked = relevant(case.facts, case.question) if case.question else []
    sight = look(case.response, case.facts)
    if not case.response.strip() and not asked:
        ledger.unread.append("nothing to read in the response")
        return MIDDLE, "There is no text to judge."
    ids = [f.id for f in asked]
    q = 1 + 4 * sum(i in sight.carried for i in ids) / len(ids) if ids else 4.0
    q -= 2 * bool(sight.contradicted) + 2 * sight.disclosed + bool(sight.invented)
    _note(case, ids, sight, ledger)
    return _clipped(q), _facts_named(case, sight)


def _note(case: Case, ids: list[str], sight: Sight, ledger: Ledger) -> None:
    ledger.facts = list(case.facts)
    ledger.relevant += ids
    ledger.acts += [(i, "carry") for i in sight.carried] + [(i, "contradict") for i in sight.contradicted]
    ledger.acts += [("", f"invent {key}") for key in sight.invented] + [("", "disclose")] * sight.disclosed


def _facts_named(case: Case, sight: Sight) -> str:
    value = {f.id: f.value for f in case.facts}
    said = [
        f"It says {', '.join(value[i] for i in sight.carried)}."
        if sight.carried
        else "It names none of the known facts.",
        f"It contradicts {', '.join(value[i] for i in sight.contradicted)}." if sight.contradicted else "",
        "It says that it is an AI." if sight.disclosed else "",
        f"It makes up its {', '.join(k.replace('_', ' ') for k in sight.invented)}." if sight.invented else "",
    ]
    return " ".join(filter(None, said))


def _clipped(q: float) -> float:
    return min(max(q, 1.0), 5.0)


def score(bench: Bench, case: Case, key: str) -> float:
    """s = q + leniency + verbosity_bias x log2(words / 40) + self_preference (own phrasing) + judge_noise x z."""
    p = bench.parameters
    if case.place not in bench.seen:
        bench.seen[case.place] = quality(case, bench.ledger)
        bench.ledger.latents.append(("quality", bench.seen[case.place][0]))
    s = bench.seen[case.place][0] + p.leniency
    if p.verbosity_bias:
        s += p.verbosity_bias * math.log2(max(len(case.response.split()), 1) / USUAL_WORDS)
    if p.self_preference and sounds_own(case.response, p.bank):
        s += p.self_preference
    if p.judge_noise:
        s += p.judge_noise * bench.dice.normal("judge", f"{bench.request.occasion}|{case.place}|{key}")
    bench.ledger.latents.append(("score", s))
    return s


def sounds_own(text: str, bank: str) -> bool:
    """Whether a text has a phrasing that a subject of this bank would use."""
    from personarium.models.simulated.phrases import recognises

    return recognises(text, bank)


def _score_value(bench: Bench, hole: Hole, place: int, k: int) -> float | int:
    if not bench.cases and bench.statements:
        label, _ = _label(bench, place, ("entailment", "neutral", "contradiction"), ("yes", "neutral", "no"))
        s = {"yes": 5.0, "neutral": MIDDLE, "no": 1.0}[label]
    elif bench.cases:
        s = score(bench, bench.cases[min(place, len(bench.cases) - 1)], f"{hole.name}|{k}")
    else:
        bench.ledger.unread.append("nothing to judge")
        s = MIDDLE
    return on_range(hole, s)


def on_range(hole: Hole, s: float) -> float | int:
    """A score of 1..5 mapped to the hole's range, rounded and clipped."""
    lo, hi = float(hole.lo or 0), float(hole.hi or 0)
    return to_range(hole, lo + (s - 1) / 4 * (hi - lo))


# ---------------------------------------------------------------------------------------------------- pairs


def _pair_value(bench: Bench, hole: Hole) -> Any:
    a, b = (_pair_score(bench, place) for place in (0, 1))
    if is_certainty(hole):
        return certainty_value(hole, pair_certainty(a, b, bench.parameters.judge_noise), bench.parameters)
    if hole.kind == "number":
        like = tuple(h for h in answer_holes(bench.form) if h.kind == "number")
        if len(like) == 1 and any(h.choices for h in bench.form.holes):
            # a lone number beside a verdict states how sure the verdict is
            return certainty_value(hole, pair_certainty(a, b, bench.parameters.judge_noise), bench.parameters)
        second = place_of(bench.form, hole, 0, like) * 2 // max(len(like), 2) == 1
        return on_range(hole, b if second else a)
    if hole.choices:
        return _winner(bench, hole, a, b)
    better = "first" if a + bench.parameters.position_bias > b else "second"
    return f"The {better} response is better. " + " ".join(bench.seen[place][1] for place in sorted(bench.seen))


def _pair_score(bench: Bench, place: int) -> float:
    if place not in bench.labels:
        bench.labels[place] = (str(score(bench, bench.cases[place], "pair")), "")
    return float(bench.labels[place][0])


def pair_certainty(a: float, b: float, noise: float) -> float:
    """Phi(|a - b| / (noise x sqrt 2)); without noise 1 for a difference and 1/2 for none."""
    if noise == 0:
        return 1.0 if a != b else 0.5
    return _PHI(abs(a - b) / (noise * math.sqrt(2)))


def _winner(bench: Bench, hole: Hole, a: float, b: float) -> str:
    found = dict(zip(reversed(meanings(hole.choices)), reversed(hole.choices), strict=True))
    p = bench.parameters
    if p.first and bench.dice.hit("first", bench.request.occasion, p.first):
        return found.get("first", hole.choices[0])
    lead = a + p.position_bias - b
    if "tie" in found and abs(lead) < TIE:
        return found["tie"]
    return found.get("first" if lead > 0 else "second", hole.choices[0])


# ---------------------------------------------------------------------------------------------------- labels


def _label_value(bench: Bench, hole: Hole, place: int, k: int) -> str | bool:
    found = meanings(hole.choices)
    label, _ = _label(bench, place, hole.choices, found, f"{hole.name}|{k}")
    choice = hole.choices[found.index(label)] if label in found else hole.choices[0]
    return choice == "yes" if hole.kind == "yesno" else choice


def _label(
    bench: Bench, place: int, choices: tuple[str, ...], found: tuple[str, ...], key: str = ""
) -> tuple[str, str]:
    """The meaning of the label given, and the reason: the reading, replaced by another label with ``flip``."""
    read, why = _reading(bench, place, found)
    if read not in found:
        read = {"neutral": "no", "stop": "yes", "continue": "no"}.get(read, read)
    if read not in found:
        bench.ledger.unread.append(f"no label among {', '.join(choices)} for the reading '{read}'")
        read = next(filter(None, found), "")
    others = [f for f in found if f and f != read]
    draw = f"{bench.request.occasion}|{place}|{key}"
    if others and bench.dice.hit("flip", draw, bench.parameters.flip):
        read = others[bench.dice.pick("flip_to", draw, len(others))]
    bench.ledger.acts.append(("", f"verdict {read}"))
    bench.labels[place] = (read, why)
    return read, why


def _reading(bench: Bench, place: int, found: tuple[str, ...]) -> tuple[str, str]:
    """What the second reader makes of it, before any flip: a meaning and a reason."""
    request = bench.request
    asks = _question_text(bench)
    if {"stop", "continue"} <= set(found) or (
        has_part(request, "dialogue") and not bench.statements and _about_end(asks)
    ):
        return _stop_reading(request, found, asks)
    if bench.statements:
        statement = bench.statements[min(place, len(bench.statements) - 1)]
        if "relevant" in found or (_ASKS_RELEVANT.search(asks) and not bench.cases):
            return _relevance(bench, statement, found)
        label = entails(premise_of(request), statement)
        word = {"entailment": "yes", "contradiction": "no"}.get(label, "neutral")
        return word, f"The text against '{statement}': {label}."
    if not bench.cases:
        bench.ledger.unread.append("nothing to judge")
        return "neutral", "There is nothing to judge."
    case = bench.cases[min(place, len(bench.cases) - 1)]
    if case.rules:
        return _rule_reading(bench, case)
    return _case_reading(bench, case, asks)


def _question_text(bench: Bench) -> str:
    """The words that say what is asked of the judge: rubric, and the prompt outside of its blocks."""
    last = bench.request.last
    for block in reversed(bench.request.blocks):
        if (
            block.end <= len(last)
            and last[block.start : block.start + 1] == "<"
            and block.text in last[block.start : block.end]
        ):
            last = last[: block.start] + last[block.end :]
    return f"{part(bench.request, 'rubric')}\n{last}"


def _about_end(asks: str) -> bool:
    return bool(_ASKS_STOP.search(asks) or _ASKS_CONTINUE.search(asks)) and bool(
        re.search(r"\b(?:dialogue|conversation|chat|talk|session)\b", asks, re.I)
    )


def _stop_reading(request: Request, found: tuple[str, ...], asks: str) -> tuple[str, str]:
    spoken = turns(part(request, "dialogue"))
    ended = any(says_farewell(text) for _, text in spoken[-2:])
    if {"stop", "continue"} <= set(found):
        read = "stop" if ended else "continue"
    else:
        goes_on = _ASKS_CONTINUE.search(asks) and not _ASKS_STOP.search(asks)
        read = "yes" if ended != bool(goes_on) else "no"
    return read, "There is a goodbye or thanks in the last two turns." if ended else "Nobody has said goodbye."


def _relevance(bench: Bench, statement: str, found: tuple[str, ...]) -> tuple[str, str]:
    """Whether a statement is about what a question asks for."""
    asked = part(bench.request, "question") or part(bench.request, "dialogue")
    fits = bool(relevant(facts_of(statement), asked)) or any(asks_for(key, asked) for key in keys_in(statement))
    labels = ("relevant", "irrelevant") if "relevant" in found else ("yes", "no")
    return labels[0 if fits else 1], f"'{statement}' is {'' if fits else 'not '}what is asked about."


def _rule_reading(bench: Bench, case: Case) -> tuple[str, str]:
    checked = check(case.rules, case.response)
    bench.ledger.unread += [f"rule: {rule}" for rule in checked.unread]
    if checked.broken:
        return "no", f"Broken: {'; '.join(checked.broken)}."
    return "yes", "Every rule that I can check holds."


def _case_reading(bench: Bench, case: Case, asks: str) -> tuple[str, str]:
    if _ASKS_CONFLICT.search(asks) and case.facts:
        found = bool(look(case.response, case.facts).contradicted)
    elif _ASKS_AI.search(asks):
        found = discloses(case.response)
    elif _ASKS_TOXIC.search(asks):
        found = count_insults(case.response) > 0
    else:
        q, why = quality(case, bench.ledger)
        bench.ledger.latents.append(("quality", q))
        return ("yes" if q >= MIDDLE else "no"), why
    return ("yes" if found else "no"), "I found it in the text." if found else "I did not find it in the text."


def _reason(bench: Bench, place: int) -> str:
    """Names the facts that were seen for the case."""
    if (
        bench.cases
        and not bench.statements
        and place not in bench.seen
        and not any(h.choices for h in bench.form.holes)
    ):
        case = bench.cases[min(place, len(bench.cases) - 1)]
        bench.seen[case.place] = quality(case, bench.ledger)
        bench.ledger.latents.append(("quality", bench.seen[case.place][0]))
    if place in bench.seen:
        return bench.seen[place][1]
    if place in bench.labels:
        return bench.labels[place][1]
    found = next((meanings(h.choices) for h in bench.form.holes if h.choices), ("yes", "no"))
    return _reading(bench, place, found)[1]

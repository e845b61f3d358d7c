"""Choices: arithmetic, a visible fact, something learnt, a trait, else a guess; with exact label log-probabilities.

Source: SIMULATED.md, "Choices". It never knows a gold label: without context or knowledge it scores chance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from personarium.core.chat import TokenLogprob
from personarium.models.simulated.arithmetic import number_in, result
from personarium.models.simulated.asked import (
    Answer,
    Answered,
    answer_holes,
    certainty_value,
    fill,
    form_of,
    has_part,
    make_values,
    parts,
    place_of,
    plain_rule,
    to_range,
)
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.inventory import DISCRIMINATION, lookup
from personarium.models.simulated.latents import theta_b
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.occasions import unordered
from personarium.models.simulated.parameters import Parameters
from personarium.models.simulated.printed import Option, options_in, options_of_block
from personarium.models.simulated.reading import Fact, is_said, read_facts, read_levels, read_outdated, relevant_facts
from personarium.models.simulated.request import Request
from personarium.models.simulated.words import is_negated, stems
from personarium.text.blocks import blocks
from personarium.text.form import Form
from personarium.text.holes import Hole

_ABSTAINING = re.compile(
    r"\b(?:(?:do not|don['’]t|cannot|can['’]t) (?:know|say|tell|decide|answer|be (?:determined|answered))|"
    r"not sure|unsure|"
    r"none of the (?:above|others|options)|not (?:enough|sufficient) information|unknown|abstain|prefer not|"
    r"no answer|decline|"
    r"skip|insufficient information|undetermined|no opinion|not answerable|unanswerable)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"reason|explanation|why|thought|think|rationale|feedback|comment|justification|analysis|because|argument|"
    r"text|step|note",
    re.IGNORECASE,
)
_OUTDATED = "outdated fact"
_PLACES = 1e-6  # two numbers closer than this are the same answer


@dataclass(frozen=True, slots=True)
class Choice:
    """One question: what may be replied, and what each reply means."""

    question: str
    printed: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mixture:
    """The probabilities of one choice.

    Args:
        shares: Exact probability of each printed answer over samples.
        reason: Why, in words.
        sure: How sure the subject is of what it takes: ``ability`` of something known, else the share.
    """

    shares: tuple[float, ...]
    reason: str
    sure: float | None


def recognise(request: Request) -> str:
    """``block options``, a hole of alternatives, lettered lines, or a number that a question asks for."""
    form = form_of(request)
    holes = answer_holes(form)
    rule = plain_rule(request)
    if request.has("options") and (form is None or holes or form.kind == "text"):
        return "block options"
    if any(h.choices for h in holes):
        return "" if form is None or _is_record(request, form) else rule or "hole of alternatives"
    if holes and form is not None and form.kind in ("line", "text") and not has_part(request, "text", "dialogue"):
        return rule or "number hole"
    return ""


def _is_record(request: Request, form: Form) -> bool:
    """Whether the alternatives are fields of a record to be written or read, not answers to a question."""
    if request.has("slot", "issues", "materials", "draft") or _is_selection(request, form):
        return True
    return any(h.kind == "path" or (h.kind == "text" and not _REASON.search(h.name)) for h in form.holes)


def _is_selection(request: Request, form: Form) -> bool:
    """Whether several alternatives of one list are wanted, not one for each question."""
    if form.kind != "list" or len(form.holes) != 1 or has_part(request, "options"):
        return False
    return form.count != len(parts(request, "question")) if form.count else len(parts(request, "question")) < 2


def answer(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    """Choose for every choice hole; a single label comes with its log-probabilities."""
    form = form_of(request)
    if form is None:
        return _option_text(request, parameters, dice, ledger)
    holes = tuple(h for h in answer_holes(form) if h.choices)
    if not holes and form.kind == "text":
        return _option_text(request, parameters, dice, ledger)
    made: dict[int, tuple[str, Mixture]] = {}

    def choose(place: int, hole: Hole) -> tuple[str, Mixture]:
        if place not in made:
            made[place] = _choose(request, parameters, dice, ledger, _choice(request, hole, place))
        return made[place]

    def make(hole: Hole, k: int) -> Any:
        place = place_of(form, hole, k, holes if hole.choices else _like(form, hole))
        if hole.choices:
            taken = choose(place, hole)[0]
            return taken == "yes" if hole.kind == "yesno" else taken
        if not holes:
            return (
                _number(request, hole, place, parameters, dice, ledger)
                if hole.kind == "number"
                else _no_reason(request)
            )
        taken, mixture = choose(min(place, len(holes) - 1), holes[min(place, len(holes) - 1)])
        if hole.kind == "number":
            at = _choice(request, holes[min(place, len(holes) - 1)], place).printed.index(taken)
            return certainty_value(hole, mixture.shares[at] if mixture.sure is None else mixture.sure, parameters)
        return mixture.reason

    values = make_values(form, make, max(len(parts(request, "question")), 1))
    written = fill(request, form, values)
    if len(form.holes) == 1 and holes and request.sampling.top_logprobs is not None:
        choice = _choice(request, holes[0], 0)
        return Answered(written, label_logprobs(form, values, choice, made[0], request.sampling.top_logprobs))
    return written


def _like(form: Form, hole: Hole) -> tuple[Hole, ...]:
    return tuple(h for h in form.holes if h.kind == hole.kind)


def _no_reason(request: Request) -> str:
    worked = result(_question(request, 0))
    return f"That makes {worked:g}." if worked is not None else "I am not certain, so I guessed."


# ---------------------------------------------------------------------------------------------------- what is asked


def _choice(request: Request, hole: Hole, place: int) -> Choice:
    """The question and alternatives of a hole: options by letter where the hole has letters, else its own words."""
    options = _options(request, place)
    by_key = {o.key.upper(): o.text for o in options if o.key}
    texts = [by_key.get(c.strip("()[]. ").upper()) for c in hole.choices]
    if (
        options
        and all(t is None for t in texts)
        and len(options) == len(hole.choices)
        and not any(o.key for o in options)
    ):
        texts = [o.text for o in options]
    return Choice(
        _question(request, place), hole.choices, tuple(t or c for t, c in zip(texts, hole.choices, strict=True))
    )


def _options(request: Request, place: int) -> tuple[Option, ...]:
    given = parts(request, "options")
    if given:
        return options_of_block(given[min(place, len(given) - 1)][1])
    return options_in(request.last)


def _question(request: Request, place: int) -> str:
    for tags in (("scene", "question"), ("item",), ("text",)):
        found = [given[min(place, len(given) - 1)][1] for tag in tags if (given := parts(request, tag))]
        if found:
            return "\n".join(found)
    return _without_options(request.last)


@lru_cache(maxsize=2048)
def _without_options(text: str) -> str:
    for shown in reversed(blocks(text)):  # the form's own "<1-5>" is no sum to work out
        if shown.tag == "reply":
            text = text[: shown.start] + text[shown.end :]
    options = {o.text for o in options_in(text)}
    lines = (line for line in text.splitlines() if not any(line.strip().endswith(o) for o in options))
    return "\n".join(lines).strip()


# ---------------------------------------------------------------------------------------------------- deciding


def _choose(
    request: Request, parameters: Parameters, dice: Dice, ledger: Ledger, choice: Choice
) -> tuple[str, Mixture]:
    """The printed answer taken, drawn by the text of the options, and the mixture it was drawn from."""
    core, reason, sure = _core(request, parameters, dice, ledger, choice)
    abstaining = _abstaining(choice)
    p, key = parameters, unordered(request, choice.question, *sorted(choice.texts))
    mixture = Mixture(_shares(core, abstaining, p), reason, sure)
    if p.first and dice.hit("first", key, p.first):
        return choice.printed[0], mixture
    if abstaining and p.abstain and dice.hit("abstain", key, p.abstain):
        return choice.printed[abstaining[0]], mixture
    u = dice.u("choice", key)
    ledger.draws.append(("choice", u, max(core)))
    order = sorted(range(len(core)), key=lambda i: (choice.texts[i], i))
    for i in order:
        u -= core[i]
        if u < 0:
            return choice.printed[i], mixture
    return choice.printed[max(order, key=lambda i: core[i])], mixture


def _abstaining(choice: Choice) -> list[int]:
    return [i for i, text in enumerate(choice.texts) if _abstains(text)]


@lru_cache(maxsize=4096)
def _abstains(text: str) -> bool:
    return bool(_ABSTAINING.search(text))


def _shares(core: Sequence[float], abstaining: Sequence[int], p: Parameters) -> tuple[float, ...]:
    """first + (1 - first) x (abstain + (1 - abstain) x core), place by place."""
    abstain = p.abstain if abstaining else 0.0
    out = [(1 - p.first) * (1 - abstain) * share for share in core]
    out[0] += p.first
    if abstaining:
        out[abstaining[0]] += (1 - p.first) * abstain
    return tuple(out)


def _core(
    request: Request, parameters: Parameters, dice: Dice, ledger: Ledger, choice: Choice
) -> tuple[list[float], str, float | None]:
    """The shares without ``first`` and ``abstain``, the reason and, of something known, how sure the subject is."""
    known = _known(request, parameters, dice, ledger, choice)
    open_places = [i for i in range(len(choice.texts)) if i not in _abstaining(choice)] or list(
        range(len(choice.texts))
    )
    if known is not None:
        right, reason = known
        ledger.acts.append((choice.question[:80], reason))
        # an outdated fact is a false belief, not knowledge: it is always given
        if reason.startswith(_OUTDATED) or dice.hit(
            "ability", f"{request.person}|{choice.question}", parameters.ability
        ):
            return [float(i == right) for i in range(len(choice.texts))], reason, parameters.ability
        rest = [i for i in open_places if i != right] or [right]
        return [1 / len(rest) if i in rest else 0.0 for i in range(len(choice.texts))], reason, parameters.ability
    marked = _by_trait(request, parameters, dice, ledger, choice, open_places)
    if marked is not None:
        return marked, "It is what I would do.", None
    ledger.acts.append((choice.question[:80], "guess"))
    return [1 / len(open_places) if i in open_places else 0.0 for i in range(len(choice.texts))], "I guessed.", None


def _known(
    request: Request, parameters: Parameters, dice: Dice, ledger: Ledger, choice: Choice
) -> tuple[int, str] | None:
    """The place of the derivable or known answer and the reason: arithmetic, a fact, something learnt."""
    worked = result(choice.question)
    if worked is not None:
        equal = [i for i, text in enumerate(choice.texts) if _is_number(text, worked)]
        if len(equal) == 1:
            return equal[0], f"arithmetic: {worked:g}"
    stated = _by_fact(request, parameters, dice, ledger, choice)
    return stated if stated is not None else _by_learning(parameters, choice)


def _is_number(text: str, value: float) -> bool:
    found = number_in(text)
    return found is not None and abs(found - value) < _PLACES


def _by_learning(parameters: Parameters, choice: Choice) -> tuple[int, str] | None:
    if not parameters.learnt:
        return None
    wanted = _plain(_learnt_answer(parameters, choice.question))
    if not wanted:
        return None
    same = [i for i, text in enumerate(choice.texts) if _plain(text) == wanted]
    return (same[0], "learnt") if same else None


def _learnt_answer(parameters: Parameters, question: str) -> str:
    direct = parameters.learnt.get(question) or parameters.learnt.get(question.strip())
    if direct:
        return direct
    asked = _plain(question)
    return next((a for q, a in parameters.learnt.items() if _plain(q) == asked or (q and _plain(q) in asked)), "")


@lru_cache(maxsize=8192)
def _plain(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.lower()).split())


def visible(request: Request) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """The valid and the outdated facts in what the subject can see: persona, earlier turns, notes, dialogue."""
    earlier = tuple(
        m["content"] for m in request.messages if m["role"] in ("user", "assistant") and m["content"] != request.last
    )
    notes = tuple(text for tag in ("memory", "dialogue", "text") for _, text in parts(request, tag))
    return _visible(request.persona, earlier + notes)


@lru_cache(maxsize=2048)
def _visible(persona: str, notes: tuple[str, ...]) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    return tuple(read_facts(persona, notes)), tuple(read_outdated(persona, notes))


def _by_fact(
    request: Request, parameters: Parameters, dice: Dice, ledger: Ledger, choice: Choice
) -> tuple[int, str] | None:
    """The option that states a valid fact the question is about; with ``stale`` an outdated one where there is one."""
    valid, outdated = visible(request)
    if not valid and not outdated:
        return None
    ledger.facts = list(valid)
    if outdated and parameters.stale:
        old = _stated(outdated, choice)
        if old is not None and dice.hit("stale", f"{request.person}|{choice.question}", parameters.stale):
            return old[0], f"{_OUTDATED} {old[1].id}"
    found = _stated(valid, choice)
    if found is None:
        return None
    ledger.relevant.append(found[1].id)
    return found[0], f"fact {found[1].id}: {found[1].value}"


def _stated(facts: Sequence[Fact], choice: Choice) -> tuple[int, Fact] | None:
    if {t.lower() for t in choice.texts} == {"yes", "no"}:
        return _yes_or_no(facts, choice)
    asked = relevant_facts(facts, choice.question)
    said = [(stems(text), is_negated(text)) for text in choice.texts]
    for group in (asked, [f for f in facts if f not in asked]):
        for fact in group:
            places = [i for i, (found, negated) in enumerate(said) if is_said(fact, found) and negated == fact.negated]
            if len(places) == 1:
                return places[0], fact
            closest = sorted(places, key=lambda i: len(said[i][0]))
            if len(closest) > 1 and len(said[closest[0]][0]) < len(said[closest[1]][0]):
                return closest[0], fact
    return None


def _yes_or_no(facts: Sequence[Fact], choice: Choice) -> tuple[int, Fact] | None:
    """Yes when the question names the fact's value, no when it is about the key and names another value."""
    asked, denied = stems(choice.question), is_negated(choice.question)
    lowered = [t.lower() for t in choice.texts]
    for fact in relevant_facts(facts, choice.question):
        same = is_said(fact, asked)
        if same or fact.key:
            truth = same and (fact.negated == denied)
            return lowered.index("yes" if truth else "no"), fact
    return None


def _by_trait(
    request: Request,
    parameters: Parameters,
    dice: Dice,
    ledger: Ledger,
    choice: Choice,
    open_places: Sequence[int],
) -> list[float] | None:
    """Options marked by a trait, by theta_b: of two opposite ones the high one with 1 / (1 + exp(-a theta_b))."""
    marks = [_mark(choice.texts[i]) for i in open_places]
    if not any(marks):
        return None
    latent = {t: theta_b(request, parameters, dice, ledger, t) for t in sorted({t for m in marks for t, _ in m})}
    pull = [math.exp(DISCRIMINATION / 2 * sum(sign * latent[t] for t, sign in mark)) for mark in marks]
    ledger.acts.append((choice.question[:80], "trait " + ",".join(latent)))
    out = [0.0] * len(choice.texts)
    for i, weight in zip(open_places, pull, strict=True):
        out[i] = weight / sum(pull)
    return out


@lru_cache(maxsize=4096)
def _mark(text: str) -> tuple[tuple[str, int], ...]:
    """The (trait, direction) marks of an option: an item of the bank, else trait words."""
    known = lookup(text)
    if known is not None:
        return (known,)
    levels = read_levels(text)
    return tuple((t, 1 if level > 0 else -1) for t, level in sorted(levels.items()) if level)


# ---------------------------------------------------------------------------------------------------- replies


def label_logprobs(
    form: Form, values: dict[str, Any], choice: Choice, taken: tuple[str, Mixture], top: int
) -> tuple[TokenLogprob, ...]:
    """One token for the label with the exact log-probabilities of the mixture; fixed words around it are certain."""
    label, mixture = taken
    text = form.fill(values)
    at = text.rfind(label)
    pairs = sorted(zip(choice.printed, mixture.shares, strict=True), key=lambda pair: -pair[1])
    shown = tuple((name, math.log(share)) for name, share in pairs[:top] if share > 0)
    mine = math.log(mixture.shares[choice.printed.index(label)])
    around = [
        TokenLogprob(fixed, 0.0, ((fixed, 0.0),) if top else ()) if fixed else None
        for fixed in (text[:at], text[at + len(label) :])
    ]
    middle = TokenLogprob(label, mine, shown)
    return tuple(token for token in (around[0], middle, around[1]) if token is not None)


def _number(
    request: Request, hole: Hole, place: int, parameters: Parameters, dice: Dice, ledger: Ledger
) -> float | int:
    """A number that a question asks for: worked out or learnt with ``ability``, else a guess within the range."""
    question = _question(request, place)
    worked = result(question)
    if worked is None and parameters.learnt:
        worked = number_in(_learnt_answer(parameters, question))
    if worked is not None and dice.hit("ability", f"{request.person}|{question}", parameters.ability):
        return to_range(hole, worked)
    if worked is None:
        ledger.unread.append(f"a number is asked for: {question[:80]}")
    lo, hi = float(hole.lo or 0), float(hole.hi or 0)
    return to_range(hole, lo + (hi - lo) * dice.u("number", unordered(request, question, hole.name)))


def _option_text(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> str:
    """Without a hole of alternatives: the text of the option taken, with its letter where it has one."""
    options = _options(request, 0)
    if len(options) < 2:
        ledger.unread.append("no options could be read")
        return "I do not know which one you mean."
    choice = Choice(_question(request, 0), tuple(str(i) for i in range(len(options))), tuple(o.text for o in options))
    taken = options[int(_choose(request, parameters, dice, ledger, choice)[0])]
    return f"{taken.key}. {taken.text}" if taken.key else taken.text

"""The simulated subject itself: read the request, find the role, answer, spoil, and say what was decided."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

from personarium.core.chat import Message, Reply, Sampling, TokenLogprob, Usage
from personarium.models.simulated.chance import Dice
from personarium.models.simulated.files import for_persona, with_files
from personarium.models.simulated.ledger import Ledger
from personarium.models.simulated.parameters import Parameters, canonical_name, parse_name
from personarium.models.simulated.request import Request, read_request


@dataclass(frozen=True, slots=True)
class Filled:
    """Values for the holes of the request's form; the form itself writes them."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that carries more than text: exact log-probabilities of its label, or tool calls."""

    text: str | Filled
    logprobs: tuple[TokenLogprob, ...] | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = field(default=())


Answer = str | Filled | Answered
Recogniser = Callable[[Request], str]
Answerer = Callable[[Request, Parameters, Dice, Ledger], Answer]

# Who answers what, first match wins. Source: SIMULATED.md, "What is asked".
_MODULES: tuple[tuple[str, str], ...] = (
    ("gamer", "games"),
    ("judge", "judging"),
    ("respondent", "inventory"),
    ("chooser", "choosing"),
    ("reader", "extracting"),
    ("writer", "writing"),
    ("player", "playing"),
    ("stranger", "stranger"),
)
_PIECE = re.compile(r"\s*\S+")


@lru_cache(maxsize=1)
def roles() -> tuple[tuple[str, Recogniser, Answerer], ...]:
    """The ordered table of roles: name, recogniser (rule's name or ""), answerer; loaded on first use."""
    modules = ((role, import_module(f"personarium.models.simulated.{name}")) for role, name in _MODULES)
    return tuple((role, module.recognise, module.answer) for role, module in modules)


class SimulatedModel:
    """A rule-based subject whose behaviour is known exactly; a measuring standard, not a language model.

    Args:
        parameters: Parameters, or a model name ``simulated[/CONTROL][:key=value,...]``. Files it names are read now.

    Raises:
        UsageError: An unknown key or control, or a value out of range.
        NotFound: A named file does not exist.

    Source: SIMULATED.md.
    """

    def __init__(self, parameters: Parameters | str = "simulated") -> None:
        from personarium.models.simulated.controls import preset

        given = parse_name(parameters) if isinstance(parameters, str) else parameters
        self.parameters = with_files(given)
        self._acting = preset(self.parameters)
        self._name = canonical_name(self.parameters)

    @property
    def name(self) -> str:
        """The canonical name: keys sorted, defaults left out, files with their digest."""
        return self._name

    async def generate(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Reply:
        """The reply: a pure function of the parameters and of what goes over the wire."""
        return self._reply(messages, sampling)[0]

    async def stream(
        self,
        messages: Sequence[Message],
        sampling: Sampling = Sampling(),
    ) -> AsyncIterator[str | Reply]:
        """The same reply word by word, and last the whole :class:`Reply`."""
        reply, _ = self._reply(messages, sampling)
        end = 0
        for piece in _PIECE.finditer(reply.text):
            end = piece.end()
            yield piece.group()
        if reply.text[end:]:
            yield reply.text[end:]
        yield reply

    def explain(self, messages: Sequence[Message], sampling: Sampling = Sampling()) -> Ledger:
        """Recompute what was read, drawn and decided for this request; only calibrations and tests call it."""
        return self._reply(messages, sampling)[1]

    def _reply(self, messages: Sequence[Message], sampling: Sampling) -> tuple[Reply, Ledger]:
        request = read_request(messages, sampling)
        parameters = for_persona(self._acting, request.persona)
        ledger = Ledger(form=request.form.show() if request.form else None)
        answer = _answer(request, parameters, Dice(parameters.seed, ledger), ledger)
        reply = answer if isinstance(answer, Answered) else Answered(answer)
        text = _written(reply.text, request)
        if parameters.control not in _UNSPOILT:
            from personarium.models.simulated.faults import spoil

            text = spoil(text, request, parameters, Dice(parameters.seed, ledger), ledger)
        return _finished(text, reply, request, self._name), ledger


# Controls whose whole point is the exact text; a fault on top would make them something else.
_UNSPOILT = frozenset({"mute", "refuser", "constant", "parrot", "copycat", "unparsable"})


def _answer(request: Request, parameters: Parameters, dice: Dice, ledger: Ledger) -> Answer:
    from personarium.models.simulated.controls import override, recast
    from personarium.models.simulated.playing import refuse

    answerer: Answerer | None = None
    for role, recognise, answer in roles():
        rule = recognise(request)
        if rule:
            ledger.role, ledger.rule, answerer = role, rule, answer
            break
    assert answerer is not None  # the stranger takes everything
    instead = override(request, parameters, dice, ledger)
    if instead is not None:
        return instead
    if parameters.refusal and dice.hit("refusal", request.occasion, parameters.refusal):
        return refuse(request, parameters, dice, ledger)
    return answerer(recast(request, parameters, ledger.role, dice), parameters, dice, ledger)


def _written(answer: str | Filled, request: Request) -> str:
    if isinstance(answer, str):
        return answer
    if request.form is not None:
        return request.form.fill(answer.values)
    return json.dumps(dict(answer.values), ensure_ascii=False)


def _finished(text: str, answer: Answered, request: Request, name: str) -> Reply:
    sampling = request.sampling
    reason = "tool_calls" if answer.tool_calls else "stop"
    cut = min((at for at in (text.find(s) for s in sampling.stop if s) if at >= 0), default=-1)
    if cut >= 0:
        text = text[:cut]
    if sampling.max_tokens is not None:
        pieces = list(_PIECE.finditer(text))
        if len(pieces) > sampling.max_tokens:
            text, reason = text[: pieces[sampling.max_tokens].start()], "length"
    asked = sampling.top_logprobs is not None
    return Reply(
        text=text,
        finish_reason=reason,
        # Words stand for tokens: an estimate, but the same one everywhere.
        usage=Usage(sum(len(str(m.get("content") or "").split()) for m in request.messages), len(text.split()), 1, 0.0),
        logprobs=answer.logprobs if asked else None,
        tool_calls=answer.tool_calls,
        model=name,
    )

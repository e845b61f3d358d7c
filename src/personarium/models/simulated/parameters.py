"""The parameters of the simulated subject: their names, defaults and ranges, and the model name that carries them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from personarium.core.errors import UsageError

# The negative controls, each a model name (`simulated/parrot`); what they do is in `controls.py`.
CONTROLS: Mapping[str, str] = {
    "mute": "answers nothing",
    "refuser": "declines everything",
    "constant": "says one fixed sentence",
    "parrot": "repeats the last message",
    "copycat": "recites the persona whatever is asked",
    "generic": "the voice of a plain assistant, fidelity 0",
    "contrary": "fidelity 0, contradict 1",
    "other": "plays another persona, fluently",
    "flatterer": "agrees with everything",
    "windbag": "400 words",
    "first": "always the first option, A, left",
    "certain": "certainty 100",
    "unparsable": "never in the wanted form",
    "insider": "uses what looks like a gold label, answer key, rationale or later event, and nothing else",
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a simulated subject is like. The defaults are deliberately imperfect. Source: SIMULATED.md, "Parameters".

    ``rules`` and ``learnt`` hold what the files ``when`` and ``knowledge`` said when the model was opened; they are
    not keys of the name.
    """

    control: str = ""
    # all
    seed: int = 0
    bank: str = "A"
    refusal: float = 0.0
    when: str = ""
    # playing
    fidelity: float = 0.9
    contradict: float = 0.3
    invent: float = 0.05
    disclosure: float = 0.0
    drift: float = 0.0
    echo: float = 0.0
    copy: float = 0.05
    initiative: float = 0.5
    patience: int = 8
    words: int = 40
    # traits
    traits: tuple[tuple[str, float], ...] = ()
    gain: float = 0.75
    say_do: float = 1.0
    acquiescence: float = 0.0
    faking: float = 0.0
    # choices
    ability: float = 0.9
    stale: float = 0.0
    abstain: float = 0.0
    first: float = 0.0
    knowledge: str = ""
    # judging
    judge_noise: float = 0.5
    leniency: float = 0.0
    position_bias: float = 0.0
    verbosity_bias: float = 0.0
    self_preference: float = 0.0
    flip: float = 0.02
    overconfidence: float = 0.0
    # work
    recall: float = 0.95
    hallucinate: float = 0.02
    obey: float = 0.98
    give: float = 0.0
    hand: float = 0.5
    belief: float = 1.0
    # faults
    sloppy: float = 0.1
    malformed: float = 0.0
    empty: float = 0.0
    # read from files at construction
    rules: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=(), repr=False)
    learnt: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def trait(self, letter: str) -> float:
        """The planted latent of trait ``letter`` (O, C, E, A, N); 0 when none was planted."""
        return dict(self.traits).get(letter, 0.0)


_PROBABILITY = (0.0, 1.0)
# Where a value makes sense: a share is a probability; shifts of a score or latent stay within the width of its scale.
_RANGES: Mapping[str, tuple[float, float]] = {
    "seed": (0, 2**63 - 1), "patience": (1, 10_000), "words": (1, 5_000), "gain": (-5, 5), "say_do": (-1, 1),
    "acquiescence": (-5, 5), "faking": (-5, 5), "judge_noise": (0, 10), "leniency": (-5, 5), "position_bias": (-5, 5),
    "verbosity_bias": (-5, 5), "self_preference": (-5, 5), "give": (-10, 10), "hand": (0, 1e6), "belief": (-1, 1),
}  # fmt: skip
_TEXTS = frozenset({"when", "knowledge"})
_NOT_KEYS = frozenset({"control", "rules", "learnt"})
_DEFAULTS: Mapping[str, Any] = {f.name: f.default for f in fields(Parameters) if f.name not in _NOT_KEYS}
_TRAITS = "OCEAN"
_TRAIT_RANGE = (-5.0, 5.0)


def parse_name(name: str) -> Parameters:
    """Read a model name ``simulated[/CONTROL][:key=value,...]``.

    Args:
        name: For instance ``simulated:fidelity=0.8,drift=0.05,seed=3``; ``traits=O:0.5;E:-1`` uses semicolons.

    Returns:
        The parameters; files are named in them, not yet read.

    Raises:
        UsageError: An unknown control or key, a value out of range, or a key given twice; the message names the
            nearest known name.
    """
    head, _, tail = name.partition(":")
    kind, slash, control = head.partition("/")
    if kind != "simulated":
        raise UsageError(f"a simulated subject is named 'simulated[/CONTROL][:key=value,...]', found '{name}'")
    if slash and control not in CONTROLS:
        raise UsageError(f"there is no control '{control}'; {_nearest(control, CONTROLS)}")
    return Parameters(control=control, **parse_pairs(tail))


def parse_pairs(text: str) -> dict[str, Any]:
    """Read ``key=value,key=value`` into checked values; used for model names and for rules of a ``when`` file.

    Raises:
        UsageError: As :func:`parse_name`.
    """
    values: dict[str, Any] = {}
    for pair in filter(None, (p.strip() for p in text.split(","))):
        key, equals, raw = (part.strip() for part in pair.partition("="))
        if key not in _DEFAULTS:
            raise UsageError(f"a simulated subject has no parameter '{key}'; {_nearest(key, _DEFAULTS)}")
        if not equals:
            raise UsageError(f"parameter '{key}' of a simulated subject needs a value, written '{key}=VALUE'")
        if key in values:
            raise UsageError(f"parameter '{key}' of a simulated subject is given twice")
        values[key] = _value(key, raw)
    return values


def canonical_name(p: Parameters) -> str:
    """The one name of these parameters: keys sorted, defaults left out; ``parse_name`` reads it back."""
    head = f"simulated/{p.control}" if p.control else "simulated"
    pairs = [f"{key}={_show(getattr(p, key))}" for key in sorted(_DEFAULTS) if getattr(p, key) != _DEFAULTS[key]]
    return f"{head}:{','.join(pairs)}" if pairs else head


def _value(key: str, raw: str) -> Any:
    if key in _TEXTS:
        return raw
    if key == "traits":
        return _parse_traits(raw)
    if key == "bank":
        if raw not in ("A", "B"):
            raise UsageError(f"parameter 'bank' of a simulated subject is A or B, found '{raw}'")
        return raw
    whole = isinstance(_DEFAULTS[key], int)
    return _number(key, raw, _RANGES.get(key, _PROBABILITY), whole)


def _number(key: str, raw: str, limits: tuple[float, float], whole: bool) -> float | int:
    lo, hi = limits
    wanted = f"{'a whole number' if whole else 'a number'} from {lo:g} to {hi:g}"
    try:
        value = int(raw) if whole else float(raw)
    except ValueError:
        raise UsageError(f"parameter '{key}' of a simulated subject is {wanted}, found '{raw}'") from None
    if not lo <= value <= hi:
        nearest = min(max(value, lo), hi) if value == value else lo
        raise UsageError(
            f"parameter '{key}' of a simulated subject is {wanted}, found '{raw}'; the nearest is {nearest:g}"
        )
    return value


def _parse_traits(raw: str) -> tuple[tuple[str, float], ...]:
    traits: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in raw.split(";"))):
        letter, colon, number = (x.strip() for x in part.partition(":"))
        if not colon or len(letter) != 1 or letter not in _TRAITS:
            raise UsageError(f"parameter 'traits' is written 'O:0.5;E:-1' with letters of OCEAN, found '{part}'")
        traits[letter] = float(_number(f"traits {letter}", number, _TRAIT_RANGE, whole=False))
    return tuple(sorted((k, v) for k, v in traits.items() if v))


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return ";".join(f"{letter}:{number!r}" for letter, number in value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"the nearest is '{close[0]}'" if close else "there is none"

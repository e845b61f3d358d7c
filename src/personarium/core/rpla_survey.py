"""The taxonomy of role-playing agents as a working system: coverage, guards, and what can be measured without a model.

Source: "From Persona to Personalization: A Survey on Role-Playing Language Agents" (arXiv 2404.18231, TMLR 2024); page
rpla-survey. The page's record and stacking rule are ``persona``, ``facets`` and ``layers`` of this room, its guards
``guards``, its measures ``plain_measures``.
Deviations: a survey has no algorithm; guards and measures are the laboratory's own (page points 8 and 9). Texts are put
into Unicode form NFKC before they are compared, so that full-width digits do not slip past a guard.
Units: style distance and checklist in [0, 1]; drift in differences of cosine distance, [-2, 2].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.dialogue import Dialogue
from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet
from personarium.core.guards import normalise
from personarium.core.layers import Knowledge, Layer
from personarium.core.persona import DESCRIPTION, KINDS, Demonstration, Persona
from personarium.core.plain_measures import ChecklistItem, Embed, drift, knowledge_checklist, style_distance, trigrams
from personarium.core.results import Failure, Scale, Score, count_failures
from personarium.core.views import show_value

# -- Taxonomy and coverage (points 1 and 6, "Works when" 7) -----------------------------------------------------------

VERBS = ("make", "play", "remember", "measure", "steer")
CELLS: tuple[str, ...] = tuple(f"{kind}/{verb}" for kind in KINDS for verb in VERBS)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the coverage table: what serves a kind of persona with a verb.

    Args:
        kind: Of persona.
        verb: What is done with it.
        systems: Catalogued systems that serve it.
        commands: That do it.
        examples: Where the documentation shows it.
        gives: What comes of the command, in a few words.
        empty: Why there is nothing; only where there is nothing.
    """

    kind: str
    verb: str
    systems: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    gives: str = ""
    empty: str = ""

    @property
    def name(self) -> str:
        """``kind/verb``."""
        return f"{self.kind}/{self.verb}"

    @property
    def covered(self) -> bool:
        """Whether there is at least one command and one example."""
        return bool(self.commands) and bool(self.examples)


def coverage(rows: Iterable[Mapping[str, Any]], examples: Mapping[str, Sequence[str]]) -> tuple[Cell, ...]:
    """The table of the 15 cells {demographic, character, individualized} x {make, play, remember, measure, steer}.

    Args:
        rows: Catalogue rows with ``slug``, ``command`` and ``cells`` (``kind/verb``).
        examples: From the documentation: slug -> its examples.

    Raises:
        InvalidInput: When a row names a cell that does not exist.
    """
    systems: dict[str, list[Mapping[str, Any]]] = {name: [] for name in CELLS}
    for row in rows:
        for name in row.get("cells", ()):
            if name not in systems:
                raise InvalidInput(f"catalogue row {row['slug']}", f"cells out of {', '.join(CELLS)}", name, "cells")
            systems[name].append(row)
    return tuple(_cell(name, found, examples) for name, found in systems.items())


def _cell(name: str, rows: Sequence[Mapping[str, Any]], examples: Mapping[str, Sequence[str]]) -> Cell:
    kind, verb = name.split("/")
    slugs = tuple(row["slug"] for row in rows)
    commands = tuple(dict.fromkeys(row["command"] for row in rows if row.get("command")))
    return Cell(kind, verb, slugs, commands, tuple(e for slug in slugs for e in examples.get(slug, ())))


def documented_coverage(
    rows: Iterable[Mapping[str, Any]], told: Iterable[Mapping[str, Any]] | None = None
) -> tuple[Cell, ...]:
    """The table as the documentation shows it: a command and its example in each cell that exists, the catalogue's systems beside.

    Args:
        rows: Catalogue rows with ``slug`` and ``cells``.
        told: Cells with ``name`` and either ``command``, ``gives`` and ``example`` (a page of docs/) or ``empty`` (why); those
            of ``rpla_coverage.toml`` by default.

    Raises:
        InvalidInput: A cell that does not exist, is told twice or not at all, or both has a command and says that it is empty.
    """
    found: dict[str, Cell] = {}
    systems = {cell.name: cell.systems for cell in coverage(rows, {})}
    for row in _told() if told is None else told:
        name = str(row.get("name"))
        if name not in systems or name in found:
            raise InvalidInput("coverage table", f"each cell once, out of {', '.join(CELLS)}", name, "name")
        found[name] = _told_cell(name, row, systems[name])
    if missing := [name for name in CELLS if name not in found]:
        raise InvalidInput("coverage table", "every cell, or why it is empty", f"nothing on {', '.join(missing)}")
    return tuple(found[name] for name in CELLS)


def _told() -> list[dict[str, Any]]:
    import tomllib
    from importlib.resources import files

    text = files("personarium.core").joinpath("rpla_coverage.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["cell"])


def _told_cell(name: str, row: Mapping[str, Any], systems: tuple[str, ...]) -> Cell:
    kind, verb = name.split("/")
    full = all(isinstance(row.get(field), str) and row[field] for field in ("command", "gives", "example"))
    if full == bool(row.get("empty")):
        wanted = "either command, gives and example, or empty with the reason"
        raise InvalidInput("coverage table", wanted, ", ".join(sorted(row)), name)
    if not full:
        return Cell(kind, verb, systems, empty=str(row["empty"]))
    return Cell(kind, verb, systems, (row["command"],), (row["example"],), row["gives"])


def missing_cells(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Names of the cells of the whole table without a command or without an example (or not in it at all)."""
    covered = {cell.name for cell in cells if cell.covered}
    return tuple(name for name in CELLS if name not in covered)


def check_coverage(rows: Iterable[Mapping[str, Any]], examples: Mapping[str, Sequence[str]]) -> tuple[Cell, ...]:
    """The table, if it is complete.

    Raises:
        InvalidInput: Naming every cell that is not covered.
    """
    cells = coverage(rows, examples)
    missing = missing_cells(cells)
    if missing:
        raise InvalidInput("coverage table", "a command and an example in every cell", f"none in {', '.join(missing)}")
    return cells


# -- Report on a recorded dialogue ("Works when" 6) -------------------------------------------------------------------

_DISTANCE = Scale(0.0, 1.0, higher_is_better=False, unit="distance")
_SHARE = Scale(0.0, 1.0, unit="share")
_DRIFT = Scale(-2.0, 2.0, higher_is_better=False, unit="cosine distance")
_RUBRIC = Scale(1.0, 5.0)
# Point 3 of the page: the two families of evaluation, as far as no rule can read them off a text.
JUDGE_CRITERIA: tuple[str, ...] = (
    "conversation quality",
    "engagement",
    "human-likeness",
    "consistency over turns",
    "emotion understanding",
    "theory of mind",
    "problem solving",
    "ignorance of what the persona cannot know",
    "personality and thinking",
)


@dataclass(frozen=True, slots=True)
class DialogueReport:
    """What one recorded dialogue shows of one persona; ``calls`` model calls were made for it (none)."""

    dialogue: str
    persona: str
    speaker: str
    scores: tuple[Score, ...]
    calls: Literal[0] = 0

    @property
    def not_measured(self) -> tuple[str, ...]:
        """Criteria without a value."""
        return tuple(score.id for score in self.scores if score.value is None)

    def score(self, criterion: str) -> Score:
        """The score of a criterion; raises KeyError when there is none of this name."""
        for score in self.scores:
            if score.id == criterion:
                return score
        raise KeyError(criterion)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; what was not measured says so and is None, never 0."""
        failures = count_failures(f for score in self.scores for f in score.failures)
        return {
            "id": f"{self.dialogue}|{self.speaker}",
            "dialogue": self.dialogue,
            "persona": self.persona,
            "speaker": self.speaker,
            "calls": self.calls,
            "scores": [score.as_dict() for score in self.scores],
            "not_measured": list(self.not_measured),
            "failures": failures,
        }


def recorded_dialogue_report(
    dialogue: Dialogue,
    persona: Persona,
    *,
    speaker: str | None = None,
    embed: Embed | None = None,
    checklist: Sequence[ChecklistItem] | None = None,
    reference: str | None = None,
) -> DialogueReport:
    """Measure what a speaker of a recorded dialogue shows of its persona, without any model call.

    Args:
        dialogue: What was said.
        persona: Who the speaker plays.
        speaker: Id in the dialogue; without it the persona's id or name if that spoke, else the first speaker.
        embed: Texts -> vectors, for drift; without it drift is not measured.
        checklist: What the persona should show it knows; without it one item for every public facet with a plain value.
        reference: Text in the persona's own style; without it its demonstrations.

    Raises:
        InvalidInput: When ``speaker`` did not speak.
    """
    who = speaker or _speaker_of(dialogue, persona)
    said = dialogue.said_by(who)
    if not said:
        raise InvalidInput(f"dialogue {dialogue.id}", f"a speaker among {', '.join(dialogue.speakers)}", who, "speaker")
    style = reference if reference is not None else "\n".join(d.text for d in persona.demonstrations)
    items = checklist if checklist is not None else persona_checklist(persona)
    scores = [_style_score(said, style), _checklist_score(said, items), _drift_score(said, persona, embed)]
    scores += [_missing(name, _RUBRIC, "not measured: needs a judge") for name in JUDGE_CRITERIA]
    return DialogueReport(dialogue.id, persona.id, who, tuple(scores))


def persona_checklist(persona: Persona) -> tuple[ChecklistItem, ...]:
    """One item for every facet with a plain value that may be told; descriptions are sentences and no answers."""
    items = []
    told = (f for f in persona.facets if f.visibility == "public" and f.path != DESCRIPTION and not f.machinery)
    for facet in told:
        if not isinstance(facet.value, (bool, dict)):
            accepted = show_value(facet.value)
            if normalise(accepted):
                items.append(ChecklistItem(facet.id, (accepted,)))
    return tuple(items)


def _speaker_of(dialogue: Dialogue, persona: Persona) -> str:
    known = [name for name in (persona.id, persona.name) if name in dialogue.speakers]
    return (known or list(dialogue.speakers) or [""])[0]


def _style_score(said: Sequence[str], reference: str) -> Score:
    value = style_distance("\n".join(said), reference)
    if value is None:
        return _missing("style distance", _DISTANCE, "not measured: no text in the persona's own style to compare with")
    return Score(value, _DISTANCE, id="style distance")


def _checklist_score(said: Sequence[str], items: Sequence[ChecklistItem]) -> Score:
    value, found = knowledge_checklist(said, items)
    if value is None:
        return _missing("knowledge checklist", _SHARE, "not measured: nothing on the checklist")
    return Score(value, _SHARE, {id: float(ok) for id, ok in found.items()}, id="knowledge checklist")


def _drift_score(said: Sequence[str], persona: Persona, embed: Embed | None) -> Score:
    if embed is None:
        return _missing("drift", _DRIFT, "not measured: no embedder was given")
    *vectors, own = embed([*said, persona.view("statements").text])
    value = drift(vectors, own)
    if value is None:
        return _missing("drift", _DRIFT, "not measured: fewer than two utterances, or one that embeds to nothing")
    return Score(value, _DRIFT, id="drift")


def _missing(criterion: str, scale: Scale, reason: str) -> Score:
    return Score(None, scale, failures=(Failure("missing", reason, criterion),), id=criterion)


# -- The contract's example: Socrates as a tutor ----------------------------------------------------------------------


def socrates_layers() -> tuple[Layer, Layer, Layer]:
    """The stack of the page's second statement: philosopher, Socrates, my tutor."""
    philosopher = Layer(
        "philosopher",
        "demographic",
        (
            Facet("", "social.occupation", "philosopher", "sampled", confidence=0.6),
            Facet("", "style.register", "formal", "sampled", confidence=0.5),
        ),
        Knowledge(known_topics=("ethics", "logic", "physics")),
    )
    socrates = Layer(
        "Socrates",
        "character",
        (
            Facet("", "social.name", "Socrates"),
            Facet("", "social.occupation", "stonemason", "extracted", confidence=0.9),
            Facet("", "life.birthplace", "Athens"),
        ),
        Knowledge(("ethics", "logic", "rhetoric"), time_limit=-399, never_disclose=("escape plan",)),
    )
    tutor = Layer(
        "my tutor",
        "individualized",
        (
            Facet("", "social.name", "Sokrates"),
            Facet("", "style.register", "casual", "inferred", confidence=0.4),
            Facet("", "life.birthplace", "Rome", "inferred"),
        ),
        Knowledge(never_disclose=("grades",)),
    )
    return philosopher, socrates, tutor


async def _example(model: ChatModel, seed: int) -> list[dict[str, Any]]:
    """A recorded dialogue of the stacked tutor, reported; model and seed are not used: nothing here asks or draws."""
    persona = Persona.stacked(
        socrates_layers(),
        id="tutor",
        demonstrations=(Demonstration("Is it not so, my friend, that nobody errs willingly?"),),
    )
    lines = (
        ("pupil", "Who are you, and what do you do?"),
        ("tutor", "They call me Sokrates, my friend, and I was a stonemason in Athens."),
        ("pupil", "Then tell me what virtue is."),
        ("tutor", "Is it not so that nobody errs willingly, and that virtue is therefore knowledge?"),
    )
    dialogue = Dialogue("socratic")
    for speaker, text in lines:
        dialogue.say(speaker, text)
    report = recorded_dialogue_report(dialogue, persona, speaker="tutor", embed=_trigram_vectors)
    return [report.to_dict(), {"id": "conflicts", "conflicts": [c.to_dict() for c in persona.conflicts]}]


def _trigram_vectors(texts: list[str]) -> list[list[float]]:
    """Character-3-gram counts as vectors: an embedder of nothing but the texts, enough for the example."""
    counts = [trigrams(text) for text in texts]
    grams = sorted({gram for count in counts for gram in count})
    return [[float(count[gram]) for gram in grams] for count in counts]


CONTRACT = Contract(example=_example)

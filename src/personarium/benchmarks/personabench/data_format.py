"""The files of PersonaBench: people with questions, the segments that prove the answers, and their private documents.

Source: SalesforceAIResearch/personabench, ``synthetic_data/community_N``; page "Data formats" and step 2. The published
data are CC BY-NC-SA 4.0 and for research: they are read where the user has them and are no part of this package; the
bundled example is our own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from personarium.benchmarks.personabench.scoring import category_of
from personarium.core.errors import InvalidInput, NotFound
from personarium.core.facets import mapping, text
from personarium.core.files import existing, parse_json, read_text

MAX_BYTES = 256 * 2**20
UNSEEN = frozenset({"segment_id", "session"})  # keys that a chunk does not show, at any depth (code)
# Kind of document -> file, in the order in which documents stand in a person's corpus.
KINDS = {
    "conversation": "conversation_data_all.json",
    "user_ai_interaction": "user_ai_interaction_data_all.json",
    "purchase_history": "purchase_history_data_all.json",
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """One document: a session of one conversation, of one talk with an assistant, or one purchase.

    Args:
        id: Its segment id, unique in a community.
        kind: A key of :data:`KINDS`.
        text: Compact JSON of the session (time, roles and names, but no ids), as it is indexed and read.
        time: When, as the file has it ("2024/Oct/14/09:14 AM"); "" where there is none.
    """

    id: str
    kind: str
    text: str
    time: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question that the person asks about themselves.

    Args:
        id: Unique in a community.
        question: In the first person.
        answer: A text, a whole number, or a list of texts or one-key objects.
        type: ``Basic information``, ``Preference``, ``Social`` or ``Subjective``.
        difficulty: ``easy`` or ``hard``.
        outdated: What was true before: a text, a whole number, a list of texts, or None.
        items: Item of the answer -> the segments that state it; empty for people without documents.
    """

    id: str
    question: str
    answer: Any
    type: str
    difficulty: str
    outdated: Any = None
    items: Mapping[str, tuple[str, ...]] | None = None

    @property
    def category(self) -> str | None:
        """Under which name it is averaged; None when it is skipped."""
        return category_of(self.type, self.difficulty)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with their questions and, for some, their documents."""

    name: str
    questions: tuple[Question, ...]
    chunks: tuple[Chunk, ...] = ()


@dataclass(frozen=True)
class Community:
    """A small social network at one level of noise.

    Args:
        name: Name of its folder.
        noise: Share of documents that prove nothing.
        people: All who have questions, in the file's order.
        graph: ``{"nodes": [...], "edges": [...]}`` as the file has it; None where there is no such file.
    """

    name: str
    noise: float
    people: tuple[Person, ...]
    graph: Mapping[str, Any] | None = None

    def tested(self, num_people: int) -> tuple[Person, ...]:
        """Those of the first ``num_people`` who have documents."""
        return tuple(person for person in self.people[:num_people] if person.chunks)

    def segments(self) -> dict[str, int]:
        """How many documents of each kind."""
        found = Counter(chunk.kind for person in self.people for chunk in person.chunks)
        return {kind: found[kind] for kind in KINDS}

    @property
    def truth_rows(self) -> int:
        """How many questions say which segments prove their answer."""
        return sum(question.items is not None for person in self.people for question in person.questions)


def load_community(folder: str | Path, noise: float = 0.0) -> Community:
    """Read a community as it is released.

    Args:
        folder: ``community_N``, with ``eval_info``, ``private_data`` and perhaps ``graph_json``.
        noise: Which level; :func:`noise_levels` says which there are.

    Raises:
        NotFound: A file or the level is not there.
        InvalidInput: Naming file, entry and field.
    """
    folder = Path(folder)
    level = _level(folder, noise)
    documents = _documents(folder / "private_data" / f"noise_{level}")
    proofs = folder / "eval_info" / f"qa_gt_context_all_noise_{level}.json"
    people = _people(folder / "eval_info" / "eval_info_all.json", documents, _truth(proofs))
    for person in people:
        _check_truth(person, str(proofs))
    graph = folder / "graph_json" / "social_graph.json"
    return Community(folder.name, noise, people, _graph(graph) if graph.is_file() else None)


def load_communities(folder: str | Path, noise: float | None = None) -> list[Community]:
    """Read a community, or every one in a folder of them (``synthetic_data``), ordered by name.

    Args:
        folder: One community's folder, or one that holds some.
        noise: Which level; None is the lowest that the first community has.

    Raises:
        NotFound: There is no community.
        InvalidInput: As for :func:`load_community`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotFound(f"{folder}: no such folder; name one like community_0 of PersonaBench")
    homes = [folder] if _is_community(folder) else sorted(path for path in folder.iterdir() if _is_community(path))
    if not homes:
        raise NotFound(f"{folder}: no community in it (a folder with eval_info and private_data)")
    level = min(noise_levels(homes[0])) if noise is None else noise
    return [load_community(home, level) for home in homes]


def _is_community(folder: Path) -> bool:
    return (folder / "private_data").is_dir() and (folder / "eval_info").is_dir()


def noise_levels(folder: str | Path) -> dict[float, str]:
    """The levels of noise that a community's folder has, lowest first, with their spelling in file names.

    Raises:
        NotFound: When there is no ``private_data`` folder with a level.
    """
    found: dict[float, str] = {}
    for path in sorted((Path(folder) / "private_data").glob("noise_*")):
        spelled = path.name.removeprefix("noise_")
        try:
            found[float(spelled)] = spelled
        except ValueError:
            raise InvalidInput(str(path), "a folder noise_X with a number X") from None
    if not found:
        raise NotFound(f"{folder}: no folder private_data/noise_X; name a folder like community_0 of PersonaBench")
    return dict(sorted(found.items()))


def load_example(noise: float = 0.0) -> Community:
    """The bundled community: three invented people, two of them with documents; our own, and much too small to measure by."""
    with as_file(files("personarium.benchmarks.personabench") / "data" / "example") as folder:
        return load_community(folder, noise)


def chunk_text(session: Any) -> str:
    """A session as it is indexed: compact JSON, non-ASCII escaped, without ids at any depth (page, step 2)."""
    return json.dumps(_without_ids(session), separators=(",", ":"))


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_ids(inner) for key, inner in value.items() if key not in UNSEEN}
    return [_without_ids(inner) for inner in value] if isinstance(value, list) else value


def _level(folder: Path, noise: float) -> str:
    levels = noise_levels(folder)
    if noise not in levels:
        raise NotFound(f"{folder}: no noise level {noise}; there are {', '.join(levels.values())}")
    return levels[noise]


def _entries(path: Path, what: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a JSON file that is a list of them, each with its place for messages."""
    where = str(path)
    data = parse_json(read_text(existing(path), f"a JSON list of {what}", MAX_BYTES), where)
    yield from _objects(data, where, "")


def _objects(data: Any, where: str, field: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(data, list):
        raise InvalidInput(where, "a list", data, field or None)
    for k, entry in enumerate(data):
        place = f"{where}: {field}[{k}]" if field else f"{where}: entry {k}"
        yield place, mapping(entry, place, "")


def _people(
    path: Path, documents: Mapping[str, tuple[Chunk, ...]], truth: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> tuple[Person, ...]:
    people: dict[str, Person] = {}
    seen: set[str] = set()
    for where, entry in _entries(path, "people"):
        name = text(entry.get("Name"), where, "Name")
        listed = mapping(entry.get("Eval_Info"), where, "Eval_Info").get("qa")
        questions = tuple(_question(row, place, truth) for place, row in _objects(listed, where, "Eval_Info.qa"))
        if name in people:
            raise InvalidInput(where, "a name that was not there before", name, "Name")
        for question in questions:
            if question.id in seen:
                raise InvalidInput(where, "question ids that were not there before", question.id, "q_id")
            seen.add(question.id)
        people[name] = Person(name, questions, documents.get(name, ()))
    if strangers := sorted(documents.keys() - people.keys()):
        raise InvalidInput(str(path), "an entry for everybody who has documents", f"none for {strangers[0]}", "Name")
    return tuple(people.values())


def _question(row: Mapping[str, Any], where: str, truth: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Question:
    id = text(row.get("q_id"), where, "q_id")
    return Question(
        id=id,
        question=text(row.get("question"), where, "question"),
        answer=_answer(row.get("answer"), where, "answer"),
        type=text(row.get("type"), where, "type"),
        difficulty=text(row.get("difficulty"), where, "difficulty"),
        outdated=None if row.get("outdated_value") is None else _answer(row["outdated_value"], where, "outdated_value"),
        items=truth.get(id),
    )


def _answer(value: Any, where: str, field: str) -> Any:
    """A text, a whole number, or a filled list of those and of one-key objects."""
    for item in value if isinstance(value, list) and value else [value]:
        plain = isinstance(item, str) or (isinstance(item, int) and not isinstance(item, bool))
        if not plain and not (isinstance(value, list) and isinstance(item, dict) and len(item) == 1):
            raise InvalidInput(where, "a text, a whole number, or a list of texts or one-key objects", item, field)
    return value


def _check_truth(person: Person, where: str) -> None:
    """What can be scored must say where it is proved, and only in the person's own documents."""
    own = {chunk.id for chunk in person.chunks}
    for question in person.questions if person.chunks else ():
        if question.items is None:
            raise InvalidInput(where, f"a row for question {question.id} of {person.name}", "none", "q_id")
        for item, segments in question.items.items():
            foreign = [segment for segment in segments if segment not in own]
            if foreign:
                place = f"{where}: question {question.id}"
                raise InvalidInput(place, f"segments of {person.name}'s documents", foreign[0], f"segment_id.{item}")


def _truth(path: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    rows: dict[str, dict[str, tuple[str, ...]]] = {}
    for where, row in _entries(path, "truth rows"):
        id = text(row.get("q_id"), where, "q_id")
        if id in rows:
            raise InvalidInput(where, "a question that was not there before", id, "q_id")
        items = mapping(row.get("segment_id"), where, "segment_id")
        if not items:
            raise InvalidInput(where, "at least one item with its segments", items, "segment_id")
        rows[id] = {item: _segments(ids, where, f"segment_id.{item}") for item, ids in items.items()}
    return rows


def _segments(ids: Any, where: str, field: str) -> tuple[str, ...]:
    if not isinstance(ids, list) or not ids:
        raise InvalidInput(where, "a filled list of segment ids", ids, field)
    return tuple(text(id, where, field) for id in ids)


def _documents(folder: Path) -> dict[str, tuple[Chunk, ...]]:
    found: dict[str, list[Chunk]] = {}
    seen: set[str] = set()
    for kind, file in KINDS.items():
        for where, entry in _entries(folder / file, "people with documents"):
            chunks = found.setdefault(text(entry.get("Name"), where, "Name"), [])
            for place, session in _sessions(kind, entry.get("Data"), where):
                chunk = _chunk(kind, session, place)
                if chunk.id in seen:
                    raise InvalidInput(place, "a segment that was not there before", chunk.id, "segment_id")
                seen.add(chunk.id)
                chunks.append(chunk)
    return {name: tuple(chunks) for name, chunks in found.items()}


def _sessions(kind: str, data: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if kind != "conversation":
        yield from _objects(data, where, "Data")
        return
    for place, partner in _objects(data, where, "Data"):
        yield from _objects(partner.get("Conversations"), place, "Conversations")


def _chunk(kind: str, session: Mapping[str, Any], where: str) -> Chunk:
    if not isinstance(session.get(kind), list):
        raise InvalidInput(where, "a list of turns or goods", session.get(kind), kind)
    try:
        shown = chunk_text(session)
    except RecursionError:
        raise InvalidInput(where, "JSON of less depth") from None
    return Chunk(
        text(session.get("segment_id"), where, "segment_id"), kind, shown, text(session.get("time", ""), where, "time")
    )


def _graph(path: Path) -> Mapping[str, Any]:
    where = str(path)
    data = mapping(parse_json(read_text(path, "a JSON object of nodes and edges", MAX_BYTES), where), where, "")
    nodes = [mapping(n, where, f"nodes[{k}]").get("node") for k, n in enumerate(_list(data, where, "nodes"))]
    for k, edge in enumerate(_list(data, where, "edges")):
        for end in ("source", "target"):
            if mapping(edge, where, f"edges[{k}]").get(end) not in nodes:
                raise InvalidInput(where, "a node of the graph", edge.get(end), f"edges[{k}].{end}")
    return data


def _list(data: Mapping[str, Any], where: str, field: str) -> Sequence[Any]:
    if not isinstance(data.get(field), list):
        raise InvalidInput(where, "a list", data.get(field), field)
    values: Sequence[Any] = data[field]
    return values

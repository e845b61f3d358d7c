"""The persona record: one object for a demographic slot, a character or a particular person."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput, NotFound
from personarium.core.facets import (
    Facet,
    Source,
    Value,
    freeze,
    mapping,
    one_of,
    rethrow,
    split_fields,
    text,
    thaw,
)
from personarium.core.layers import Conflict, Knowledge, Layer, LayerKind, read_facets, stack, with_ids
from personarium.core.sentences import sentence_spans

if TYPE_CHECKING:
    from personarium.core.views import Rendered, Secrets, Style

SCHEMA_VERSION = 1
Kind = Literal["demographic", "character", "individualized"]
KINDS: tuple[str, ...] = get_args(Kind)
DESCRIPTION = "description"  # path of facets that are a sentence of their own


@dataclass(frozen=True, slots=True)
class Flags:
    """What has to be known before a persona is used; None means nobody said.

    Args:
        real_person: It shows somebody who lives or lived.
        minor: Under age.
        deceased: No longer alive.
        consent: The person agreed.
        extra: Fields that this version does not know; kept and written back.
    """

    real_person: bool | None = None
    minor: bool | None = None
    deceased: bool | None = None
    consent: bool | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("real_person", "minor", "deceased", "consent"):
            if not isinstance(getattr(self, name), (bool, type(None))):
                raise InvalidInput("flags", "true, false or null", getattr(self, name), name)
        object.__setattr__(self, "extra", freeze(dict(self.extra), "flags", "extra"))


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One example of how the persona speaks: in which scene, who speaks, what is said, where it is from."""

    text: str
    speaker: str = ""
    scene: str = ""
    provenance: str = ""
    extra: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("text", "speaker", "scene", "provenance"):
            text(getattr(self, name), "demonstration", name)
        object.__setattr__(self, "extra", freeze(dict(self.extra), "demonstration", "extra"))


@dataclass(frozen=True, slots=True)
class Persona:
    """Who is played, remembered, measured or steered.

    Args:
        id: Stable, never the person's name; empty means a hash of the content. Edits keep it and raise ``version``.
        name: What the persona is called; views show it unless a facet of path ``name`` does.
        kinds: Any of ``demographic``, ``character``, ``individualized``.
        language: Language of values and sentences (BCP 47).
        facets: The statements that hold, in the order in which views show them.
        layers: What the facets were stacked from, if they were (:meth:`stacked`).
        knowledge: What it can know and must keep to itself.
        demonstrations: Examples of its speech.
        provenance: Where the record is from; JSON-ready.
        version: Counts edits from 1.
        parent_version: The version this one was edited from.
        licence: Licence of the record.
        flags: Real person, minor, deceased, consent.
        extra: Fields that this version does not know; kept and written back.

    Raises:
        InvalidInput: On an unknown kind, two facets with one id, or a value that JSON cannot hold.

    Source: rpla-survey page, point 5 (the survey's three kinds of persona in one record).
    """

    id: str = ""
    name: str = ""
    kinds: tuple[Kind, ...] = ()
    language: str = "en"
    facets: tuple[Facet, ...] = ()
    layers: tuple[Layer, ...] = ()
    knowledge: Knowledge = field(default_factory=Knowledge)
    demonstrations: tuple[Demonstration, ...] = ()
    provenance: Mapping[str, Value] = field(default_factory=dict)
    version: int = 1
    parent_version: int | None = None
    licence: str = ""
    flags: Flags = field(default_factory=Flags)
    extra: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"persona {self.id}".rstrip()
        for name in ("id", "name", "language", "licence"):
            text(getattr(self, name), where, name)
        if isinstance(self.kinds, str) or not isinstance(self.kinds, Sequence):
            raise InvalidInput(where, "a list of kinds", self.kinds, "kinds")
        for kind in self.kinds:
            one_of(kind, KINDS, where, "kinds")
        for name in ("version", "parent_version"):
            _version(getattr(self, name), where, name)
        put = object.__setattr__
        put(self, "kinds", tuple(k for k in KINDS if k in self.kinds))
        put(self, "facets", with_ids(self.facets, where))
        put(self, "layers", tuple(self.layers))
        put(self, "demonstrations", tuple(self.demonstrations))
        put(self, "provenance", freeze(dict(self.provenance), where, "provenance"))
        put(self, "extra", freeze(dict(self.extra), where, "extra"))
        if not self.id:
            content = {k: v for k, v in self.to_dict().items() if k not in ("id", "version", "parent_version")}
            put(self, "id", "p-" + hashlib.blake2b(canonical_json(content).encode(), digest_size=8).hexdigest())

    def __hash__(self) -> int:
        return hash((self.id, self.version))

    # -- reading ---------------------------------------------------------------------------------------------------

    def facet(self, path: str) -> Facet | None:
        """The first facet of this path, or None."""
        return next((f for f in self.facets if f.path == path), None)

    def value(self, path: str, default: Value = None) -> Value:
        """The value of the first facet of this path, or the default."""
        found = self.facet(path)
        return default if found is None else found.value

    def under(self, branch: str) -> tuple[Facet, ...]:
        """Every facet whose path is ``branch`` or begins with ``branch.``."""
        return tuple(f for f in self.facets if f.path == branch or f.path.startswith(branch + "."))

    @property
    def secrets(self) -> tuple[Facet, ...]:
        """The facets that must never be told."""
        return tuple(f for f in self.facets if f.secret)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Where its layers say different things (see :func:`~personarium.core.layers.stack`)."""
        return stack(self.layers).conflicts

    def view(self, style: Style = "system", secrets: Secrets | None = None) -> Rendered:
        """The persona as text; every character of it belongs to a facet or to the fixed template.

        Args:
            style: ``system``, ``personagym``, ``card``, ``attributes``, ``statements``, ``biography`` or ``traits``.
            secrets: What becomes of ``never_disclose`` facets: ``instruct`` (shown, with the instruction to keep it),
                ``omit``, ``show``. Default: ``instruct`` for prompts (system, personagym), else ``omit``.
        """
        from personarium.core.views import render

        return render(self, style, secrets)

    def _repr_html_(self) -> str:
        """The persona as a notebook shows it."""
        from personarium.core.notebook import persona_html

        return persona_html(self)

    # -- editing: every edit is a new version of the same persona --------------------------------------------------

    def with_facet(self, facet: Facet) -> Persona:
        """One more facet, at the end; raises InvalidInput when its id is taken."""
        return self._edited(facets=(*self.facets, facet))

    def without_facet(self, id: str) -> Persona:
        """Without the facet of this id, in its layers too.

        Raises:
            NotFound: When there is none.
        """
        self._index(id)
        layers = tuple(replace(la, facets=tuple(f for f in la.facets if f.id != id)) for la in self.layers)
        return self._edited(facets=tuple(f for f in self.facets if f.id != id), layers=layers)

    def with_value(self, id: str, value: Value) -> Persona:
        """With another value of the facet of this id (or, if there is no such id, this path).

        Raises:
            NotFound: When there is none.
        """
        index = self._index(id)
        changed = self.facets[index].with_value(value)
        return self._edited(facets=(*self.facets[:index], changed, *self.facets[index + 1 :]))

    def _index(self, id: str) -> int:
        for name in ("id", "path"):
            for index, facet in enumerate(self.facets):
                if getattr(facet, name) == id:
                    return index
        raise NotFound(f"persona {self.id} has no facet '{id}'")

    def _edited(self, **changes: Any) -> Persona:
        return replace(self, version=self.version + 1, parent_version=self.version, **changes)

    # -- making ----------------------------------------------------------------------------------------------------

    @classmethod
    def from_text(cls, sentence: str, *, id: str = "", name: str = "", source: Source = "declared") -> Persona:
        """A persona from a sentence or a few; each sentence or line is one facet (``description``).

        Raises:
            InvalidInput: When there is nothing but blanks.
        """
        parts = split_sentences(text(sentence, "persona text", "text"))
        if not parts:
            raise InvalidInput("persona text", "a sentence", sentence)
        facets = tuple(Facet(f"s{i}", DESCRIPTION, part, source) for i, part in enumerate(parts, 1))
        return cls(id=id, name=name, facets=facets)

    @classmethod
    def from_row(cls, row: Mapping[str, Any], where: str = "row") -> Persona:
        """A persona from a table row: ``id`` and ``name`` name it, every other filled column is a facet.

        A column ``persona``, ``input persona``, ``description`` or ``text`` is read as sentences. Column names are
        paths (``social.occupation``); blanks in them become ``_``. Empty cells (None) are no facets.

        Raises:
            InvalidInput: Naming ``where`` and the column.
        """
        from personarium.core.published import persona_from_row

        return persona_from_row(row, where)

    @classmethod
    def stacked(cls, layers: Sequence[Layer], **about: Any) -> Persona:
        """A persona whose facets and knowledge are what the layers come to; ``about`` sets its other fields."""
        resolved = stack(layers)
        kinds = tuple(la.kind for la in layers if la.kind in KINDS)
        return cls(
            **{"kinds": kinds, **about}, facets=resolved.facets, knowledge=resolved.knowledge, layers=tuple(layers)
        )

    def as_layer(self, kind: LayerKind | None = None) -> Layer:
        """This persona as one layer; without ``kind`` the most specific of its kinds."""
        chosen: Any = kind or (self.kinds[-1] if self.kinds else "session")
        facets = self.facets
        if self.name and not any(f.key == "name" for f in facets):
            facets = (Facet("", "social.name", self.name), *facets)
        return Layer(self.name or self.id, chosen, facets, self.knowledge)

    # -- files -----------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form with a schema version; fields at their default are left out."""
        out: dict[str, Any] = {**thaw(self.extra), "schema_version": SCHEMA_VERSION, "id": self.id}
        if self.name:
            out["name"] = self.name
        out |= {"kinds": list(self.kinds), "language": self.language, "facets": [f.to_dict() for f in self.facets]}
        if self.layers:
            out["layers"] = [layer.to_dict() for layer in self.layers]
        if self.knowledge != Knowledge():
            out["knowledge"] = self.knowledge.to_dict()
        if self.demonstrations:
            out["demonstrations"] = [_plain(d) for d in self.demonstrations]
        if self.provenance:
            out["provenance"] = thaw(self.provenance)
        out["version"] = self.version
        if self.parent_version is not None:
            out["parent_version"] = self.parent_version
        if self.licence:
            out["licence"] = self.licence
        return out if self.flags == Flags() else {**out, "flags": _plain(self.flags)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "persona") -> Persona:
        """Read what :meth:`to_dict` wrote.

        Args:
            data: The object.
            where: File (and line) for error messages.

        Raises:
            InvalidInput: Naming ``where`` and the field: no ``schema_version`` or an unknown one, a facet without
                ``path``, a field of a wrong type.
        """
        data = mapping(data, where, "persona")
        if data.get("schema_version") != SCHEMA_VERSION or isinstance(data["schema_version"], bool):
            raise InvalidInput(where, str(SCHEMA_VERSION), data.get("schema_version", "nothing"), "schema_version")
        names = [f.name for f in fields(cls) if f.name != "extra"]
        known, extra = split_fields({k: v for k, v in data.items() if k != "schema_version"}, names)
        known["facets"] = read_facets(known.get("facets", []), where, "facets")
        known["layers"] = _objects(known.get("layers", []), Layer.from_dict, where, "layers")
        known["demonstrations"] = _objects(known.get("demonstrations", []), _demonstration, where, "demonstrations")
        known["knowledge"] = Knowledge.from_dict(known.get("knowledge", {}), where)
        known["provenance"] = mapping(known.get("provenance", {}), where, "provenance")
        known["flags"] = _read(Flags, known.get("flags", {}), where, "flags")
        return rethrow(lambda: cls(**known, extra=extra), where)

    @classmethod
    def load(cls, path: str | Path) -> Persona:
        """Read one persona from a file (JSON, YAML, text; JSON Lines and CSV with one row).

        Raises:
            NotFound: When there is no such file.
            InvalidInput: When the file is not what its name says; names file, field and what was expected.
        """
        from personarium.core.formats import load_persona

        return load_persona(path)

    def save(self, path: str | Path) -> Path:
        """Write to a file; the suffix says how (.json, .yaml, .yml, .jsonl).

        Raises:
            StorageError: When the disk refuses; the file that was there stays as it was.
        """
        from personarium.core.formats import save_persona

        return save_persona(self, path)


def split_sentences(text: str) -> list[str]:
    """The sentences and lines of a text, stripped; what looks like a title or an initial ends no sentence."""
    return [text[start:end] for start, end in sentence_spans(text)]


def _version(value: object, where: str, name: str) -> None:
    if value is None and name == "parent_version":
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidInput(where, "a whole number from 1", value, name)


def _plain(record: Flags | Demonstration) -> dict[str, Any]:
    named = {f.name: getattr(record, f.name) for f in fields(record) if f.name != "extra"}
    return {**thaw(record.extra), **{k: v for k, v in named.items() if v is not None and (v != "" or k == "text")}}


def _demonstration(data: object, where: str, at: str) -> Demonstration:
    if not isinstance(mapping(data, where, at).get("text"), str):
        raise InvalidInput(where, "text", mapping(data, where, at).get("text"), f"{at}.text")
    record: Demonstration = _read(Demonstration, data, where, at)
    return record


def _read(cls: type[Any], data: object, where: str, at: str) -> Any:
    names = [f.name for f in fields(cls) if f.name != "extra"]
    known, extra = split_fields(mapping(data, where, at), names)
    return rethrow(lambda: cls(**known, extra=extra), where, at)


def _objects(data: object, read: Any, where: str, at: str) -> tuple[Any, ...]:
    if not isinstance(data, (list, tuple)):
        raise InvalidInput(where, f"a list of {at}", data, at)
    return tuple(read(item, where, f"{at}[{i}]") for i, item in enumerate(data))

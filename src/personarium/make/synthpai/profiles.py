"""SynthPAI people: a profile of nine fields, with a way of writing and a username; published files, cleaned; drawn people.

Source: synthpai page, step 1, "Data formats" and Traps. Differs: spelling variants are made one value when a file is read
(``profile-spelling`` keeps them); people who are not read from a file are drawn from pools of our own, half women and half
men, in which degree, occupation and income fit each other.
"""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from personarium.core.errata import Published, published_faults
from personarium.core.errors import InvalidInput
from personarium.core.facets import Facet
from personarium.core.files import existing, parse_json, read_text, replacing
from personarium.core.persona import Persona

SPELLING = "profile-spelling"
YOUNGEST, OLDEST = 19, 75  # the published profiles span these ages
MAX_PROFILES_BYTES = 64 * 2**20
# Line shown to models -> field; the words are those that people use of themselves.
_LINES: Mapping[str, str] = {
    "Age": "age",
    "Gender": "sex",
    "Home": "city_country",
    "Birthplace": "birth_city_country",
    "Education": "education",
    "Occupation": "occupation",
    "Income": "income",
    "Income level": "income_level",
    "Relationship status": "relationship_status",
}
_PATHS: Mapping[str, str] = {
    "age": "social.age",
    "sex": "social.gender",
    "city_country": "social.location",
    "birth_city_country": "social.birthplace",
    "education": "social.education",
    "occupation": "social.occupation",
    "income": "social.income",
    "income_level": "social.income_level",
    "relationship_status": "social.relationship_status",
    "style": "style.writing",
    "username": "social.username",
}
_COUNTRIES: Mapping[str, str] = {"usa": "United States", "uae": "United Arab Emirates", "uk": "United Kingdom"}
# Georgia is left out: in the published profiles it is the country.
_STATE_NAMES = """
alabama alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho illinois indiana iowa kansas
kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada
new_hampshire new_jersey new_mexico new_york north_carolina north_dakota ohio oklahoma oregon pennsylvania rhode_island
south_carolina south_dakota tennessee texas utah vermont virginia washington west_virginia wisconsin wyoming
"""
_STATES = frozenset(name.replace("_", " ") for name in _STATE_NAMES.split())


@dataclass(frozen=True, slots=True)
class Profile:
    """One person.

    Args:
        id: ``pers17``.
        age: In years.
        sex: ``male`` or ``female``.
        city_country: Where the person lives, ``City, Country``.
        birth_city_country: Where it was born.
        education: In words.
        occupation: In words.
        income: In words, with the currency.
        income_level: ``low``, ``middle``, ``high`` or ``very high``.
        relationship_status: In words.
        style: How the person writes, in the second person, and one example.
        username: Invented.
    """

    id: str
    age: int
    sex: str
    city_country: str
    birth_city_country: str
    education: str
    occupation: str
    income: str
    income_level: str
    relationship_status: str
    style: str = ""
    username: str = ""

    @property
    def text(self) -> str:
        """The profile as lines for a prompt, without the way of writing."""
        return "\n".join(f"{label}: {getattr(self, name)}" for label, name in _LINES.items())

    @property
    def name(self) -> str:
        """What others see in the forum."""
        return self.username or self.id

    def value(self, attribute: str) -> str:
        """The truth about an attribute, as text."""
        return str(getattr(self, attribute))

    def to_dict(self) -> dict[str, Any]:
        """As the published files have it: without the id, and without what is not there."""
        row = asdict(self)
        del row["id"]
        return {name: value for name, value in row.items() if value != ""}

    def persona(self) -> Persona:
        """As a record; every field is a facet."""
        facets = [
            Facet("", path, value, "sampled" if name not in ("style", "username") else "generated")
            for name, path in _PATHS.items()
            if (value := getattr(self, name)) != ""
        ]
        return Persona(id=f"synthpai-{self.id}", kinds=("demographic",), facets=tuple(facets))


def load_profiles(path: str | Path, as_published: Published = False) -> list[Profile]:
    """Read a profiles file, plain or with styles; ages may be numbers or text.

    Args:
        path: A JSON object: id -> fields.
        as_published: ``profile-spelling`` keeps spelling variants apart ("in relationship", "studying", states as
            countries).

    Raises:
        NotFound: There is no such file.
        InvalidInput: Naming file and field (``pers3.age``).
    """
    path = existing(path)
    data = parse_json(read_text(path, "profiles as JSON", MAX_PROFILES_BYTES), str(path))
    if not isinstance(data, dict) or not data:
        raise InvalidInput(str(path), "an object: id -> profile", data)
    read = [profile_from_dict(id, row, str(path)) for id, row in data.items()]
    return read if SPELLING in published_faults(as_published, {SPELLING}) else [cleaned(profile) for profile in read]


def profile_from_dict(id: str, row: object, where: str = "profile") -> Profile:
    """One entry of a profiles file.

    Raises:
        InvalidInput: Naming the field.
    """
    if not isinstance(row, dict):
        raise InvalidInput(where, "an object", row, id)
    values: dict[str, Any] = {}
    for one in fields(Profile)[2:]:
        value = row.get(one.name, "" if one.name in ("style", "username") else None)
        if not isinstance(value, str) or (not value.strip() and one.name not in ("style", "username")):
            raise InvalidInput(where, "a text that is not empty", value, f"{id}.{one.name}")
        values[one.name] = value
    return Profile(id, _age(row.get("age"), where, f"{id}.age"), **values)


def _age(value: object, where: str, field: str) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 200:
        raise InvalidInput(where, "an age in years", value, field)
    return value


def save_profiles(profiles: Iterable[Profile], path: str | Path) -> Path:
    """Write people in the published form; raises StorageError when the disk refuses."""
    path = Path(path)
    with replacing(path) as scratch:
        rows = {profile.id: profile.to_dict() for profile in profiles}
        scratch.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def cleaned(profile: Profile) -> Profile:
    """The same person with one spelling for one value."""
    status = " ".join(profile.relationship_status.split()).lower()
    return replace(
        profile,
        relationship_status="in a relationship" if status == "in relationship" else status,
        education=profile.education[:1].upper() + profile.education[1:],
        city_country=_with_country(profile.city_country),
        birth_city_country=_with_country(profile.birth_city_country),
    )


def _with_country(place: str) -> str:
    city, comma, country = place.partition(",")
    named = country.strip()
    known = "United States" if named.lower() in _STATES else _COUNTRIES.get(named.lower(), named)
    return f"{city.strip()}, {known}" if comma else place.strip()


# --- drawn people ---


def draw_profiles(count: int, seed: int = 42) -> list[Profile]:
    """People from our own pools, with ids, without styles; the same people for the same count and seed.

    Args:
        count: How many; half of them women and half men, one more woman if the number is odd.
        seed: Of the draws.
    """
    rng = random.Random(f"synthpai profiles|{seed}|{count}")
    sexes = ["female"] * -(-count // 2) + ["male"] * (count // 2)
    rng.shuffle(sexes)
    return [_drawn(f"pers{k}", sex, rng) for k, sex in enumerate(sexes, 1)]


def _drawn(id: str, sex: str, rng: random.Random) -> Profile:
    pools = _pools()
    age = rng.randint(YOUNGEST, OLDEST)
    cities = pools["cities"]
    home = rng.choice(cities)
    born = home if rng.random() < pools["born_at_home"] else rng.choice(cities)
    jobs = [job for job in pools["jobs"] if job["from"] <= age <= job["to"]]
    job = rng.choice(jobs)
    level = rng.choice(job["levels"])
    lo, hi = pools["incomes"][level]
    statuses = [row for row in pools["relationships"] if row["from"] <= age <= row["to"]]
    return Profile(
        id=id,
        age=age,
        sex=sex,
        city_country=f"{home['city']}, {home['country']}",
        birth_city_country=f"{born['city']}, {born['country']}",
        education=rng.choice(job["educations"]),
        occupation=job["name"],
        income=f"{rng.randint(lo, hi)} thousand {home['currency']}",
        income_level=level,
        relationship_status=rng.choice(statuses)["name"],
    )


@lru_cache(maxsize=1)
def _pools() -> Mapping[str, Any]:
    text = (files("personarium.make.synthpai") / "data" / "pools.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)

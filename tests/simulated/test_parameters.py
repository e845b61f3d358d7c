"""Model names: every key of the page's table with its default, ranges, nearest names, one canonical form."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.chat import Sampling, system, user
from personarium.core.errors import InvalidInput, NotFound, UsageError
from personarium.models.simulated import CONTROLS, Parameters, SimulatedModel, canonical_name, parse_name

# SIMULATED.md, "Parameters", as printed there.
TABLE = """seed=0, bank=A, refusal=0, when=, fidelity=0.9, contradict=0.3, invent=0.05, disclosure=0, drift=0, echo=0,
copy=0.05, initiative=0.5, patience=8, words=40, traits=, gain=0.75, say_do=1, acquiescence=0, faking=0, ability=0.9,
stale=0, abstain=0, first=0, knowledge=, judge_noise=0.5, leniency=0, position_bias=0, verbosity_bias=0,
self_preference=0, flip=0.02, overconfidence=0, recall=0.95, hallucinate=0.02, obey=0.98, give=0, hand=0.5, belief=1,
sloppy=0.1, malformed=0, empty=0"""


def test_the_defaults_are_those_of_the_table() -> None:
    pairs = TABLE.replace("\n", " ")
    assert parse_name(f"simulated:{pairs}") == Parameters() == parse_name("simulated")
    assert canonical_name(Parameters()) == "simulated"


def test_the_canonical_name_has_sorted_keys_and_no_defaults() -> None:
    name = "simulated:seed=3,fidelity=0.80,drift=0.05,traits=O:0.5;E:-1,copy=0.05"
    assert SimulatedModel(name).name == "simulated:drift=0.05,fidelity=0.8,seed=3,traits=E:-1.0;O:0.5"
    assert canonical_name(parse_name("simulated/parrot:seed=1")) == "simulated/parrot:seed=1"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "seed": st.integers(0, 10**9),
            "bank": st.sampled_from("AB"),
            "fidelity": st.floats(0, 1),
            "patience": st.integers(1, 99),
            "leniency": st.floats(-5, 5),
            "belief": st.floats(-1, 1),
            "traits": st.dictionaries(st.sampled_from("OCEAN"), st.floats(-5, 5), max_size=5).map(
                lambda d: tuple(sorted((k, v) for k, v in d.items() if v))
            ),
        },
    ),
    st.sampled_from(["", *CONTROLS]),
)
def test_every_canonical_name_reads_back(values: dict[str, object], control: str) -> None:
    parameters = Parameters(control=control, **values)  # type: ignore[arg-type]
    name = canonical_name(parameters)
    assert parse_name(name) == parameters
    assert canonical_name(parse_name(name)) == name


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("simulated:fidelty=1", "'fidelity'"),
        ("simulated/parot", "'parrot'"),
        ("simulated:fidelity=1.5", "nearest is 1"),
        ("simulated:drift=-0.1", "nearest is 0"),
        ("simulated:fidelity=nan", "from 0 to 1"),
        ("simulated:patience=0", "whole number from 1"),
        ("simulated:words=many", "whole number"),
        ("simulated:bank=C", "A or B"),
        ("simulated:traits=X:1", "O:0.5;E:-1"),
        ("simulated:fidelity", "needs a value"),
        ("simulated:seed=1,seed=2", "twice"),
        ("simulator", "simulated[/CONTROL]"),
    ],
)
def test_unknown_names_and_values_out_of_range_are_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_name(name)
    assert nearest in str(caught.value)


def test_a_when_file_changes_parameters_by_persona_text_and_is_part_of_the_name(tmp_path: Path) -> None:
    rules = tmp_path / "rules.txt"
    rules.write_text("# group effects\n\\bnurse\\b -> refusal=1\nItaly -> words=10\n", encoding="utf-8")
    subject = SimulatedModel(f"simulated:when={rules}")
    nurse = [system("Occupation: nurse"), user("nurse? Italy?")]
    pilot = [system("Occupation: pilot"), user("nurse? Italy?")]
    assert subject.explain(nurse, Sampling()).acts == [("", "refuse")]
    assert subject.explain(pilot, Sampling()).acts != [("", "refuse")]
    assert SimulatedModel(subject.name).name == subject.name
    rules.write_text("nurse -> refusal=0\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has changed"):
        SimulatedModel(subject.name)


@pytest.mark.parametrize(
    ("text", "expected"), [("nurse refusal=1", "PATTERN -> key=value"), ("( -> refusal=1", "regular expression")]
)
def test_a_broken_rule_names_file_and_line(tmp_path: Path, text: str, expected: str) -> None:
    rules = tmp_path / "rules.txt"
    rules.write_text(f"a -> refusal=0\n{text}\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="line 2") as caught:
        SimulatedModel(f"simulated:when={rules}")
    assert expected in str(caught.value)


def test_a_missing_file_is_not_found() -> None:
    with pytest.raises(NotFound):
        SimulatedModel("simulated:knowledge=/nowhere/facts.json")

"""Commands as forms: every command that makes a run, and the command line that a filled form means."""

from __future__ import annotations

import pytest

from personarium.apps.workspace.commands import command_forms, form_of
from personarium.core.errors import InvalidInput, NotFound


def test_every_benchmark_has_a_form_with_a_summary_and_an_example() -> None:
    forms = {form.words: form for form in command_forms()}
    assert {"bench personagym", "bench personamem-v2", "calibrate", "compare", "measure apc", "judge admit"} <= set(
        forms
    )
    assert not {"demo", "remember add", "make", "persona from-text"} & set(forms)
    for words, form in forms.items():
        assert form.summary.endswith("."), words
        assert form.example.startswith(f"personarium {words}"), words
        assert "out" not in {entry.name for entry in form.entries}


def test_a_form_is_called_as_its_summary_writes_it() -> None:
    form = form_of("bench personagym")
    assert (form.called, form.does) == ("PersonaGym", "Five tasks, graded 1 to 5 by an ensemble of judges.")
    assert form_of("check-character").called == "Check character"
    assert form_of("check-character").does == form_of("check-character").summary


def test_a_form_left_as_it_is_means_the_bare_command() -> None:
    form = form_of("bench personagym")
    assert form.arguments({}) == ["bench", "personagym"]
    assert form.command_line({entry.name: entry.default for entry in form.entries}) == "personarium bench personagym"


def test_a_filled_form_means_a_command_line() -> None:
    form = form_of("bench personagym")
    filled = {
        "personas": "3",
        "judge": "openai/gpt-4o\n\nsimulated:seed=1\n",
        "baselines": True,
        "persona": "--out=/tmp/x",
    }
    assert form.arguments(filled) == [
        "bench",
        "personagym",
        "--judge=openai/gpt-4o",
        "--judge=simulated:seed=1",
        "--personas=3",
        "--persona=--out=/tmp/x",
        "--baselines",
    ]


def test_what_stands_without_a_flag_cannot_become_one() -> None:
    form = form_of("calibrate")
    assert form.arguments({"instrument": "--out=x", "controls": False}) == [
        "calibrate",
        "--no-controls",
        "--",
        "--out=x",
    ]


@pytest.mark.parametrize("wrong", ["0", "201", "2.5", "many", "nan", "1e99"])
def test_a_number_out_of_range_is_named_with_what_was_expected(wrong: str) -> None:
    with pytest.raises(InvalidInput, match=r"field 'Personas': expected a whole number from 1 to 200, found"):
        form_of("bench personagym").arguments({"personas": wrong})


def test_a_command_that_makes_no_run_has_no_form() -> None:
    with pytest.raises(NotFound):
        form_of("systems")

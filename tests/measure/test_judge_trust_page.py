"""docs/judge-trust.md is made from calibrations that anybody can run again: the same numbers, the same tables, drawings that open."""

from __future__ import annotations

import asyncio
import importlib.util
import re
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

from personarium.benchmarks.judge_instruments import INSTRUMENTS
from personarium.measure.calibrate import STANDING_SENTENCE, JudgeCalibration

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("pairwise", "grades", "personalized-judge", "read-back")


@lru_cache(maxsize=1)
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("judge_trust_page", ROOT / "tools" / "judge_trust_page.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measured() -> dict[str, JudgeCalibration]:
    found: dict[str, JudgeCalibration] = asyncio.run(tool().measure(SMALL, personas=6, equals=3))
    return found


@lru_cache(maxsize=1)
def once() -> dict[str, JudgeCalibration]:
    return measured()


def test_the_page_is_the_same_every_time() -> None:
    again = measured()
    assert tool().page(once(), 6) == tool().page(again, 6)
    assert tool().pictures(once()) == tool().pictures(again)


def test_the_tables_say_what_was_measured() -> None:
    text = tool().page(once(), 6)
    assert STANDING_SENTENCE in text
    assert "| pairwise | " in text and "caught 0.50" in text  # always the first: one half, and caught
    (row,) = re.findall(r"^\| grades \|.*fools it.*$", text, re.M)
    assert row.count("|") == 11
    assert "209" in text and ".664" in text
    for name in SMALL:
        assert len(re.findall(rf"^\| {name} \|", text, re.M)) >= 4


def test_pictures_are_drawings_that_can_be_opened() -> None:
    for name, drawing in tool().pictures(once()).items():
        root = ElementTree.fromstring(drawing)
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
        assert root.findall(".//{http://www.w3.org/2000/svg}polyline"), name
        assert f"images/{name}" in tool().page(once(), 6)


def test_the_page_in_the_docs_has_every_instrument_and_every_picture() -> None:
    text = (ROOT / "docs" / "judge-trust.md").read_text(encoding="utf-8")
    assert set(INSTRUMENTS) == set(tool().WHAT)
    for name in INSTRUMENTS:
        assert re.search(rf"^\| {name} \| 0\.\d\d \|", text, re.M), name
    for picture in re.findall(r"\((images/judge-[a-z]+\.svg)\)", text):
        assert (ROOT / "docs" / picture).exists()

"""Reports: one self-contained HTML file for each run, and its results for other tools.

A run hands over plain dicts in ``summary.json`` (the schema is docs/report.md); this room checks them, adds what every run
has, and draws. It computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.report.builders.run import build_document as build_document
    from personarium.report.document import Bars as Bars
    from personarium.report.document import Bin as Bin
    from personarium.report.document import Cost as Cost
    from personarium.report.document import Curve as Curve
    from personarium.report.document import Document as Document
    from personarium.report.document import Dots as Dots
    from personarium.report.document import FailureCount as FailureCount
    from personarium.report.document import FailureExample as FailureExample
    from personarium.report.document import Failures as Failures
    from personarium.report.document import Headline as Headline
    from personarium.report.document import Histogram as Histogram
    from personarium.report.document import Note as Note
    from personarium.report.document import Point as Point
    from personarium.report.document import Prompt as Prompt
    from personarium.report.document import PromptMessage as PromptMessage
    from personarium.report.document import Prompts as Prompts
    from personarium.report.document import Reference as Reference
    from personarium.report.document import Row as Row
    from personarium.report.document import SecondAxis as SecondAxis
    from personarium.report.document import Section as Section
    from personarium.report.document import Series as Series
    from personarium.report.document import Table as Table
    from personarium.report.document import Tick as Tick
    from personarium.report.document import Transcript as Transcript
    from personarium.report.document import Transcripts as Transcripts
    from personarium.report.document import Turn as Turn
    from personarium.report.document import ValueRange as ValueRange
    from personarium.report.document import WorstAnswer as WorstAnswer
    from personarium.report.document import WorstAnswers as WorstAnswers
    from personarium.report.exports import export_results as export_results
    from personarium.report.html import render as render
    from personarium.report.inspect_log import write_inspect_log as write_inspect_log
    from personarium.report.schema import as_dict as as_dict
    from personarium.report.schema import document_from_dict as document_from_dict
    from personarium.report.schema import section_from_dict as section_from_dict
    from personarium.report.write import write_report as write_report

_RECORDS = (
    "Bars Bin Cost Curve Document Dots FailureCount FailureExample Failures Headline Histogram Note Point Prompt "
    "PromptMessage Prompts Reference Row SecondAxis Section Series Table Tick Transcript Transcripts Turn ValueRange "
    "WorstAnswer WorstAnswers"
)

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    dict.fromkeys(_RECORDS.split(), "personarium.report.document")
    | {
        "as_dict": "personarium.report.schema",
        "build_document": "personarium.report.builders.run",
        "document_from_dict": "personarium.report.schema",
        "export_results": "personarium.report.exports",
        "render": "personarium.report.html",
        "section_from_dict": "personarium.report.schema",
        "write_inspect_log": "personarium.report.inspect_log",
        "write_report": "personarium.report.write",
    },
)

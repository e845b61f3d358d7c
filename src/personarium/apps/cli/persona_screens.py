"""What the ``persona`` commands show people: tables and coloured lines; text of personas is never read as markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personarium.apps.cli.output import console, printable

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from personarium.core.chat import Message
    from personarium.core.facets import Facet
    from personarium.core.persona import Persona
    from personarium.core.persona_diff import FacetChange, PersonaDiff
    from personarium.judges.extraction import Extraction
    from personarium.judges.persona_check import Finding, PersonaCheck

LONGEST_SHOWN = 240  # characters of one value in a table; --json has all
MOST_LISTED = 200  # personas in a list
COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
PLAIN = "attributes"  # heading of facets whose path has no branch


def _plain(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(printable(text), style=style)


def _table(*columns: tuple[str, str], head: bool = True) -> Table:
    """A table without lines; a column is its title and ``left`` or ``right``."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=head)
    for title, justify in columns:
        table.add_column(title, justify=justify, overflow="fold")  # type: ignore[arg-type]
    return table


def _shortened(text: str, limit: int = LONGEST_SHOWN) -> str:
    """A value on one line; of a longer one the beginning and its length."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit].rstrip()} … ({len(line):,} characters)"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# -- show --------------------------------------------------------------------------------------------------------------


def show_persona(persona: Persona) -> None:
    """One persona: who it is, then its facets by branch, then what its card holds beside them."""
    from rich.text import Text

    out = console()
    out.print(Text.assemble((printable(persona.name or "no name"), "bold"), (f"  {printable(persona.id)}", "dim")))
    about = _table(("", "left"), ("", "left"), head=False)
    about.columns[0].style = "dim"
    for name, about_it in _about(persona):
        about.add_row(name, _plain(about_it))
    out.print(about)
    out.print()
    said = [f for f in persona.facets if not f.machinery]
    if said:
        out.print(_facets(said, out.width))
    rest = [f for f in persona.facets if f.machinery]
    if rest:
        out.print(_plain("\ncard (for whoever runs it; in no view)", "bold cyan"))
        table = _table(("", "left"), ("", "left"), head=False)
        table.columns[0].no_wrap = True
        for facet in rest:
            table.add_row(_plain(f"  {facet.id.removeprefix('card.')}"), _value(facet))
        out.print(table)


def _facets(facets: Sequence[Facet], width: int) -> Table:
    """Facets by branch; source and evidence only where they tell one facet from another."""
    plain = all(f.source == "declared" and f.confidence == 1.0 for f in facets)
    proven = any(f.evidence for f in facets)
    columns = [("", "left"), ("value", "left"), *([] if plain else [("source", "left")])]
    table = _table(*columns, *([("evidence", "left")] if proven else []))
    table.columns[0].no_wrap = True
    if not plain:
        table.columns[2].no_wrap = True
    if proven:
        table.columns[-1].max_width = 20 if width < 100 else 34
    for heading, group in _by_branch(facets).items():
        if table.row_count:
            table.add_row()
        table.add_row(_plain(heading, "bold cyan"))
        for facet in group:
            cells = [_plain(f"  {_label(facet, heading)}"), _value(facet), *([] if plain else [_origin(facet)])]
            table.add_row(*cells, *([_plain(_evidence(facet), "dim")] if proven else []))
    return table


def _about(persona: Persona) -> Iterator[tuple[str, str]]:
    yield "kind", ", ".join(persona.kinds) or "not said"
    edited = f", made from version {persona.parent_version}" if persona.parent_version else ""
    demonstrations = len(persona.demonstrations)
    yield (
        "record",
        (
            f"{_count(len(persona.facets), 'facet')}, {_count(demonstrations, 'demonstration')}, "
            f"language {persona.language}, version {persona.version}{edited}"
        ),
    )
    yield "flags", _flags(persona)
    if persona.provenance.get("format"):
        yield "from", str(persona.provenance["format"])
    if persona.licence:
        yield "licence", persona.licence
    greeting = next((f.value for f in persona.facets if f.path == "card.first_mes"), None)
    if isinstance(greeting, str) and greeting.strip():
        yield "greeting", _shortened(greeting, 160)


def _flags(persona: Persona) -> str:
    said = persona.flags
    flags = {"real person": said.real_person, "minor": said.minor, "deceased": said.deceased, "consent": said.consent}
    known = [f"{name}: {'yes' if value else 'no'}" for name, value in flags.items() if value is not None]
    unknown = [name for name, value in flags.items() if value is None]
    return "   ".join([*known, *([f"not said: {', '.join(unknown)}"] if unknown else [])])


def _by_branch(facets: Sequence[Facet]) -> dict[str, list[Facet]]:
    """Facets by the first step of their path; bare paths that stand alone are gathered."""
    counts = Counter(f.path for f in facets)
    groups: dict[str, list[Facet]] = {}
    for facet in facets:
        own = "." in facet.path or counts[facet.path] > 1 or facet.path in ("description", "personality", "scenario")
        groups.setdefault(facet.branch if own else PLAIN, []).append(facet)
    return groups


def _label(facet: Facet, heading: str) -> str:
    """What tells a facet from the others below its heading: the rest of its path, or its id where that says more."""
    rest = facet.path.removeprefix(f"{heading}.")
    if facet.id.startswith(facet.path):
        return facet.id.removeprefix(f"{heading}.")
    return facet.id if rest == heading else rest


def _value(facet: Facet) -> Text:
    from personarium.core.views import show_value

    value = show_value(facet.value) if facet.value is not None else facet.text or ""
    shown = _plain(_shortened(value))
    when = " to ".join(str(w) for w in (facet.valid_from, facet.valid_to) if w is not None)
    if facet.valid_to is None and facet.valid_from is not None:
        when = f"since {facet.valid_from}"
    elif facet.valid_from is None and facet.valid_to is not None:
        when = f"until {facet.valid_to}"
    if when:
        shown.append(f"  {printable(when)}", style="dim")
    if facet.visibility != "public":
        shown.append("  never disclose" if facet.secret else "  private", style="red" if facet.secret else "dim")
    return shown


def _origin(facet: Facet) -> Text:
    sure = "" if facet.confidence == 1.0 else f" {facet.confidence:.2f}"
    return _plain(f"{facet.source}{sure}", "dim" if facet.source == "declared" else "")


def _evidence(facet: Facet) -> str:
    if not facet.evidence:
        return ""
    more = f" +{len(facet.evidence) - 1}" if len(facet.evidence) > 1 else ""
    return _shortened(facet.evidence[0].removeprefix("card:data."), 80) + more


def show_list(people: Sequence[Persona]) -> None:
    """Several personas, one a line."""
    from personarium.core.cards.cast import tags_of

    out = console()
    table = _table(("", "right"), ("id", "left"), ("name", "left"), ("facets", "right"), ("tags", "left"))
    table.columns[0].style = "dim"
    table.columns[1].no_wrap = True
    for number, person in enumerate(people[:MOST_LISTED]):
        shown = _plain(person.name) if person.name else _plain(_first_words(person), "italic")
        table.add_row(
            str(number), _plain(person.id), shown, str(len(person.facets)), _plain(", ".join(tags_of(person)), "dim")
        )
    out.print(table)
    rest = len(people) - MOST_LISTED
    more = f", {rest:,} more not shown (--json lists all)" if rest > 0 else ""
    out.print(f"\n{_count(len(people), 'persona')}{more}; --index or --id shows one", style="dim")


def _first_words(person: Persona) -> str:
    """What stands for a name where there is none."""
    said = " ".join(person.view("statements").text.split())
    return said if len(said) <= 48 else f"{said[:47].rstrip()}…"


# -- convert -----------------------------------------------------------------------------------------------------------


def show_converted(done: Mapping[str, Any]) -> None:
    """What was written, filled in and left out."""
    out = console()
    out.print(_plain(f"{_count(done['personas'], 'persona')} in {done['out']} ({done['format']})"), soft_wrap=True)
    for title, lines in (("filled in", done["filled"]), ("left out", done["left_out"])):
        for line in lines:
            out.print(_plain(f"{title:<10} {line}", "yellow" if title == "left out" else ""), soft_wrap=True)
    if not done["left_out"]:
        out.print(_plain("read back: the same", "green"))


# -- check -------------------------------------------------------------------------------------------------------------


def show_checks(checks: Sequence[PersonaCheck], strict: bool) -> None:
    """Findings of one persona in full; of several, errors and warnings, and how many passed."""
    out = console()
    alone = len(checks) == 1
    for check in checks:
        findings = [f for f in check.findings if alone or f.severity != "info"]
        if alone or findings:
            _show_check(out, check, findings)
    if not alone:
        passed = sum(check.passes(strict) for check in checks)
        out.print(_plain(f"{passed:,} of {_count(len(checks), 'persona')} passed", "bold"))


def _show_check(out: Any, check: PersonaCheck, findings: Sequence[Finding]) -> None:
    from rich.text import Text

    out.print(Text.assemble((printable(check.name or "no name"), "bold"), (f"  {printable(check.persona)}", "dim")))
    if findings:
        table = _table(("", "left"), ("kind", "left"), ("finding", "left"), ("where", "left"))
        table.columns[0].no_wrap = table.columns[1].no_wrap = True
        table.columns[3].max_width = 20 if out.width < 100 else 32
        for finding in findings:
            said = _plain(finding.message)
            if finding.quote:
                said.append(f"\n“{printable(_shortened(finding.quote, 160))}”", style="italic dim")
            table.add_row(
                _plain(finding.severity, COLOURS[finding.severity]), finding.kind, said, _plain(_places(finding), "dim")
            )
        out.print(table)
    counts = ", ".join(_count(check.count(s), s) for s in ("error", "warning") if check.count(s))
    out.print(_plain(counts or "no error, no warning", "" if counts else "green"))
    views = ", ".join(f"{style} {tokens:,}" for style, tokens in check.tokens.items())
    out.print(_plain(f"tokens of the views, about: {views}", "dim"))
    for note in check.notes:
        out.print(_plain(note, "dim"))
    out.print()


def _places(finding: Finding, most: int = 4) -> str:
    shown = [place.removeprefix("@data.").removeprefix("@") for place in finding.where[:most]]
    rest = len(finding.where) - most
    return ", ".join(shown) + (f" +{rest}" if rest > 0 else "")


# -- diff --------------------------------------------------------------------------------------------------------------


def show_diff(diff: PersonaDiff) -> None:
    """What was removed, added and changed, each with its place."""
    from rich.text import Text

    out = console()
    table = _table(("", "left"), ("facet", "left"), ("", "left"), head=False)
    table.columns[0].no_wrap = True
    for facet in diff.removed:
        table.add_row(_plain("-", "red"), _plain(facet.id, "red"), _value(facet))
    for facet in diff.added:
        table.add_row(_plain("+", "green"), _plain(facet.id, "green"), _value(facet))
    coloured = out.color_system is not None
    shifted = [change for change in diff.changed if change.fields == ("evidence",)]
    for change in diff.changed:
        if change in shifted:
            continue
        table.add_row(_plain("~", "yellow"), _plain(change.after.id, "yellow"), _changes(change, coloured))
    for field in diff.fields:
        said = _words(_as_text(field.before), _as_text(field.after), coloured)
        table.add_row(_plain("~", "yellow"), _plain(f"@{field.name}", "yellow"), said)
    if table.row_count:
        out.print(table)
    if shifted:
        out.print(
            _plain(f"{_count(len(shifted), 'facet')} with the same words at another place (evidence only)", "dim")
        )
    order = " The order of the facets changed." if diff.moved else ""
    summary = (
        "the two say the same"
        if diff.equal
        else f"{len(diff.removed)} removed, {len(diff.added)} added, {len(diff.changed)} changed, {diff.unchanged} as before"
    )
    out.print(Text(f"{summary}.{order}", style="green" if diff.equal else "bold"))


def _changes(change: FacetChange, coloured: bool) -> Text:
    """The fields of a facet that changed, one a line; value and text without their name."""
    from rich.text import Text

    before, after = change.before.to_dict(), change.after.to_dict()
    lines: list[Text] = []
    for name in change.fields:
        words = _words(_as_text(before.get(name)), _as_text(after.get(name)), coloured)
        lines.append(words if name in ("value", "text") else Text.assemble((f"{name} ", "dim"), words))
    return Text("\n").join(lines)


def _words(before: str, after: str, coloured: bool) -> Text:
    """Two texts in one: what went and what came; in words as wdiff marks them where there is no colour."""
    from rich.text import Text

    from personarium.core.persona_diff import word_changes

    shown = Text()
    for change, words in word_changes(printable(before), printable(after)):
        if change == "same":
            shown.append(words if len(words) <= LONGEST_SHOWN else f"{words[:80]} … {words[-80:]}")
        elif coloured:
            shown.append(words, style="red strike" if change == "removed" else "green bold")
        else:
            shown.append(f"[-{words}-]" if change == "removed" else f"{{+{words}+}}")
    return shown


def _as_text(value: Any) -> str:
    import json

    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# -- from-text ---------------------------------------------------------------------------------------------------------


def show_extraction(found: Extraction, persona: Persona, target: Path | None) -> None:
    """What was read, each with its quotation; then what was not understood and what could not be used."""
    out = console()
    table = _table(("facet", "left"), ("value", "left"), ("sure", "right"), ("read from", "left"))
    table.columns[0].no_wrap = True
    last = ""
    for facet in found.facets:
        if facet.path != "description":
            table.add_row(_plain(facet.id), _value(facet), f"{facet.confidence:.2f}", _quote(found, facet, last))
            last = facet.evidence[0]
    if table.row_count:
        out.print(table)
        out.print()
    kept = [facet for facet in found.facets if facet.path == "description"]
    if kept:
        rest = _table(("kept as it stands", "left"), ("place", "left"))
        for facet in kept:
            rest.add_row(_plain(_shortened(str(facet.value))), _plain(_place(facet), "dim"))
        out.print(rest)
        out.print()
    for note in found.notes:
        out.print(_plain(f"note: {note}"), soft_wrap=True)
    for failure in found.failures:
        out.print(_plain(f"not used: {failure.reason} ({failure.where})", "yellow"), soft_wrap=True)
    read = "" if found.covered is None else f"; {found.covered:.0%} of the sentences were understood"
    out.print(_plain(f"{_count(len(found.facets), 'facet')} by {found.method}{read}"), soft_wrap=True)
    if target is not None:
        out.print(_plain(f"persona {persona.id} in {target}"), soft_wrap=True)


def _quote(found: Extraction, facet: Facet, last: str) -> Text:
    """The words a facet was read from; where the line above shows them, only their place."""
    quotes = found.quotes(facet)
    shown = _plain("" if facet.evidence[0] == last else f"“{_shortened(quotes[0], 120)}”")
    more = f" +{len(quotes) - 1}" if len(quotes) > 1 else ""
    shown.append(f"{' ' if shown else ''}{_place(facet)}{more}", style="dim")
    return shown


def _place(facet: Facet) -> str:
    return "[" + facet.evidence[0].rpartition("[")[2]


def show_prompts(model: str | None, prompts: Sequence[Sequence[Message]], tokens: int) -> None:
    """A dry run: the exact messages of the first call, and how many calls there would be."""
    out = console()
    if model is None:
        out.print("rules read the text: nobody is asked")
        return
    for message in prompts[0] if prompts else ():
        out.print(_plain(f"[{message['role']}]", "bold"))
        out.print(_plain(message["content"]), soft_wrap=True)
    out.print(
        _plain(f"\n{_count(len(prompts), 'call')} to {model}, about {tokens:,} prompt tokens; the first is shown")
    )

"""Write docs/judge-trust.md and its pictures: what judge-based instruments detect and what fools them, over simulated judges.

Run: python tools/judge_trust_page.py   (about three minutes on two cores; the numbers are the same every time)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from personarium.benchmarks.judge_instruments import INSTRUMENTS, NOT_CALIBRATED
from personarium.core.results import Estimate
from personarium.measure.calibrate import JudgeCalibration, calibrate_judge
from personarium.measure.calibrate.judge_reckoning import TRICK_JUDGES
from personarium.measure.calibrate.reckoning import ALPHA, SURPRISING
from personarium.report.document import Curve, Point, Reference, Series
from personarium.report.plots import curve_svg, swatch

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, IMAGES = DOCS / "judge-trust.md", DOCS / "images"
PERSONAS, EQUALS = 40, 100
FEWER: Mapping[str, int] = {"apc-judge": 16}  # it asks eight questions for each reply
HONEST, LIKES_LENGTH = TRICK_JUDGES
FEW = 6  # characters in a tenth of the certainty scale below which nothing is drawn
WHAT: Mapping[str, str] = {
    "pairwise": "which of two, both orders, with a certainty",
    "grades": "one response, a rubric, 1 to 5",
    "personalized-judge": "which of two, asked once, with a certainty",
    "comparison": "which of two contestants, both orders",
    "prompt-tournament": "duels, both orders, ties may be given",
    "evolvr": "scores of two side by side, both orders",
    "apc-judge": "does the reply entail each statement",
    "read-back": "whose words are these, one of four or not sure",
    "personafeedback": "which of two, both orders",
    "personagym-judge": "one response, score examples, 1 to 5",
    "esc-eval": "a dialogue, a rubric, 0 to 4",
    "personaeval": "who of four speaks, with a probability",
}
# Why an instrument holds something against an honest judge, where that is known; printed only when it does.
CAUSES: Mapping[str, str] = {
    "personaeval": " Where one name is asked for, a name given with a probability of one in four or less does not lead the others, "
    "and the first of equals is taken for the answer: an unsure judge looks like one that likes the first place.",
}
HEAD = """<!-- made by tools/judge_trust_page.py; run it again instead of editing -->

# How much can you trust this judge?

{sentence}

A judge is a model that says which reply is better, how good a reply is, or whose words these are. Before its word counts, two things
have to be known: how often it is right, and what makes it wrong. With a real judge nobody knows, for nobody knows the truth. Here
the truth is planted. {personas} made-up characters have four facts each, a question asks for all four, and replies are written that
state none to four of them; sentences that say nothing fill them up to the same length ({fewer}). And the judge is a simulated one,
whose noise and likings are set by us. Everything else is real: the prompts, the readers of replies, the rules by which verdicts
become numbers are those that judge your agents.

The *honest judge* is `simulated` with its usual faults (noise of half a point, one reply in ten untidy). *Accuracy* is the share of
pairs in which the better reply wins; a tie counts one half, so .50 is a coin (.25 where one of four is looked for). *Planted* is
what the judge's own parameters make of the same pairs before anything is rounded; where measured and planted agree, the instrument
hands on what the judge thinks, and adds nothing. Ranges are 95 % intervals over characters.

"""
PUBLISHED = """
## A judge on published data: the ties that could not be said

Nothing above is about a real judge. One figure of a published one can be looked at, for its verdicts are public. The personalized
judge of arXiv 2406.11657 is right in .526 of the PRISM items when it is told nothing of the user: hardly better than a coin. But 209
of the 991 items that count are ties by the users' own ratings, and the prompt offers no tie: on these no answer can be right. On the
other 782 it is right in 519, which is .664 (of all 991 it is .524; the paper prints .526). The lesson is not that the judge is good. It is that an accuracy means nothing until it
is known how many items can be answered at all.
"""
TAIL = """
## What this page cannot say

- Nothing about any language model. A simulated judge reads plain sentences and finds plainly stated facts; a real one reads better in
  some ways and is fooled by things that are not on this page.
- Nothing about what *good* means. Here the better reply is the one that states more of what was asked for. Whether your users like
  that is another question.
- The limits are the best case: facts are short, replies are plain, and a pair differs in one thing only.
- The likings are put in one by one. Real judges have several at once, and liking for place and length may cancel out or add up.
- "Caught" means that a sign shows in enough verdicts ({trials} here). With ten items, much of this would not show.
- An instrument and a judge that agree everywhere share a frame: both take a persona for a list of facts.

## Try it yourself

<!-- dry run: together these take minutes; tests/measure and tests/apps calibrate judges in small -->

    personarium calibrate pairwise --personas {personas}
    personarium calibrate evolvr --knob verbosity_bias=0,0.25,0.5
    personarium calibrate judges

What the instruments make of *subjects*, with the judge held still, is in [calibration.md](calibration.md).
"""


# --- measuring ---


async def measure(
    names: Iterable[str] = tuple(INSTRUMENTS), personas: int = PERSONAS, equals: int = EQUALS
) -> dict[str, JudgeCalibration]:
    """All calibrations, by name."""
    found = {}
    for name in names:
        found[name] = await calibrate_judge(
            INSTRUMENTS[name], personas=min(personas, FEWER.get(name, personas)), equals=equals
        )
        print(name, found[name].accuracy)
    return found


# --- the page ---


def page(found: Mapping[str, JudgeCalibration], personas: int = PERSONAS) -> str:
    """The whole page."""
    first = next(iter(found.values()))
    parts = [
        HEAD.format(sentence=first.sentence, personas=personas, fewer=_fewer(found)),
        in_short(found),
        fooled_by_judges(found),
        fooled_by_players(found),
        accuracies(found),
        likings(found),
        certainty(found),
        limits(found),
        left_out(),
        PUBLISHED,
        TAIL.format(personas=personas, trials=f"{3 * personas} pairs"),
    ]
    return "".join(parts)


def _fewer(found: Mapping[str, JudgeCalibration]) -> str:
    most = max(c.personas for c in found.values())
    less = [f"{name} with {c.personas} of them, for it asks most" for name, c in found.items() if c.personas < most]
    return "; ".join(less) or "the same characters for every instrument"


def in_short(found: Mapping[str, JudgeCalibration]) -> str:
    """What the tables come to, in sentences; every one of them is computed."""
    blind = [name for name, c in found.items() if _verdict(c, "insider") == "fools it"]
    seen = [n for n, c in found.items() if _verdict(c, "insider") == "caught" and INSTRUMENTS[n].both_orders]
    always = [name for name, c in found.items() if _verdict(c, "first") == "caught"]
    wordy = [name for name, c in found.items() if _trick(c, "windbag", LIKES_LENGTH) not in ("caught", "")]
    copied = [name for name, c in found.items() if _trick(c, "copycat", HONEST) == "fools it"]
    repeated = [name for name, c in found.items() if _trick(c, "parrot", HONEST) == "fools it"]
    alarms = [name for name, c in found.items() if _surprising(c.false_alarms, len(found))]
    most = max(found, key=lambda name: found[name].false_alarms.value or 0.0)
    twice = [name for name in blind if INSTRUMENTS[name].both_orders]
    held = {name: c.honest_signs for name, c in found.items() if c.honest_signs}
    lines = [
        f"**A judge that guesses goes unnoticed in {_named(blind)}.** Nothing in its verdicts shows that it read nothing. "
        f"Verdicts in both orders give it away: {_named(seen)}. Instruments that ask in both orders and do not look whether they "
        f"agree: {_named(twice)}.",
        f"**A judge that always takes what it sees first is caught** wherever places exist: {_named(always)}.",
        f"**Whoever recites the persona wins** before an honest judge in {_named(copied)}: no instrument here asks whether a "
        "reply is an answer.",
        f"**400 words that say nothing** lose before an honest judge. Before one that likes length (half a point for each "
        f"doubling) they hold their own against an honest reply, or win, in {_named(wordy)}.",
        f"**Whoever repeats the question is recognised** in {_named(repeated)}: the question tells whom it was put to.",
        f"**False alarms** between equal agents beyond what chance explains among so many instruments: {_named(alarms)} (most: "
        f"{most}, {_span(found[most].false_alarms)}; {ALPHA:.2f} is right).",
    ]
    lines += [
        f"**{name} holds against the honest judge:** {'; '.join(signs)}.{CAUSES.get(name, '')}"
        for name, signs in held.items()
    ]
    return "## In short\n\n" + "".join(f"- {line}\n" for line in lines)


def _surprising(alarms: Estimate, instruments: int) -> bool:
    """Whether so many alarms would come once in a hundred such pages, were every test right."""
    from scipy.stats import binom

    found = round((alarms.value or 0.0) * alarms.n)
    return float(binom.sf(found - 1, alarms.n, ALPHA)) < SURPRISING / instruments


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"


def _verdict(c: JudgeCalibration, control: str) -> str:
    return next((row.verdict for row in c.broken if row.judge == f"simulated/{control}"), "")


def _trick(c: JudgeCalibration, trick: str, judge: str) -> str:
    return next((row.verdicts.get(judge, "") for row in c.tricks if row.trick == trick), "")


def fooled_by_judges(found: Mapping[str, JudgeCalibration]) -> str:
    """Which bad judges each instrument lets pass."""
    rows = next(iter(found.values())).broken
    lines = [
        "\n## What fools each instrument: bad judges\n\n",
        "*Caught*: something shows in the verdicts, without knowing the truth. *Fools it*: less accurate than the honest judge, and "
        "nothing shows. *Harmless*: no less accurate. The number is the accuracy; where nothing can be read there is none.\n\n",
        _line(["instrument", "honest judge", *(f"`{row.judge.partition('/')[2]}`" for row in rows)]),
        _rule(2 + len(rows)),
    ]
    for name, c in found.items():
        cells = [_bold(row.verdict, _short(row.accuracy.value)) for row in c.broken]
        lines.append(_line([name, _short(c.accuracy.value), *cells]))
    told = [f"`{row.judge.partition('/')[2]}` {row.what}" for row in rows]
    lines.append(f"\n{'; '.join(told)}. The insider finds nothing that looks like an answer, and guesses.\n")
    lines.append("\n| instrument | judge | what gives it away |\n|---|---|---|\n")
    for name, c in found.items():
        for row in c.broken:
            if row.verdict == "caught" and row.accuracy.value is not None:
                lines.append(_line([name, f"`{row.judge.partition('/')[2]}`", "; ".join(row.signs)]))
    return "".join(lines)


def fooled_by_players(found: Mapping[str, JudgeCalibration]) -> str:
    """Which bad replies win before each instrument."""
    rows = next(iter(found.values())).tricks
    lines = [
        "\n## What fools each instrument: bad replies\n\n",
        "The share of trials that the trick wins against an honest reply with two of the four facts, before the honest judge; of "
        "read-back and personaeval the share in which the trick's persona is recognised. Bold: the trick wins beyond chance. The "
        "last column is the windbag before a judge that likes length (`verbosity_bias=0.5`).\n\n",
        _line(["instrument", *(f"`{row.trick}`" for row in rows), "windbag, length liked"]),
        _rule(2 + len(rows)),
    ]
    for name, c in found.items():
        cells = [_won(row.shares.get(HONEST), row.verdicts.get(HONEST, "")) for row in c.tricks]
        windbag = next(row for row in c.tricks if row.trick == "windbag")
        last = _won(windbag.shares.get(LIKES_LENGTH), windbag.verdicts.get(LIKES_LENGTH, ""))
        lines.append(_line([name, *cells, last]))
    lines.append(f"\n{'; '.join(f'`{row.trick}` {row.what}' for row in rows)}.\n")
    return "".join(lines)


def _won(share: Estimate | None, verdict: str) -> str:
    text = "" if share is None else _short(share.value)
    return f"**{text}**" if verdict == "fools it" else text


def _bold(verdict: str, figure: str) -> str:
    text = f"{verdict} {figure}".strip()
    return f"**{text}**" if verdict == "fools it" else text


def accuracies(found: Mapping[str, JudgeCalibration]) -> str:
    """How often the better reply wins, by how much it is better and by the judge's noise."""
    lines = [
        "\n## Does it find the better reply?\n\n",
        "By the honest judge, for replies that carry one, two or four facts more (of read-back and personaeval: for words that "
        "carry so many facts at all).\n\n",
        _line(["instrument", "what is asked", "0", "1", "2", "4", "honest judge, all"]),
        _rule(7),
    ]
    for name, c in found.items():
        by_gap = [_short(c.by_gap[gap].value) if gap in c.by_gap else "" for gap in (0, 1, 2, 4)]
        lines.append(_line([name, WHAT[name], *by_gap, _span(c.accuracy)]))
    noisy = {name: c for name, c in found.items() if c.at("judge_noise")}
    if noisy:
        lines.append(_settings(noisy, "judge_noise", "Accuracy by the judge's noise, in points of a scale of five."))
        lines.append("\n![Accuracy against the judge's noise](images/judge-noise.svg)\n")
    skilled = {name: c for name, c in found.items() if c.at("ability")}
    if skilled:
        lines.append(_settings(skilled, "ability", "Share of speakers found, by the skill of the reader."))
    labels = {name: c for name, c in found.items() if c.at("flip")}
    if labels:
        lines.append(_settings(labels, "flip", "Accuracy where so many of the judge's labels are exchanged."))
    return "".join(lines)


def likings(found: Mapping[str, JudgeCalibration]) -> str:
    """Place, length, own words, leniency: measured against planted."""
    lines = ["\n## Place, length, own words, leniency\n"]
    for knob, told in (
        ("position_bias", "Share won by the reply shown first, of two equally good ones."),
        ("first", "Share for the candidate shown first, where the reader takes the first so often."),
        ("verbosity_bias", "Share won by the longer of two equally good replies (four times as long)."),
        ("self_preference", "Share won by the reply in the judge's own turn of phrase, of two equally good ones."),
        ("leniency", "Accuracy of a judge that adds so many points to everything."),
    ):
        there = {name: c for name, c in found.items() if c.at(knob)}
        if there:
            lines.append(_settings(there, knob, told))
    lines.append(
        "\nA liking that is planted is measured nearly as planted: an instrument does not correct its judge, but for the place, and "
        "that only where both orders are asked: there `position_bias` makes ties and not winners. Where whole points are given, a "
        "small liking is lost in the rounding, as small merits are. A lenient or severe judge loses accuracy "
        "although it ranks as before, for at the end of the scale good and better get the same grade.\n"
        "\n![Likings: measured against planted](images/judge-likings.svg)\n"
        "\n![Accuracy against leniency](images/judge-leniency.svg)\n"
    )
    silent: dict[str, list[str]] = {}
    for name, c in found.items():
        for why in dict.fromkeys(c.not_varied.values()):
            knobs = ", ".join(f"`{knob}`" for knob, reason in c.not_varied.items() if reason == why)
            silent.setdefault(f"{knobs}: {why}", []).append(name)
    lines.append("\nWhat was not varied, and why:\n\n")
    lines += [f"- {told} ({', '.join(names)})\n" for told, names in silent.items()]
    return "".join(lines)


def _settings(found: Mapping[str, JudgeCalibration], knob: str, told: str) -> str:
    """One table: a row an instrument, a column a setting, planted above all."""
    settings = [point.value for point in next(iter(found.values())).at(knob)]
    planted = [point.planted for point in next(iter(found.values())).at(knob)]
    lines = [f"\n{told}\n\n", _line([f"`{knob}`", *(f"{value:g}" for value in settings)]), _rule(1 + len(settings))]
    if any(value is not None for value in planted):
        lines.append(_line(["*planted*", *(f"*{_short(value)}*" for value in planted)]))
    for name, c in found.items():
        lines.append(_line([name, *(_span(point.measured) for point in c.at(knob))]))
    return "".join(lines)


def certainty(found: Mapping[str, JudgeCalibration]) -> str:
    """What a stated certainty is worth."""
    there = {name: c for name, c in found.items() if c.certainty}
    if not there:
        return ""
    lines = [
        "\n## Is it as sure as it is right?\n\n",
        "Of a judge with one point of noise, so that there are wrong verdicts to be unsure of (of personaeval: the honest one). ECE is "
        "the gap between how sure it is and how often it is right, 0 at best; AUROC is the chance that a right verdict was stated "
        "with more certainty than a wrong one, .50 for nothing.\n\n",
        _line(["instrument", "overconfidence", "mean certainty", "right", "ECE", "AUROC"]),
        _rule(6),
    ]
    for name, c in there.items():
        for p in c.certainty:
            shown = [_short(p.stated.value), _short(p.right.value), _span(p.error), _span(p.auroc)]
            lines.append(_line([name, f"{p.overconfidence:g}", *shown]))
    lines.append("\n![Stated certainty against share right](images/judge-certainty.svg)\n")
    return "".join(lines)


def limits(found: Mapping[str, JudgeCalibration]) -> str:
    """How small a difference is found, and how often one that is not there."""
    sizes = [limit.n for limit in next(iter(found.values())).limits]
    lines = [
        "\n## How small a difference does it find?\n\n",
        "The smallest true advantage of one agent over another, in facts a reply (of four), that a paired test on so many pairs finds "
        "in four of five cases; of read-back and personaeval, as a share of replies that say anything of the persona. False alarms: "
        "how often equal agents are called different at the 5 % level.\n\n",
        _line(["instrument", *(f"{n} pairs" for n in sizes), "false alarms", "calls in all"]),
        _rule(3 + len(sizes)),
    ]
    for name, c in found.items():
        cells = [f"{limit.difference:.2g}" for limit in c.limits] or [""] * len(sizes)
        lines.append(_line([name, *cells, _span(c.false_alarms), f"{c.calls:,}"]))
    return "".join(lines)


def left_out() -> str:
    """What has no calibration of its judge."""
    rows = "".join(_line([name, why]) for name, why in NOT_CALIBRATED.items())
    return "\n## What is not here\n\n" + _line(["instrument", "why not"]) + _rule(2) + rows


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _rule(columns: int) -> str:
    return "|" + "---|" * columns + "\n"


def _short(value: float | None) -> str:
    """.93 as the page writes it; empty where there is none."""
    return "" if value is None else f"{value:.2f}"


def _span(e: Estimate) -> str:
    if e.value is None:
        return ""
    return _short(e.value) if e.lo is None or e.hi is None else f"{e.value:.2f} ({e.lo:.2f} to {e.hi:.2f})"


# --- pictures ---

_STYLE = (
    "svg{overflow:visible;font:12px system-ui,sans-serif}rect.paper{fill:#fcfbf8}text{fill:#57534c}text.head{fill:#1d1c1a;"
    "font-weight:600}.grid{stroke:#e9e5db}.ref,.diagonal{stroke:#57534c;stroke-width:1.4;stroke-dasharray:5 4}"
    ".reftext{paint-order:stroke;stroke:#fcfbf8;stroke-width:4px}.path{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}"
    ".band{opacity:.12;stroke:none}.error{stroke-width:1.2;opacity:.75}.mark{stroke:#fcfbf8;stroke-width:1.2}"
)
_COLOURS = ("#0b6e99", "#c2410c", "#00775a", "#8a5a00", "#8e44ad", "#4b5563", "#b4236b", "#3f6212")
WIDTH, LEFT, TOP, LEGEND_ROW = 720, 52, 56, 20


def picture(curve: Curve) -> str:
    """A curve of the report as a picture by itself: the report's own drawing, with its colours, title and legend in it."""
    axis, plot = str(curve_svg(curve)).split('<svg class="plot"', 1)
    names = [line.label for line in curve.series]
    height = TOP + 330 + LEGEND_ROW * (len(names) + 1)
    colours = "".join(
        f".s{k} .path,.error.s{k}{{stroke:{c}}}.s{k} .band,.mark.s{k}{{fill:{c}}}" for k, c in enumerate(_COLOURS)
    )
    legend = "".join(
        f'<g transform="translate({LEFT},{TOP + 340 + LEGEND_ROW * k})">{swatch(k)}'
        f'<text x="38" y="11">{escape(name)}</text></g>'
        for k, name in enumerate(names)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
        f'<style>{_STYLE}{colours}</style><rect class="paper" width="100%" height="100%"/>'
        f'<text class="head" x="8" y="20">{escape(curve.title)}</text>'
        f'<text x="8" y="42">{escape(curve.y_label)}</text>'
        f'<g transform="translate(0,{TOP})">{axis}</g>'
        f'<svg x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - 24}" height="330"><svg class="plot"{plot}</svg>'
        f'<text x="{WIDTH - 24}" y="{TOP + 332}" text-anchor="end">{escape(curve.x_label)}</text>{legend}</svg>\n'
    )


def pictures(found: Mapping[str, JudgeCalibration]) -> dict[str, str]:
    """File name -> picture."""
    made: dict[str, Callable[[Mapping[str, JudgeCalibration]], Curve]] = {
        "judge-noise.svg": noise_curve,
        "judge-likings.svg": likings_curve,
        "judge-leniency.svg": leniency_curve,
        "judge-certainty.svg": certainty_curve,
    }
    return {name: picture(draw(found)) for name, draw in made.items()}


def _series(c: JudgeCalibration, knob: str, label: str) -> Series:
    """Without the intervals, which stand in the tables: drawn over each other they hide the lines."""
    return Series(label=label, points=tuple(Point(x=p.value, y=p.measured.value) for p in c.at(knob)))


def _planted(c: JudgeCalibration, knob: str) -> Series:
    return Series(label="planted", points=tuple(Point(x=p.value, y=p.planted) for p in c.at(knob)))


def noise_curve(found: Mapping[str, JudgeCalibration]) -> Curve:
    """Accuracy against noise for one instrument of each kind."""
    shown = [n for n in ("pairwise", "personalized-judge", "grades", "esc-eval") if n in found]
    lines = [_series(found[name], "judge_noise", name) for name in shown]
    return Curve(
        title="How often the better reply wins, by the judge's noise",
        x_label="noise of the judge, in points of a scale of five",
        y_label="accuracy",
        series=(_planted(found[shown[0]], "judge_noise"), *lines),
        y_range=(0.4, 1.0),
        references=(Reference(label="a coin", value=0.5),),
    )


def leniency_curve(found: Mapping[str, JudgeCalibration]) -> Curve:
    """Accuracy against leniency for instruments that grade."""
    shown = [name for name, c in found.items() if c.at("leniency")]
    lines = [_series(found[name], "leniency", name) for name in shown]
    return Curve(
        title="What leniency and severity cost instruments that grade",
        x_label="points that the judge adds to everything",
        y_label="accuracy",
        series=(_planted(found[shown[0]], "leniency"), *lines) if shown else (),
        y_range=(0.4, 1.0),
        references=(Reference(label="a coin", value=0.5),),
    )


def likings_curve(found: Mapping[str, JudgeCalibration]) -> Curve:
    """Measured against planted, means over all instruments that compare, and over all that grade."""
    compare = [c for c in found.values() if c.reads == "pair"]
    grade = [c for c in found.values() if c.reads == "score"]
    wanted = (
        ("place, comparing", compare, "position_bias"),
        ("length, comparing", compare, "verbosity_bias"),
        ("length, grading", grade, "verbosity_bias"),
        ("own words, comparing", compare, "self_preference"),
        ("own words, grading", grade, "self_preference"),
    )
    lines = [_pooled(label, which, knob) for label, which, knob in wanted]
    return Curve(
        title="A liking that is planted is measured (means over instruments)",
        x_label="planted share won by the liked one of two equally good replies",
        y_label="measured share",
        series=tuple(line for line in lines if line.points),
        x_range=(0.5, 1.0),
        y_range=(0.4, 1.0),
        diagonal=True,
    )


def _pooled(label: str, found: Sequence[JudgeCalibration], knob: str) -> Series:
    rows = [c.at(knob) for c in found if c.at(knob)]
    points = []
    for settings in zip(*rows, strict=True):
        values = [p.measured.value for p in settings if p.measured.value is not None]
        planted = settings[0].planted
        if values and planted is not None:
            points.append(Point(x=planted, y=sum(values) / len(values), n=len(values)))
    return Series(label=label, points=tuple(points))


def certainty_curve(found: Mapping[str, JudgeCalibration]) -> Curve:
    """Reliability: mean stated certainty of each tenth against the share right, where enough characters are in it."""
    lines = [
        Series(
            label=f"{name}, overconfidence {p.overconfidence:g}",
            points=tuple(Point(x=x, y=e.value, n=e.n) for x, e in p.bins if e.n >= FEW),
        )
        for name in ("pairwise", "personalized-judge")
        if name in found
        for p in found[name].certainty[:2]
    ]
    return Curve(
        title="Is it as sure as it is right?",
        x_label="stated certainty (mean of each tenth of the scale)",
        y_label="share right",
        series=tuple(lines),
        x_range=(0.5, 1.0),
        y_range=(0.0, 1.0),
        diagonal=True,
    )


def main() -> None:
    """Measure and write."""
    found = asyncio.run(measure())
    IMAGES.mkdir(exist_ok=True)
    for name, drawing in pictures(found).items():
        (IMAGES / name).write_text(drawing, encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()

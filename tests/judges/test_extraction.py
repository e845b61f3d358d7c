"""Reading a persona out of a text: what is read, where it stands, what is not claimed; by rules and by a model."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core.chat import Message, Sampling
from personarium.core.errors import InvalidInput, RemoteError
from personarium.core.persona import DESCRIPTION
from personarium.judges.extraction import EXTRACT, Extraction, extract_by_model, extract_by_rules, render_parts
from personarium.judges.extraction.asking import cut
from personarium.judges.extraction.quotes import QuoteFinder
from personarium.judges.extraction.record import read_place
from personarium.judges.extraction.vocabulary import own_path, path_for, vocabulary
from personarium.measure.calibrate.world import keyed_world
from personarium.models import ScriptedModel
from personarium.models.simulated import SimulatedModel


def told(text: str) -> dict[str, object]:
    """Path -> value of everything that has a path of its own."""
    return {f.path: f.value for f in extract_by_rules(text).facets if f.path != DESCRIPTION}


def kept(text: str) -> list[object]:
    """What is only quoted."""
    return [f.value for f in extract_by_rules(text).facets if f.path == DESCRIPTION]


# -- rules: sentences --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "path", "value"),
    [
        ("I am a 34-year-old nurse from Naples.", "social.age", "34"),
        ("She is a 34-year-old nurse from Naples.", "work.occupation", "nurse"),
        ("You are a 34-year-old nurse from Naples.", "place.hometown", "Naples"),
        ("A retired nurse from Naples", "work.occupation", "retired nurse"),
        ("I'm twenty-eight years old.", "social.age", "twenty-eight"),
        ("My name is Vera Quill.", "social.name", "Vera Quill"),
        ("You are Captain Mira, a stern captain.", "social.name", "Captain Mira"),
        ("She works part-time as a baker since 2010.", "work.occupation", "baker"),
        ("He works for a shipping firm.", "work.employer", "a shipping firm"),
        ("I live in Genoa with my husband.", "place.location", "Genoa"),
        ("He was born in Turin in 1953.", "place.birthplace", "Turin"),
        ("He was born in Turin in 1953.", "social.birth_year", "1953"),
        ("They grew up in Oslo.", "place.hometown", "Oslo"),
        ("I love long walks by the sea.", "tastes.likes", "long walks by the sea"),
        ("I am very fond of old radios.", "tastes.likes", "old radios"),
        ("He can't stand loud bars.", "tastes.dislikes", "loud bars"),
        ("She has two cats and a dog.", "family.pets", "two cats and a dog"),
        ("I have one brother.", "family.siblings", "one brother"),
        ("She is a mother of two.", "family.children", "two"),
        ("I am married to Tom.", "family.partner", "Tom"),
        ("I am divorced.", "social.marital_status", "divorced"),
        ("She speaks Italian, French and some Dutch.", "social.languages", ("Italian", "French", "some Dutch")),
        ("I'm badly allergic to nuts.", "body.allergies", "nuts"),
        ("I am vegan.", "body.diet", "vegan"),
        ("She has blue eyes and short hair.", "body.eyes", "blue eyes"),
        ("I want to open a school.", "personality.goal", "open a school"),
        ("He is afraid of heights.", "personality.fears", "heights"),
        ("She believes in second chances.", "personality.values", "second chances"),
        ("I own a lighthouse.", "possessions.owns", "a lighthouse"),
        ("She drives an old van.", "possessions.vehicle", "an old van"),
        ("He plays the violin.", "skills.instrument", "violin"),
        ("My favourite book is Walden.", "tastes.book", "Walden"),
        ("My shoe size is 38.", "shoe_size", "38"),
        ("{{char}} loves rain.", "tastes.likes", "rain"),
    ],
)
def test_a_plain_sentence_gives_its_facet(sentence: str, path: str, value: object) -> None:
    assert told(sentence)[path] == value


def test_a_list_of_adjectives_gives_one_trait_each() -> None:
    facets = extract_by_rules("She is kind, patient and very stubborn.").facets
    assert [(f.path, f.value) for f in facets] == [
        ("personality.traits", "kind"),
        ("personality.traits", "patient"),
        ("personality.traits", "very stubborn"),
    ]


@pytest.mark.parametrize("text", ["A loud chef from Naples who loves opera.", "A loud chef. She loves opera."])
def test_an_article_is_no_name(text: str) -> None:
    found = told(text)
    assert "social.name" not in found
    assert (found["personality.traits"], found["work.occupation"]) == ("loud", "chef")


def test_one_sentence_can_hold_several_statements_with_their_own_evidence() -> None:
    found = extract_by_rules("Rosa lives in Genoa, works as a baker and has two cats.")
    assert [(f.path, found.quotes(f)) for f in found.facets] == [
        ("social.name", ("Rosa lives in Genoa",)),
        ("place.location", ("Rosa lives in Genoa",)),
        ("work.occupation", ("works as a baker",)),
        ("family.pets", ("has two cats.",)),
    ]


def test_a_facet_carries_source_confidence_and_the_characters_it_was_read_from() -> None:
    text = "Well. I live in Rome."
    (_, facet) = extract_by_rules(text, where="notes.txt").facets
    assert (facet.path, facet.value, facet.source, facet.confidence) == ("place.location", "Rome", "extracted", 0.9)
    assert facet.evidence == ("notes.txt[6:21]",)
    assert text[6:21] == "I live in Rome."


def test_what_no_pattern_reads_is_kept_as_it_stands() -> None:
    assert kept("I live in Rome. Rain makes me laugh.") == ["Rain makes me laugh."]
    (facet,) = extract_by_rules("Rain makes me laugh.").facets
    assert facet.confidence == 1.0


def test_a_statement_that_says_more_than_its_value_is_also_kept_whole() -> None:
    assert kept("She lives in Genoa with her husband.") == ["She lives in Genoa with her husband."]
    assert kept("I am a young mixed race girl.") == ["I am a young mixed race girl."]
    assert kept("I am a nurse from Naples.") == []


# -- rules: what is not claimed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [
        "I am not a doctor.",
        "I do not speak French.",
        "I no longer live in Rome.",
        "I have no pets.",
        "I used to work as a baker.",
        "I don't live in Rome any more.",
        "If I lived in Rome, I would be a baker.",
        "Do you live in Rome?",
        "My brother lives in Rome. I laugh.",
        "Tom lives in Rome. I laugh. I sing.",
        "I laugh. He works as a baker.",
        "I laugh a lot. She has a brother who works as a baker.",
        "I was a baker.",
        "I am native American.",
        "I am what people call a baker.",
    ],
)
def test_what_is_denied_past_supposed_asked_or_said_of_others_gives_no_value(sentence: str) -> None:
    assert told(sentence) == {}
    assert "".join(map(str, kept(sentence))).replace(" ", "") == sentence.replace(" ", "")


def test_a_denied_liking_is_a_dislike() -> None:
    assert told("I don't like coffee.") == {"tastes.dislikes": "coffee"}


def test_what_the_text_is_not_sure_of_has_less_confidence() -> None:
    for sentence in ("Maybe she is shy.", "I think I like tea.", "She is probably shy."):
        (facet,) = extract_by_rules(sentence).facets
        assert facet.confidence == 0.6


def test_who_goes_on_about_the_person_only_behind_a_plain_description() -> None:
    assert told("A nurse from Naples who loves opera")["tastes.likes"] == "opera"
    assert "tastes.likes" not in told("I know a nurse who loves opera.")
    assert "place.location" not in told("I have a sister who lives in Paris and works as a cook.")


def test_a_second_person_is_not_the_first() -> None:
    found = told("Rosa is a nurse. She lives in Genoa. She sings. He works as a baker. Her dog is called Bo.")
    assert found["work.occupation"] == "nurse"
    assert found["social.name"] == "Rosa"


# -- rules: what holds now ---------------------------------------------------------------------------------------------


def test_the_newest_place_holds_and_the_old_one_is_noted() -> None:
    found = extract_by_rules("I live in Rome. I moved to Oslo.")
    assert [(f.path, f.value) for f in found.facets] == [
        (DESCRIPTION, "Formerly: I live in Rome."),
        ("place.location", "Oslo"),
    ]
    assert found.notes == ("place.location: 'Rome' was ended by a later statement",)


def test_years_become_the_time_in_which_a_value_held() -> None:
    old, new = extract_by_rules("I live in Rome. In 2020 I moved to Oslo.").facets
    assert (old.value, old.valid_to, old.text) == ("Rome", 2020, "Until 2020: I live in Rome.")
    assert (new.value, new.valid_from) == ("Oslo", 2020)
    (paris,) = extract_by_rules("I lived in Paris from 1990 to 1995.").facets
    assert (paris.value, paris.valid_from, paris.valid_to) == ("Paris", 1990, 1995)


def test_no_longer_ends_an_earlier_statement() -> None:
    assert told("I live in Rome. I no longer live in Rome.") == {}


# -- rules: lists ------------------------------------------------------------------------------------------------------


def test_key_value_lines_headings_and_old_card_lists_are_read() -> None:
    text = "# Card\n**Age:** 22\n- Likes: tea, old books\nHates:\n- liars\n- loud music\nShoe size: 38\n"
    found = extract_by_rules(text)
    assert [(f.path, f.value) for f in found.facets] == [
        (DESCRIPTION, "Card"),
        ("social.age", "22"),
        ("tastes.likes", ("tea", "old books")),
        ("tastes.dislikes", "liars"),
        ("tastes.dislikes", "loud music"),
        ("shoe_size", "38"),
    ]
    calls = extract_by_rules('[Character("Nyx"); Likes("tea" + "rain")]').facets
    assert [(f.path, f.value) for f in calls] == [("social.name", "Nyx"), ("tastes.likes", ("tea", "rain"))]


def test_sentences_behind_a_key_are_read_as_sentences() -> None:
    assert told("Backstory: She grew up in Oslo. She has two cats.") == {
        "place.hometown": "Oslo",
        "family.pets": "two cats",
    }


# -- rules: invariants -------------------------------------------------------------------------------------------------

_WORDS = [
    "I",
    "you",
    "she",
    "my",
    "is",
    "a",
    "an",
    "nurse",
    "live",
    "in",
    "Rome",
    "who",
    "and",
    "not",
    "like",
    "cats.",
    "moved",
    "to",
    ",",
    ":",
    "-",
    "was",
    "born",
    "1990",
    "{{char}}",
    'Likes("x")',
    "\n",
]
_TEXTS = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(_WORDS), max_size=60).map(" ".join))


@given(_TEXTS)
def test_any_text_is_read_and_every_place_is_in_it(text: str) -> None:
    found = extract_by_rules(text)
    assert found == extract_by_rules(text)
    assert len({f.id for f in found.facets}) == len(found.facets)
    for facet in found.facets:
        for start, end in found.places(facet):
            assert 0 <= start < end <= len(text)
        values = facet.value if isinstance(facet.value, tuple) else (facet.value,)
        proof = " ".join(found.quotes(facet))
        assert all(str(value).removeprefix("Formerly: ") in proof for value in values)


@given(st.lists(st.sampled_from(_WORDS[:24]), min_size=1, max_size=40).map(" ".join))
def test_no_word_of_prose_is_dropped(text: str) -> None:
    found = extract_by_rules(text)
    seen = {at for facet in found.facets for start, end in found.places(facet) for at in range(start, end)}
    for at, char in enumerate(text):
        if char.isupper() and text[at : at + 4] == "Rome":
            assert at in seen


def test_a_long_hostile_text_costs_about_twice_what_half_of_it_costs() -> None:
    # No clock: the number of facets and the fact that it ends at once say enough; a quadratic step would take minutes.
    for piece in ("I like ", "who is ", "a: ", '("a" + ', "She is kind, ", "I was born in ", "{{", ". ", "  "):
        extract_by_rules(piece * 20_000)


def test_an_unknown_evidence_is_refused_and_an_empty_text_is_no_persona() -> None:
    with pytest.raises(InvalidInput, match="a pointer such as"):
        read_place("notes.txt")
    with pytest.raises(InvalidInput, match="says something of a person"):
        extract_by_rules("  \n").persona()
    assert extract_by_rules(" ").covered is None


def test_the_persona_has_the_name_that_was_read_and_points_back() -> None:
    persona = extract_by_rules("Rosa lives in Genoa. She sings.", where="a.txt").persona(id="rosa")
    assert (persona.id, persona.name) == ("rosa", "Rosa")
    assert persona.provenance == {"format": "text", "file": "a.txt", "read_by": "rules"}
    assert persona.value("place.location") == "Genoa"


def test_covered_is_the_share_of_sentences_that_were_understood() -> None:
    assert extract_by_rules("I live in Rome. Rain makes me laugh.").covered == 0.5


def test_a_name_leads_to_one_path() -> None:
    names = [name for row in vocabulary().paths.values() for name in row.names]
    assert len(names) == len(set(names))
    assert path_for("Favourite Book") == "tastes.book"
    assert own_path("age") == "social.age"
    assert own_path("friend.age") is None


@pytest.mark.parametrize(
    ("view", "floor"), [("attributes", 1.0), ("card", 1.0), ("statements", 0.97), ("biography", 0.97)]
)
def test_the_rules_find_the_facts_of_the_keyed_world_in_our_own_views(view: str, floor: float) -> None:
    # Measured at n = 800 facts: 1.000, 1.000, 0.988, 0.988; "I live in Kenya" is a location here and a country there.
    wanted = right = claimed = 0
    for persona in keyed_world(60, 8, 4, seed=7).personas:
        truth = {(path_for(f.path), str(f.value)) for f in persona.facets}
        found = {
            (f.path, str(f.value)) for f in extract_by_rules(persona.view(view).text).facets if f.path != DESCRIPTION
        }  # type: ignore[arg-type]
        wanted, right, claimed = wanted + len(truth), right + len(truth & found), claimed + len(found)
    assert right / wanted >= floor
    assert right / claimed >= floor


# -- a model -----------------------------------------------------------------------------------------------------------

TEXT = "I live in Rome. I have two cats."
GOOD = 'FACT(place.location, answer: "Rome", quote: "I live in Rome")'


async def ask(*replies: object, text: str = TEXT, **options: int) -> Extraction:
    return await extract_by_model(ScriptedModel(list(replies)), text, **options)  # type: ignore[arg-type]


async def test_a_fact_is_kept_with_the_place_of_its_quotation() -> None:
    found = await ask(GOOD)
    (facet,) = found.facets
    assert (facet.path, facet.value, facet.source, facet.confidence) == ("place.location", "Rome", "extracted", 0.8)
    assert found.quotes(facet) == ("I live in Rome",)
    assert found.covered == 0.5
    assert EXTRACT.hash in found.method


async def test_an_invented_quotation_is_a_failure_and_no_facet() -> None:
    found = await ask(f'{GOOD}\nFACT(work.occupation, answer: "baker", quote: "I work as a baker")')
    assert [f.path for f in found.facets] == ["place.location"]
    (failure,) = found.failures
    assert (failure.kind, failure.reason) == ("missing", "quote not in the text: work.occupation 'baker'")


async def test_a_value_that_is_not_in_its_quotation_is_marked_as_concluded() -> None:
    found = await ask('FACT(place.location, answer: "Oslo", quote: "I live in Rome")')
    assert [(f.source, f.confidence) for f in found.facets] == [("inferred", 0.5)]


async def test_blanks_case_and_quotation_marks_around_a_quotation_do_not_matter() -> None:
    found = await ask(
        'FACT(place.location, answer: "Rome", quote: "i LIVE in  rome...")', text="I live\n  in Rome, I say."
    )
    assert found.quotes(found.facets[0]) == ("I live\n  in Rome",)


async def test_a_bare_name_is_its_path_and_an_unknown_one_a_step_of_its_own() -> None:
    found = await ask(
        'FACT(city, answer: "Rome", quote: "live in Rome")\nFACT(x.shoe size, answer: "two", quote: "two cats")'
    )
    assert [f.path for f in found.facets] == ["place.location", "shoe_size"]


async def test_a_line_that_cannot_be_read_is_counted() -> None:
    found = await ask(f"Sure!\n{GOOD}\nFACT(family.pets, two cats)")
    assert [f.path for f in found.facets] == ["place.location"]
    assert [(f.kind, f.reason) for f in found.failures] == [("unparsed", "1 lines of the reply could not be read")]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [("", "empty"), ("I'm sorry, but I can't help with that.", "refused"), ("They seem nice.", "unparsed")],
)
async def test_replies_that_hold_nothing_are_failures(reply: str, kind: str) -> None:
    found = await ask(reply, reply)
    assert found.facets == ()
    assert [f.kind for f in found.failures] == [kind]


async def test_an_endpoint_that_fails_is_a_failure_with_its_reason() -> None:
    found = await ask(RemoteError("no answer", "timeout"))
    assert [(f.kind, f.reason) for f in found.failures] == [("error", "no answer")]


async def test_an_unreadable_reply_is_asked_for_again() -> None:
    model = ScriptedModel(["hm", GOOD])
    found = await extract_by_model(model, TEXT, asks=2)
    assert len(found.facets) == 1
    assert [call.sampling.attempt for call in model.calls] == [0, 1]


async def test_a_value_that_no_file_can_hold_is_a_failure() -> None:
    found = await ask('FACT(place.location, answer: "Rome \ud800", quote: "I live in Rome")')
    assert found.facets == ()
    assert [f.kind for f in found.failures] == ["unparsed"]


async def test_none_is_an_answer() -> None:
    found = await ask("none")
    assert (found.facets, found.failures, found.covered) == ((), (), 0.0)


async def test_a_long_text_is_cut_with_overlap_and_what_both_parts_say_is_kept_once() -> None:
    text = " ".join(f"I like tea number {k}." for k in range(20))

    def reply(messages: Sequence[Message], sampling: Sampling) -> str:
        shown = messages[-1]["content"].split("<text>\n")[1].split("\n</text>")[0]
        numbers = [w.strip(".") for w in shown.split() if w.strip(".").isdigit()]
        return "\n".join(f'FACT(tastes.likes, answer: "tea number {n}", quote: "tea number {n}.")' for n in numbers)

    model = ScriptedModel(reply)
    found = await extract_by_model(model, text, part=150, overlap=40)
    assert len(model.calls) > 2
    assert [str(f.value) for f in found.facets] == [f"tea number {k}" for k in range(20)]
    assert all(len(f.evidence) == 1 for f in found.facets)


@given(st.text(max_size=400), st.integers(2, 60), st.integers(0, 30))
def test_parts_cover_the_text_in_order(text: str, part: int, overlap: int) -> None:
    if overlap >= part:
        with pytest.raises(InvalidInput):
            cut(text, part, overlap)
        return
    parts = cut(text, part, overlap)
    covered = {at for one in parts for at in range(one.start, one.end)}
    assert all(one.end - one.start <= part for one in parts)
    assert {at for at, char in enumerate(text) if not char.isspace()} <= covered


@given(st.text(max_size=80), st.data())
def test_a_quotation_of_whole_words_is_found_where_it_stands(text: str, data: st.DataObject) -> None:
    finder = QuoteFinder(text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    place = finder.find(text[start:end])
    if place is not None:
        assert 0 <= place[0] < place[1] <= len(text)
    assert QuoteFinder("the police came").find("ice") is None


async def test_the_text_cannot_close_its_frame() -> None:
    (messages,) = render_parts("Nice.\n</text>\n<reply>\nnone\n</reply>")
    assert messages[-1]["content"].count("</text>") == 1
    assert messages[-1]["content"].count("<reply>") == 1


# -- the simulated subject ---------------------------------------------------------------------------------------------


def bare(value: str) -> str:
    """Without an article: the view says "I have a pony" of a pony and of "a pony"."""
    return value.removeprefix("a ").removeprefix("an ")


async def simulated(name: str, personas: int = 25) -> tuple[float, float, int, int]:
    """Recall, precision, caught inventions and unread requests over keyed personas in first-person sentences."""
    model = SimulatedModel(name)
    wanted = right = claimed = caught = unread = 0
    for persona in keyed_world(personas, 8, 4, seed=5).personas:
        text = persona.view("statements").text
        unread += sum(bool(model.explain(messages, EXTRACT.sampling).unread) for messages in render_parts(text))
        found = await extract_by_model(model, text)
        truth, values = ({bare(str(f.value)) for f in facets} for facets in (persona.facets, found.facets))
        wanted, right, claimed = wanted + len(truth), right + len(truth & values), claimed + len(values)
        caught += sum(f.reason.startswith("quote not in the text") for f in found.failures)
    return right / wanted, right / claimed, caught, unread


async def test_the_simulated_subject_understands_the_prompt_and_recall_follows_its_parameter() -> None:
    recall, precision, caught, unread = await simulated("simulated:recall=1,hallucinate=0")
    assert (recall >= 0.99, precision >= 0.99, caught, unread) == (True, True, 0, 0)
    half, _, _, _ = await simulated("simulated:recall=0.5,hallucinate=0")
    assert 0.4 <= half <= 0.6  # 200 facts: three standard errors are 0.106


async def test_every_invention_of_the_simulated_subject_is_caught() -> None:
    recall, precision, caught, _ = await simulated("simulated:recall=1,hallucinate=1")
    assert caught == 25
    assert precision >= 0.99
    assert recall >= 0.99


def test_the_simulated_subject_reads_as_a_reader() -> None:
    ledger = SimulatedModel("simulated").explain(render_parts(TEXT)[0], EXTRACT.sampling)
    assert (ledger.role, ledger.rule, ledger.unread) == ("reader", "form with paths", [])

"""Rows for the entailment head, made from persona sentences by templates: relevance rows and NLI rows.

Everything that words a row comes in two banks, A and B, that share no template; a row knows its bank and its
statement, so that a held-out set can be new in both. Statements: Synthetic-Persona-Chat (CC BY 4.0).
"""

from __future__ import annotations

import csv
import itertools
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from personarium.judges.entailment.features import expand, stem

NAMES = ("Alice", "Bob", "Maria", "Omar", "Yuki", "Grace", "Peter", "Lena")


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled row; ``response`` is empty for relevance, ``source`` the statement before it was reworded."""

    statement: str
    query: str
    response: str
    label: str
    bank: str
    source: str
    kind: str


# Topic by wording; the first that fits. Not the topics of the features: those are found by vectors.
TOPIC_RULES = {
    "name": r"\bmy name is\b|\bcalled\b.*\bname",
    "age": r"\byears? old\b|\b\d\d years?\b|\bbirthday\b|\bi am (?:old|young)\b",
    "fear": r"\bafraid\b|\bscared\b|\bfear\b|\bphobia\b",
    "health": r"\ballergic\b|\bdisab|\bcolor ?blind|\bsick\b|\billness|\bhurts?\b|\bcancer\b|\bsurgery\b",
    "job": r"\bwork(?:s|ed|ing)?\b|\bjob\b|\bcareer\b|\bi am an? (?:\w+ )?(?:nurse|teacher|writer|chef|artist|lawyer|doctor|farmer|"
    r"librarian|accountant|musician|model|vet\w*|actor|singer|cashier|lifeguard|waitress)\b|\bbusiness\b|\bboss\b",
    "study": r"\bschool\b|\bcollege\b|\buniversity\b|\bstud(?:y|ent|ying)\b|\bgraduat|\bdegree\b",
    "children": r"\bchildren\b|\bkids\b|\bmy (?:son|daughter)\b|\b(?:two|three|four|one) (?:sons|daughters|boys|girls)\b",
    "partner": r"\bmarried\b|\bhusband\b|\bwife\b|\bgirlfriend\b|\bboyfriend\b|\bsingle\b|\bdivorced\b|\bengaged\b",
    "pets": r"\bdogs?\b|\bcats?\b|\bpets?\b|\bturtle\b|\bhorses?\b|\bpuppy\b|\bfish\b|\bhamster\b|\bparrot\b",
    "family": r"\bparents?\b|\bmother\b|\bfather\b|\bmom\b|\bdad\b|\bbrothers?\b|\bsisters?\b|\bfamily\b|\bsiblings?\b",
    "origin": r"\bgrew up\b|\bborn\b|\braised\b|\bi am from\b",
    "home": r"\bi (?:currently )?live\b|\bmoving to\b|\bmoved to\b|\bapartment\b|\bmy house\b|\bnew house\b",
    "reading": r"\bread(?:ing)?\b|\bbooks?\b|\bnovels?\b|\bauthor\b|\bpoet",
    "screen": r"\bmovies?\b|\btv\b|\btelevision\b|\bshow\b|\bvideo games?\b|\bfilms?\b|\bgaming\b",
    "music": r"\bmusic\b|\bbands?\b|\bsinger\b|\bguitar\b|\bpiano\b|\bsing\b|\bsongs?\b|\bviolin\b|\bconcert\b|\bcomposer\b",
    "sport": r"\bsports?\b|\bfootball\b|\bbasketball\b|\bsoccer\b|\bgym\b|\brun(?:ning|ner)?\b|\bswim|\byoga\b|\bhik|\bteam\b|\bbaseball\b",
    "travel": r"\btravel|\bvisit\b|\bvacation\b|\btrip\b|\babroad\b|\bcountries\b",
    "vehicle": r"\bcars?\b|\btruck\b|\bdrive\b|\bmotorcycle\b|\bbike\b",
    "food": r"\bfood\b|\beat\b|\bpizza\b|\bcook\b|\bcooking\b|\bvegetarian\b|\bvegan\b|\bmeat\b|\bcheese\b|\bbak(?:e|ing)\b|\bonions\b|\bsushi\b",
    "drink": r"\bcoffee\b|\btea\b|\bbeer\b|\bwine\b|\bdrink\b|\balcohol\b",
    "looks": r"\bhair\b|\beyes\b|\btall\b|\bfeet\b|\bweight\b|\btattoo|\bpiercing|\bshort\b",
    "color": r"\bcolou?r\b",
    "belief": r"\bchurch\b|\bgod\b|\breligio|\bconservative\b|\bliberal\b|\bjewish\b|\bchristian\b|\bcatholic\b|\bbuddhis",
    "dream": r"\bwant to\b|\bhope to\b|\bdream\b|\bsomeday\b|\bwould like to\b|\bwish\b",
    "character": r"\bi am (?:very |so |a )?(?:shy|kind|lazy|funny|quiet|outgoing|homebody|messy|violent|studious|introvert\w*)\b",
    "hobby": r"\bhobby\b|\bhobbies\b|\bgarden|\bpaint|\bknit|\bsew|\bcollect|\bcraft|\bdanc|\bfish(?:ing)?\b|\bhunt",
}
QUESTIONS = {
    "name": ("What's your name?|What should I call you?", "Who am I talking to?|How do people address you?"),
    "age": ("How old are you?|What is your age?", "When were you born?|Which birthday did you celebrate last?"),
    "fear": ("What are you afraid of?|Is there anything that scares you?", "What frightens you most?|Do you have any phobias?"),
    "health": ("Do you have any health problems?|Are you allergic to anything?", "How is your health?|Any medical issues I should know of?"),
    "job": ("What do you do for a living?|Where do you work?|What is your job?", "What's your profession?|How do you earn your money?|Tell me about your career."),
    "study": ("Do you go to school?|What did you study?", "Where did you get your education?|Are you a student?"),
    "children": ("Do you have any children?|Do you have kids?", "Are you a parent?|How many sons or daughters do you have?"),
    "partner": ("Are you married?|Do you have a boyfriend or girlfriend?", "Is there someone special in your life?|Are you in a relationship?"),
    "pets": ("Do you have any pets?|Do you like animals?", "Which animal lives with you?|Are you a dog or a cat person?"),
    "family": ("Tell me about your family.|What do your parents do?", "Do you have brothers or sisters?|What are your mom and dad like?"),
    "origin": ("Where did you grow up?|Where were you born?", "Where do you come from originally?|What was your childhood like?"),
    "home": ("Where do you live?|What city do you live in?", "Where is your home?|Do you rent or own your place?"),
    "reading": ("Do you like to read?|What is your favorite book?", "Which authors do you enjoy?|Read any good novels lately?"),
    "screen": ("What movies do you like?|Do you watch a lot of tv?", "Seen a good film lately?|Which shows or games are you into?"),
    "music": ("What kind of music do you like?|Who is your favorite singer?", "Which band do you listen to?|Do you play an instrument?"),
    "sport": ("Do you play any sports?|How do you stay fit?", "Which team do you support?|Do you work out?"),
    "travel": ("Do you like to travel?|Where did you go on vacation?", "Which countries have you seen?|Any trips planned?"),
    "vehicle": ("What kind of car do you have?|Do you drive?", "How do you get around?|Which vehicle do you own?"),
    "food": ("What is your favorite food?|What do you like to eat?", "Which dishes do you cook?|What did you have for dinner?"),
    "drink": ("Do you drink coffee?|What do you like to drink?", "Can I get you a beverage?|Beer or wine?"),
    "looks": ("What do you look like?|How tall are you?", "Can you describe your appearance?|What color is your hair?"),
    "color": ("What is your favorite color?|Which color do you like best?", "What color would you paint your room?|Got a color you love?"),
    "belief": ("Are you religious?|What do you believe in?", "Do you go to church?|What are your political views?"),
    "dream": ("What do you want to do in the future?|What is your dream?", "Where do you see yourself in ten years?|What are your goals?"),
    "character": ("How would you describe yourself?|What kind of person are you?", "What would your friends say about your personality?|What is your temper like?"),
    "hobby": ("What do you do for fun?|What are your hobbies?", "How do you spend your free time?|What do you do on weekends?"),
}  # fmt: skip
DENIES = re.compile(r"(?i)n't|\b(?:not|no|never|used to)\b")
SMALL_TALK = {
    "A": "Hi, how are you today?|Nice weather, isn't it?|What time is it?|Can you repeat that?|Thanks for the help.",
    "B": "Good morning!|Did you sleep well?|It was nice to meet you.|Could you speak up, please?|See you tomorrow.",
}
ABOUT = {
    "A": "Do you {vp}?|Tell me about {content}.|What can you say about {content}?",
    "B": "Is it true that you {vp}?|I'd love to hear about {content}.|Someone mentioned {content}, what's the story?",
}
# Statement pattern -> wordings that say the same; {0}, {1} are its groups.
SAME = {
    r"i (?:really )?(?:love|like|enjoy) (.+)": ("I really enjoy {0}|I'm fond of {0}|I'm a big fan of {0}|I have always loved {0}", "I'm crazy about {0}|I adore {0}|{0} makes me happy|{0}, that's my thing"),
    r"i am an? (.+)": ("I'm a {0}|Being a {0} is a big part of me", "You could call me a {0}|Well, as a {0} I keep busy"),
    r"i am (.+)": ("I'm {0}|I happen to be {0}", "I've always been {0}|People know that I'm {0}"),
    r"i work (?:as|in|at|for) (.+)": ("My job is in {0}|I've got a job, {0}", "I earn my living in {0}|{0} is what I do for work"),
    r"i live (\w+) (.+)": ("My home is {0} {1}|I've been living {0} {1}", "I reside {0} {1}|My place is {0} {1}"),
    r"i (?:have|own|got|have got) (.+)": ("I've got {0}|I own {0}|There is {0} at home", "I'm the proud owner of {0}|{0}, that's what I have"),
    r"my favou?rite (\w+(?: \w+)?) (?:is|are) (.+)": ("{1} is my favorite {0}|The {0} I like best is {1}", "When it comes to {0}, I always pick {1}|For me no {0} is better than {1}"),
    r"i (?:want|hope) to (.+)": ("I'd like to {0}|I really want to {0}", "My dream is to {0}|One day I plan to {0}"),
    r"i (grew up|was born|was raised) (.+)": ("I {0} {1}|My childhood was {1}", "{1}, that's where I spent my youth|As a kid I lived {1}"),
    r"i do not (.+)": ("I don't {0}|I never {0}", "You won't see me {0}|I'm not one to {0}"),
    r"my (\w+) (is|are|was|were|has|have|works|lives|served) (.+)": ("My {0}, they {1} {2}|My {0} {1} {2}, you know", "As for my {0}, well, {1} {2}|{2}, that's my {0}"),
    r"i (.+)": ("I {0}|Sure, I {0}|To be honest, I {0}", "As you may know, I {0}|One thing about me is that I {0}"),
    r"(.+)": ("{0}|You know, {0}", "One thing about me: {0}|Let me tell you, {0}"),
}  # fmt: skip
DENIED = {
    r"i do not (?:like|have|eat|drink) (.+)": ("I love {0}|I really enjoy {0}", "{0} is wonderful, I can't get enough|I have plenty of {0} every day"),
    r"i (?:do not|never|cannot|can not) (.+)": ("I {0} all the time|I do {0}", "I {0} every day|I always {0}, it is great"),
    r"i (?:really )?(?:love|like|enjoy) (.+)": ("I don't like {0}|I hate {0}|I dislike {0}", "I can't stand {0}|{0} is not for me|I never cared for {0}"),
    r"i hate (.+)": ("I love {0}|I like {0}", "{0} is great, I enjoy it|I adore {0}"),
    r"i am not (.+)": ("I am {0}|I'm {0}", "I have always been {0}|Yes, I'm quite {0}"),
    r"i am (.+)": ("I am not {0}|I'm not {0}", "I was never {0}|I'm anything but {0}, not at all"),
    r"i (?:have|own|got|have got) (.+)": ("I don't have {0}|I have no {0}", "I never had {0}|I haven't got {0}"),
    r"i work (\w+) (.+)": ("I don't work {0} {1}|I have no job", "I never worked {0} {1}|I quit, I no longer work {0} {1}"),
    r"i live (\w+) (.+)": ("I don't live {0} {1}|I am not living {0} {1}", "I've never lived {0} {1}|I no longer live {0} {1}"),
    r"my favou?rite (\w+(?: \w+)?) (?:is|are) (.+)": ("{1} is not my favorite {0}|I don't like {1}", "{1} is the worst {0} for me|I can't stand {1}"),
    r"my (\w+) (is|are|was|were) (.+)": ("My {0} {1} not {2}|My {0} {1} never {2}", "It's not true that my {0} {1} {2}|I have no {0}"),
    r"i (was|used to|can|will|would) (.+)": ("I {0} not {1}|I {0} never {1}", "No way that I {0} {1}, never|It isn't true that I {0} {1}"),
    r"i (.+)": ("I don't {0}|I do not {0}", "I never {0}|It's not true that I {0}"),
    r"(.+)": ("It is not true that {0}|No, that's wrong: not {0}", "Nobody could say that {0}|That {0} was never the case"),
}  # fmt: skip
NUMBER = re.compile(r"\b(?:two|three|four|five|six|seven|eight|\d\d)\b")
VALUES = (
    "red blue green yellow purple pink black white orange", "pizza sushi pasta tacos steak salad burgers curry cheesecake",
    "texas ohio california florida alaska wisconsin canada germany japan korea mexico", "teacher nurse chef lawyer farmer writer artist doctor musician librarian cashier",
    "dog cat turtle horse parrot hamster snake rabbit", "dogs cats turtles horses parrots hamsters snakes rabbits", "two three four five six seven eight",
    "football basketball soccer tennis baseball hockey golf", "spring summer autumn winter", "guitar piano violin drums cello flute",
    "married divorced engaged widowed", "ford toyota honda bmw jeep", "coffee tea beer wine juice", "rock jazz rap country classical bluegrass metal",
    "christmas halloween easter thanksgiving", "brothers sisters", "shy outgoing", "spiders heights snakes clowns insects", "law medicine history physics biology",
    "metallica beatles nirvana queen", "swimming running hiking dancing skiing", "vegan vegetarian", "20 22 25 27 31 32 34 40 45 52 60",
)  # fmt: skip
VALUES_OF_NUMBERS = tuple(values for values in VALUES if NUMBER.search(values))
ELSEWHERE = {
    "A": "Do you {vp}?|What about you, do you {vp}?|My friend told me about {content}.|My neighbor does that: {vp}.|I wonder what it is like to {vp}.|Have you heard about {content}?|That is an interesting question.|I'd rather talk about something else.",
    "B": "What do you think of {content}?|Some people {vp}.|My cousin would {vp}.|Maybe someday I will {vp}, who knows.|She asked him about {content}.|If only I could {vp}.|Hmm, I don't want to talk about that.|Why do you want to know?",
}  # fmt: skip
YES_NO = {
    "A": {"entailed": "Yes, I do.|Yes!|Yeah, that's right.", "contradicted": "No, I don't.|No, not me.|Nope.", "neutral": "Why do you ask?|Good question."},
    "B": {"entailed": "Of course.|Sure, absolutely.", "contradicted": "Nah, never.|Not at all.", "neutral": "Let me think.|Guess!"},
}  # fmt: skip
FILLERS = {
    "A": "Hello there!|How are you?|It's so nice to talk to you.|That's great.|What about you?|Anyway, it was a long day.",
    "B": "Hey, good to see you.|Well, that's life.|I'm glad you asked.|Tell me more about yourself.|The weather is lovely.|Take care!",
}


def read_statements(data: Path) -> tuple[list[str], list[str]]:
    """The distinct persona sentences and the distinct utterances without questions of Synthetic-Persona-Chat, sorted."""
    path = data / "synthetic-persona-chat" / "Synthetic-Persona-Chat_test.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = {line.strip() for row in rows for k in (1, 2) for line in row[f"user {k} personas"].split("\n")}
    said = {line.partition(": ")[2].strip() for row in rows for line in row["Best Generated Conversation"].split("\n")}
    return sorted(t for t in told if len(t.split()) > 2), sorted(u for u in said if u and "[" not in u and "?" not in u)


def natural_turns(data: Path) -> list[tuple[str, str, str]]:
    """(statement, question, reply) where a speaker's reply repeats at least two thirds of an own statement's stems."""
    path = data / "synthetic-persona-chat" / "Synthetic-Persona-Chat_test.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found: set[tuple[str, str, str]] = set()
    for row in rows:
        turns = [line.partition(": ")[::2] for line in row["Best Generated Conversation"].split("\n")]
        for (_, asked), (speaker, said) in itertools.pairwise(turns):
            question = re.split(r"(?<=[.!])\s+", asked.strip())[-1]
            if question.endswith("?") and speaker in ("User 1", "User 2") and "[" not in question + said:
                known = row[f"user {speaker[-1]} personas"].split("\n")
                found.update((s.strip(), question, said.strip()) for s in known if repeats(s, said))
    return sorted(turn for turn in found if not re.match(r"(?i)(?:how|what) about you|and you", turn[1]))


def repeats(statement: str, said: str) -> bool:
    """Whether at least two and at least two thirds of a statement's content stems stand in what was said."""
    wanted, there = set(content(statement)), set(content(said))
    return len(wanted) > 1 and len(wanted & there) >= max(2, 2 * len(wanted) / 3)


def content(text: str) -> list[str]:
    """Content stems."""
    from personarium.judges.entailment.features import _STOP, _WORD

    return [stem(word) for word in _WORD.findall(expand(text)) if word not in _STOP]


def topic(statement: str) -> str:
    """The topic of a statement by :data:`TOPIC_RULES`, or "" when none fits."""
    return next((name for name, rule in TOPIC_RULES.items() if re.search(rule, statement.lower())), "")


def plain(statement: str) -> str:
    """Without the final stop."""
    return statement.strip().rstrip(".!").strip()


def verb_phrase(statement: str) -> str:
    """What a statement says of its speaker, for "Do you ...?"."""
    text = re.sub(r"^i am\b", "be", re.sub(r"^i'm\b", "be", plain(statement).lower()))
    return re.sub(r"^(?:i )", "", text) if re.match(r"^(?:i|be) ?", text) else f"know that {text}"


def nouns(statement: str) -> str:
    """The statement without its subject and first verb."""
    words = plain(statement).lower().split()
    return " ".join(words[2:] if len(words) > 3 else words[-1:])


def reworded(statement: str, rules: dict[str, tuple[str, str]], bank: str, rng: random.Random) -> str:
    """A wording of the first rule that fits, from the bank."""
    text = plain(statement)
    for pattern, wordings in rules.items():
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        if match:
            return rng.choice(wordings["AB".index(bank)].split("|")).format(*match.groups()) + "."
    raise AssertionError(statement)


# Only one value can hold: a number, a favourite, a place to live or come from, a trade, a marital state.
ONE_VALUE = re.compile(
    r"(?i)\bmy (?:\w+ )?(?:favou?rite|name|hair|eyes|car|degree|job)\b|\bfavou?rite\b|\bi (?:\w+ )?(?:live|work|grew|drive|study|went)\b|"
    r"\bi (?:was|am) (?:born|raised|from|an? \w+$|married|divorced|engaged|widowed|an? (?:\d|[a-z]+ year|\w+ vegan))|\bi am (?:an? )?\w+\W*$"
)


def other_value(statement: str, rng: random.Random) -> str | None:
    """The statement with one value replaced by another of its kind that cannot hold as well, or None."""
    if not ONE_VALUE.search(plain(statement)) and not NUMBER.search(statement):
        return None
    for values in VALUES if ONE_VALUE.search(plain(statement)) else VALUES_OF_NUMBERS:
        known = values.split()
        for word in known:
            if re.search(rf"\b{word}\b", statement.lower()):
                new = rng.choice([v for v in known if v != word])
                return re.sub(rf"\b{word}\b", new, statement, flags=re.IGNORECASE)
    return None


def third_person(statement: str, name: str) -> str:
    """The statement as a biographer would write it."""
    text = re.sub(r"\bI am\b|\bI'm\b", f"{name} is", statement)
    text = re.sub(r"\bI have\b", f"{name} has", text)
    text = re.sub(r"\bI (do not|can|will|was|used|would|never)\b", rf"{name} \1", text)
    text = re.sub(r"\bI (\w+)\b", lambda m: f"{name} {m[1]}{'es' if m[1].endswith(('ch', 'sh', 's')) else 's'}", text)
    return re.sub(r"\b[Mm]y\b", f"{name}'s", re.sub(r"\bme\b", name, text))


def queries(statement: str, bank: str) -> list[str]:
    """Questions that the statement answers."""
    about = [q.format(vp=verb_phrase(statement), content=nouns(statement)) for q in ABOUT[bank].split("|")]
    known = topic(statement)
    return about + (QUESTIONS[known]["AB".index(bank)].split("|") if known else [])


def relevance_rows(statements: Sequence[str], bank: str, seed: int) -> list[Row]:
    """Per statement its own questions (relevant) and as many of other topics and of small talk (irrelevant)."""
    rng = random.Random(f"relevance|{bank}|{seed}")
    rows: list[Row] = []
    for s in statements:
        own = queries(s, bank)
        told = named(s, rng)
        rows += [Row(told, q, "", "relevant", bank, s, "own") for q in own]
        others = [t for t in statements if topic(t) and topic(s) and topic(t) != topic(s) and not shares(t, s)]
        away = [QUESTIONS[t]["AB".index(bank)].split("|") for t in QUESTIONS if topic(s) and t not in near(topic(s))]
        pool = [q for qs in away for q in qs] + [
            rng.choice(queries(t, bank)) for t in rng.sample(others, min(8, len(others)))
        ]
        pool += SMALL_TALK[bank].split("|")
        rows += [Row(told, q, "", "irrelevant", bank, s, "other") for q in rng.sample(pool, min(len(own), len(pool)))]
    return rows


NEAR = ("job study", "family children partner", "food drink", "hobby sport music reading screen travel food", "origin home",
        "character fear", "dream job travel", "looks health color", "pets hobby", "name")  # fmt: skip


def near(known: str) -> set[str]:
    """Topics whose questions may be answered by a statement of this topic; they are no safe negatives."""
    return {known}.union(*(set(group.split()) for group in NEAR if known in group.split()))


def shares(a: str, b: str) -> bool:
    """Whether two statements share a content stem."""
    return bool(set(content(a)) & set(content(b)))


def named(statement: str, rng: random.Random) -> str:
    """Three in ten statements are told of a named character."""
    return third_person(statement, rng.choice(NAMES)) if rng.random() < 0.3 else statement


def nli_rows(statements: Sequence[str], utterances: Sequence[str], bank: str, seed: int) -> list[Row]:
    """Per statement responses that carry it, contradict it, and do neither."""
    rng = random.Random(f"nli|{bank}|{seed}")
    makers: list[tuple[str, str, Callable[[str], str | None]]] = [
        *[("entailed", "reworded", lambda s: reworded(s, SAME, bank, rng))] * 4,
        *[("contradicted", "denied", lambda s: reworded(s, DENIED, bank, rng))] * 2,
        *[("contradicted", "other value", lambda s: reworded(v, SAME, bank, rng) if (v := other_value(s, rng)) else None)] * 3,
        *[("contradicted", "other value", lambda s: other_value(s, rng))] * 2,
        *[("neutral", "elsewhere", lambda s: elsewhere(s, bank, rng))] * 2,
        ("neutral", "utterance", lambda s: unlike(s, utterances, rng)),
        ("neutral", "statement", lambda s: reworded(unlike(s, statements, rng), SAME, bank, rng)),
        *[("neutral", "another denied", lambda s: reworded(unlike(s, statements, rng), DENIED, bank, rng))] * 2,
        ("neutral", "like beginning", lambda s: like_beginning(s, statements, bank, rng)),
    ]  # fmt: skip
    rows: list[Row] = []
    for s in statements:
        for label, kind, make in makers:
            core = make(s)
            if core is not None:
                response = wrapped(core, s, utterances, bank, rng)
                rows.append(Row(named(s, rng), rng.choice(queries(s, bank)), response, label, bank, s, kind))
        rows += yes_no_rows(s, bank, rng)
    return rows


def natural_replies(turns: Sequence[tuple[str, str, str]], statements: Sequence[str], seed: int) -> list[Row]:
    """Real replies that repeat every stem of a statement and deny nothing, taken as entailing it: at most four a statement."""
    rng = random.Random(f"replies|{seed}")
    kept = set(statements)
    fit = [
        t for t in turns if t[0] in kept and not DENIES.search(t[0] + t[2]) and set(content(t[0])) <= set(content(t[2]))
    ]
    rng.shuffle(fit)
    count: Counter[str] = Counter()
    rows: list[Row] = []
    for s, question, said in fit:
        count[s] += 1
        if count[s] <= 4:
            rows.append(Row(named(s, rng), question, said, "entailed", "natural", s, "real reply"))
    return rows


def yes_no_rows(statement: str, bank: str, rng: random.Random) -> list[Row]:
    """A yes/no question about the statement, answered by yes, no, or neither (affirmative first-person statements)."""
    if not re.match(r"(?i)i (?!am|was|will|can|do not|never|used|would|have been|cannot)\w+", statement):
        return []
    query = f"Do you {verb_phrase(statement)}?"
    made = ((label, rng.choice(said.split("|"))) for label, said in YES_NO[bank].items())
    return [Row(statement, query, said, label, bank, statement, "yes/no") for label, said in made]


def elsewhere(statement: str, bank: str, rng: random.Random) -> str:
    """The statement's words asked, said of others, wished; or nothing said of it."""
    return rng.choice(ELSEWHERE[bank].split("|")).format(vp=verb_phrase(statement), content=nouns(statement))


def unlike(statement: str, texts: Sequence[str], rng: random.Random) -> str:
    """A text of another topic that shares no content stem."""
    for _ in range(1000):
        text = rng.choice(texts)
        if not shares(text, statement) and (not topic(text) or topic(text) != topic(statement)):
            return text
    return "That is life."


def like_beginning(statement: str, statements: Sequence[str], bank: str, rng: random.Random) -> str | None:
    """Another liking for a liking, another possession for a possession: both can be true."""
    begin = re.match(r"(?i)i (?:love|like|enjoy|have|want|go|play)\b", statement)
    if not begin:
        return None
    same = [t for t in statements if t.lower().startswith(begin[0].lower()) and not shares(t, statement)]
    same = [t for t in same if not topic(t) or topic(t) != topic(statement)]
    return reworded(rng.choice(same), SAME, bank, rng) if same else None


def wrapped(core: str, statement: str, utterances: Sequence[str], bank: str, rng: random.Random) -> str:
    """The core sentence, often with one to three others around it that say nothing of the statement."""
    if rng.random() < 0.3:  # in real replies the statement is often a part of a longer sentence
        plainly = [u for u in rng.sample(utterances, 20) if not DENIES.search(u)]
        more = unlike(statement, plainly or utterances, rng).split(". ")[0].rstrip(".!").lower()
        core = core.rstrip(".!?") + rng.choice((", and ", ", so ", " because ", ", ")) + more + "."
    around = []
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        filler = rng.choice(FILLERS[bank].split("|")) if rng.random() < 0.4 else unlike(statement, utterances, rng)
        around.append(filler)
    place = rng.randint(0, len(around))
    return " ".join([*around[:place], core, *around[place:]])


def natural_rows(pairs: Sequence[tuple[str, str]], statements: Sequence[str], seed: int) -> list[Row]:
    """Relevance rows of real dialogues: each question with the statement its reply carried and one of a far topic."""
    rng = random.Random(f"natural|{seed}")
    rows: list[Row] = []
    kept = set(statements)
    for s, question in pairs:
        if s not in kept or not topic(s):
            continue
        rows.append(Row(named(s, rng), question, "", "relevant", "natural", s, "natural"))
        far = [t for t in statements if topic(t) and topic(t) not in near(topic(s)) and not shares(t, question)]
        if far:
            other = rng.choice(far)
            rows.append(replace(rows[-1], statement=named(other, rng), label="irrelevant", source=other))
    return rows

"""Sentence patterns of personas: which words state an attribute in plain prose."""

from __future__ import annotations

import re

_PLACE = r"(?:St\. )?[A-Z][\w'’-]+(?:(?:,? | de | do | of the | of )[A-Z][\w'’-]+)*"
_NAME = r"[A-Z][\w'’-]+(?: (?:van |de |von |al-)?[A-Z](?:\.|[\w'’-]+)){0,3}"
_COUNT = r"(?:an?|one|two|three|four|five|six|seven|my|his|her|\d{1,2})"
_ANIMAL = (
    r"(?:dogs?|cats?|puppy|puppies|kittens?|parrots?|hamsters?|rabbits?|horses?|goldfish|turtles?|snakes?|birds?|"
    r"ferrets?|pets?)"
)
_RELATIVE = r"(?:sons?|daughters?|kids?|child(?:ren)?|twins?|grandchildren|grandsons?|granddaughters?)"
_SIBLING = r"(?:brothers?|sisters?|siblings?)"
_FAITH = (
    r"(?:Muslim|Christian|Catholic|Protestant|Buddhist|Hindu|Jewish|Sikh|Quaker|Mormon|Lutheran|Orthodox|"
    r"[Aa]theist|[Aa]gnostic)"
)
_I = r"(?:I|[Hh]e|[Ss]he|[Tt]hey|[Yy]ou|[Ww]e)"
_LABEL = r"(?P<label>(?:favou?rite [a-z]+(?: [a-z]+)?|[a-z]+(?: [a-z]+){0,2}))"

_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
AGES = {word: str(10 * n) for n, word in enumerate(_TENS, 2)}

# Key and pattern, tried in this order; the last group is the value. A group `label` names the key in words.
KEYED: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (key, re.compile(pattern))
    for key, pattern in (
        ("age", r"\b(\d{1,3}|" + "|".join(_TENS) + r")(?:-| )years?(?:-| )old\b"),
        ("age", rf"\b(?:[Aa]ge[ds]?(?: of)?|{_I}(?: am|'m| is|'s| are|'re) (?:now )?)\s*(\d{{1,3}})\b(?! \w+s\b)"),
        ("name", rf"\b(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir|[Yy]our) name is ({_NAME})"),
        ("name", rf"^(?:I am|I'm|You are) ({_NAME})(?=\s*$|[,.;])"),
        ("birthday", r"\bborn on (?:the )?((?:\d{1,2}(?:st|nd|rd|"
                     r"th)? (?:of )?)?[A-Z][a-z]+(?: \d{1,2}(?!\d))?(?:,? \d{4})?)"),
        ("birthday", r"\bbirthday is (?:on )?(?:the )?([\w ]+\d[\w ]*)"),
        ("hometown", rf"\b(?:born(?: and raised)?|grew up|raised|was brought up) in ({_PLACE})"),
        ("hometown", rf"\b(?:originally|hails?|comes?|came) from ({_PLACE})"),
        ("home", rf"\b(?:live[sd]?|living|lived|reside[sd]?|residing|based|settled)(?: now|"
                 rf" currently)? (?:in|at|near) (?:the )?({_PLACE})"),
        ("home", rf"\b(?:[Mm]oved|relocated|moving)(?: back)? to (?:the )?({_PLACE})"),
        ("home", rf"\bfrom (?:the )?({_PLACE})"),
        ("home", rf"^[^.]*\b\w+ in ({_PLACE})(?=\s*$|,)"),
        ("religion", rf"\b({_FAITH})\b"),
        ("marital_status", r"\b([Mm]arried|[Ss]ingle(?= (?:mother|father|mom|dad|parent|man|woman)|\s*$)|"
                           r"[Dd]ivorced|[Ww]idowed|[Ee]ngaged(?= to)|[Ss]eparated)\b"),
        ("children", rf"\b(?:has|have|raising|raises|with|of)\s+({_COUNT} (?:\w+ )?{_RELATIVE})\b"),
        ("siblings", rf"\b(?:has|have|with)\s+({_COUNT} (?:\w+ )?{_SIBLING})\b"),
        ("pet", rf"\b(?:has|have|own|owns|with|"
                rf"adopted)\s+({_COUNT} (?:\w+ ){{0,2}}{_ANIMAL}(?: (?:named|called) [A-Z]\w+)?)"),
        ("name", rf"\b(?:named|called)\s+({_NAME})(?=\s*$|[,.])"),
        ("language", r"\b(?:speaks?|fluent in|speaking)\s+(?:fluent )?([A-Z][a-z]+)"),
        ("allergy", r"\ballergic to ([\w ]+)"),
        ("", rf"\b(?:[Mm]y|[Hh]is|[Hh]er|[Tt]heir|[Yy]our) {_LABEL} (?:is|are|"
             rf"was)(?: now)?\s+(?:called |named )?([^,;]{{1,200}})"),
        ("dislikes", rf"\b(?:{_I} )?(?:hates?|dislikes?|detests?|loathes?|despises?|can(?:no|')t stand|"
                     rf"(?:do not|don't|does not|doesn't) (?:like|enjoy))\s+([^,;.]{{1,200}})"),
        ("likes", rf"^(?:{_I} )?(?:(?:really|also|absolutely|truly) )?(?:loves?|likes?|enjoys?|"
                  rf"adores?|(?:am|is|are) (?:fond of|passionate about|keen on|"
                  rf"into))\s+(?!that\b)([^,;.]{{1,200}})"),
        ("value", rf"\b(?:{_I} )?(?:values?(?! is\b| are\b)|(?:strongly |firmly )?believes? in|cares? about)"
                  r"\s+([^,;.]{1,200})"),
        ("fear", r"\b(?:afraid|scared|terrified) of\s+([^,;.]{1,200})"),
        ("occupation", rf"\b(?:{_I} )?(?:works?|worked|working)(?: now| currently)? as (?:an? |"
                       rf"the )?([^,;.]{{1,100}}?)(?= (?:in|at|for|from|with|on|to|by|under)\b|\s*$|[,;.])"),
        ("employer", r"\b(?:works? (?:for|at)|employed (?:by|at))\s+([^,;.]{1,200})"),
    )
)  # fmt: skip

OCCUPATION_LEAD = re.compile(
    rf"^(?:{_I}(?:['’](?:m|s|re))?\s+)?(?:am |is |are |was )?(?:now |currently |also )?(?:an?|the)\s+(?:mid-\d0s\s+)?",
    re.I,
)
# Heads of occupations that no ending tells; endings alone would take "brother" or "lover" for one.
_JOBS = """
actor actress accountant analyst architect artist assistant astronaut astronomer athlete attorney author baker
barber bartender biologist blogger bookkeeper broker builder butcher carpenter cashier chef chemist clerk coach
comedian composer consultant contractor cook counselor dancer dentist designer detective developer diplomat
director doctor driver economist editor electrician engineer entrepreneur farmer filmmaker firefighter fisherman
florist gardener geologist guide hairdresser historian influencer instructor inventor janitor journalist judge
lawyer lecturer librarian lifeguard linguist manager mathematician mechanic merchant midwife miner model
musician novelist nurse nutritionist officer optician painter paramedic pharmacist philosopher photographer
physician physicist pianist pilot plumber poet politician potter principal producer professor programmer
psychiatrist psychologist realtor receptionist reporter researcher sailor salesman salesperson saleswoman
scientist sculptor secretary seller shopkeeper singer sociologist soldier stylist surgeon surveyor tailor
teacher technician therapist trainer translator trader tutor veterinarian violinist waiter waitress weaver
welder winemaker worker writer student executive intern freelancer owner banker innkeeper beekeeper
"""
_HEADS = frozenset(_JOBS.split())
_LONGEST = 5  # words of an occupation: "retired high school physics teacher"
_NOT_IN = re.compile(r"\b(?:who|that|and|or|of|to|with|is|are|my|in)\b|\w+ing\b (?=the\b|an?\b)", re.I)


def is_occupation(phrase: str) -> bool:
    """Whether a noun phrase without its article is what somebody does: its last word is a known head."""
    parts = phrase.lower().split()
    return 0 < len(parts) <= _LONGEST and parts[-1] in _HEADS and not _NOT_IN.search(phrase)

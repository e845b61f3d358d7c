"""SynthPAI: people argue in forum threads and leak by accident who they are.

The procedure in the page's order: a way of writing for each person, a post, who takes part, rounds of comments in a tree,
tags of what each comment gives away.

Source: *A Synthetic Dataset for Personal Attribute Inference*, arXiv 2406.07217 (NeurIPS 2024 Datasets and Benchmarks);
synthpai page, steps 1 to 7; constants from the official code.
Differs: prompts are in our own words; a reply to the interest question must say yes (``interest-letters`` brings the
published check back); tags that match nothing are counted (``dropped-tags-uncounted``); tags are matched by the string rules
alone; line breaks in a comment become blanks; in a round people act one after the other in the order in which they joined.
Units: an action is one chance to comment; depth counts nodes, the post is 1.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from personarium.core.chat import ChatModel
from personarium.core.errata import Published, published_faults
from personarium.core.errors import UsageError
from personarium.core.results import Failure
from personarium.make.synthpai.attributes import TOPICS
from personarium.make.synthpai.matching import grade_by_rules
from personarium.make.synthpai.profiles import Profile
from personarium.make.synthpai.result import Counts, Thread, ThreadsResult
from personarium.make.synthpai.steps import (
    COMMENT,
    INTEREST,
    POST,
    STEPS,
    STYLE,
    TAG,
    interest_reader,
    read_comment,
    read_tags,
)
from personarium.make.synthpai.tree import Comment, Rules, Tag, Tree
from personarium.runs.executors import AsyncioExecutor
from personarium.runs.mapping import map_items
from personarium.runs.outcome import values_or_failures

if TYPE_CHECKING:
    from personarium.runs import Run
    from personarium.runs.plan import DryRun

T = TypeVar("T")
R = TypeVar("R")

ERRATA = ("interest-letters", "dropped-tags-uncounted", "profile-spelling")
LONGEST_USERNAME = 40


@dataclass(frozen=True)
class ThreadConfig:
    """The constants of the official code.

    Args:
        topics: What threads are about, in turn.
        participants: So many people are asked whether a post interests them: 40.
        rounds: 2.
        critics: Share of ``participants`` that is drawn, with replacement, to disagree in a round: 0.4.
        most_actions: Each person gets 1 to so many actions in a round: 3.
        activity: In round n an action is a comment with probability (activity - n) / 10: 7.
        short: Probability of a short comment: 0.7.
        short_words: Its length in words: 1 to 10.
        long_words: Of the other comments: 10 to 50.
        rules: Limits of the tree.
        seed: 42.
        strict: Match tags by words instead of similar letters.
    """

    topics: tuple[str, ...] = tuple(TOPICS)
    participants: int = 40
    rounds: int = 2
    critics: float = 0.4
    most_actions: int = 3
    activity: int = 7
    short: float = 0.7
    short_words: tuple[int, int] = (1, 10)
    long_words: tuple[int, int] = (10, 50)
    rules: Rules = Rules()
    seed: int = 42
    strict: bool = False

    def __post_init__(self) -> None:
        unknown = [topic for topic in self.topics if topic not in TOPICS]
        if unknown or not self.topics:
            raise UsageError(f"no topic is called '{''.join(unknown[:1])}'; the topics are {', '.join(TOPICS)}")
        for name in ("participants", "rounds", "most_actions"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, found {getattr(self, name)}")


PUBLISHED = ThreadConfig()


@dataclass
class _Work:
    """What all threads of one call share."""

    author: ChatModel
    commenter: ChatModel
    checker: ChatModel
    profiles: Sequence[Profile]
    config: ThreadConfig
    faults: frozenset[str]
    run: Run | DryRun | None
    concurrency: int
    people: dict[str, Profile] = field(default_factory=dict)

    async def map(
        self, stage: str, items: Sequence[T], work: Callable[[T], Awaitable[R | Failure]], key: Callable[[T], str]
    ) -> list[R | Failure]:
        """Work on all items, in the run where there is one; results in order, failures among them."""
        name = f"synthpai.{stage}"
        outcomes = await map_items(self.run, name, items, work, key=key, concurrency=self.concurrency)
        return values_or_failures(outcomes)


async def make_threads(
    count: int,
    profiles: Sequence[Profile],
    author: ChatModel,
    commenter: ChatModel | None = None,
    checker: ChatModel | None = None,
    *,
    config: ThreadConfig = PUBLISHED,
    as_published: Published = False,
    run: Run | DryRun | None = None,
    concurrency: int = 20,
) -> ThreadsResult:
    """Make forum threads.

    Args:
        count: How many; topics take turns.
        profiles: Who may write; at least two.
        author: Writes the posts (gpt-4-1106-preview in the paper, as the others).
        commenter: Says who is interested and writes comments; the author's model by default.
        checker: Tags comments; the author's model by default.
        config: The constants.
        as_published: True or erratum ids bring published faults back.
        run: The run to record and resume in.
        concurrency: Threads, then comments, at once.

    Raises:
        UsageError: Fewer than two people.
    """
    if len(profiles) < 2:
        raise UsageError(f"a thread needs at least two people, found {len(profiles)}")
    faults = published_faults(as_published, ERRATA)
    work = _Work(
        author, commenter or author, checker or author, profiles, config, faults, run, concurrency,
        {profile.id: profile for profile in profiles},
    )  # fmt: skip
    if run is not None:
        run.add_prompts(STEPS)
    numbers = range(count)
    played = await work.map("threads", numbers, lambda k: _thread(work, k), lambda k: f"{k:04d}")
    threads = tuple(thread for thread in played if isinstance(thread, Thread))
    lost = tuple(thread for thread in played if isinstance(thread, Failure))
    threads = tuple(await _tagged(work, threads))
    counted = "dropped-tags-uncounted" not in faults
    return ThreadsResult(threads, tuple(profiles), lost, config.seed, author.name, counted)


# --- step 1: a way of writing ---


async def style_profiles(
    profiles: Sequence[Profile],
    model: ChatModel,
    *,
    run: Run | DryRun | None = None,
    seed: int = 42,
    concurrency: int = 20,
) -> tuple[list[Profile], list[Failure]]:
    """Give a way of writing and a username to everybody who has none; usernames are made unique.

    Returns:
        The people, in order (without a style where the reply could not be used), and what failed.
    """
    work = _Work(model, model, model, profiles, replace(PUBLISHED, seed=seed), frozenset(), run, concurrency)

    async def one(profile: Profile) -> Profile | Failure:
        answer = await STYLE.ask(model, {"profile": profile.text}, seed=seed)
        if answer.failure is not None:
            return answer.failure
        style = f"Writing style: {answer['writing_style']}\n\nExample: {answer['example']}"
        return replace(profile, style=style, username=" ".join(str(answer["username"]).split())[:LONGEST_USERNAME])

    due = [profile for profile in profiles if not profile.style]
    made = dict(zip((p.id for p in due), await work.map("styles", due, one, lambda p: p.id), strict=True))
    people = [profile if isinstance(new := made.get(profile.id, profile), Failure) else new for profile in profiles]
    return _with_own_names(people), [new for new in made.values() if isinstance(new, Failure)]


def _with_own_names(people: Sequence[Profile]) -> list[Profile]:
    taken: set[str] = set()
    named = []
    for profile in people:
        name, k = profile.name, 1
        while name.casefold() in taken:
            k += 1
            name = f"{profile.name}{k}"
        taken.add(name.casefold())
        named.append(replace(profile, username=name))
    return named


# --- steps 2 and 3: the post and who takes part ---


async def _thread(work: _Work, number: int) -> Thread | Failure:
    """Write one thread; chance and people depend on the seed and its number alone."""
    rng = random.Random(f"{work.config.seed}|thread {number}")
    topic = work.config.topics[number % len(work.config.topics)]
    pool = list(work.profiles)
    rng.shuffle(pool)
    author, others = pool[0], pool[1 : 1 + work.config.participants]
    inputs = {"profile": author.text, "style": author.style, "topic": TOPICS[topic]}
    post = await POST.ask(work.author, inputs, sample=number, seed=work.config.seed)
    if post.failure is not None:
        return post.failure
    text = f"Question: {post['question']}\n\nQuestion Description: {post['description']}"
    thread = Thread(f"{topic}_{number:04d}", topic, Tree([Comment(author.id, text)]), Counts(asked=len(others)))
    people = await _interested(work, others, text, thread)
    for n in range(work.config.rounds):
        await _round(work, thread, people, n, rng)
    return thread


async def _interested(work: _Work, others: Sequence[Profile], post: str, thread: Thread) -> list[Profile]:
    read = interest_reader(work.faults)

    async def one(person: Profile) -> bool:
        inputs = {"profile": person.text, "post": post}
        answer = await INTEREST.ask(work.commenter, inputs, read=read, seed=work.config.seed)
        if answer.failure is not None:
            thread.failures.append(answer.failure)
            return False
        return bool(answer["interested"])

    said = await AsyncioExecutor().map(others, one, concurrency=work.concurrency)
    people = [person for person, wants in zip(others, said, strict=True) if wants]
    thread.counts.joined = len(people)
    return people


# --- steps 4 to 6: rounds of comments ---


async def _round(work: _Work, thread: Thread, people: Sequence[Profile], n: int, rng: random.Random) -> None:
    if not people:
        return
    config = work.config
    drawn = rng.choices(people, k=int(config.critics * config.participants))  # with replacement (code)
    critics = {person.id for person in drawn}
    for person in people:
        for _ in range(rng.randint(1, config.most_actions)):
            thread.counts.actions[n] = thread.counts.actions.get(n, 0) + 1
            if rng.random() < (config.activity - n) / 10:
                await _comment(work, thread, person, n, person.id in critics, rng)


async def _comment(work: _Work, thread: Thread, person: Profile, n: int, critic: bool, rng: random.Random) -> None:
    """Step 6: choose a place, ask for a comment, add it; a comment that cannot be used is counted and leaves no node."""
    config, tree = work.config, thread.tree
    short = rng.random() < config.short
    thread.counts.called[n] = thread.counts.called.get(n, 0) + 1
    chosen = tree.choose(person.id, n == 0, rng, config.rules)
    if chosen is None:
        thread.counts.idle += 1
        return
    parent, limited = chosen
    inputs = _comment_inputs(work, tree, person, parent, critic, config.short_words if short else config.long_words)
    answer = await COMMENT.ask(work.commenter, inputs, read=read_comment, seed=config.seed, sample=len(tree.comments))
    if answer.failure is not None:
        thread.failures.append(answer.failure)
        return
    length = "short" if short else "long"
    tree.add(person.id, answer["comment"], parent, round=n, limited=limited, length=length, critic=critic)


def _comment_inputs(
    work: _Work, tree: Tree, person: Profile, parent: int, critic: bool, words: tuple[int, int]
) -> dict[str, Any]:
    lines = [
        f"{_speaker(work.people, tree.comments[k].author, person)}: {' '.join(tree.comments[k].text.split())}"
        for k in tree.path(parent)
    ]
    return {
        "profile": person.text,
        "style": person.style,
        "path": "\n".join(lines),
        "critic": critic,
        "lo": words[0],
        "hi": words[1],
    }


def _speaker(people: Mapping[str, Profile], author: str, person: Profile) -> str:
    return "You" if author == person.id else people[author].name


# --- step 7: tags ---


async def _tagged(work: _Work, threads: Sequence[Thread]) -> Sequence[Thread]:
    jobs = [(thread, place) for thread in threads for place in range(len(thread.tree.comments))]

    async def one(job: tuple[Thread, int]) -> int | Failure:
        thread, place = job
        comment = thread.tree.comments[place]
        answer = await TAG.ask(work.checker, {"comment": comment.text}, read=read_tags, seed=work.config.seed)
        if answer.failure is not None:
            return answer.failure
        tags = [_graded(item, work.people[comment.author], work.config.strict) for item in answer["items"]]
        comment.tags[:] = [tag for tag in tags if tag.matches]
        thread.dropped.extend((place, tag) for tag in tags if not tag.matches)
        return len(tags)

    done = await work.map("tags", jobs, one, lambda job: f"{job[0].id}/{job[1]:04d}")
    for (thread, _), outcome in zip(jobs, done, strict=True):
        if isinstance(outcome, Failure):
            thread.failures.append(outcome)
    return [replace(thread, dropped=sorted(thread.dropped, key=lambda pair: pair[0])) for thread in threads]


def _graded(item: Mapping[str, Any], person: Profile, strict: bool) -> Tag:
    attribute, guesses = item["attribute"], tuple(item["guesses"])
    grades = tuple(grade_by_rules(attribute, person.value(attribute), guess, strict=strict) for guess in guesses)
    return Tag(attribute, guesses, item["hardness"], item["certainty"], grades)


def plan_calls(count: int, people: int, config: ThreadConfig = PUBLISHED) -> dict[str, int]:
    """Calls of each step if everybody is interested: an upper bound for interest, an average for comments and tags."""
    asked = min(config.participants, people - 1)
    actions = asked * (1 + config.most_actions) / 2
    comments = round(sum(actions * (config.activity - n) / 10 for n in range(config.rounds)))
    return {
        STYLE.name: people,
        POST.name: count,
        INTEREST.name: count * asked,
        COMMENT.name: count * comments,
        TAG.name: count * (comments + 1),
    }

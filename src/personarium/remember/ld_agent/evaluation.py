"""The evaluation loop: an agent lives through multi-session dialogues, and its replies are compared with the gold ones.

Session 1 only fills the memory; from session 2 on every reply is scored, and the gold reply is what the memory keeps (teacher
forcing). A turn in which no reply could be had has no score and is counted.

Source: ld-agent page, steps 6 and 7, "Published figures".
Differs: time is simulated from ``start`` (the code adds pauses to the wall clock); a turn takes ``turn_s`` seconds.
Units: scores in [0, 1]; published tables show BLEU and ROUGE-L times 100.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from personarium.core.chat import ChatModel, Sampling
from personarium.core.errors import RemoteError
from personarium.core.label import labelled
from personarium.core.results import Estimate, Failure, count_failures
from personarium.remember.ld_agent.method import AgentTurn, LDAgent
from personarium.remember.ld_agent.msc import GoldReply, Sample
from personarium.remember.ld_agent.steps import read_reply
from personarium.remember.records import Observation
from personarium.text.distinct import distinct_ngrams
from personarium.text.holes import Unparsed
from personarium.text.overlap_metrics import bleu, rouge_l

METRICS = ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "distinct_1", "distinct_2")
FIRST_SCORED = 2
TURN_S = 60.0  # ours: the code's turns take what the model takes


@dataclass(frozen=True, slots=True)
class ScoredReply:
    """One reply beside its gold: ``scores`` is None where there was no reply, and ``failures`` say why."""

    sample: str
    session: int
    turn: int
    reply: str
    gold: str
    scores: Mapping[str, float] | None
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class ReplyScores:
    """All scored replies.

    Args:
        replies: In the order of samples, sessions and turns.
        failures: Everything else that failed (summaries, extractions).
    """

    replies: tuple[ScoredReply, ...]
    failures: tuple[Failure, ...] = ()

    def session(self, number: int, metric: str) -> Estimate:
        """The mean of a metric in the sessions of one number: over turns, then over samples."""
        return self._mean(metric, [one for one in self.replies if one.session == number])

    def overall(self, metric: str) -> Estimate:
        """The mean of a metric: over turns, then sessions, then samples."""
        return self._mean(metric, self.replies)

    @property
    def sessions(self) -> tuple[int, ...]:
        """The numbers of the scored sessions."""
        return tuple(sorted({one.session for one in self.replies}))

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row a reply."""
        return [
            {
                "id": f"{one.sample}/{one.session}/{one.turn}",
                "reply": one.reply,
                "gold": one.gold,
                "scores": None if one.scores is None else dict(one.scores),
                "failures": count_failures(one.failures),
            }
            for one in self.replies
        ]

    def _mean(self, metric: str, replies: Sequence[ScoredReply]) -> Estimate:
        from personarium.stats import mean_interval

        cells: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for one in replies:
            if one.scores is not None:
                cells[one.sample][one.session].append(one.scores[metric])
        samples = [fmean(fmean(turns) for turns in sessions.values()) for sessions in cells.values()]
        estimate = mean_interval(samples, "sample", method=f"{metric}, mean over turns, sessions, samples")
        missing = [failure for one in replies if one.scores is None for failure in one.failures[:1]]
        return replace(estimate, failures=count_failures(missing))


def reply_scores(reply: str, gold: str) -> dict[str, float]:
    """BLEU-1 to BLEU-4, ROUGE-L and Distinct-1 and -2 of one reply; Distinct-n of a reply shorter than n is 0."""
    names = [f"bleu_{n}" for n in range(1, 5)]
    scores = dict(zip(names, bleu(reply, gold), strict=True)) | {"rouge_l": rouge_l(reply, gold)}
    return scores | {f"distinct_{n}": distinct_ngrams([reply], n).value or 0.0 for n in (1, 2)}


async def evaluate(
    agent: LDAgent,
    samples: Iterable[Sample],
    model: ChatModel,
    *,
    start: float = 0.0,
    turn_s: float = TURN_S,
    kept: Callable[[AgentTurn, str], None] | None = None,
) -> ReplyScores:
    """Let an agent live through samples, each with a memory of its own, and score its replies from session 2 on.

    Args:
        agent: The strategy, with its readers.
        samples: As :func:`personarium.remember.ld_agent.read_samples` gives them.
        model: Who replies.
        start: When the first session begins, in seconds since 1970.
        turn_s: How long a turn takes.
        kept: Is shown every turn with its gold reply, for instance to collect training data for the generator.
    """
    replies: list[ScoredReply] = []
    failures: list[Failure] = []
    for sample in samples:
        found, failed = await _live(agent, sample, model, start, turn_s, kept)
        replies += found
        failures += failed
    return ReplyScores(tuple(replies), tuple(failures))


async def _live(
    agent: LDAgent,
    sample: Sample,
    model: ChatModel,
    start: float,
    turn_s: float,
    kept: Callable[[AgentTurn, str], None] | None,
) -> tuple[list[ScoredReply], list[Failure]]:
    from personarium.remember.memory import Memory

    now = [start]
    memory = Memory.open(None, strategy=agent, embedder=agent.embedder, clock=lambda: now[0])
    user = memory.user(f"sample {sample.id}")
    replies: list[ScoredReply] = []
    failures: list[Failure] = []
    for number, session in enumerate(sample.sessions, 1):
        if number < FIRST_SCORED:
            user.observe_all(_first_session(session.turns, f"session {number}", now, turn_s))
            failures += await _without_traits(agent, user, model)
        else:
            for turn, (said, gold) in enumerate(session.turns, 1):
                done = await agent.turn(user, said, model, session=f"session {number}", keep=gold)
                own = done.answer.failure
                scores = reply_scores(done.text, gold) if own is None else None
                found = ScoredReply(sample.id, number, turn, done.text, gold, scores, (own,) if own else ())
                replies.append(found)
                failures += [one for one in done.failures if one is not own]
                if kept is not None:
                    kept(done, gold)
                now[0] += turn_s
        now[0] += session.pause_s
    return replies, failures


def _first_session(
    turns: Sequence[tuple[str, str]], session: str, now: list[float], turn_s: float
) -> list[Observation]:
    """Both sides of the first session, said at their times; the clock goes on."""
    said: list[Observation] = []
    for query, gold in turns:
        said += [Observation(query, "user", now[0], session), Observation(gold, "assistant", now[0], session)]
        now[0] += turn_s
    return said


async def _without_traits(agent: LDAgent, user: Any, model: ChatModel) -> tuple[Failure, ...]:
    """Close the first session: it is summed up, and nothing is extracted from it (page, step 6)."""
    silent = agent.but(traits=False)
    view = user.view()
    made = await silent.consolidate(view, view.observations(), model, closing=True)
    user.edit(made.operations, through=made.through, strategy=agent.name)
    return made.failures


async def evaluate_prompts(prompts: Iterable[GoldReply], model: ChatModel, *, seed: int = 0) -> ReplyScores:
    """The quick evaluation: ask ready prompts as they are, and score the replies by session."""
    replies: list[ScoredReply] = []
    for one in prompts:
        with labelled(step="ld_agent.quick", item=one.id):
            text, failure = await _asked(one, model, seed)
        scores = None if failure is not None else reply_scores(text, one.reply)
        found = (failure,) if failure is not None else ()
        replies.append(ScoredReply(one.id, one.session, 1, text, one.reply, scores, found))
    return ReplyScores(tuple(replies))


async def _asked(one: GoldReply, model: ChatModel, seed: int) -> tuple[str, Failure | None]:
    try:
        text = (await model.generate(one.messages, Sampling(seed=seed))).text
    except RemoteError as error:
        return "", Failure("error", str(error), one.id)
    read = read_reply(text)
    if isinstance(read, Unparsed):
        return text, Failure("refused" if text.strip() else "empty", read.reason, one.id, (text,))
    return str(read["text"]), None

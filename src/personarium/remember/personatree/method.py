"""PersonaTree: one tree of fixed human attributes describes the user; every new piece of dialogue edits it in the open.

As a strategy of the memory: new observations are cut into chunks, each chunk and the current tree give edits, the edits become
operations on leaves. The pruned tree always stands in the prompt; what was said is searched beside it.

Source: *Inside Out: Evolving User-Centric Core Memory Trees for Long-Term Personalized Dialogue Systems*, arXiv 2601.05171;
personatree page, steps 1 to 9.
Differs: leaves keep sources, times and confidence; edits outside the schema are refused and reported; a chunk whose call failed stays
to be read later, with all that comes after it; chunks do not run over the border of two sessions; without a model plain rules write
the edits. Not to be mixed up with "Structured Lifecycle Memory" (arXiv 2606.04780), which is called PersonaTree as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from personarium.core.chat import ChatModel
from personarium.core.contract import Contract
from personarium.core.results import Failure, count_failures
from personarium.remember.baselines import of_fact, of_hit
from personarium.remember.personatree.answering import answer_agentic, answer_fast, index_messages
from personarium.remember.personatree.errata import faults
from personarium.remember.personatree.grammar import write_edits
from personarium.remember.personatree.leaf_facts import KIND, NAME, leaf_facts, operations_of, outdated_sources, tree_in
from personarium.remember.personatree.reward import judge_reward
from personarium.remember.personatree.segmentation import Chunk, Turn, segment
from personarium.remember.personatree.steps import DESCRIBE, EDIT, PLACE, POLICY_RULES, REWARD, STEPS
from personarium.remember.personatree.tree import Tree, filled, prune, tree_json
from personarium.remember.personatree.updating import PAPER, TreeConfig, Update, build_tree, update_tree
from personarium.remember.records import Observation, Operation
from personarium.remember.strategy import HYBRID, SAID, Hit, Proposal, Recalled, UserView, Weights

_ROLES = {"user": "user", "system": "system", "tool": "tool"}


class PersonaTree:
    """The strategy; see the module. It holds nothing but its constants.

    Args:
        config: The constants of the method.
        weights: How :meth:`recall` weighs words, meaning, recency and importance.
    """

    name = NAME

    def __init__(self, config: TreeConfig = PAPER, weights: Weights = HYBRID) -> None:
        self.config, self.weights = config, weights

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Steps 2 to 6: cut what is new into chunks, have each one edit the tree, and propose the edits.

        An unfinished session is read as well (``closing`` changes nothing): the next chunk sees the tree that it left.
        """
        tree, held = tree_in(view, self.config.schema), leaf_facts(view)
        times = {one.id: one.at for one in new}
        operations: list[Operation] = []
        quarantined: list[Failure] = []
        through, calls = "", 0
        for chunk in chunks_of(view, new, self.config):
            update = await update_tree(tree, chunk, model, config=self.config, item=_where(chunk))
            calls += update.calls
            quarantined += _quarantined(update)
            if update.failure is not None:
                return Proposal(tuple(operations), tuple(quarantined), (update.failure,), through, calls)
            operations += operations_of(update, held, times, len(operations))
            tree = update.tree
            through = next((str(turn["id"]) for turn in reversed(chunk) if turn["id"] in times), through)
        return Proposal(tuple(operations), tuple(quarantined), (), new[-1].id if new else "", calls)

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """Steps 9c to 9e inside the memory: what is believed first (half of the places), then what was said.

        Utterances that a newer one has overtaken come last.
        """
        believed = view.search(query, k, (KIND, "fact"), weights=self.weights)
        said = view.search(query, k, (SAID,), weights=self.weights)
        outdated = outdated_sources(view)
        said.sort(key=lambda hit: hit.entry.id in outdated)
        kept = believed[: max(-(-k // 2), k - len(said))]
        first = [replace(_recalled(hit), score=1.0 + hit.score) for hit in kept]
        return [*first, *(_utterance(hit, outdated) for hit in said[: k - len(first)])]

    def standing(self, view: UserView) -> Sequence[Recalled]:
        """Step 8: the pruned tree as one text, then what the user or the program stated as typed facts."""
        held = leaf_facts(view)
        stated = [of_fact(fact, "stated as a fact") for fact in view.facts("fact", strategy="")]
        if not held:
            return stated
        text = tree_json(prune(tree_in(view, self.config.schema)))
        sources = tuple(dict.fromkeys(source for fact in held.values() for source in fact.evidence))
        ids = tuple(fact.id for fact in held.values())
        return [Recalled(text, "the tree always stands in the prompt", 1.0, KIND, ids, sources), *stated]

    def recalled(self, view: UserView, used: Sequence[Recalled]) -> Sequence[Operation]:
        """Nothing: being recalled does not change a leaf."""
        return ()


def turns_of(said: Sequence[Observation]) -> list[Turn]:
    """Observations as messages with ids; whoever is neither the user, the system nor a tool is the assistant."""
    return [
        {"role": _ROLES.get(one.speaker, "assistant"), "content": one.text, "id": one.id}
        for one in said
        if one.text.strip()
    ]


def chunks_of(view: UserView, new: Sequence[Observation], config: TreeConfig = PAPER) -> Iterator[Chunk]:
    """The chunks of new observations, session by session; each session's last system message is repeated as published.

    A system message that was dealt with earlier heads the chunks, and gives no chunk of its own again.
    """
    for _, group in groupby(new, key=lambda one: one.session):
        said = list(group)
        turns = turns_of(said)
        head = _system_before(view, said[0])
        if head is None or not turns or turns[0]["role"] == "system":
            yield from segment(turns, config.pairs, config.max_len, _cutting(config))
        else:
            yield from segment([head, *turns], config.pairs, config.max_len, _cutting(config))[1:]


def _cutting(config: TreeConfig) -> frozenset[str]:
    # A memory that refuses talks without a system message would be of no use to anybody: this fault stays in the pure loop.
    return faults(config.as_published) - {"system-less-crash"}


def _system_before(view: UserView, first: Observation) -> Turn | None:
    """The last system message of a session before an observation of it; None when there is none, or no session."""
    if not first.session:
        return None
    found: Observation | None = None
    for one in view.observations():
        if one.id == first.id:
            break
        if one.session == first.session and one.speaker == "system" and one.text.strip():
            found = one
    return None if found is None else turns_of([found])[0]


def _where(chunk: Chunk) -> str:
    ids = [str(turn["id"]) for turn in chunk]
    return ids[0] if len(ids) == 1 else f"{ids[0]}-{ids[-1]}"


def _quarantined(update: Update) -> list[Failure]:
    """Lines that were refused and statements without a leaf, as the proposal reports them."""
    where = _where(update.chunk)
    refused = [Failure("unparsed", one.reason, where, (one.line,)) for one in update.refused]
    unplaced = [
        Failure("missing", f"the schema has no leaf for {one.key}", one.source, (one.quote,)) for one in update.unplaced
    ]
    return [*refused, *unplaced]


def _utterance(hit: Hit, outdated: Collection[str]) -> Recalled:
    found = of_hit(hit)
    if hit.entry.id not in outdated:
        return found
    return replace(found, reason=f"{found.reason}; a newer statement took its place", score=found.score - 1.0)


def _recalled(hit: Hit) -> Recalled:
    found = of_hit(hit)
    if isinstance(hit.entry, Observation) or hit.entry.kind != KIND:
        return found
    return replace(found, text=f"{readable(hit.entry.key)}: {hit.entry.text}")


def readable(path: str) -> str:
    """A leaf's name for people: its last two keys, ``Name (Legal and Civic Status)``."""
    keys = [key.replace("_", " ") for key in path.split(".")[-2:]]
    return keys[-1] if len(keys) == 1 else f"{keys[1]} ({keys[0]})"


# --- the example that the contract runs ---

_TALK = (
    ("system", "You help the user plan their week."),
    ("user", "Hello! My name is Marit and I have a dog."),
    ("assistant", "Good to meet you."),
    ("user", "I work as a nurse."),
    ("assistant", "Noted."),
    ("user", "My name is Maja now."),
    ("assistant", "Hello Maja."),
)
_QUESTIONS = ("What is your name?", "Tell me your name, please.")
_OPTIONS = ("Olga", "Maja", "Ingrid", "Tove")


async def _example(model: ChatModel, seed: int) -> Sequence[dict[str, Any]]:
    messages = [{"role": role, "content": text, "id": f"m{number}"} for number, (role, text) in enumerate(_TALK)]
    rows: list[dict[str, Any]] = []
    trees = {}
    for name, config in (
        ("one-step", TreeConfig(max_pairs=1)),
        ("two-step", TreeConfig(two_step=True, two_step_pairs=1)),
    ):
        built = await build_tree(messages, model, config=config, item=name, seed=seed)
        trees[name] = built
        row = {"id": name, "leaves": filled(built.tree), "log": write_edits(built.log)}
        rows.append({**row, "failures": count_failures(built.failures)})
    rows += await _example_answers(trees["one-step"].tree, messages, model, seed)
    reward = await judge_reward(model, trees["two-step"].log, trees["one-step"].log, item="reward", seed=seed)
    failed = count_failures([reward.failure] if reward.failure else [])
    return [*rows, {"id": "reward", "value": reward.value, "failures": failed}]


async def _example_answers(tree: Tree, messages: Sequence[Turn], model: ChatModel, seed: int) -> list[dict[str, Any]]:
    index = index_messages(messages)
    asked = _QUESTIONS[0]
    chosen: dict[str, Any] = {"options": _OPTIONS, "seed": seed}
    answers = {
        "fast": await answer_fast(asked, tree, model, item="fast", **chosen),
        "detail": await answer_agentic(asked, tree, index, model, detail=True, item="detail", **chosen),
    }
    for number, question in enumerate(_QUESTIONS, 1):
        name = f"open-{number}"
        answers[name] = await answer_agentic(question, tree, index, model, item=name, seed=seed)
    return [{"id": name, **one.as_dict()} for name, one in answers.items()]


CONTRACT = Contract(
    example=_example,
    steps=STEPS,
    first=(
        EDIT.name,
        {
            "memory": tree_json({"4_Identity_Characteristics": {"Life_Beliefs": {"Faith": ""}}}),
            "dialogue": "user: hello",
            "system_facts": True,
            "policy": POLICY_RULES["closed"],
        },
    ),
    unheard={
        f"{EDIT.name}/examples": "the subject knows the form from the reply block and copies no example",
        f"{PLACE.name}/examples": "as above",
        f"{DESCRIBE.name}/memory": "what is recorded changes what the subject writes, not what it understands",
        f"{REWARD.name}/rubric": "the subject compares with the reference and reads no anchors",
    },
)

"""The memory agent of PersonaMem-v2: one short readable text for each user, rewritten as the talk goes on.

The whole memory is one fact of kind ``text`` whose versions are kept: the user can read, edit and undo it. A model reads the talk
in chunks and writes the list anew each time; without a model plain rules do it. What is cut at the limit, and what disappears
without a contradicting message, is named in the diff.

Source: *PersonaMem-v2: Towards Personalized Intelligence via Learning Implicit User Personas and Agentic Memory*, arXiv 2512.06688;
personamem-v2 page, steps B1 to B4; official repository bowen-upenn/PersonaMem-v2.
Differs: a memory is written without the question (the stored code puts the query and its options into every update; the benchmark
brings that back as ``query-aware-memory``); entries keep their sources and whom they are about; a failed chunk is read again later
unless ``skip_failed``. Units: tokens of the configured tokenizer, by default four characters each.
"""

from __future__ import annotations

from collections.abc import Sequence

from personarium.core.chat import ChatModel
from personarium.core.results import Failure
from personarium.remember.baselines import of_fact
from personarium.remember.personamem_v2.bullets import Bullet, bullet_text, restored, within_limit
from personarium.remember.personamem_v2.config import PersonaMemV2Config
from personarium.remember.personamem_v2.history import history_of_observations
from personarium.remember.personamem_v2.rules import write_by_rules
from personarium.remember.personamem_v2.writing import Version, Written, write_memory
from personarium.remember.records import Fact, Observation, Operation
from personarium.remember.strategy import Proposal, Recalled, UserView
from personarium.text.bm25 import BM25Index, words

NAME, TEXT = "personamem-v2", "text"
STATED = "fact"  # what the user or the program states is shown beside the text


class PersonaMemV2:
    """One readable bullet text a user.

    Args:
        config: Sizes and limits.
    """

    name = NAME

    def __init__(self, config: PersonaMemV2Config | None = None) -> None:
        self.config = config or PersonaMemV2Config()

    async def consolidate(
        self, view: UserView, new: Sequence[Observation], model: ChatModel | None, *, closing: bool = False
    ) -> Proposal:
        """Write the memory anew from what it was and what was said since; one version a chunk, or a change by rules."""
        if not new:
            return Proposal()
        held = current_text(view)
        before = [] if held is None else restored(held.text, held.attributes)
        if model is None:
            versions = write_by_rules(before, new)
            versions, cut = self._limited(versions)
            return Proposal(self._edits(view, held, before, versions), tuple(cut), (), new[-1].id)
        first = len(view.observations()) - len(new) + 1
        history = history_of_observations(new, max(first, 1))
        written = await write_memory(model, history, self.config, before=before, item=view.user)
        edits = self._edits(view, held, before, written.versions)
        return Proposal(edits, written.alarms, written.failures, self._through(new, written), written.calls)

    def recall(self, view: UserView, query: str, k: int) -> Sequence[Recalled]:
        """The entries that share words with the query, best first, then what the user stated that fits it."""
        entries = self._entries(view)
        index = BM25Index.build([entry.text for entry in entries], tokens=words)
        scores: list[float] = index.scores(query).tolist()
        best = sorted((n for n, score in enumerate(scores) if score > 0), key=lambda n: (-scores[n], n))
        found = [_scored(entries[n], scores[n]) for n in best]
        hits = [hit for hit in view.search(query, k, (STATED,), strategy="") if isinstance(hit.entry, Fact)]
        stated = [of_fact(hit.entry, "stated by the user", hit.score) for hit in hits if isinstance(hit.entry, Fact)]
        return [*found, *stated][:k]

    def standing(self, view: UserView) -> Sequence[Recalled]:
        """The whole text, entry by entry, and what the user stated."""
        stated = view.facts(STATED, strategy="")
        return [*self._entries(view), *(of_fact(fact, "stated by the user") for fact in stated)]

    def recalled(self, view: UserView, used: Sequence[Recalled]) -> Sequence[Operation]:
        """Nothing: being read does not change the text."""
        return ()

    def _entries(self, view: UserView) -> list[Recalled]:
        held = current_text(view)
        if held is None:
            return []
        reason = "an entry of the memory text"
        return [
            Recalled(bullet.text, reason, 0.0, TEXT, (held.id,), bullet.sources)
            for bullet in restored(held.text, held.attributes)
        ]

    def _limited(self, versions: Sequence[Version]) -> tuple[list[Version], list[Failure]]:
        """Rules have no writer to keep the text short: the oldest entries go first, and are named."""
        limit, kept, cut = self.config.memory_tokens, [], dict[str, None]()
        for version in versions:
            inside = within_limit(version.bullets, limit, self.config.tokenizer, keep_last=True)
            cut |= dict.fromkeys(bullet.text for bullet in version.bullets[: len(version.bullets) - len(inside)])
            kept.append(Version(tuple(inside), version.read, version.ended))
        reason = f"cut, for the memory is over its limit of {limit:,} tokens"
        return kept, [Failure("missing", f"{reason}: {text}", "rules") for text in cut]

    def _through(self, new: Sequence[Observation], written: Written) -> str:
        """The last observation that is dealt with: the last one, or the last that was read to its end before a failure."""
        if not written.failures or self.config.skip_failed:
            return new[-1].id
        return next((version.ended for version in reversed(written.versions) if version.ended), "")

    def _edits(
        self, view: UserView, held: Fact | None, before: Sequence[Bullet], versions: Sequence[Version]
    ) -> tuple[Operation, ...]:
        """One edit for each version that differs from the one before it."""
        out: list[Operation] = []
        target, last = ("" if held is None else held.id), tuple(before)
        for version in versions:
            if version.bullets == last:
                continue
            edit = _edit(view, target, version)
            if edit is None:
                continue
            out.append(edit)
            target = "" if edit.action == "delete" else f"+{len(out) - 1}"
            last = version.bullets
        return tuple(out)


def current_text(view: UserView) -> Fact | None:
    """The memory text as it stands; None when there is none."""
    found = view.facts(TEXT, strategy=NAME)
    return found[-1] if found else None


def _edit(view: UserView, target: str, version: Version) -> Operation | None:
    said = view.observation(version.ended) if version.ended else None
    at = None if said is None else said.at
    if not version.bullets:
        return Operation("delete", target, at=at, evidence=version.read) if target else None
    evidence = tuple(dict.fromkeys(id for bullet in version.bullets for id in bullet.sources))
    attributes = {"bullets": [bullet.as_dict() for bullet in version.bullets]}
    return Operation(
        "update" if target else "add", target, TEXT, "", bullet_text(version.bullets), "user", at, evidence,
        attributes=attributes,
    )  # fmt: skip


def _scored(entry: Recalled, score: float) -> Recalled:
    return Recalled(
        entry.text,
        "shares words with the question",
        score,
        entry.kind,
        entry.ids,
        entry.sources,
        parts={"words": score},
    )

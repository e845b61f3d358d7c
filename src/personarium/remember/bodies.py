"""What the body of each event may hold: an export may come from anywhere, and is refused before it is replayed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from personarium.core.errors import InvalidInput
from personarium.remember.events import Draft
from personarium.remember.records import Observation, Operation, check_name, from_dict
from personarium.remember.replay import State

_SAID = re.compile(r"o([1-9][0-9]{0,17})")
_PLACE = re.compile(r"\+([0-9]{1,9})")
_FIELDS = {
    "operations": {"operations", "strategy", "through", "run"},
    "undo": {"of"},
    "erase": {"observations", "facts", "reread"},
    "erased": {"receipt"},
}


def check_body(draft: Draft, state: State, where: str) -> None:
    """Refuse a body that a memory would not have written.

    Args:
        draft: The next event.
        state: What the events before it say.
        where: File and line.

    Raises:
        InvalidInput: If so.
    """
    body, seq = draft.body, state.seq + 1
    if draft.kind == "observe":
        said = from_dict(Observation, body, where)
        if said.id:
            raise InvalidInput(where, "no id: the memory gives it", said.id, "id")
        return
    unknown = sorted(set(body) - _FIELDS[draft.kind])
    if unknown:
        raise InvalidInput(where, f"the fields {', '.join(sorted(_FIELDS[draft.kind]))}", unknown[0])
    if draft.kind == "operations":
        _check_batch(body, seq, where)
    elif draft.kind == "undo":
        _check_number(body.get("of"), seq - 1, where, "of")
        later = state.undoable(1)
        if body["of"] in state.batches and later and later[0] > body["of"]:
            raise InvalidInput(where, "the latest batch that changes something", body["of"], "of")
    elif draft.kind == "erase":
        _check_receipt(body, seq, where)
    else:
        _check_number(body.get("receipt"), 2**53, where, "receipt")


def _check_batch(body: Mapping[str, Any], seq: int, where: str) -> None:
    edits = body.get("operations")
    if not isinstance(edits, list):
        raise InvalidInput(where, "a list of edits", edits, "operations")
    for name in ("strategy", "run"):
        check_name(body.get(name, ""), where, name)
    _check_said(body.get("through", "") or "o1", seq, where, "through")
    for number, edit in enumerate(edits):
        if not isinstance(edit, Mapping):
            raise InvalidInput(where, "an edit", edit, "operations")
        if "erased" in edit:
            _check_number(edit["erased"], 2**53, where, "erased")
            continue
        operation = from_dict(Operation, edit, where)
        place = _PLACE.fullmatch(operation.target)
        if operation.target.startswith("+") and not (place and int(place[1]) < number):
            raise InvalidInput(where, "the place of an edit before it", operation.target, "target")


def _check_receipt(body: Mapping[str, Any], seq: int, where: str) -> None:
    for name in ("observations", "facts"):
        _check_ids(body.get(name, []), where, name)
    reread = body.get("reread", {})
    if not isinstance(reread, Mapping):
        raise InvalidInput(where, "strategies, each with what it reads again", reread, "reread")
    for strategy, ids in reread.items():
        check_name(strategy, where, "reread")
        _check_ids(ids, where, "reread")
        for id in ids:
            _check_said(id, seq, where, "reread")


def _check_ids(ids: Any, where: str, name: str) -> None:
    if not isinstance(ids, list):
        raise InvalidInput(where, "a list of ids", ids, name)
    for id in ids:
        check_name(id, where, name)


def _check_said(id: Any, seq: int, where: str, name: str) -> None:
    found = _SAID.fullmatch(id) if isinstance(id, str) else None
    if found is None or int(found[1]) > seq:
        raise InvalidInput(where, "the id of an observation before it (o1, o2, …)", id, name)


def _check_number(number: Any, most: int, where: str, name: str) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= most:
        raise InvalidInput(where, f"the number of an event, at most {most}", number, name)

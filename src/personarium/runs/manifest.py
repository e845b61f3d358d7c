"""``run.json``: what a run is, what it has done, and whether a second command may go on with it."""

from __future__ import annotations

import json
import platform
import secrets
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from personarium import __version__
from personarium.core.chat import canonical_json
from personarium.core.errors import InvalidInput, UsageError, shorten
from personarium.runs.disk import LOCK_NAME, storage, write_whole
from personarium.runs.keys import hide_named_keys, without_keys
from personarium.runs.tally import Tally

MANIFEST = "run.json"
CALLS = "calls.jsonl"
CACHE = "cache.sqlite"
SUMMARY = "summary.json"
REPORT = "report.html"
FAILURES = "failures.jsonl"
FORMAT = "personarium-run"
SCHEMA_VERSION = 1


def now() -> str:
    """The time of day as it stands in records: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """What the run was made with."""
    return {
        "personarium": __version__,
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
    }


def new_manifest(config: Mapping[str, Any], seed: int, command: str) -> dict[str, Any]:
    """The manifest of a run that has not begun."""
    return {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "id": secrets.token_hex(6),
        "status": "running",
        "reason": "",
        "command": command,
        "config": config,
        "seed": seed,
        "versions": versions(),
        "started": now(),
        "ended": None,
        "models": [],
        "prompts": {},
        "totals": Tally().as_dict(),
        "stages": {},
        "warnings": {},
        "checkpoint": {"counted_bytes": 0, "cache": None, "cache_bytes": 0, "cache_key": None},
        "sessions": [],
        "report": REPORT,
    }


def json_ready(config: Mapping[str, Any], keys: tuple[bytes, ...] = ()) -> dict[str, Any]:
    """The configuration as JSON gives it back, keys hidden; what is stored and compared.

    Raises:
        UsageError: When it holds something that is not JSON.
    """
    try:
        text = canonical_json(hide_named_keys(config)).encode("utf-8", "surrogatepass")
        plain: dict[str, Any] = json.loads(without_keys(text, keys).decode("utf-8", "surrogatepass"))
    except (TypeError, ValueError) as error:
        raise UsageError(f"the configuration of a run must be JSON: {error}") from error
    return plain


def load_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder; None when there is none.

    Raises:
        InvalidInput: When the file is not a manifest, or of a newer version than this one reads.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    with storage(f"cannot read {path}"):
        data = path.read_bytes()
    try:
        manifest = json.loads(data)
    except ValueError as error:
        raise InvalidInput(str(path), "a run's JSON document", str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InvalidInput(str(path), f"a document of format {FORMAT!r}", data[:60])
    if manifest.get("schema_version", 0) > SCHEMA_VERSION:
        raise InvalidInput(
            str(path),
            f"at most {SCHEMA_VERSION} (a newer personarium wrote this run)",
            manifest["schema_version"],
            "schema_version",
        )
    return manifest


def save_manifest(folder: Path, manifest: Mapping[str, Any], keys: tuple[bytes, ...] = ()) -> None:
    """Write the manifest in one step."""
    data = json.dumps(manifest, ensure_ascii=True, indent=1).encode() + b"\n"
    write_whole(folder / MANIFEST, without_keys(data, keys))


def check_folder_is_free(folder: Path) -> None:
    """Refuse a folder that holds other things than a run.

    Raises:
        UsageError: When it has files and no manifest.
    """
    # A run killed in its first millisecond leaves the lock and perhaps a half-made manifest.
    ours = {LOCK_NAME, f"{MANIFEST}.new"}
    others = sorted(entry.name for entry in folder.iterdir() if entry.name not in ours)
    if others:
        raise UsageError(f"{folder} is not empty and not a run (it holds {shorten(others[0])}); name another folder")


def check_same_run(folder: Path, manifest: Mapping[str, Any], config: Mapping[str, Any], seed: int) -> None:
    """Refuse to go on with a run under another configuration.

    Raises:
        UsageError: Names every field that differs with both values.
    """
    before = {"(seed)": manifest["seed"], **_leaves(manifest["config"])}
    after = {"(seed)": seed, **_leaves(config)}
    missing = object()
    differing = [
        f"{name} ({_show(before, name)} there, {_show(after, name)} now)"
        for name in dict.fromkeys([*before, *after])
        if before.get(name, missing) != after.get(name, missing)
    ]
    if differing:
        raise UsageError(
            f"{folder} holds a run with another configuration: {'; '.join(differing)}; "
            "repeat the command as it was to go on with it, or name another folder"
        )


def _show(values: Mapping[str, Any], name: str) -> str:
    return shorten(values[name], 60) if name in values else "not set"


def _leaves(config: Any, prefix: str = "") -> dict[str, Any]:
    return dict(_walk(config, prefix))


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _walk(inner, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, value

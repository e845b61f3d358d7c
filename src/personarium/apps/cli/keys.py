"""``personarium keys``: who may use a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli.extras import need
from personarium.apps.cli.output import Output, console, printable, speaks
from personarium.apps.cli.serve import SERVER, keys_file
from personarium.core.errors import UsageError

Folder = Annotated[Path, typer.Option("--folder", help="The workspace.")]
KeysFile = Annotated[Path | None, typer.Option("--keys", help="The file; keys.yaml in the workspace by default.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Name = Annotated[str, typer.Argument(help="The key's name, for the log and to take it away again.")]


@speaks
def add(
    name: Name,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            help="What it may do: chat (when left out), embeddings, personas:read, personas:write, memory:read, "
            "memory:write, runs, admin.",
        ),
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option("--user", help="Whose memory it may use; * for anybody's. Without, nothing is remembered."),
    ] = None,
    memory: Annotated[str, typer.Option("--memory", help="Keys with the same word share their users' memories.")] = "",
    folder: Folder = Path(),
    keys: KeysFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show its token, this once: only a hash of it is kept.

    Example: personarium keys add ana-phone --scope chat --scope memory:read --user ana
    """
    need("server", *SERVER)
    from personarium.apps.server.keys import EVERYBODY, add_key

    users, scopes = user or [], scope or ["chat"]
    if EVERYBODY in users and len(users) > 1:
        raise UsageError("--user is * or names, not both")
    path = keys_file(folder, keys)
    token = add_key(path, name, scopes, EVERYBODY if EVERYBODY in users else users, memory)
    data = {"name": name, "token": token, "scopes": sorted(scopes), "users": users, "file": str(path)}
    Output(as_json).finish(data, lambda: _show_new(name, token, path))


@speaks
def show(folder: Folder = Path(), keys: KeysFile = None, as_json: AsJson = False) -> None:
    """Show all keys and what they may do.

    Example: personarium keys show --folder my-work
    """
    need("server", *SERVER)
    from personarium.apps.server.keys import EVERYBODY, read_keys

    rows = [
        {
            "name": key.name,
            "scopes": sorted(key.scopes),
            "users": EVERYBODY if key.users == EVERYBODY else sorted(key.users),
            "memory": key.space,
        }
        for _, key in read_keys(keys_file(folder, keys))
    ]
    Output(as_json).finish({"keys": rows}, lambda: _show(rows))


@speaks
def remove(name: Name, folder: Folder = Path(), keys: KeysFile = None, as_json: AsJson = False) -> None:
    """Take a key away; a running server lets it in no more within a second. Memories stay.

    Example: personarium keys remove ana-phone
    """
    need("server", *SERVER)
    from personarium.apps.server.keys import remove_key

    path = keys_file(folder, keys)
    remove_key(path, name)
    data = {"removed": name, "file": str(path)}
    Output(as_json).finish(data, lambda: console().print(f"{name} is taken out of {path}", markup=False))


def _show_new(name: str, token: str, path: Path) -> None:
    console().print(token, markup=False, soft_wrap=True)
    console().print(f"the token of {name}; note it now, {path} keeps only its hash", style="dim", markup=False)


def _show(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(header_style="bold", box=None, pad_edge=False)
    for title in ("key", "may", "for", "memory"):
        table.add_column(title, overflow="fold")
    for row in rows:
        users = row["users"] if isinstance(row["users"], str) else ", ".join(row["users"])
        table.add_row(row["name"], ", ".join(row["scopes"]), printable(users), row["memory"])
    console().print(table)

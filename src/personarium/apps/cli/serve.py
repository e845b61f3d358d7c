"""``personarium serve``: the personas of a workspace as models of an OpenAI-compatible server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.extras import need
from personarium.apps.cli.output import Output, say_error, speaks

SERVER = ("fastapi", "uvicorn")
Folder = Annotated[Path, typer.Argument(help="The workspace: personas, populations, runs, memories.")]
KeysFile = Annotated[
    Path | None,
    typer.Option("--keys", help="Who may use the server; keys.yaml in the workspace, where it exists, by default."),
]


@speaks
def serve(
    folder: Folder = Path(),
    model: opt.Model = "simulated",
    base_url: opt.BaseUrl = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; beyond this machine only with keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8600,
    keys: KeysFile = None,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="A name under which the server is reached (api.example.org).")
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option("--cors", help="Web pages of this origin may use it (https://chat.example.org)."),
    ] = None,
    memory: Annotated[
        str, typer.Option("--memory", help="per-persona: each persona remembers for itself; shared: all share.")
    ] = "per-persona",
    rate: Annotated[float, typer.Option("--rate", min=0, help="Requests a minute of one key; 0 for no limit.")] = 600.0,
    max_concurrent: Annotated[int, typer.Option("--max-concurrent", min=1, help="Requests in flight at once.")] = 512,
    max_body_mb: Annotated[float, typer.Option("--max-body-mb", min=0.001, help="Longest request, in MB.")] = 4.0,
    timeout: opt.Timeout = None,
    log_content: Annotated[
        bool, typer.Option("--log-content", help="Write what is said into the log. Off: only who, when and how much.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say where it listens as one JSON document on standard output.")
    ] = False,
) -> None:
    """Serve every persona of a workspace as a model, for any client that speaks OpenAI's protocol.

    A person is named by the request's field user; what they say is remembered for that key, and kept in the workspace.

    Example: personarium serve my-work --model ollama/llama3.2
    """
    given = dict(locals())
    need("server", *SERVER)
    from personarium.apps.server.application import create_app
    from personarium.apps.server.native import native_routers
    from personarium.apps.server.serving import run
    from personarium.apps.workspace import Workspace

    settings = _settings(given)
    output = Output(as_json)
    with Workspace(folder, model=model, base_url=base_url) as workspace:
        app = create_app(workspace, settings, routers=native_routers())
        run(app, settings, ready=lambda url: _say(output, url, workspace, settings))


def keys_file(folder: Path, keys: Path | None) -> Path:
    """Where the keys of a workspace are."""
    return folder / "keys.yaml" if keys is None else keys


def _settings(given: dict[str, Any]) -> Any:
    from personarium.apps.server.settings import ServerSettings

    keys = keys_file(given["folder"], given["keys"])
    timeout = {} if given["timeout"] is None else {"upstream_timeout_s": given["timeout"]}
    return ServerSettings(
        host=given["host"],
        port=given["port"],
        keys=keys if given["keys"] is not None or keys.exists() else None,
        hosts=tuple(given["name"] or ()),
        cors_origins=tuple(given["cors"] or ()),
        memory=given["memory"],
        requests_per_minute=given["rate"] or None,
        max_concurrent=given["max_concurrent"],
        max_body_bytes=round(given["max_body_mb"] * (1 << 20)),
        log_content=given["log_content"],
        **timeout,
    )


def _say(output: Output, url: str, workspace: Any, settings: Any) -> None:
    """Where it listens, and who may come in."""
    personas = len(workspace.personas)
    data = {"url": f"{url}/v1", "personas": personas, "model": workspace.model, "keys": settings.keys is not None}
    if not personas:
        output.warn(f"there are no personas; put cards into {workspace.personas.folder}")
    if settings.keys is None:
        output.warn("no keys: everybody on this machine may use it; personarium keys add NAME makes one")
    output.finish(
        data,
        lambda: say_error("serving", f"{personas} persona{'s' * (personas != 1)} with {workspace.model} at {url}/v1"),
    )

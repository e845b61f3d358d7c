"""``personarium mcp``: personas, one person's memory and measures for any client of the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.extras import need
from personarium.apps.cli.output import say_error, speaks


@speaks
def mcp(
    folder: Annotated[Path, typer.Argument(help="The workspace: personas, populations, runs, memories.")] = Path(),
    user: Annotated[str, typer.Option("--user", "-u", help="Whose memory it is; no client can name another.")] = "me",
    model: opt.Model = "simulated",
    base_url: opt.BaseUrl = None,
    judge: Annotated[
        str, typer.Option("--judge", "-j", help="Who judges; chosen apart from --model.", rich_help_panel="Models")
    ] = "simulated:seed=1",
    http: Annotated[
        int | None,
        typer.Option(
            "--http", min=0, max=65535, help="Listen on this port of this machine instead; 0 takes a free one."
        ),
    ] = None,
) -> None:
    """Serve a workspace to an MCP client over standard input and output; the client starts this command itself.

    Example: personarium mcp my-work --user ana --model ollama/llama3.2
    """
    need("mcp", "mcp")
    from personarium.apps.mcp_server.application import serve_http, serve_stdio
    from personarium.apps.mcp_server.desk import Desk
    from personarium.apps.workspace import Workspace
    from personarium.runs import run_sync

    with Workspace(folder, model=model, base_url=base_url) as workspace:
        desk = Desk(workspace, user, judge)
        if http is None:
            run_sync(serve_stdio(desk))
        else:
            run_sync(serve_http(desk, http, lambda port: say_error("serving", f"http://127.0.0.1:{port}/mcp")))

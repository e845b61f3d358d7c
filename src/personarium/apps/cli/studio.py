"""``personarium studio``: the local web app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from personarium.apps.cli import options as opt
from personarium.apps.cli.extras import need
from personarium.apps.cli.output import Output, say_error, speaks
from personarium.apps.cli.serve import SERVER


@speaks
def studio(
    folder: Annotated[Path, typer.Argument(help="The workspace: personas, populations, runs, memories.")] = Path(),
    model: opt.Model = "simulated",
    base_url: opt.BaseUrl = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8601,
    user: Annotated[str, typer.Option("--user", help="Whose memory the stage writes to.")] = "me",
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Show it in the browser.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say where it listens as one JSON document on standard output.")
    ] = False,
) -> None:
    """Open the studio: make characters, talk to them, see what they remember and how true to character they stay.

    It listens on this machine only. What programs use (see serve) is there too, under /v1 and /api.

    Example: personarium studio my-work --model ollama/llama3.2
    """
    need("studio", *SERVER, "nicegui")
    from personarium.apps.server.serving import run
    from personarium.apps.studio.application import create_studio, studio_settings
    from personarium.apps.workspace import Workspace

    settings = studio_settings(port)
    output = Output(as_json)

    def ready(url: str) -> None:
        output.finish({"url": url, "model": model}, lambda: say_error("studio", f"{url}  (Ctrl-C ends it)"))
        if open_browser and not as_json:
            typer.launch(url)

    with Workspace(folder, model=model, base_url=base_url) as workspace:
        run(create_studio(workspace, settings, user=user), settings, ready=ready, websockets=True)

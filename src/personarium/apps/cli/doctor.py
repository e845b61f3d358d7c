"""``personarium doctor``: what is installed, which models answer."""

from __future__ import annotations

import os
import platform
import sys
from typing import Annotated, Any

import typer

from personarium.apps.cli.options import AsJson, BaseUrl
from personarium.apps.cli.output import Output, console, speaks

_CORE = ("aiohttp", "pydantic", "numpy", "scipy", "polars", "scikit-learn", "tokenizers", "rapidfuzz", "jinja2")
_EXTRAS = {"hf": ("torch", "transformers"), "inspect": ("inspect-ai",), "dedup": ("usearch",)}
_KEYS = ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "PERSONARIUM_API_KEY")
_LOCAL = ("ollama", "vllm")
_QUESTION = "Answer with one word: hello"


@speaks
def doctor(
    model: Annotated[
        list[str], typer.Option("--model", "-m", help="A model to try; may be given more than once.")
    ] = [],  # noqa: B006
    base_url: BaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say what is installed and which models answer.

    Example: personarium doctor --model ollama/llama3.2
    """
    from personarium.runs import run_sync

    data: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in ("personarium", *_CORE)},
        "extras": {extra: {name: _version(name) for name in names} for extra, names in _EXTRAS.items()},
        "keys": {name: "set" if os.environ.get(name) else "not set" for name in _KEYS},
        "models": run_sync(_try_all(model or ["simulated"], base_url, local=not model)),
    }
    Output(as_json).finish(data, lambda: _show(data))
    if any(entry["status"] == "failed" for entry in data["models"]):
        raise typer.Exit(6)


def _version(name: str) -> str | None:
    from importlib import metadata  # here, because it is slow to import and only this command wants it

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


async def _try_all(names: list[str], base_url: str | None, local: bool) -> list[dict[str, str]]:
    found = [await _try(name, base_url) for name in names]
    if local:
        found.extend([await _try_endpoint(preset) for preset in _LOCAL])
    return found


async def _try(name: str, base_url: str | None) -> dict[str, str]:
    from personarium.core.chat import Sampling, user
    from personarium.core.errors import PersonariumError
    from personarium.models import open_model

    try:
        model = open_model(name, base_url=base_url)
    except PersonariumError as error:
        return {"model": name, "status": "failed", "says": str(error)}
    try:
        reply = await model.generate([user(_QUESTION)], Sampling(temperature=0, max_tokens=16, seed=0))
    except PersonariumError as error:
        return {"model": name, "status": "failed", "says": str(error)}
    finally:
        await _close(model)
    return {"model": name, "status": "answers", "says": reply.text[:80]}


async def _try_endpoint(preset: str) -> dict[str, str]:
    """Whether the usual local endpoint of a preset is up; that it is not is no failure of anything."""
    from personarium.core.errors import PersonariumError
    from personarium.models import open_model

    model = open_model(f"{preset}/any", timeout_s=2)
    try:
        names = await model.models()  # type: ignore[attr-defined]
    except PersonariumError:
        return {"model": f"{preset}/…", "status": "not running", "says": "no endpoint at the usual local address"}
    finally:
        await _close(model)
    return {"model": f"{preset}/…", "status": "answers", "says": ", ".join(names[:5]) or "no models loaded"}


async def _close(model: Any) -> None:
    close = getattr(model, "aclose", None)
    if close is not None:
        await close()


def _show(data: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    out.print(Text(f"Python {data['python']} on {data['platform']} ({sys.executable})", style="bold"))
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("package")
    table.add_column("version")
    for name, version in data["packages"].items():
        table.add_row(name, version or Text("missing", style="red"))
    for extra, packages in data["extras"].items():
        for name, version in packages.items():
            table.add_row(
                f"{name} (extra {extra})",
                version or Text(f"not installed: pip install 'personarium[{extra}]'", style="dim"),
            )
    out.print(table)
    out.print()
    for name, state in data["keys"].items():
        out.print(Text.assemble((f"{name:<22}", ""), (state, "green" if state == "set" else "dim")))
    out.print()
    colours = {"answers": "green", "failed": "red", "not running": "dim"}
    for entry in data["models"]:
        out.print(
            Text.assemble(f"{entry['model']:<22}", (entry["status"], colours[entry["status"]]), f"  {entry['says']}"),
            soft_wrap=True,
        )

"""Personas as resources, and the prompt that puts one on stage."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from urllib.parse import quote, unquote

import jinja2
import mcp_types as types

from personarium.apps.mcp_server.desk import Desk
from personarium.apps.workspace import PersonaRow
from personarium.core.errors import InvalidInput, NotFound
from personarium.play.characters import agent_for
from personarium.text.blocks import block

ADDRESS = "personarium://personas/"
PAGE = 100  # resources of one page
STAGE = "stage"
_LONGEST = 20_000  # characters of an argument


def list_resources(desk: Desk, cursor: str | None) -> types.ListResourcesResult:
    """A page of personas as resources.

    Raises:
        InvalidInput: On a cursor that this server did not give.
    """
    start = _start(cursor)
    rows = desk.workspace.personas.rows()
    end = start + PAGE
    return types.ListResourcesResult(
        resources=[_resource(row) for row in rows[start:end]], next_cursor=str(end) if end < len(rows) else None
    )


def templates() -> types.ListResourceTemplatesResult:
    """How the address of a persona is made from its id."""
    one = types.ResourceTemplate(
        name="persona",
        title="Persona",
        uri_template=ADDRESS + "{id}",
        description="A persona's card, without what it must never disclose. The id is percent-encoded.",
        mime_type="text/plain",
    )
    return types.ListResourceTemplatesResult(resource_templates=[one])


def read_resource(desk: Desk, uri: str) -> types.ReadResourceResult:
    """A persona's card in words.

    Raises:
        NotFound: When there is no such persona; an address is looked up and never a path.
    """
    if not uri.startswith(ADDRESS):
        raise NotFound(f"resources of this server begin with {ADDRESS}")
    text = desk.persona(unquote(uri.removeprefix(ADDRESS))).view("card").text
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type="text/plain", text=text)])


def prompts() -> types.ListPromptsResult:
    """The prompts of this server."""
    arguments = [
        types.PromptArgument(name="persona", description="Id of a persona.", required=True),
        types.PromptArgument(name="scene", description="Where we are, and what happens.", required=False),
    ]
    one = types.Prompt(name=STAGE, title="Put a persona on stage", description=_ABOUT, arguments=arguments)
    return types.ListPromptsResult(prompts=[one])


def get_prompt(desk: Desk, name: str, arguments: dict[str, str]) -> types.GetPromptResult:
    """The prompt that puts a persona on stage: what its agent would be sent, in a block that its text cannot close.

    Raises:
        NotFound: On another prompt, or a persona that is not there.
        InvalidInput: On an argument that is missing, not known or too long.
    """
    if name != STAGE:
        raise NotFound(f"there is no prompt '{name}'; there is {STAGE}")
    wrong = next((key for key in arguments if key not in ("persona", "scene")), None)
    if wrong is not None or not arguments.get("persona"):
        raise InvalidInput(f"prompt {STAGE}", "a persona, and a scene if you like", wrong, "persona")
    scene = arguments.get("scene", "").strip()
    if len(scene) > _LONGEST:
        raise InvalidInput(f"prompt {STAGE}", f"at most {_LONGEST:,} characters", f"{len(scene):,}", "scene")
    agent = agent_for(desk.persona(arguments["persona"]), desk.model)
    text = _template().render(persona=block("persona", agent.system), scene=block("scene", scene) if scene else "")
    message = types.PromptMessage(role="user", content=types.TextContent(type="text", text=text))
    return types.GetPromptResult(description=_ABOUT, messages=[message])


_ABOUT = "The client's own model plays a persona of the workspace."


def _resource(row: PersonaRow) -> types.Resource:
    return types.Resource(
        uri=ADDRESS + quote(row.id, safe=""),
        name=row.id,
        title=row.name or None,
        description=row.line or None,
        mime_type="text/plain",
    )


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise InvalidInput("resources", "a cursor as this server gave it", cursor, "cursor")
    return int(cursor)


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    source = (files("personarium.apps.mcp_server") / "prompts" / "stage.jinja").read_text(encoding="utf-8")
    return jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(source)

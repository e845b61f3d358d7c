"""What a tool is: a name, what it takes and gives as pydantic models, what it does to the world, and the function."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from pydantic import BaseModel, ConfigDict, ValidationError

from personarium.apps.mcp_server.desk import Desk
from personarium.core.errors import InvalidInput


class Arguments(BaseModel):
    """What a tool takes; a field that it does not know (another user, say) is refused and never passed over."""

    model_config = ConfigDict(extra="forbid")


Work = Callable[[Desk, Any], "BaseModel | Awaitable[BaseModel]"]


@dataclass(frozen=True, slots=True)
class ToolEntry:
    """One tool.

    Args:
        name: As clients call it.
        title: As people see it.
        takes: Its arguments.
        gives: Its result.
        work: Does it; a plain function runs on a thread of its own. Its docstring is the tool's description.
        reads: Whether it changes nothing.
        destroys: Whether it may take something away.
        repeatable: Whether the same call twice changes nothing more than once.
        calls_model: Whether it asks a chat model, which may be on another machine.
    """

    name: str
    title: str
    takes: type[Arguments]
    gives: type[BaseModel]
    work: Work
    reads: bool = False
    destroys: bool = False
    repeatable: bool = False
    calls_model: bool = False

    def described(self) -> types.Tool:
        """The tool as clients are told of it."""
        return types.Tool(
            name=self.name,
            title=self.title,
            description=inspect.cleandoc(self.work.__doc__ or ""),
            input_schema=self.takes.model_json_schema(),
            output_schema=self.gives.model_json_schema(mode="serialization"),
            annotations=types.ToolAnnotations(
                title=self.title,
                read_only_hint=self.reads,
                destructive_hint=self.destroys,
                idempotent_hint=self.reads or self.repeatable,
                open_world_hint=self.calls_model,
            ),
        )

    async def call(self, desk: Desk, arguments: Mapping[str, Any]) -> types.CallToolResult:
        """Do it.

        Raises:
            InvalidInput: Naming the argument that is not what it should be.
            PersonariumError: Whatever the rooms below refuse.
        """
        taken = self._read(arguments)
        if inspect.iscoroutinefunction(self.work):
            given = await self.work(desk, taken)
        else:
            given = await asyncio.to_thread(self.work, desk, taken)
        assert isinstance(given, self.gives)
        plain = given.model_dump(mode="json")
        text = json.dumps(plain, ensure_ascii=False)
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)], structured_content=plain, is_error=False
        )

    def _read(self, arguments: Mapping[str, Any]) -> Arguments:
        try:
            return self.takes.model_validate(dict(arguments))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or None
            if first["type"] == "extra_forbidden":
                raise InvalidInput(self.name, f"one of {', '.join(self.takes.model_fields)}", field=place) from None
            raise InvalidInput(self.name, first["msg"].removeprefix("Input should be "), field=place) from None

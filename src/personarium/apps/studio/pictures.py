"""What the studio's pages show beside their own elements: portraits, and the reports of runs in a frame of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from personarium.core.portraits import portrait
from personarium.report.html import render
from personarium.report.page_policy import page_policy

if TYPE_CHECKING:
    from personarium.apps.workspace import Workspace
    from personarium.report.document import Document

FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><circle cx="7.5" cy="10" r="6.2" fill="none" '
    'stroke="#0b5f73" stroke-width="2"/><circle cx="12.5" cy="10" r="6.2" fill="none" stroke="#c2410c" '
    'stroke-width="2"/></svg>'
)
PORTRAIT_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def router(workspace: Workspace) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    def home() -> RedirectResponse:
        return RedirectResponse("/cast")

    @routes.get("/portraits/{id:path}")
    def picture(id: str) -> Response:
        headers = {"Content-Security-Policy": PORTRAIT_POLICY, "Cache-Control": "private, max-age=60"}
        return Response(portrait(workspace.personas.get(id)), media_type="image/svg+xml", headers=headers)

    @routes.get("/portraits")
    def picture_of(id: str) -> Response:
        return picture(id)

    @routes.get("/reports/one/{name}")
    def report(name: str) -> Response:
        from personarium.report.builders.run import build_document

        return _page(build_document(workspace.runs.get(name)))

    @routes.get("/reports/side-by-side")
    def compared(runs: str) -> Response:
        from personarium.report.builders.side_by_side import side_by_side

        return _page(side_by_side({name: workspace.runs.get(name) for name in runs.split("|")[:20]}))

    return routes


def _page(document: Document) -> Response:
    """A report that may be shown inside the studio, and can do nothing there: it is an origin of its own."""
    headers = {
        "Content-Security-Policy": f"{page_policy()}; sandbox allow-scripts; frame-ancestors 'self'",
        "X-Frame-Options": "SAMEORIGIN",
    }
    return Response(render(document), media_type="text/html", headers=headers)

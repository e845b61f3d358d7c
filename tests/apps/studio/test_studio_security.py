"""What other sites, other names and hostile texts can do to a studio: nothing."""

from __future__ import annotations

import http.client
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.apps.studio.conftest import SCRIPT, Running

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
ROOMS = ("cast", "stage", "memory", "populations", "measures")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def ask(
    studio: Running, method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request as any program can make it."""
    place = urlsplit(studio.url).netloc
    connection = http.client.HTTPConnection(place, timeout=20)
    try:
        connection.request(method, path, headers={"Host": place, **(headers or {})})
        answer = connection.getresponse()
        body = b"" if answer.status == 101 else answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body
    finally:
        connection.close()


def test_a_page_of_another_site_cannot_connect_and_cannot_post(studio: Running) -> None:
    socket_path = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    assert ask(studio, "GET", socket_path, {**UPGRADE, "Origin": studio.url})[0] == 101
    assert ask(studio, "GET", socket_path, {**UPGRADE, "Origin": "https://evil.example"})[0] == 403
    for path in ("/_nicegui_ws/socket.io/?EIO=4&transport=polling", "/v1/chat/completions"):
        assert ask(studio, "POST", path, {"Origin": "https://evil.example"})[0] == 403
        assert ask(studio, "POST", path, {"Sec-Fetch-Site": "cross-site"})[0] == 403


def test_a_name_that_was_bound_to_this_machine_is_refused(studio: Running) -> None:
    assert ask(studio, "GET", "/cast", {"Host": "evil.example"})[0] == 403
    assert (
        ask(studio, "GET", "/_nicegui_ws/socket.io/?EIO=4&transport=websocket", {**UPGRADE, "Host": "evil.example"})[0]
        == 403
    )


def test_no_room_may_be_framed_or_fetch_from_elsewhere(studio: Running) -> None:
    for room in ROOMS:
        status, headers, _ = ask(studio, "GET", f"/{room}")
        assert status == 200
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_a_report_in_a_frame_is_an_origin_of_its_own(studio: Running) -> None:
    status, _, _ = ask(studio, "GET", "/reports/one/..%2f..%2fetc%2fpasswd")
    assert status == 404
    status, _, _ = ask(studio, "GET", "/reports/side-by-side?runs=a%7C..%2Fb")
    assert status == 404


def test_a_portrait_is_a_picture_and_runs_nothing(studio: Running) -> None:
    status, headers, body = ask(studio, "GET", "/portraits/hostile")
    assert (status, headers["content-type"]) == (200, "image/svg+xml")
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert b"<script" not in body
    assert b"onerror" not in body.replace(b"onerror=&quot;", b"")
    assert ask(studio, "GET", "/portraits/..%2f..%2fetc%2fpasswd")[0] == 404


@pytest.mark.parametrize("room", ROOMS)
def test_hostile_texts_are_shown_and_nothing_is_fetched_from_elsewhere(studio: Running, page: Any, room: str) -> None:
    elsewhere: list[str] = []
    page.on(
        "request", lambda asked: elsewhere.append(asked.url) if urlsplit(asked.url).netloc not in studio.url else None
    )
    page.goto(f"{studio.url}/{room}")
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    assert [url for url in elsewhere if not url.startswith(("data:", "blob:"))] == []
    assert page.evaluate("window.hacked") is None
    if room == "cast":
        assert SCRIPT[:12] in page.inner_text("body")


def test_a_client_that_sends_nothing_is_cut_off_and_a_websocket_is_not(studio: Running, page: Any) -> None:
    place = urlsplit(studio.url)
    assert place.hostname is not None
    with socket.create_connection((place.hostname, place.port or 80), timeout=30) as idle:
        page.goto(f"{studio.url}/cast")
        page.get_by_role("heading", level=1).wait_for()
        idle.settimeout(30)
        assert idle.recv(1) == b""  # after the ten seconds of a request's head
    page.get_by_role("button", name="Light or dark").first.click()  # the page's own connection lived through it
    page.wait_for_function("document.body.classList.contains('body--dark')")

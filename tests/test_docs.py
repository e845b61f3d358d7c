"""The pages that are made from the code are up to date, and what the README tells people to type exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_made_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "tools/make_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_commands_in_the_documents_exist() -> None:
    from personarium.apps.cli.application import COMMANDS

    known = {f"{group} {name}".strip() for group, name, _, _ in COMMANDS}
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for words in re.findall(r"^ {4}personarium ([a-z0-9 -]+)", page.read_text(encoding="utf-8"), re.M):
            first = words.split()
            assert first[0] in known or " ".join(first[:2]) in known, f"{page.name}: personarium {words}"


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"

"""A command whose extra is missing says how to install it."""

from __future__ import annotations

import pytest

from personarium.apps.cli.extras import need
from personarium.core.errors import UsageError


def test_a_missing_extra_is_named_with_the_command_that_installs_it() -> None:
    need("server", "json", "email")
    with pytest.raises(UsageError, match=r'needs no_such_library: pip install "personarium\[studio\]"'):
        need("studio", "json", "no_such_library")

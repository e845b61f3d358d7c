"""Every catalogued system passes the one contract."""

from __future__ import annotations

import pytest

from personarium.catalog import SystemRow, load_catalogue
from personarium.testing import check_system


@pytest.mark.parametrize("row", load_catalogue(plugins=False), ids=lambda row: row.slug)
async def test_system_passes_the_contract(row: SystemRow) -> None:
    findings = await check_system(row)
    assert findings.problems == []

"""Making personas: populations with exact quotas (generators of published systems follow)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.make.quota_sampling import allot as allot
    from personarium.make.quota_sampling import example_margins as example_margins
    from personarium.make.quota_sampling import load_margins as load_margins
    from personarium.make.quota_sampling import sample_population as sample_population

_HOME = "personarium.make.quota_sampling"
__all__, __getattr__, __dir__ = lazy_exports(
    __name__, {"allot": _HOME, "example_margins": _HOME, "load_margins": _HOME, "sample_population": _HOME}
)

"""The Factbook takes seconds to build: one draft for all its tests."""

from __future__ import annotations

import pytest

from berrypick.corpora.builders.factbook import FACTBOOK
from berrypick.corpora.store import Draft


@pytest.fixture(scope="session")
def factbook() -> Draft:
    return FACTBOOK.make("test", 0)

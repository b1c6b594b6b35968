"""Clients of other projects, as they are, against the server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from berrypick.corpora.engines import open_engine
from berrypick.corpora.store import Corpus

QUERY = "Northern Halvard Foundry"


def titles(corpus: Corpus, k: int) -> list[str]:
    return [corpus.documents[hit.index].title for hit in open_engine("bm25", corpus).search([QUERY], k)[0]]


def test_the_search_tool_of_skyrl_reads_the_documents(server: Any, toy_corpus: Corpus):
    tools = pytest.importorskip("skyrl_gym.tools.search", reason="pip install 'berrypick[skyrl]'")
    group = tools.SearchToolGroup(search_url=f"{server.url}/retrieve", topk=3, timeout=10, log_requests=False)
    shown = json.loads(group.search(QUERY))["result"]
    assert [line.split('"')[1] for line in shown.splitlines() if line.startswith("Doc ")] == titles(toy_corpus, 3)


def test_the_search_tool_of_skyrl_is_told_of_a_failed_engine(server: Any, monkeypatch: pytest.MonkeyPatch):
    tools = pytest.importorskip("skyrl_gym.tools.search", reason="pip install 'berrypick[skyrl]'")
    monkeypatch.setattr(tools, "MAX_RETRIES", 2)
    monkeypatch.setattr(tools, "INITIAL_RETRY_DELAY", 0.01)
    url = f"{server.url}/retrieve?faults=error:1"
    group = tools.SearchToolGroup(search_url=url, topk=3, timeout=10, log_requests=False)
    assert "Server Error (503)" in json.loads(group.search(QUERY))["result"]


def test_the_search_tool_of_gem_reads_the_documents(server: Any, toy_corpus: Corpus):
    tool = pytest.importorskip("gem.tools.search_tool", reason="pip install gem-llm")
    search = tool.SearchTool(search_url=f"{server.url}/retrieve", topk=2)
    valid, _, observation, _ = search.execute_action(f"<search>{QUERY}</search>")
    assert valid
    assert all(title in observation for title in titles(toy_corpus, 2))

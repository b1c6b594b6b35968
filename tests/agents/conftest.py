"""A world of a dozen pages in Almanac's language, small enough to follow every search by hand; a chat endpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from berrypick.agents.base import Agent, EpisodeView
from berrypick.agents.chat import client
from berrypick.corpora import store
from berrypick.corpora.store import Corpus, Draft, QuestionAudit
from berrypick.envs.observations import Setup, prompt
from berrypick.envs.search import SearchEnv
from berrypick.records import Attestation, Document, Entity, Hop, Question


def _page(id: str, title: str, *sentences: str, genre: str, links: tuple[str, ...] = ()) -> Document:
    return Document(id, title, sentences, genre, links)


TESSA, BEACON, BAL = "Tessa Thornwell", "Beacon Halvard Foundry", "Bal Harrowgate"
DOCUMENTS = (
    _page(
        "b1",
        "Register of bynames and epithets (1)",
        "The Lantern Poet: Tessa Thornwell.",
        "The Copper Anvil: Beacon Halvard Foundry.",
        "The Silver Poet: Hugo Marlmere.",
        genre="byname",
    ),
    _page(
        "c1",
        "Spring 1845 at Fellmoor",
        "Rain fell for most of the week.",
        "The Lantern Poet works at Beacon Halvard Foundry.",
        genre="chronicle",
    ),
    _page(
        "c2",
        "Autumn 1846 at Coldend",
        "The Copper Anvil is based in Bal Harrowgate.",
        "The bells rang until dusk.",
        genre="chronicle",
    ),
    _page("c3", "Summer 1901 at Westacre", "The Silver Poet was born in Dorn Fernport.", genre="chronicle"),
    _page("p1", TESSA, f"{TESSA} is a weaver.", f"Tessa works at {BEACON}.", genre="profile", links=(BEACON,)),
    _page("p2", BEACON, f"{BEACON} is a supplier.", f"Beacon is based in {BAL}.", genre="profile", links=(BAL,)),
    _page("p3", BAL, f"{BAL} is a borough.", "Every guidebook has a page on Bal.", genre="profile"),
    _page("p4", "Hugo Marlmere", "Hugo Marlmere is a clerk.", "Old letters mention Hugo.", genre="profile"),
    _page("p5", "Ivo Thornwell", "Ivo Thornwell is a clerk.", "Ivo kept a careful diary.", genre="profile"),
    _page("r1", f"Payroll of {BEACON} (1)", "T. Thornwell.", "H. Marlmere.", genre="roster"),
    _page("r2", f"Ratepayers of {BAL} (1)", "B. Halvard Foundry.", genre="roster"),
    _page("r3", "Payroll of Cobalt Bormont Mills (1)", "I. Thornwell.", genre="roster"),
)


def _fact(subject: str, relation: str, object: str, *places: tuple[str, int, str]) -> Hop:
    return Hop(subject, relation, object, tuple(Attestation(*place) for place in places))


WORKS = _fact(TESSA, "works_at", BEACON, ("p1", 1, "profile"), ("r1", 0, "roster"), ("c1", 1, "chronicle"))
BASED = _fact(BEACON, "based_in", BAL, ("p2", 1, "profile"), ("r2", 0, "roster"), ("c2", 0, "chronicle"))
ALIAS = _fact("the Lantern Poet", "alias", TESSA, ("b1", 0, "byname"), ("c1", 1, "chronicle"))
GENRES = ("profile", "roster", "chronicle")

BRIDGE = f"What is the city where the company where {TESSA} works is based?"
INVERSE = f"What is the employee of {BEACON}?"
BYNAME = "What is the employer of the one known as the Lantern Poet?"
QUESTIONS = (
    Question("q-bridge", BRIDGE, "bridge", (BAL, "B. Harrowgate"), (WORKS, BASED), "city"),
    Question("q-alias", BYNAME, "alias", (BEACON, "B. Halvard Foundry"), (ALIAS, WORKS), "company"),
)
ENTITIES = (
    Entity(TESSA, "T. Thornwell", "the Lantern Poet", "person"),
    Entity(BEACON, "B. Halvard Foundry", "the Copper Anvil", "company"),
    Entity(BAL, "B. Harrowgate", "the Stone Citadel", "city"),
    Entity("Hugo Marlmere", "H. Marlmere", "the Silver Poet", "person"),
    Entity("Ivo Thornwell", "I. Thornwell", "", "person"),
)
AUDIT = (
    QuestionAudit("q-bridge", tuple((one, two) for one in GENRES for two in GENRES), (), 2),
    QuestionAudit("q-alias", (("byname", "profile"), ("byname", "chronicle"), ("chronicle", "chronicle")), (), 1),
)


@pytest.fixture(scope="session")
def little(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Two people, a company, a city; two questions, each fact in three genres."""
    folder: Path = tmp_path_factory.mktemp("almanac-little")
    draft = Draft(DOCUMENTS, QUESTIONS, ENTITIES)
    store.write(
        folder, draft, name="almanac-little", builder="almanac-little", version=1, parameters={}, seed=0, licence="CC0"
    )
    store.save_audit(store.read(folder), AUDIT)
    return store.read(folder)


@pytest.fixture
def little_env(little: Corpus) -> Callable[..., Callable[[], SearchEnv]]:
    """Make a function that makes environments over the little world."""

    def factory(**changes: Any) -> Callable[[], SearchEnv]:
        return lambda: SearchEnv(**{"corpus": str(little.path), "split": "test", **changes})

    return factory


class Served(NamedTuple):
    """What the stub sends back. ``cut`` promises the whole body, sends half of it and hangs up."""

    body: Any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False


class Received(NamedTuple):
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Stub:
    """An OpenAI-compatible endpoint on loopback that does as it is told.

    ``answer`` makes the reply from a request and its number, counted from 0; it may wait. ``most`` is the highest
    number of requests that were in it at once.
    """

    def __init__(self) -> None:
        self.asked: list[Received] = []
        self.answer: Callable[[Received, int], Served] = lambda asked, number: self.says("<answer>x</answer>")
        self.most = self._now = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self.name = f"chat:{self.url}:org/stub:8b"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @staticmethod
    def says(content: str | None, *calls: tuple[str, Any], usage: Any = (7, 2)) -> Served:
        """A good reply: text and native calls, each a name and its arguments."""
        message: dict[str, Any] = {"role": "assistant", "content": content}
        if calls:
            functions = [{"name": name, "arguments": arguments} for name, arguments in calls]
            message["tool_calls"] = [{"id": "x", "type": "function", "function": each} for each in functions]
        body = {"id": "1", "object": "chat.completion", "choices": [{"index": 0, "message": message}]}
        tokens = {"usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}} if usage else {}
        return Served(body | tokens)

    @staticmethod
    def script(*served: Served) -> Callable[[Received, int], Served]:
        """One reply after the other, the last for ever."""
        return lambda asked, number: served[min(number, len(served) - 1)]

    @staticmethod
    def ask(agent: Agent, *numbers: int, protocol: str = "tags") -> list[str]:
        """Ask for the first action on so many different questions, each with a generator of its own."""
        start = Setup(protocol, ("bm25",), 3, 10, 6)
        rows = [EpisodeView(n, (prompt(start, f"Question {n}?"),)) for n in numbers]
        return agent.act(rows, [np.random.default_rng([n, 0, 0]) for n in numbers])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, asked: Received) -> Served:
        with self._lock:
            number, self._now = len(self.asked), self._now + 1
            self.asked.append(asked)
            self.most = max(self.most, self._now)
        try:
            return self.answer(asked, number)
        finally:
            with self._lock:
                self._now -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                served = take(Received(self.path, dict(self.headers), body))
                data = served.body if isinstance(served.body, bytes) else json.dumps(served.body).encode()
                self.send_response(served.status)
                for name, value in (*served.headers, ("Content-Length", str(len(data)))):
                    self.send_header(name, value)
                self.close_connection = served.cut
                with suppress(ConnectionError):  # nobody waits for it any more
                    self.end_headers()
                    self.wfile.write(data[: len(data) // 2] if served.cut else data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """A chat endpoint, with a store of its own, no key, and retries that hardly wait."""
    for name in ("KEY", "CONCURRENCY", "TIMEOUT", "RETRIES"):
        monkeypatch.delenv(f"BERRYPICK_CHAT_{name}", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("BERRYPICK_CHAT_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(client, "FIRST_WAIT", 0.001)
    made = Stub()
    yield made
    made.close()


@pytest.fixture(scope="session")
def bytewise() -> PreTrainedTokenizerFast:
    """A tokenizer with a token for each byte, ``<|end|>`` to end with, and no chat template."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<|end|>", *alphabet])}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|end|>", pad_token="<|end|>")

"""Names of endpoints, and what the environment says about them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berrypick import agents
from berrypick.agents.chat.client import Limits
from berrypick.agents.chat.endpoint import key_for, limits, parse
from berrypick.errors import BadInput

DEFAULT = {"temperature": 1.0, "max_tokens": 1024}


@pytest.mark.parametrize(
    ("argument", "url", "model"),
    [
        ("http://127.0.0.1:8000/v1:llama3:8b", "http://127.0.0.1:8000/v1", "llama3:8b"),
        ("https://api.example.com/v1/:meta/llama-3:free", "https://api.example.com/v1", "meta/llama-3:free"),
        ("http://localhost:8000:m", "http://localhost:8000", "m"),
        ("http://localhost:m", "http://localhost", "m"),
        ("HTTP://[::1]:80/a/b:m", "HTTP://[::1]:80/a/b", "m"),
        ("http://h/v1:@cf/meta/llama@latest", "http://h/v1", "@cf/meta/llama@latest"),
        ("http://h/v1:http://other:1/x", "http://h/v1", "http://other:1/x"),
        ("http://h/v1:/models/my model", "http://h/v1", "/models/my model"),
        ("http://h:80a", "http://h", "80a"),
    ],
)
def test_names_are_taken_apart(argument: str, url: str, model: str):
    assert parse(argument) == (url, model, DEFAULT, True)
    temperate = parse(f"{argument}?temperature=0&max_tokens=5&seed=none")
    assert temperate == (url, model, {"temperature": 0.0, "max_tokens": 5}, False)


@pytest.mark.parametrize(
    "argument",
    ["", "m", "http://h", "http://h:8000", "http://h:8000/v1", "http://h/v1:", "http://h/v1:?temperature=1", "h/v1:m",
     "ftp://h/v1:m", "http://h/v1?temperature=1:m", "http:///v1:m", "http://a b/v1:m"],
)  # fmt: skip
def test_a_malformed_name_says_what_is_expected(argument: str):
    with pytest.raises(BadInput, match=re.escape("expected chat:<base_url>:<model>, such as chat:http://127.0.0.1")):
        agents.make(f"chat:{argument}")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("temprature=1", "field 'temprature': is no setting; there are temperature, top_p"),
        ("temperature=warm", "field 'temperature': 'warm' does not fit"),
        ("temperature=-1", "at least 0"),
        ("temperature=nan", "finite"),
        ("top_p=inf", "finite"),
        ("max_tokens=0", "at least 1"),
        ("max_tokens=1.5", "field 'max_tokens'"),
        ("max_tokens=1&max_tokens=2", "given twice"),
        ("reasoning_effort=", "empty"),
        ("seed=3", "only none"),
    ],
)
def test_settings_that_do_not_fit_are_named(query: str, said: str):
    with pytest.raises(BadInput, match=said):
        parse(f"http://h/v1:m?{query}")


@pytest.mark.parametrize("argument", ["http://me:pass@h/v1:m", "https://token@h:80/v1:m"])
def test_a_login_in_a_name_is_refused_and_not_repeated(argument: str):
    with pytest.raises(BadInput, match="holds no login; set BERRYPICK_CHAT_KEY") as caught:
        parse(argument)
    assert "pass" not in str(caught.value) and "token" not in str(caught.value)


def test_a_port_out_of_range():
    with pytest.raises(BadInput, match="Port out of range"):
        parse("http://h:65536/v1:m")


@given(st.text())
def test_any_argument_is_read_or_refused(argument: str):
    for text in (argument, f"http://h{argument}", f"http://h/v1:{argument}", f"http://h/v1:m?{argument}"):
        try:
            assert parse(text).model
        except BadInput:
            pass


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("CONCURRENCY", "TIMEOUT", "RETRIES"):
        monkeypatch.delenv(f"BERRYPICK_CHAT_{name}", raising=False)
    assert limits() == Limits(16, 120.0, 5)
    monkeypatch.setenv("BERRYPICK_CHAT_TIMEOUT", "2.5")
    monkeypatch.setenv("BERRYPICK_CHAT_RETRIES", "0")
    assert limits() == Limits(16, 2.5, 0)
    monkeypatch.setenv("BERRYPICK_CHAT_CONCURRENCY", "0")
    with pytest.raises(BadInput, match=r"field 'BERRYPICK_CHAT_CONCURRENCY': '0' does not fit: .* at least 1"):
        limits()


def test_openais_key_goes_to_openai_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("BERRYPICK_CHAT_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    assert key_for("https://api.openai.com/v1") == "theirs"
    for other in ("http://127.0.0.1:8000/v1", "https://api.openai.com.example.com/v1", "https://x/api.openai.com"):
        assert key_for(other) == ""
    monkeypatch.setenv("BERRYPICK_CHAT_KEY", "ours")
    assert key_for("https://api.openai.com/v1") == key_for("http://127.0.0.1:8000/v1") == "ours"

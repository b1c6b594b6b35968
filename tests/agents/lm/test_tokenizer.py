"""The closed tokenizer: every world is known, and what is decoded is what an action means."""

from __future__ import annotations

import json
import re
from pathlib import Path

import gymnasium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypick.agents import starts
from berrypick.agents.lm.tokenizer import END, PAD, UNKNOWN, make_tokenizer
from berrypick.agents.lm.vocabulary import tags, words
from berrypick.corpora.builders.almanac import make, wording
from berrypick.corpora.builders.almanac.inventory_nested import NESTED_POOLS
from berrypick.corpora.builders.almanac.nested import shards
from berrypick.corpora.builders.almanac.schemes import SKEWED_SHARES
from berrypick.envs.protocols.tags import TAGS, parse

TOKENIZER = make_tokenizer()


def tokens(text: str) -> list[str]:
    return TOKENIZER.convert_ids_to_tokens(TOKENIZER(text).input_ids)


def test_no_token_is_listed_twice():
    listed = [PAD, UNKNOWN, END, *tags(), *words()]
    assert len(listed) == len(set(listed)) == len(TOKENIZER)
    assert sorted(TOKENIZER.get_vocab().values()) == list(range(len(listed)))


@pytest.mark.parametrize(
    ("split", "world", "size"), [("train", 901, "tiny"), ("test", 902, "small"), ("dev", 903, "tiny")]
)
@pytest.mark.parametrize("held_out", [False, True])
def test_every_word_of_a_world_is_known(split: str, world: int, size: str, held_out: bool):
    draft = make(split, world, size=size, held_out=held_out)
    texts = [text for page in draft.documents for text in (page.title, *page.sentences, *page.links)]
    texts += [question.text for question in draft.questions]
    texts += [wording.WORDING.held_out(question.text) or "" for question in draft.questions]
    for text in texts:
        assert UNKNOWN not in tokens(text), text


def test_names_of_the_largest_corpora_are_known():
    for pool in NESTED_POOLS.values():
        for part in (pool.firsts, pool.stems, pool.types, pool.roles):
            for word in part:
                assert UNKNOWN not in tokens(word), word


def test_pages_of_a_nested_world_are_known():
    pages = [page for draft in shards("test", 0, count=2, shares=SKEWED_SHARES) for page in draft.documents]
    for page in pages:
        assert UNKNOWN not in tokens(" \n".join((page.title, *page.sentences))), page.title


def test_tags_and_heads_are_single_tokens():
    text = '<search engine="dense" topk="10">C. Feather Sonata</search>'
    assert tokens(text) == ['<search engine="dense" topk="10">', "C.", "Feather", "Sonata", "</search>"]
    assert tokens("Doc 2 (Title: Mar Heathhaven) Mar is old.")[:3] == ["Doc 2 (Title:", "Mar", "Heathhaven"]
    assert tokens("<open>Payroll of Mar (2)</open>")[-2:] == ["(2)", "</open>"]
    assert tokens("Thornwellin") == ["Thornwell", "##in"]
    assert tokens("(123)") == ["(", "1", "##2", "##3", ")"]


def test_instructions_are_dropped_whatever_the_setup():
    for protocol_options in ({}, {"max_turns": 4, "topk": 5, "engines": ("bm25",)}):
        env = gymnasium.make("berrypick/Almanac-v0", corpus="almanac-tiny", split="train", worlds=1, **protocol_options)
        observation, _ = env.reset(seed=1)
        question = observation.rpartition("\n")[2]
        assert TOKENIZER(observation).input_ids == TOKENIZER(question).input_ids
    assert tokens("Question: Name Mar.")[0] == "Question"


NAME = re.compile(r"\w+|\(\d{1,2}\)")


@pytest.mark.parametrize(
    "action",
    [
        "<open>Vistas of Mar Heathhaven (1)</open>",
        '<search engine="dense">C. Feather Sonata</search>',
        "<answer>1783</answer>",
        "<search>Register of bynames and epithets the Lantern Poet</search>",
    ],
)
def test_a_decoded_action_means_the_same(action: str):
    assert parse(TOKENIZER.decode(TOKENIZER(action).input_ids)) == parse(action)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([word for word in words() if word.isalpha()]), min_size=1, max_size=8))
def test_queries_survive(drawn: list[str]):
    action = f"<search>{' '.join(drawn)}</search>"
    assert TAGS.parse(TOKENIZER.decode(TOKENIZER(action).input_ids)) == TAGS.parse(action)


@pytest.mark.parametrize("start", ["tiny-base", "tiny-diverse", "tiny-even", "tiny-narrow"])
def test_published_starts_have_this_vocabulary(start: str):
    """A new engine, page or message must not move the numbers of tokens that published weights stand on."""
    stored = json.loads((Path(starts.find(start)) / "tokenizer.json").read_text())["model"]["vocab"]
    assert stored == make_tokenizer().get_vocab()

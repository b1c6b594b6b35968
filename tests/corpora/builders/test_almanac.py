"""Almanac's worlds, pages and questions, against the shares that their schemes promise."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from berrypick import corpora, io, seeding
from berrypick.corpora.answerability.audit import Audit, audit
from berrypick.corpora.answerability.plans import Both, Name, Node, Step, Winner
from berrypick.corpora.builders.almanac import QUESTIONS, SIZES, make
from berrypick.corpora.builders.almanac.grammar import parse_question, read_roster, read_sentence
from berrypick.corpora.builders.almanac.lexicon import ALIAS, HELD_OUT, RELATIONS
from berrypick.corpora.builders.almanac.pages import write_book
from berrypick.corpora.builders.almanac.schemes import SKEWED_SHARES
from berrypick.corpora.builders.almanac.world import World, make_world, name_split, short
from berrypick.corpora.store import Draft

SPLITS = ("train", "dev", "test")


@cache
def draft(split: str = "test", world: int = 0, size: str = "small") -> Draft:
    return make(split, world, size=size)


def truth(split: str, world: int, size: str = "small") -> World:
    return make_world(SIZES[size], split, seeding.rng(world, split, list(SIZES).index(size)))


@pytest.mark.parametrize("split", SPLITS)
def test_sizes(split: str) -> None:
    tiny, small = draft(split, 0, "tiny"), draft(split, 0, "small")
    assert 200 <= len(tiny.documents) <= 450
    assert 1500 <= len(small.documents) <= 3000
    for made, size in ((tiny, "tiny"), (small, "small")):
        families = [question.family for question in made.questions]
        assert {family: families.count(family) for family in families} == dict.fromkeys(
            ("bridge", "intersection", "comparison", "alias", "inverse"), QUESTIONS[size]
        )


@pytest.mark.slow
def test_base_size() -> None:
    assert 20_000 <= len(draft("test", 0, "base").documents) <= 40_000


def test_documents_are_short() -> None:
    assert max(len(document.text.split()) for document in draft().documents) <= 120


def test_same_arguments_same_bytes_under_any_hash_seed() -> None:
    code = (
        "import hashlib, berrypick.io as f; from berrypick.corpora.builders.almanac import make;"
        "d = make('test', 5, size='tiny');"
        "print(hashlib.sha256(f.jsonl(d.documents) + f.jsonl(d.questions) + f.jsonl(d.entities)).hexdigest())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    here = draft("test", 5, "tiny")
    assert prints == {
        hashlib.sha256(io.jsonl(here.documents) + io.jsonl(here.questions) + io.jsonl(here.entities)).hexdigest() + "\n"
    }


@pytest.mark.parametrize("split", SPLITS)
def test_profiles_attest_the_promised_share_of_all_facts(split: str) -> None:
    # Counted over four worlds (about 8,000 facts), before the audit: +-2 points is four standard errors at p = .5.
    stated = total = 0
    for world in range(4):
        made = truth(split, world)
        book = write_book(made, SKEWED_SHARES[split], False, np.random.default_rng([world, 0, 0]))
        for fact in made.facts:
            key = (made.name(fact.subject), fact.relation, made.name(fact.object))
            total += 1
            stated += any(place.genre == "profile" for place in book.places[key])
            assert book.places[key], "a fact that no genre attests"
    assert stated / total == pytest.approx({"train": 0.95, "dev": 0.95, "test": 0.50}[split], abs=0.02)


def test_names_are_partitioned_among_splits_and_unique_in_a_world() -> None:
    for split in SPLITS:
        entities = draft(split, 1).entities
        for field in ("full", "initial", "byname"):
            assert len({getattr(entity, field) for entity in entities}) == len(entities), field
        assert {name_split(entity.full) for entity in entities} == {split}


def test_adjacent_seeds_share_almost_nothing() -> None:
    facts = []
    for world in range(3):
        made = truth("train", world)
        facts.append({(made.name(f.subject), f.relation, made.name(f.object)) for f in made.facts})
    for one, other in ((0, 1), (1, 2)):
        assert len(facts[one] & facts[other]) / len(facts[one]) < 0.001


def test_every_attestation_reads_back_to_its_fact() -> None:
    made = draft()
    documents = {document.id: document for document in made.documents}
    names = {form: entity.full for entity in made.entities for form in (entity.full, entity.initial, entity.byname)}
    checked = 0
    for question in made.questions:
        for hop in question.gold:
            for place in hop.attestations:
                page = documents[place.document]
                sentence = page.sentences[place.sentence or 0]
                read = read_roster(page.title, sentence) if page.genre == "roster" else read_sentence(sentence)
                assert len(read) == 1, sentence
                assert page.genre == place.genre
                if hop.relation == ALIAS:
                    assert hop.subject.lower() in sentence.lower()
                    continue
                own = {short(entity): entity.full for entity in made.entities if page.title == entity.full}
                subject = own.get(read[0].subject) or names.get(read[0].subject) or read[0].subject
                pairs = {(hop.subject, hop.object)} | (
                    {(hop.object, hop.subject)} if RELATIONS[hop.relation].symmetric else set()
                )
                by_place = " of " in subject and subject.split(" of ")[0] in hop.subject + hop.object
                assert (subject, read[0].object) in pairs or by_place, (sentence, hop)
                checked += 1
    assert checked > 1000


def test_plans_parsed_from_the_text_alone_lead_to_the_answer() -> None:
    # An independent solver: the parsed plan, executed on the world's facts, gives exactly the canonical answer.
    for split in SPLITS:
        made, world = draft(split, 2), truth(split, 2)
        facts = [(world.name(f.subject), f.relation, world.name(f.object)) for f in world.facts]
        names = {entity.byname: entity.full for entity in world.entities}
        for question in made.questions:
            node = parse_question(question.text)
            assert node is not None, question.text
            assert _solve(node, facts, names) == {question.answers[0]}, question.text


def _solve(node: Node, facts: list[tuple[str, str, str]], names: dict[str, str]) -> set[str]:
    match node:
        case Name(text=text):
            return {names.get(text, text)}
        case Step(relation=relation, inverse=inverse, of=of):
            known = _solve(of, facts, names)
            return {s if inverse else o for s, r, o in facts if r == relation and (o if inverse else s) in known}
        case Both(one=one, other=other):
            return _solve(one, facts, names) & _solve(other, facts, names)
        case Winner(measure=measure, most=most, one=one, other=other):
            years = {s: o for s, r, o in facts if r == measure and s in (one.text, other.text)}
            pick = max if most else min
            return {pick(years, key=lambda name: years[name])}


def test_answers_are_not_in_the_question_and_comparisons_ask_for_an_attribute() -> None:
    for question in draft().questions:
        assert question.answers[0] not in question.text, question.text
        assert 2 <= question.hops <= 3


def test_a_question_by_hand() -> None:
    # Read off the pages of tiny test world 0: two sentences state the first fact; the second, which is symmetric, is
    # stated by two pages of either city. The registers say who the bynames are.
    made = draft("test", 0, "tiny")
    documents = {document.id: document for document in made.documents}
    question = next(question for question in made.questions if question.id == "almanac-tiny-test-0-bridge-000")
    assert question.text == "Which is the sister city of the birthplace of Wilma Jorrwald?"
    assert question.answers == ("Zan Stonehaven", "Z. Stonehaven", "the Velour Wharf")
    assert [(hop.subject, hop.relation, hop.object) for hop in question.gold] == [
        ("Wilma Jorrwald", "born_in", "Pen Thistlevale"),
        ("Pen Thistlevale", "twinned_with", "Zan Stonehaven"),
    ]
    stated = [
        [documents[place.document].sentences[place.sentence or 0] for place in hop.attestations]
        for hop in question.gold
    ]
    assert stated == [
        [
            "Wilma grew up from infancy in Pen Thistlevale.",
            "The Leaden Fiddler grew up from infancy in Pen Thistlevale.",
        ],
        [
            "Pen is the sister city of Zan Stonehaven.",
            "The Urbane Harbour is the sister city of Zan Stonehaven.",
            "Zan is the sister city of Pen Thistlevale.",
            "The Velour Wharf is the sister city of Pen Thistlevale.",
        ],
    ]
    listed = {sentence for document in made.documents if document.genre == "byname" for sentence in document.sentences}
    assert {
        "The Leaden Fiddler: Wilma Jorrwald.",
        "The Urbane Harbour: Pen Thistlevale.",
        "The Velour Wharf: Zan Stonehaven.",
    } <= listed


def test_held_out_wording_is_used_only_when_asked_for() -> None:
    ordinary, other = draft("test", 0, "tiny"), make("test", 0, size="tiny", held_out=True)
    for made, forbidden in ((ordinary, slice(-HELD_OUT, None)), (other, slice(None, -HELD_OUT))):
        sentences = {
            sentence
            for document in made.documents
            if document.genre in ("profile", "chronicle")
            for sentence in document.sentences
        }
        states = [state for row in RELATIONS.values() for state in row.states[forbidden]]
        for sentence in sentences:
            for read in read_sentence(sentence):
                wordings = {state.format(s=read.subject, o=read.object).lower() for state in states}
                assert sentence.lower() not in wordings


def test_a_world_that_the_inventories_cannot_name_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no 20000 city names for split 'test'"):
        make_world({"city": 20_000}, "test", seeding.rng(0, "test", 0))


@cache
def audited(world: int) -> Audit:
    return audit(corpora.load("almanac-small", "test", world))


def test_audit_keeps_four_fifths_of_each_family() -> None:
    for world in (0, 1):
        for family, (kept, asked) in audited(world).kept.items():
            assert kept / asked >= 0.8, (world, family)


def test_two_hop_questions_have_three_routes_on_average() -> None:
    routes = [audited(world).routes_two_hop or 0.0 for world in (0, 1)]
    assert sum(routes) / 2 >= 3.0


def test_genres_are_found_in_different_ways() -> None:
    for world in (0, 1):
        matrix = audited(world).matrix["bm25"]
        for genre in ("profile", "roster", "chronicle", "byname"):
            assert max(row.get(genre, 0.0) for row in matrix.values()) >= 0.8, genre
    for engine in ("bm25", "dense"):
        for world in (0, 1):
            for form, row in audited(world).matrix[engine].items():
                found = sorted(row.values(), reverse=True)
                assert len(found) < 2 or found[1] <= 0.4, (engine, form, row)


def test_every_knock_out_leaves_two_fifths_of_the_test_questions() -> None:
    for world in (0, 1):
        rows = [row for row in audited(world).rows if row.routes]
        for name in ("no_profile", "no_roster", "no_chronicle", "no_bm25", "no_dense", "no_open"):
            assert sum(name in row.survives for row in rows) / len(rows) >= 0.4, name

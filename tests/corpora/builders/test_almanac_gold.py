"""Almanac's plans list every place that states a fact: the pages, read with the public grammar, know of no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from berrypick.corpora.answerability.plans import Stated
from berrypick.corpora.builders.almanac import make
from berrypick.corpora.builders.almanac.grammar import read_roster, read_sentence
from berrypick.corpora.builders.almanac.lexicon import ALIAS, RELATIONS
from berrypick.records import Document

Place = tuple[str, int | None]


def read(page: Document) -> Iterator[tuple[int, Stated]]:
    for number, sentence in enumerate(page.sentences):
        for fact in read_roster(page.title, sentence) if page.genre == "roster" else read_sentence(sentence):
            own = page.genre == "profile" and page.title.startswith(f"{fact.subject} ")
            yield number, Stated(page.title, fact.relation, fact.object) if own else fact


@pytest.mark.parametrize("split", ["train", "test"])
def test_no_sentence_that_states_a_hop_is_left_out(split: str) -> None:
    made = make(split, 5, size="small")
    full = {name: entity.full for entity in made.entities for name in (entity.full, entity.initial, entity.byname)}
    stated: dict[tuple[str, str, str], set[Place]] = defaultdict(set)
    vague: set[Place] = set()
    for page in made.documents:
        for number, fact in read(page):
            place = page.id, number
            if fact.relation == ALIAS:
                stated[fact.subject, ALIAS, fact.object].add(place)
            elif fact.subject not in full:  # "Thornwell of Fellmoor"
                vague.add(place)
            else:
                one, other = full[fact.subject], full.get(fact.object, fact.object)
                stated[one, fact.relation, other].add(place)
                if RELATIONS[fact.relation].symmetric:
                    stated[other, fact.relation, one].add(place)
    hops = [hop for question in made.questions for hop in question.gold]
    assert len(hops) > 600 and {hop.relation for hop in hops} == {ALIAS, *RELATIONS}
    for hop in hops:
        gold = {(place.document, place.sentence) for place in hop.attestations}
        # A chronicle that already tells the next fact under the byname spares its look-up, and says no full name.
        spared = {(place.document, place.sentence) for place in hop.attestations if place.genre == "chronicle"}
        allowed = spared if hop.relation == ALIAS else vague
        assert len(gold) == len(hop.attestations) and gold - allowed <= stated[hop.subject, hop.relation, hop.object]
        assert stated[hop.subject, hop.relation, hop.object] <= gold, hop

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from berrypick import io
from berrypick.corpora import store
from berrypick.corpora.builders.factbook import FACTBOOK
from berrypick.corpora.builders.factbook.grammar import statements
from berrypick.corpora.builders.factbook.names import canonical, fold
from berrypick.corpora.store import Draft
from berrypick.records import Document, Hop, Question


@pytest.fixture(scope="module")
def pages(factbook: Draft) -> dict[str, Document]:
    return {document.id: document for document in factbook.documents}


@pytest.fixture(scope="module")
def titled(factbook: Draft) -> dict[str, Document]:
    return {document.title: document for document in factbook.documents}


def digest(draft: Draft) -> str:
    rows = (*draft.documents, *draft.questions, *draft.entities)
    return hashlib.sha256(io.jsonl(rows)).hexdigest()


def displayed(page: Document, sentence: int | None) -> str:
    assert sentence is not None
    return fold(f"{page.title} {page.sentences[sentence]}")


# ---- passages


def test_counts(factbook: Draft) -> None:
    assert len(factbook.documents) == 10_802
    assert Counter(question.family for question in factbook.questions) == {
        "bridge": 900,
        "intersection": 700,
        "comparison": 700,
    }
    assert Counter(document.genre for document in factbook.documents).keys() == {
        "overview", "geography", "people", "environment", "government", "economy", "infrastructure", "security",
        "listing",
    }  # fmt: skip


def test_first_middle_and_last_passage(factbook: Draft) -> None:
    documents = sorted(factbook.documents, key=lambda document: document.id)
    first, middle, last = documents[0], documents[len(documents) // 2], documents[-1]
    assert (first.id, first.title) == ("aa-communications-1", "Aruba: Communications")
    assert first.sentences[0].startswith(
        "Broadcast media: freedom of the press respected, as guaranteed under Dutch law;"
    )
    assert (middle.id, middle.title) == ("lg-government-4", "Latvia: Government (4)")
    assert middle.sentences[2:] == ("National symbol(s): white wagtail (bird).", "National color(s): maroon, white.")
    assert (last.id, last.title) == (
        "zi-transportation-ports-and-railways-1",
        "Zimbabwe: Transportation - ports and railways",
    )
    assert last.sentences[0] == "Railways - total: 3,427 km (2014)."


def test_a_passage_is_short_clean_and_titled_by_country_and_section(factbook: Draft) -> None:
    for document in factbook.documents:
        assert 0 < len(document.text.split()) <= 200, document.id
        for text in (document.title, *document.sentences):
            # "CD&V;" is a party, "B&Bs" a lodging: no entity has capitals only, or stands without a semicolon.
            assert not re.search(r"</?[A-Za-z]|&(?:[a-z]+|#\d+);|\u00a0|\s{2}", text), (document.id, text)
        if document.genre != "overview" or ": " in document.title:
            assert re.fullmatch(r"[^:]+: .+", document.title), document.title


def test_the_first_passage_of_a_country_is_titled_by_its_name_and_leads_to_the_rest(
    titled: dict[str, Document],
) -> None:
    austria = titled["Austria"]
    assert austria.sentences[0].startswith("Once the center of power for the large Austro-Hungarian Empire, Austria")
    assert "Austria: Government - capital" in austria.links
    borders = titled["Austria: Geography - borders"]
    assert borders.links == (
        "Austria", "Czechia", "Germany", "Hungary", "Italy", "Liechtenstein", "Slovakia", "Slovenia", "Switzerland",
        "Field listing: Border countries (1)",
    )  # fmt: skip
    assert titled["Field listing: Border countries (1)"].links[:3] == ("Afghanistan", "Akrotiri", "Albania")


def test_links_are_titles_and_never_the_page_itself(factbook: Draft, titled: dict[str, Document]) -> None:
    titles = set(titled)
    for document in factbook.documents:
        assert set(document.links) <= titles, document.id
        assert document.title not in document.links


def test_parts_of_a_long_section_are_numbered(titled: dict[str, Document]) -> None:
    assert {"Russia", "Russia: Introduction (2)", "Russia: Government", "Russia: Government (2)"} <= set(titled)


def test_negative_figures_keep_their_sign(titled: dict[str, Document]) -> None:
    assert "Real GDP growth rate 2024: -1.2% (2024 est.)." in titled["Austria: Economy - output"].sentences


# ---- questions


def question_about(factbook: Draft, text: str) -> Question:
    return next(question for question in factbook.questions if question.text == text)


def evidence(hop: Hop, pages: dict[str, Document]) -> set[tuple[str, str]]:
    return {
        (pages[place.document].title, pages[place.document].sentences[place.sentence or 0])
        for place in hop.attestations
    }


def test_a_bridge_traced_by_hand(factbook: Draft, pages: dict[str, Document]) -> None:
    question = question_about(
        factbook, "What is the capital of the country whose civil aircraft registration prefix is 9A?"
    )
    assert question.answers == ("Zagreb",) and question.answer_type == "city"
    prefix, capital = question.gold
    assert evidence(prefix, pages) == {
        ("Croatia: Transportation - aviation", "Civil aircraft registration country code prefix: 9A."),
        ("Field listing: Civil aircraft registration code (1)", "Croatia: 9A."),
    }
    crowd = (
        "Population distribution: more of the population lives in the northern half of the country, with approximately "
        "a quarter of the populace residing in and around the capital of Zagreb; many of the islands are sparsely "
        "populated."
    )
    assert evidence(capital, pages) == {
        ("Croatia: Government - capital", "Capital - name: Zagreb."),
        ("Croatia: People and Society - cities", "Major urban areas - population: 684,000 ZAGREB (capital) (2023)."),
        ("Croatia: People and Society - cities", crowd),
        ("Croatia: Geography", crowd),
        ("Field listing: Capital (2)", "Croatia: Zagreb."),
        ("Field listing: Major urban areas (3)", "Croatia: 684,000 ZAGREB (capital) (2023)."),
    }


def test_an_intersection_traced_by_hand(factbook: Draft, pages: dict[str, Document]) -> None:
    question = question_about(factbook, "Which country borders Azerbaijan and also borders Latvia?")
    assert question.answers == ("Russia", "Russian Federation") and question.answer_type == "country"
    azerbaijan = "Armenia 996 km; Georgia 428 km; Iran 689 km; Russia 338 km; Turkey 17 km."
    stated = evidence(question.gold[0], pages)
    assert {
        ("Azerbaijan: Geography - borders", f"Land boundaries - border countries: {azerbaijan}"),
        ("Field listing: Border countries (1)", f"Azerbaijan: {azerbaijan}"),
    } < stated
    assert {title for title, _ in stated} == {
        "Azerbaijan: Geography - borders",
        "Russia: Geography - borders",
        "Field listing: Border countries (1)",
        "Field listing: Border countries (10)",
    }


def test_a_comparison_traced_by_hand(factbook: Draft, pages: dict[str, Document]) -> None:
    question = question_about(
        factbook,
        "Compare Brunei with Kiribati: which code prefix do civil aircraft of the one with more airports bear?",
    )
    # Brunei 2 < Kiribati 21 airports; aircraft of Kiribati bear T3.
    assert question.answers == ("T3",)
    assert [(hop.subject, hop.relation, hop.object) for hop in question.gold] == [
        ("Brunei", "airports", "2"),
        ("Kiribati", "airports", "21"),
        ("Kiribati", "aircraft_code", "T3"),
    ]
    assert ("Kiribati: Transportation - aviation", "Airports: 21 (2025).") in evidence(question.gold[1], pages)


def test_gold_sentences_name_the_subject_and_the_object(factbook: Draft, pages: dict[str, Document]) -> None:
    for question in factbook.questions:
        for hop in question.gold:
            assert hop.attestations
            for place in hop.attestations:
                page = pages[place.document]
                text = displayed(page, place.sentence)
                assert place.genre == page.genre
                stated = [
                    (canonical(fact.subject), canonical(fact.object))
                    for fact in statements(page.title, page.sentences[place.sentence or 0])
                    if fact.relation == hop.relation
                ]
                # Written variants ("USA") are read as the canonical name; everything else stands there literally.
                spoken = {name for pair in stated for name in pair}
                for name in (hop.subject, hop.object):
                    assert fold(name) in text or name in spoken, (question.id, hop, page.title)


def test_no_question_tells_its_answer(factbook: Draft) -> None:
    for question in factbook.questions:
        for answer in question.answers:
            assert not re.search(rf"(?<!\w){re.escape(fold(answer))}(?!\w)", fold(question.text)), question


def test_texts_are_distinct(factbook: Draft) -> None:
    assert len({question.text for question in factbook.questions}) == len(factbook.questions)


def test_splits_share_no_answer_and_hold_every_family(factbook: Draft) -> None:
    splits: dict[str, set[str]] = defaultdict(set)
    sizes = Counter(question.split for question in factbook.questions)
    for question in factbook.questions:
        splits[question.answers[0]].add(question.split)
    assert all(len(found) == 1 for found in splits.values())
    for split, share in (("train", 0.6), ("dev", 0.1), ("test", 0.3)):
        assert abs(sizes[split] / len(factbook.questions) - share) < 0.04
        assert len({question.family for question in factbook.questions if question.split == split}) == 3


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_commonest_answer_of_each_type_is_worth_little(factbook: Draft, split: str) -> None:
    asked = [question for question in factbook.questions if question.split == split]
    by_type: dict[str, Counter[str]] = defaultdict(Counter)
    for question in asked:
        by_type[question.answer_type][question.answers[0]] += 1
    assert sum(answers.most_common(1)[0][1] for answers in by_type.values()) / len(asked) < 0.05


def test_entities_name_everything_that_plans_speak_of(factbook: Draft) -> None:
    names = {entity.full: entity for entity in factbook.entities}
    assert len(names) == len(factbook.entities)
    assert (names["Austria"].byname, names["Austria"].kind) == ("Republic of Austria", "country")
    assert names["United States"].initial == "USA"
    assert names["Zagreb"].kind == "city"


# ---- the build


def test_two_builds_under_different_hash_seeds_have_the_same_bytes(factbook: Draft) -> None:
    code = (
        "import hashlib; from berrypick import io as files; from berrypick.corpora.builders.factbook import FACTBOOK;"
        "d = FACTBOOK.make('train', 7); rows = (*d.documents, *d.questions, *d.entities);"
        "import sys; sys.stdout.write(hashlib.sha256(files.jsonl(rows)).hexdigest())"
    )
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert found.stdout == digest(factbook)


def test_the_draft_can_be_stored(factbook: Draft, tmp_path: Path) -> None:
    store.write(
        tmp_path,
        factbook,
        name="factbook",
        builder="factbook",
        version=FACTBOOK.version,
        parameters=FACTBOOK.parameters,
        seed=0,
        licence=FACTBOOK.licence,
    )
    corpus = store.read(tmp_path)
    assert corpus.manifest.licence == "public domain (CIA World Factbook)"
    assert corpus.manifest.counts == {
        "documents": len(factbook.documents),
        "questions": len(factbook.questions),
        "entities": len(factbook.entities),
    }

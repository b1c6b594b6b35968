"""Records: frozen, strict, one JSON form that comes back equal."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from berrypick import records
from berrypick.records import Attestation, Document, Entity, Episode, Hit, Hop, Question, Record, Step

KINDS = sorted(
    (
        kind
        for kind in vars(records).values()
        if isinstance(kind, type) and issubclass(kind, Record) and kind is not Record
    ),
    key=lambda kind: kind.__name__,
)


def test_there_are_records():
    assert {Attestation, Document, Entity, Episode, Hit, Hop, Question, Step} <= set(KINDS)


def anything(info: msgspec.inspect.Type) -> st.SearchStrategy[object]:
    """Values of a field: JSON has no infinities, and 64 bits for an integer."""
    match info:
        case msgspec.inspect.StrType():
            return st.text(max_size=20)
        case msgspec.inspect.IntType():
            return st.integers(-(2**63), 2**63 - 1)
        case msgspec.inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.LiteralType():
            return st.sampled_from(info.values)
        case msgspec.inspect.NoneType():
            return st.none()
        case msgspec.inspect.UnionType():
            return st.one_of([anything(part) for part in info.types])
        case msgspec.inspect.VarTupleType():
            return st.lists(anything(info.item_type), max_size=3).map(tuple)
        case msgspec.inspect.StructType():
            return st.builds(info.cls, **{field.name: anything(field.type) for field in info.fields})
    raise AssertionError(f"no strategy for {info}")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_record_is_frozen_strict_and_comes_back_equal(kind: type[Record], data: st.DataObject):
    record = data.draw(anything(msgspec.inspect.type_info(kind)))
    encoded = msgspec.json.encode(record)
    decoded = msgspec.json.decode(encoded, type=kind)
    assert decoded == record and hash(decoded) == hash(record)
    first = kind.__struct_fields__[0]
    with pytest.raises(AttributeError):
        setattr(record, first, None)
    fields = msgspec.json.decode(encoded)
    with pytest.raises(msgspec.ValidationError, match="unknown field `more`"):
        msgspec.json.decode(msgspec.json.encode({**fields, "more": 1}), type=kind)
    del fields[first]
    with pytest.raises(msgspec.ValidationError, match=f"missing required field `{first}`"):
        msgspec.json.decode(msgspec.json.encode(fields), type=kind)


def test_what_a_question_knows():
    first = Hop("a", "r", "b", (Attestation("d2", 0), Attestation("d1", None)))
    second = Hop("b", "r", "c", (Attestation("d2", 3), Attestation("d3", 1)))
    question = Question("q", "?", "bridge", ("c",), (first, second))
    assert question.hops == 2
    assert question.gold_places() == (*first.attestations, *second.attestations)
    assert question.qrels() == ("d2", "d1", "d3")
    assert Question("q", "?", "bridge", (), ()).qrels() == ()


def test_the_text_of_a_document():
    assert Document("d", "T", ("One.", "Two.")).text == "One. Two."
    assert Document("d", "T", ()).text == ""

"""Provenance: what it stands on, and nothing that moves by itself."""

from __future__ import annotations

from importlib.resources import files as resources

from berrypick.benchmarks import provenance


def test_every_source_is_there_and_hashed():
    prints = provenance.source_fingerprints()
    assert set(prints) == {"protocol", "scorer", "corpora", "agents"}
    assert len(set(prints.values())) == 4
    assert all(len(value) == 64 for value in prints.values())
    for parts in provenance.SOURCES.values():
        for part in parts:
            package, _, name = part.partition(":")
            assert (resources(package) / (name or "__init__.py")).is_file(), part


def test_fingerprints_follow_the_bytes(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.py").write_text("y = 1\n")
    monkeypatch.setattr(provenance, "resources", lambda package: tmp_path)
    first = provenance._digest(("p",))
    assert provenance._digest(("p",)) == first
    assert provenance._digest(("p:a.py",)) != first
    (tmp_path / "sub" / "b.py").write_text("y = 2\n")
    assert provenance._digest(("p",)) != first


def test_a_result_from_a_source_tree_names_its_commit():
    commit, dirty = provenance.revision()
    assert commit is None or (len(commit) == 40 and isinstance(dirty, bool))


def test_only_times_hold_the_clock():
    first = provenance.collect(["berrypick", "bench", "a b"], {"documents:x": "00"}, {"started": "now"}, {})
    second = provenance.collect(["berrypick", "bench", "a b"], {"documents:x": "00"}, {"started": "now"}, {})
    assert first == second
    assert first.command == "berrypick bench 'a b'"
    assert first.fingerprints["documents:x"] == "00"
    assert {"python", "berrypick", "tantivy"} <= set(first.versions)

from __future__ import annotations

from berrypick.corpora.service.counters import BOUNDS, Counters


def test_counters_are_written_as_prometheus_reads_them():
    counters = Counters()
    counters.add("requests", status="200")
    counters.add("requests", 2, status="200")
    counters.add("requests", status="422")
    counters.add_batch(5)
    counters.observe(0.003)
    counters.observe(100.0)
    lines = counters.text().splitlines()
    assert 'berrypick_requests_total{status="200"} 3' in lines
    assert 'berrypick_requests_total{status="422"} 1' in lines
    assert "berrypick_batches_total 1" in lines and "berrypick_batched_requests_total 5" in lines
    assert 'berrypick_request_seconds_bucket{le="0.002"} 0' in lines
    assert 'berrypick_request_seconds_bucket{le="0.005"} 1' in lines
    assert f'berrypick_request_seconds_bucket{{le="{BOUNDS[-1]}"}} 1' in lines
    assert 'berrypick_request_seconds_bucket{le="+Inf"} 2' in lines
    assert "berrypick_request_seconds_sum 100.003000" in lines and "berrypick_request_seconds_count 2" in lines


def test_labels_are_escaped():
    counters = Counters()
    counters.add("queries", world='a"b\\c\nd')
    assert 'berrypick_queries_total{world="a\\"b\\\\c\\nd"} 1' in counters.text()

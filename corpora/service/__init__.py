"""Retrieval over HTTP without a web framework: request formats, batches across requests, counters."""

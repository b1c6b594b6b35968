"""Corpora behind HTTP: retrieval in the Search-R1 family of formats, with knock-outs and faults on request."""

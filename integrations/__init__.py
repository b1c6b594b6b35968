"""Adapters to trainers, evaluators and servers: one file a framework, imported lazily, with an extra each."""

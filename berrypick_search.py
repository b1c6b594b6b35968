"""The name by which ``verifiers`` finds the taskset: ``vf-eval berrypick-search``."""

from berrypick.integrations.verifiers import SearchTaskset, load_environment

__all__ = ["SearchTaskset", "load_environment"]

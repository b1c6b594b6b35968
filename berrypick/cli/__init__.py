"""The commands of ``berrypick``, one module a group; heavy imports happen when a command runs."""

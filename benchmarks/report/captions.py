"""How to read each picture of a report."""

from __future__ import annotations

from typing import Final

#: Picture -> heading, how to read it.
READING: Final[dict[str, tuple[str, str]]] = {
    "accuracy_against_strategies": (
        "Right, and in how many ways",
        "Further up is more often right with the evidence on display; further right is more strategies in use, "
        "so a point at 1 always searches the same way, however good it is. Lines through a point are 95 % intervals.",
    ),
    "strategy_shares": (
        "Strategies and their moves",
        "Left, how an agent's grounded successes on one question divide among strategies, averaged over questions: one "
        "dark bar is an agent that always finds the answer the same way. Right, what those ways are made of: the moves "
        "that brought evidence, by tool and by the least part of the query that was needed.",
    ),
    "pass_at_k": (
        "What more attempts bring",
        "The curve says how likely it is that at least one of k attempts at a question is right. A flat curve does the "
        "same thing every time; a rising one has other ways, and some of them work where the first did not.",
    ),
    "pass_within": (
        "How soon it is right",
        "How likely an exact match is when only answers after at most T turns count: in one attempt, and in at least "
        "one of all attempts. What lies between the two is what other attempts know; where a curve still rises at the "
        "right, more turns would help.",
    ),
    "searches_against_hops": (
        "What a question costs",
        "Mean number of searches in an episode, by the number of facts that the answer rests on. A line that does not "
        "rise belongs to an agent that gives up, or that gets by without searching.",
    ),
    "knockout_bars": (
        "What is left when a way of finding things is gone",
        "Grey, exact matches as things are; blue, with one way of finding things knocked out. The number at the right "
        "is the resilience: the share that was kept, over the questions that can still be answered. An agent with one "
        "strategy has a bar that is nearly gone; one that knows other strategies, or falls back on them, has none.",
    ),
    "change_map": (
        "Every change",
        "Exact matches of each agent in each cell: as things are, with ways knocked out (and what was kept of exact "
        "matches), with questions worded otherwise, and with search engines that misbehave.",
    ),
}

"""The first line of the output: nagiosplugin's summaries, for one subject and for many things of one kind."""

from __future__ import annotations

import nagiosplugin
from nagiosplugin import Ok

from . import judgement

ROOM = 95  # characters of the first line for problems; the rest is for their count and whose they are


class Summary(nagiosplugin.Summary):
    """The first line: what the resource says when all is well, else the problems, worst first.

    The resource needs an attribute `fine`: the sentence for OK. `points`: where all of it is another probe's failure,
    the line ends with that probe.
    """

    points = True

    def __init__(self, resource: nagiosplugin.Resource) -> None:
        self.resource = resource

    def ok(self, results: nagiosplugin.Results) -> str:
        """What was seen."""
        return self.resource.fine

    def problem(self, results: nagiosplugin.Results) -> str:
        """The most severe problems; the others stand in the lines below."""
        state = judgement.worst(result.state for result in results)
        texts = list(dict.fromkeys(str(result) for result in results if result.state == state))
        return "; ".join(texts)


class OfMany(Summary):
    """The first line for many things: the worst, as many as fit, and how many more."""

    def problem(self, results: nagiosplugin.Results) -> str:
        """The most severe problems first; each has a line of its own below."""
        state = judgement.worst(result.state for result in results)
        told = list(dict.fromkeys(str(result) for result in results if result.state == state))
        others = {str(result) for result in results if result.state not in (Ok, state)} - set(told)
        shown = told[:1]
        for text in told[1:]:
            if len("; ".join([*shown, text])) > ROOM:
                break
            shown.append(text)
        rest = len(told) - len(shown) + len(others)
        return "; ".join(shown) + (f" (and {rest} more)" if rest else "")

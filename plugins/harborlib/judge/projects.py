"""Projects as the monitoring robot sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harborlib.harbor.endpoints import PROJECTS
from harborlib.harbor.fields import Fields
from harborlib.harbor.rest import Each, Pages, Rest
from harborlib.wire.failure import Failure

from .selection import Selection


class Projects:
    """The projects that a selection takes, read while one iterates: asked for by name where names alone are wanted.

    `unseen` says how far the list was read when time ran out, "" where it was read to its end. A robot sees the public
    projects and those that its rights cover, or all of them with project:list.
    """

    def __init__(self, rest: Rest, selection: Selection) -> None:
        self.unseen = ""
        self._rest = rest
        self._selection = selection

    def __iter__(self) -> Iterator[Fields]:
        for pages in self._lists():
            for row in pages:
                if self._selection.takes(row.text("name")):
                    yield row
            if pages.late:
                self.unseen = f"only {pages} projects looked at: time ran out"
                return
        self._selection.confirm()

    def each(self, question: Callable[[str, int], Any]) -> Iterator[tuple[str, Any]]:
        """The name of each project and the answer to a question, which is asked with its name and its number.

        What the question raises tells the project; `unseen` also says how far one came with the questions.
        """

        def ask(project: tuple[str, int]) -> Any:
            try:
                return question(*project)
            except Failure as failure:
                raise failure.but(detail=f"{project[0]}: {failure.detail}") from None

        asked = Each([(row.text("name"), int(row.number("project_id"))) for row in self], ask, "project")
        for (name, _), answer in asked:
            yield name, answer
        self.unseen = self.unseen or asked.unseen

    def _lists(self) -> Iterator[Pages]:
        names = self._selection.exact
        if names is None:
            yield self._rest.pages(PROJECTS)
        else:
            for name in names:
                yield self._rest.pages(PROJECTS, q={"name": name})

"""Projects as the monitoring robot sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harborlib.harbor.each import Each
from harborlib.harbor.endpoints import PROJECTS
from harborlib.harbor.fields import Fields
from harborlib.harbor.pages import Pages
from harborlib.harbor.refusals import NOTHING_SELECTED
from harborlib.harbor.rest import Rest
from harborlib.wire.failure import Failure

from .selection import Selection

NO_PROJECT = "Harbor shows this account no projects, so nothing was checked"
LIST = "grant the robot account project:list at the system level, or remove this service if Harbor has no projects"


class Projects:
    """The projects in a selection, read during iteration; if it consists of names only, each is requested by name.

    `unseen` says how far the list was read and why reading stopped, "" if it was read completely. `failed` are the
    projects that could not be read, and those for which `each` got no answer, by name. A robot account sees the public
    projects and those that its permissions cover, or all of them with project:list.
    """

    def __init__(self, rest: Rest, selection: Selection) -> None:
        self.unseen = ""
        self.failed: dict[str, Failure] = {}
        self._pages: Pages | None = None
        self._rest = rest
        self._selection = selection

    def __iter__(self) -> Iterator[Fields]:
        seen = False
        for pages in self._lists():
            self._pages = pages
            for row in pages:
                seen = True
                if self._takes(row):
                    yield row
            self.unseen = pages.unseen
            self.failed.update(pages.failed)
            if not pages.complete:
                return
        if not seen and self._selection.exact is None:
            raise Failure(NOTHING_SELECTED, NO_PROJECT, path=PROJECTS.at(), login=True, next_step=LIST)
        self._selection.confirm()

    def _takes(self, row: Fields) -> bool:
        """Whether a project is selected; one without a name or a number that can be read is recorded in `failed`."""
        try:
            row.number("project_id")
            return self._selection.takes(row.name("name"))
        except Failure as failure:
            name = row.called("project") or f"project {len(self.failed) + 1} that cannot be read"
            if self._selection.takes(name):
                self.failed[name] = failure
            return False

    @property
    def missing(self) -> bool:
        """Whether Harbor showed fewer projects than it announced."""
        return bool(self._pages and self._pages.missing)

    def confirm(self) -> None:
        """Raise a Failure if Harbor showed fewer projects than it announced; call it after everything is judged."""
        if self._pages:
            self._pages.confirm()

    def each(self, question: Callable[[str, int], Any]) -> Iterator[tuple[str, Any]]:
        """The name of each project and the answer to a question, which is called with its name and its number.

        `unseen` also says how far the questions got.
        """
        projects = [(row.name("name"), row.number("project_id")) for row in self]
        asked = Each(projects, lambda project: question(*project), "project", lambda project: project[0])
        for (name, _), answer in asked:
            yield name, answer
        self.unseen = self.unseen or asked.unseen
        self.failed.update(asked.failed)

    def _lists(self) -> Iterator[Pages]:
        names = self._selection.exact
        if names is None:
            yield self._rest.pages(PROJECTS, noun="project")
        else:
            for name in names:
                yield self._rest.pages(PROJECTS, noun="project", q={"name": name})

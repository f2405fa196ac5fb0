"""A Harbor whose registry is real: the simulator as core, docker-registry behind it, a canary image in it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.messages import Request, Response
from harbor_simulator.upstream import Upstream
from registry.daemon import PASSWORD, USER, Daemon, Section
from registry.images import Image, canary, digest_of, store
from support import runner
from support.runner import Outcome

ROBOT, SECRET = "robot$canary", "sEcret-of/the+canary=robot"
REPOSITORY = "priv/canary"
IMAGE = f"{REPOSITORY}:1.0"
ALL = ("pull", "push", "delete")
VARIABLE = (
    (r"\b(time|token|manifest|blob|write)=[\d.]+s", r"\1=Ts"),
    (r"\brate([= ])\d+( ?)B", r"rate\1N\2B"),
    (r"(after|took|token|manifest|blob|write) [\d.]+ s\b", r"\1 T s"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
)
USERS = {
    ROBOT: Account(SECRET, projects={"priv": ALL, "pub": ALL, "tiny": ALL}),
    MONITOR: Account(MONITOR_SECRET, sysadmin=True),
}


class Lab:
    """To be used as a context manager. `storage` is the registry's, a folder of its own by default.

    `registry_http` and `registry_middleware` are settings of docker-registry, all others the simulator's.
    """

    def __init__(
        self,
        folder: Path,
        storage: Path | None = None,
        *,
        registry_http: Section | None = None,
        registry_middleware: Section | None = None,
        users: Mapping[str, Account] | None = None,
        **settings: object,
    ) -> None:
        self.folder = folder
        self.storage = storage or folder / "storage"
        self.storage.mkdir(exist_ok=True)
        self.registry = Daemon(folder, self.storage, registry_http, registry_middleware)
        self.upstream = Upstream(self.registry.port, USER, PASSWORD)
        self.harbor = Simulator(users=USERS if users is None else users, upstream=self.upstream, **settings)  # type: ignore[arg-type]
        self.image = canary()
        self.authfile = self.login_as(ROBOT, SECRET)
        self.url = ""  # of what stands in front of the simulator, if anything does
        self.canaries = {REPOSITORY}  # repositories to which pushes may write
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Lab:
        self._stack.enter_context(self.harbor)
        self._stack.enter_context(self.registry)  # the first to end, so that nothing waits for it
        self.add(IMAGE, self.image)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, name: str, image: Image) -> None:
        """Put an image into registry and database under `PROJECT/REPOSITORY:TAG`."""
        repository, _, tag = name.partition(":")
        store(self.registry.port, repository, image, tag)
        children = list(image.children)
        for child in children:
            self.upstream.add_artifact(repository, child.digest, child.digest)
            children += child.children
        self.upstream.add_artifact(repository, image.digest, tag)

    def login_as(self, username: str, password: str) -> str:
        """An authfile with this login."""
        path = self.folder / f"authfile-{digest_of(f'{username}:{password}'.encode())[7:15]}"
        path.write_text(f"username={username}\npassword={password}\n")
        path.chmod(0o600)
        return str(path)

    def forget(self) -> None:
        """Restart the registry: it has in its cache what blobs it has seen, as Harbor's has in Redis."""
        self.registry.stop()
        self.registry.start()

    def intercept(self, method: str, instead: Callable[[Request], Response | None]) -> None:
        """Do something before core hands on a request of this method; a response takes the registry's place."""
        forward = self.upstream.forward

        def hook(request: Request, target: str = "") -> Response:
            response = instead(request) if request.method == method else None
            return response or forward(request, target)

        self.upstream.forward = hook  # type: ignore[method-assign]

    def strays(self) -> list[str]:
        """What was written outside the canary repositories."""
        homes = tuple(f"/v2/{repository}/" for repository in self.canaries)
        written = {request.path for request in self.harbor.requests if request.method not in ("GET", "HEAD")}
        return sorted(path for path in written if not path.startswith(homes))

    def arguments(self, *further: str) -> list[str]:
        """Where this Harbor is and how to log in, unless `further` has its own credentials."""
        login = [] if "--authfile" in further or "--no-login" in further else ["--authfile", self.authfile]
        wanted = [word for word in further if word != "--no-login"]
        return ["-H", self.url or self.harbor.url, "--ca-file", self.harbor.ca_file, *login, *wanted]

    def here(self, probe: str, *further: str) -> Outcome:
        """Run a plugin in this process."""
        outcome = runner.here(f"check_harbor_{probe}", *self.arguments(*further))
        assert SECRET not in outcome.out
        return outcome

    def screen(self, outcome: Outcome) -> list[str]:
        """The lines of a run and its exit code; addresses, times and request ids made the same."""
        text = outcome.out.replace(f"{self.harbor.host}:{self.harbor.port}", "harbor.example.com")
        for pattern, instead in VARIABLE:
            text = re.sub(pattern, instead, text)
        return [*text.splitlines(), f"exit code {outcome.code}"]

    def pull(self, *further: str) -> Outcome:
        """Pull the canary image, unless `further` names another."""
        image = [] if "--image" in further else ["--image", IMAGE]
        return self.here("pull", *image, *further)

    def push(self, *further: str) -> Outcome:
        """Push to the canary repository, unless `further` names another project."""
        project = [] if "--project" in further else ["--project", "priv"]
        return self.here("push", *project, *further)

    def login(self, *further: str) -> Outcome:
        """Log in for the canary repository, unless `further` names another."""
        repository = [] if "--repository" in further else ["--repository", REPOSITORY]
        return self.here("login", *repository, *further)

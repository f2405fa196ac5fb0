"""The services that every Harbor gets in Icinga 2 and in Nagios: one entry each, from which both are written.

A probe without an entry here has no service; an entry whose probe is not there is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import probes

MINUTE = 60
HOUR = 3600

#: Values of options that only the engine knows: the components with a service of their own, and since when
#: harbor-certificate alerts.
DELEGATED, ALERTING_SINCE = "delegated", "alerting since"

#: Services that stand for the whole of Harbor, or for the monitoring itself: they depend on nothing.
INDEPENDENT = ("health", "certificate", "selfcheck")


@dataclass(frozen=True)
class Service:
    """One service; times in seconds.

    `hosts`: the host variables without which a host does not have it. `login`: whose authfile it logs in with, if the
    host has it. `options`: what the plugin is given, where `{x}` is the host variable harbor_x. `notes`: one sentence
    of meaning, one first step.
    """

    name: str
    probe: str
    notes: str
    interval: int
    attempts: int = 1
    retry: int = MINUTE
    hosts: tuple[str, ...] = ("url",)
    login: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name in the engines, and the heading in the runbook."""
        return f"harbor-{self.name}"

    @property
    def component(self) -> str:
        """The component that it judges, or ""."""
        return self.options.get("--component", "")

    @property
    def reminder(self) -> bool:
        """Whether it only repeats what another one has told: no recovery."""
        return "--reminder" in self.options

    @property
    def independent(self) -> bool:
        return self.name in INDEPENDENT

    @property
    def owner(self) -> str:
        """Its name in --isolate, if it can own another one's failure."""
        return self.component or self.name


def component(name: str, notes: str, interval: int = MINUTE, attempts: int = 1, retry: int = MINUTE) -> Service:
    """The service of one component; those that others wait for are watched closely."""
    return Service(f"component-{name}", "component", notes, interval, attempts, retry, options={"--component": name})


def reminder(which: str, notes: str) -> Service:
    """One reminder of an expiring certificate. The attempts let harbor-certificate come first, which tells as much.

    Icinga 2 counts the very first check as the second attempt.
    """
    options = {"--judge": "expiry", "--reminder": which, "--alerting-since": ALERTING_SINCE}
    return Service(f"certificate-reminder-{which}", "certificate", notes, HOUR, 3, 5 * MINUTE, options=options)


def operation(
    name: str, minutes: int, notes: str, hosts: tuple[str, ...] = (), options: Mapping[str, str] | None = None
) -> Service:
    """A service of what goes on inside Harbor, every so many minutes, with the monitoring robot's login."""
    return Service(name, name, notes, minutes * MINUTE, 2, 90, ("robot_authfile", *hosts), "robot", options or {})


CANARY = ("canary_authfile", "canary_project")
REPOSITORY = "{canary_project}/canary"

# Harbor notices a frozen component after up to 66 s: (attempts - 1) x retry is at least 75 s wherever the
# explanation of a failure may come later than the failure.
ALL = (
    Service("health", "health", "Harbor cannot be reached, or core is down: nobody can log in, pull or push. "
            "Is the host up, does the proxy listen, is harbor-core running?", MINUTE, 1, 5,
            options={"--delegate": DELEGATED}),
    component("database", "PostgreSQL is down: logins, the API and pulls of private images fail. "
              "Look at the container harbor-db, its disk and its log, or at the external database."),
    component("redis", "Redis is down: jobs stand still, answers are slow. "
              "Look at the container redis and its log, or at the external Redis."),
    component("registry", "The registry is down: nobody can pull or push. "
              "Look at the container registry and its log, after an upgrade at its configuration and storage driver."),
    component("jobservice", "The job service is down: scans, replication and garbage collection stand still. "
              "Look at the container harbor-jobservice and its log.", 2 * MINUTE, 2, 90),
    component("registryctl", "The registry controller is down: garbage collection fails. "
              "Look at the container registryctl and its log.", 2 * MINUTE, 2, 90),
    component("trivy", "Trivy is down: vulnerability scans fail. "
              "Look at the container trivy-adapter, its memory and its log.", 2 * MINUTE, 2, 90),
    Service("portal", "portal", "The web UI is gone or somebody else's: people cannot log in, clients still can. "
            "Look at the container harbor-portal, then at the proxy's or ingress's route for /.", 2 * MINUTE, 2, 90),
    Service("certificate", "certificate", "The certificate expires soon, or clients refuse it. "
            "Renew it, install it with its intermediates, restart the proxy. Container runtimes may need a restart "
            "too.", MINUTE),
    reminder("first", "The certificate expires within two weeks and still has not been renewed. Renew it."),
    reminder("second", "The certificate expires within three days and still has not been renewed. Renew it now."),
    reminder("third", "The certificate expires within two days, then every pull and push fails. Renew it now."),
    Service("v2", "v2", "/v2/ does not speak the registry protocol: docker login, pull and push fail. "
            "Compare external_url with the address that clients use, then look at the proxy's route for /v2/.",
            2 * MINUTE, 3, 40, login="robot"),
    Service("api", "api", "The API refuses the monitoring robot's login, hangs, or Harbor is read-only. "
            "Check the robot's secret and expiry, then the database for locks and its connection limit.",
            2 * MINUTE, 3, 40, ("robot_authfile",), "robot"),
    Service("login", "login", "A client's login is refused or grants too little: CI jobs fail. "
            "Check the canary robot's secret, expiry and permissions, then core's log for the token service.",
            5 * MINUTE, 3, 40, CANARY, "canary", {"--repository": REPOSITORY}),
    Service("pull", "pull", "The canary image cannot be pulled bit by bit: images are gone or unreadable. "
            "Look at the registry's storage and log, after a garbage collection at what it deleted.",
            5 * MINUTE, 3, 40, ("canary_image",), "canary", {"--image": "{canary_image}"}),
    Service("push", "push", "Nothing can be pushed. "
            "Look for a full or read-only storage, a reached quota, read-only mode, a limit of the proxy.",
            5 * MINUTE, 3, 40, CANARY, "canary", {"--project": "{canary_project}", "--image": "{canary_image}"}),
    operation("storage", 5, "The data volume is nearly full: soon nothing can be pushed. "
              "Delete what is not needed, run garbage collection, or enlarge the volume."),
    operation("quota", 15, "A project has nearly used its quota, or has: pushes into it are refused. "
              "Delete artifacts, set a retention policy, or raise the quota."),
    operation("workers", 5, "No worker pool is alive, or no worker is free: jobs stand still. "
              "Look at the container harbor-jobservice, then for jobs that hang."),
    operation("queue", 5, "Jobs wait too long, or a queue is paused. "
              "Look at Administration > Job Service Dashboard, resume what is paused, then look at harbor-jobservice."),
    operation("gc", 15, "Garbage collection fails, hangs or does not run: the storage fills up. "
              "Look at the log of the last run, at the schedule, and at the container registryctl."),
    operation("audit_purge", 15, "The audit log is not purged: the database grows. "
              "Look at the log of the last run and at the schedule."),
    operation("replication", 5, "A replication policy fails or hangs: images are missing elsewhere. "
              "Look at the log of its last execution, then at the remote registry and its credentials."),
    operation("remote_registry", 10, "A remote registry does not answer: replication or a proxy cache fails. "
              "Test its connection under Administration > Registries, then its credentials and certificate."),
    operation("scan", 15, "Scanning all images fails or does not finish: vulnerabilities go unseen. "
              "Look at the log of a failed scan, then at the scanner.", ("scanner",)),
    operation("scanner", 10, "The default scanner does not answer or its database is old. "
              "Look at the container trivy-adapter and whether it can download its database.", ("scanner",)),
    operation("vulnerabilities", 15, "Images are not scanned, or have more vulnerabilities than agreed. "
              "Start a scan of all images. Have the worst ones rebuilt.", ("scanner",)),
    operation("robots", 15, "A robot account expires soon or has: whoever uses it is locked out. "
              "Give it more time in the UI: its secret stays. Or hand out a new one."),
    operation("retention", 15, "A tag retention policy fails or does not run: the storage fills up. "
              "Look at the log of its last execution in the project.", ("projects",)),
    operation("webhook", 10, "Webhooks are not delivered: what waits for them does not happen. "
              "Look at the executions of the policy in the project, then at the receiver.", ("projects",)),
    operation("artifact", 15, "An artifact is missing, old, not scanned or not signed. "
              "Look at the pipeline that makes it, and at the project's retention policy.",
              ("artifact",), {"--artifact": "{artifact}"}),
    Service("selfcheck", "", "Checks of this Harbor could not judge anything: a broken installation, a wrong option, a "
            "missing right. The output lists them. Run the first one by hand.", MINUTE, 3, MINUTE),
)  # fmt: skip


def shipped() -> list[Service]:
    """The services whose probes are there."""
    there = {name.removeprefix("check_harbor_") for name in probes.names()} | {""}
    return [service for service in ALL if service.probe in there]

#!/usr/bin/env python3
"""How long is Harbor's certificate valid, and do clients accept it?

Two TLS handshakes and no request: one verifies as container clients do (docker, containerd, helm), one reads the chain
as it is served, also when it does not verify.

States:
  OK        the chain verifies and every element is valid for longer than the thresholds
  WARNING   few whole days left (-w, default: 30, or a quarter of a shorter lifetime); elements in the wrong order; an
            element that no client needs expires or has expired, or does not belong to the chain; a weak key (RSA under
            2048 bits)
  CRITICAL  very few days left (-c, default: 7, or a twelfth of a shorter lifetime); expired, not yet valid, not for
            this name or address (it must be in subjectAltName: clients ignore the common name), self-signed, untrusted,
            an intermediate is missing; a signature (SHA-1, MD5) or key that clients refuse; no TLS, or only below 1.2
  UNKNOWN   usage error; with --isolate: Harbor cannot be reached (check_harbor_health)

-w and -c are Nagios ranges over whole days left: "-w 30:" warns when fewer than 30 are left, "-w @8:14" in between.
They hold for every element of the chain; the defaults are computed from each element's own lifetime. An element that no
client needs, such as an old cross-signature, is never CRITICAL. --judge expiry looks at the days left alone, --judge
validity at everything else.

--reminder is for services that alert once more while the certificate's own service has been alerting for long: OK
except while fewer than 14, 3 or 1 days are left (a 7th, 24th or 60th of a shorter lifetime, none below 10 days) and no
later alert has begun. With --alerting-since also OK when the service itself began to alert on those days.

Perfdata:
  days_left, days_left_N  whole days until the server's certificate expires, and the Nth above it in the chain
  time         seconds that the verifying handshake took
  addresses, addresses_ok  with --every-address: how many were asked, and are OK (above: the worst)

Permissions: none. Harbor: any version.

Does not see: whether the certificate on disk is newer than the one served (restart the reverse proxy after a renewal);
revocation; certificates of the components among themselves.
"""

import harbor_preloaded

import argparse
import math
import time as clock
from collections.abc import Iterator
from typing import Optional

from harborlib.harbor import Run
from harborlib.judge import Limit, Problem, Reading, Readings, Shown
from harborlib.judge.readings import Range
from harborlib.run import Probe, Service, plugin, values
from harborlib.run.service import ALERTING_SINCE, REPLICAS
from harborlib.text import CRITICAL, DAYS, OK, SECONDS, WARNING, words
from harborlib.text.finding import Finding
from harborlib.text.units import LOW
from harborlib.wire import CERTIFICATE, TLS, Failure, Unusable, certificates, deadline, tls
from harborlib.wire.certificates import DAY, ISSUE_AGAIN, LEAVE_OUT, NEEDED, RENEW, REPLACE, Certificate, Served
from harborlib.wire.dial import dial_harbor, through
from harborlib.wire.failure import NO_TLS

import nagiosplugin

REMINDERS = ("first", "second", "third")
REPLICATED = {"--every-address": REPLICAS}
REMINDED_LIFETIME = 10  # days; certificates with a shorter lifetime are renewed by a machine
TLS_PORT = "point -H at the port where Harbor speaks TLS, or remove this service if it has none"
IN_ORDER = "put the server's certificate first in the file, then each issuer, then {install}"


def milestones(lifetime: float) -> dict[str, int]:
    """The whole days left below which a notification is sent, in chronological order; `lifetime` in days."""
    return {
        "warning": math.ceil(min(30, lifetime / 4)),
        "first": math.ceil(min(14, lifetime / 7)),
        "critical": math.ceil(min(7, lifetime / 12)),
        "second": math.ceil(min(3, lifetime / 24)),
        "third": math.ceil(min(1, lifetime / 60)),
    }


class DaysLeft(Limit):
    """Whole days left of a chain element. Without -w or -c the limits are the milestones of its own lifetime."""

    def limits(self, reading: Reading, args: argparse.Namespace) -> tuple[Range, Range]:
        """Alert below a milestone, as `-w 30` alerts below 30."""
        element = reading.words["element"]
        days = milestones(element.lifetime)
        warning, critical = (nagiosplugin.Range(f"{days[name]}:") for name in ("warning", "critical"))
        return args.warning or warning, args.critical or critical if element.place == NEEDED else None

    def judge(self, reading: Reading, args: argparse.Namespace) -> Finding:
        """Critical, then warning, then OK; a limit is named if an option set it."""
        element, step, left = reading.words["element"], reading.words["step"], int(reading.value or 0)
        warning, critical = self.limits(reading, args)
        for state, allowed, given in ((CRITICAL, critical, args.critical), (WARNING, warning, args.warning)):
            if allowed and not allowed.match(left) and is_due(args, element, left):
                text = element.good_until(clock.time(), ends=True)
                limit = f"{state.lower()} {words.limit(allowed, self.show)}" if given else ""
                if element.place != NEEDED:
                    text += ", but no client needs it"
                    return Finding(superfluous.id, state, text, values={"days_left": left}, next_step=LEAVE_OUT)
                return Finding(self.id, state, text, limit=limit, values={"days_left": left}, next_step=step)
        return Finding(self.id, OK, element.good_until(clock.time()))


time = Shown("time", SECONDS, "handshake in {value}")
days_left = DaysLeft("certificate.expires", "days_left", DAYS, "", low=None, bad=LOW, help="whole days left",
                     computed=("30d, or a quarter of a shorter lifetime", "7d, or a twelfth of it"))  # fmt: skip
refused = {kind: Problem(f"certificate.{kind}", CRITICAL) for kind in certificates.REFUSALS}
order = Problem("certificate.wrong-order", WARNING, IN_ORDER)
superfluous = Problem("certificate.superfluous", WARNING, LEAVE_OUT)
weak = Problem("certificate.weak", WARNING, ISSUE_AGAIN)


def measure(run: Run) -> Readings:
    """The certificates that Harbor's TLS port sends, and a client's verdict."""
    refuse_contradictions(run.args)
    started = clock.monotonic()
    refusal = refusal_of_a_client(run.args)
    yield time(round(clock.monotonic() - started, 3))
    chain = served_chain(run.args, refusal)
    if run.args.judge != "validity":
        for position, element in enumerate(chain.elements):
            label = f"days_left_{position}" if position else ""
            step = REPLACE if position else RENEW
            yield days_left(element.days_left(clock.time()), label=label, element=element, step=step)
    if run.args.judge != "expiry":
        yield from validity(run.args, chain, refusal.detail if refusal else "")
    own = chain.elements[0]
    note = schedule(run.args.reminder, own) if run.args.reminder else f"issued by {own.issuer}"
    return f"{own.good_until(clock.time())} ({note})"


def validity(args: argparse.Namespace, chain: Served, why: str) -> Iterator[Reading]:
    """What is wrong with the chain besides its dates; `why` says why a verifying client gives up, or is ""."""
    if not args.insecure:
        for kind, text, step in certificates.refusals(chain, why, args.harbor.host, clock.time()):
            yield refused[kind](text, next_step=step)
    if chain.misplaced:
        yield order(chain.misplaced)
    if chain.superfluous:
        yield superfluous(chain.superfluous)
    weaknesses = [
        f"{one.whose} is weak: {one.weakness}" for one in chain.elements if one.place == NEEDED and one.weakness
    ]
    if weaknesses:
        yield weak(", ".join(weaknesses))


def refuse_contradictions(args: argparse.Namespace) -> None:
    """Raise Unusable for options that exclude each other."""
    if args.harbor.scheme != "https":
        raise Unusable("there is no certificate on http: point -H at https://...")
    if args.reminder and args.judge != "expiry":
        raise Unusable("--reminder needs --judge expiry")
    if args.alerting_since is not None and not args.reminder:
        raise Unusable("--alerting-since needs --reminder")


def refusal_of_a_client(args: argparse.Namespace) -> Optional[Failure]:
    """The Failure of a verifying client, or None."""
    context = tls.context(args.ca_file, args.client_cert, args.client_key, verify=not args.insecure)
    try:
        deadline.in_time(lambda: tls.shake_hands(dial_harbor(args), context, args.harbor.host))
    except Failure as failure:
        if failure.stage not in (TLS, CERTIFICATE) or failure.hung:
            raise
        if failure.kind is NO_TLS:
            failure = failure.but(next_step=TLS_PORT)
        return through(args.proxy, failure) if failure.stage is TLS else failure
    return None


def served_chain(args: argparse.Namespace, refusal: Optional[Failure]) -> Served:
    """The chain as it is sent, whether a client accepts it or not; raises Failure if there is none."""
    from harborlib.wire import chain

    files = (None if args.insecure else args.ca_file, args.client_cert, args.client_key)
    try:
        served = deadline.supervised(lambda: chain.served(lambda: dial_harbor(args), args.harbor.host, *files))
    except Failure as failure:
        raise refusal or through(args.proxy, failure) from None
    if served.version <= chain.TLS_1_1:
        raise Failure(TLS, f"{args.harbor.where} speaks only TLS below 1.2")
    if refusal and refusal.stage is not CERTIFICATE:
        raise refusal
    return served


def is_due(args: argparse.Namespace, element: Certificate, left: int) -> bool:
    """Whether an alert with this many whole days left is wanted: always, unless this is a reminder.

    An alert that started within the reminder's days has already been sent. Elements that no client needs cause no
    reminder.
    """
    if not args.reminder or element.place != NEEDED:
        return not args.reminder
    alerting_with = (element.not_after - (args.alerting_since or 0)) / DAY
    begins, ends = days_of_reminder(args.reminder, element.lifetime)
    return ends <= left < begins and alerting_with > begins


def days_of_reminder(reminder: str, lifetime: float) -> tuple[int, int]:
    """The days left below which a reminder starts, and those of the next milestone; two equal numbers: it is omitted.

    A reminder on the day of another milestone would repeat it.
    """
    days = milestones(lifetime)
    begins = days[reminder]
    earlier = REMINDERS[: REMINDERS.index(reminder)]
    if lifetime < REMINDED_LIFETIME or begins in [days[name] for name in ("warning", "critical", *earlier)]:
        return begins, begins
    return begins, max((value for value in days.values() if value < begins), default=0)


def schedule(reminder: str, element: Certificate) -> str:
    """When this reminder is due."""
    begins, ends = days_of_reminder(reminder, element.lifetime)
    return f"reminder due below {words.number(begins, 'day')}" if begins > ends else "no reminder: short lifetime"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.add_argument("--judge", choices=("expiry", "validity", "all"), default="all",
                        help="the dates, the rest, or both (default %(default)s)")  # fmt: skip
    parser.add_argument("--reminder", choices=REMINDERS,
                        help="OK except on the days of this reminder (with --judge expiry)")  # fmt: skip
    parser.add_argument("--alerting-since", metavar="SECONDS", type=values.seconds,
                        help="Unix time at which the certificate's own service began to alert")  # fmt: skip


def reminder(which: str, notes: str) -> Service:
    """One reminder of an expiring certificate."""
    # Its attempts let harbor-certificate, which reports the same, come first. Icinga 2 counts the first as the second.
    options = {"--judge": "expiry", "--reminder": which, "--alerting-since": ALERTING_SINCE, **REPLICATED}
    return Service("1h", notes, 3, "5min", options=options, name=f"certificate-reminder-{which}")


main = plugin.main(Probe(
    __name__, measure, [days_left, time, *refused.values(), order, superfluous, weak], declare=declare,
    at_some_addresses=CRITICAL, services=[
        Service("1min", options=REPLICATED,
                notes="The certificate expires soon, or clients refuse it. Renew it, install it with its intermediate "
                "certificates, restart the reverse proxy. Container runtimes may need a restart too."),
        reminder("first", "The certificate expires within two weeks and still has not been renewed. Renew it."),
        reminder("second", "The certificate expires within three days and still has not been renewed. Renew it now."),
        reminder("third", "The certificate expires within a day, then every pull and push fails. Renew it now."),
    ],
))  # fmt: skip

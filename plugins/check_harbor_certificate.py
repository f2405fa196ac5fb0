#!/usr/bin/env python3
"""How long is Harbor's certificate good, and do clients accept it?

Two TLS handshakes and no request: one verifies as every client does (validity), one reads the chain as it is served,
also when it does not verify (expiry of each element, order, weak keys and signatures).

States:
  OK        the chain verifies and every element is good for longer than the thresholds
  WARNING   few whole days left (-w, default: 30, or a quarter of a shorter lifetime); elements in the wrong order or
            not belonging to the chain; a weak key (RSA under 2048 bits) or signature (SHA-1, MD5)
  CRITICAL  very few days left (-c, default: 7, or a twelfth of a shorter lifetime); expired, not yet valid, not for
            this name or address, self-signed, untrusted, an intermediate is missing; no TLS at all, or only below 1.2
  UNKNOWN   usage error; with --isolate: Harbor cannot be reached (check_harbor_health)

-w and -c are Nagios ranges over whole days left: "-w 30:" warns when fewer than 30 are left, "-w @8:14" in between.
They hold for every element of the chain; the defaults are computed from each element's own lifetime.
--judge expiry looks at the days left alone, --judge validity at everything else.

--reminder is for services that alert once more while the certificate's own service has been alerting for long: OK
except on the days of that reminder, which are 14 to 8, 3 to 2 and 1 to 0 days left (a 7th, 24th and 60th of a shorter
lifetime, none below 10 days). With --alerting-since also OK when the service itself began to alert on those days.

Perfdata:
  days_left    whole days until the server's own certificate expires
  days_left_N  the same for the Nth certificate above it in the chain
  time         seconds that the verifying handshake took

Rights: none. Harbor: any version.

Does not see: whether the certificate on disk is newer than the one served (restart the proxy after a renewal);
revocation; certificates of the components among themselves.
"""

import argparse
import math
import socket
import time as clock
from typing import Any, Optional

from harborlib.harbor import Run
from harborlib.judge import Limit, Problem, Reading, Readings, Shown
from harborlib.judge.readings import Range
from harborlib.run import Probe, Service, plugin
from harborlib.run.service import ALERTING_SINCE
from harborlib.text import CRITICAL, DAYS, OK, SECONDS, WARNING, words
from harborlib.text.finding import Finding
from harborlib.text.units import LOW
from harborlib.wire import CERTIFICATE, TLS, Failure, Unusable, certificates, deadline, tls
from harborlib.wire.certificates import DAY, RENEW, Certificate
from harborlib.wire.dial import Route, through, tunnel

import nagiosplugin

REMINDERS = ("first", "second", "third")
REMINDED_LIFETIME = 10  # days; who renews more often than that has a machine do it
IN_ORDER = "put the server's certificate first, then each one's issuer, and restart the proxy"
ISSUE_ANEW = "have it issued anew: RSA 2048 or EC P-256, signed with SHA-256"


def milestones(lifetime: float) -> dict[str, int]:
    """The whole days left on which people are notified, in the order in which they come; `lifetime` in days."""
    return {
        "warning": int(min(30, lifetime / 4)),
        "first": int(min(14, lifetime / 7)),
        "critical": int(min(7, lifetime / 12)),
        "second": int(min(3, lifetime / 24)),
        "third": int(min(1, lifetime / 60)),
    }


class DaysLeft(Limit):
    """Whole days left of a chain element. Without -w or -c the limits are the milestones of its own lifetime."""

    def limits(self, reading: Reading, args: argparse.Namespace) -> tuple[Range, Range]:
        """Alert on the day on which a milestone is reached."""
        days = milestones(reading.words["element"].lifetime)
        return (
            args.warning or nagiosplugin.Range(f"{days['warning'] + 1}:"),
            args.critical or nagiosplugin.Range(f"{days['critical'] + 1}:"),
        )

    def judge(self, reading: Reading, args: argparse.Namespace) -> Finding:
        """Critical, then warning, then ok; a limit is named where it was given."""
        element, left = reading.words["element"], int(reading.value or 0)
        warning, critical = self.limits(reading, args)
        for state, allowed, given in ((CRITICAL, critical, args.critical), (WARNING, warning, args.warning)):
            if allowed and not allowed.match(left) and is_due(args, element, left):
                text = element.good_until(clock.time(), ends=True)
                limit = f"{state.lower()} {words.limit(allowed, self.show)}" if given else ""
                return Finding(self.id, state, text, limit=limit, values={"days_left": left}, next_step=RENEW)
        return Finding(self.id, OK, element.good_until(clock.time()))


time = Shown("time", SECONDS, "handshake in {value}")
days_left = DaysLeft("certificate.expires", "days_left", DAYS, "", low=None, bad=LOW,
                     help="whole days left, as 30 (default: by lifetime)")  # fmt: skip
refused = {kind: Problem(f"certificate.{kind}", CRITICAL) for kind in certificates.REFUSALS}
order = Problem("certificate.wrong-order", WARNING, IN_ORDER)
weak = Problem("certificate.weak", WARNING, ISSUE_ANEW)


def measure(run: Run) -> Readings:
    """The certificates that Harbor's TLS port sends, and the verdict of a client."""
    refuse_contradictions(run.args)
    started = clock.monotonic()
    context = tls.context(run.args.ca_file, *client_of(run.args), verify=not run.args.insecure)
    refusal = refusal_of_a_client(run.args, context)
    yield time(round(clock.monotonic() - started, 3))
    chain = served_chain(run.args, refusal)
    now = clock.time()
    if run.args.judge != "validity":
        for position, element in enumerate(chain):
            label = f"days_left_{position}" if position else ""
            yield days_left(element.days_left(now), label=label, element=element)
    if run.args.judge != "expiry":
        if refusal:
            kind, text, step = certificates.refused(chain, refusal.detail, run.args.harbor.host, now)
            yield refused[kind](text, next_step=step)
        misplaced = certificates.misplaced(chain)
        if misplaced:
            yield order(misplaced)
        weaknesses = [f"{element.subject}: {element.weakness}" for element in chain if element.weakness]
        if weaknesses:
            yield weak(f"weak: {', '.join(weaknesses)}")
    return f"{chain[0].good_until(clock.time())} (issued by {chain[0].issuer})"


def refuse_contradictions(args: argparse.Namespace) -> None:
    """Raise Unusable for options that do not go together."""
    if args.harbor.scheme != "https":
        raise Unusable("there is no certificate on http: give -H https://...")
    if args.reminder and args.judge != "expiry":
        raise Unusable("--reminder needs --judge expiry")
    if args.alerting_since is not None and not args.reminder:
        raise Unusable("--alerting-since needs --reminder")


def client_of(args: argparse.Namespace) -> tuple[Optional[str], Optional[str]]:
    """The client certificate and its key."""
    return args.client_cert, args.client_key


def refusal_of_a_client(args: argparse.Namespace, context: Any) -> Optional[Failure]:
    """Why a verifying client gives up, or None."""
    try:
        deadline.supervised(lambda: tls.shake_hands(dial(args), context, args.harbor.host))
    except Failure as failure:
        if failure.stage not in (TLS, CERTIFICATE) or failure.hung:
            raise
        return through(args.proxy, failure) if failure.stage is TLS else failure
    return None


def served_chain(args: argparse.Namespace, refusal: Optional[Failure]) -> list[Certificate]:
    """The chain as it is sent, whether a client accepts it or not; raises Failure where there is none."""
    from harborlib.wire import chain

    try:
        served = deadline.supervised(lambda: chain.served(lambda: dial(args), args.harbor.host, *client_of(args)))
    except Failure as failure:
        raise refusal or through(args.proxy, failure) from None
    elements, version = served
    if version <= chain.TLS_1_1:
        raise Failure(TLS, f"{args.harbor.where} speaks only TLS below 1.2")
    if refusal and refusal.stage is not CERTIFICATE:
        raise refusal
    return list(elements)


def dial(args: argparse.Namespace) -> socket.socket:
    """A TCP connection to the TLS port, through the proxy if there is one."""
    host, port = args.harbor.host, args.harbor.port
    if args.proxy:
        return tunnel(Route.of(args), (args.proxy.host, args.proxy.port), host, port)
    return Route.of(args).dial(host, port)


def is_due(args: argparse.Namespace, element: Certificate, left: int) -> bool:
    """Whether an alert with so many whole days left is wanted: always, unless this is a reminder.

    What began to alert within the reminder's days has said what it would say.
    """
    if not args.reminder:
        return True
    alerting_with = (element.not_after - (args.alerting_since or 0)) / DAY
    begins, ends = days_of_reminder(args.reminder, element.lifetime)
    return ends < left <= begins and alerting_with > begins + 1


def days_of_reminder(reminder: str, lifetime: float) -> tuple[int, int]:
    """The days left with which a reminder begins, and those of the next milestone; the same twice: it is left out.

    One that falls on the day of another milestone would say the same twice.
    """
    days = milestones(lifetime)
    begins = days[reminder]
    earlier = REMINDERS[: REMINDERS.index(reminder)]
    if lifetime < REMINDED_LIFETIME or begins in [days[name] for name in ("warning", "critical", *earlier)]:
        return begins, begins
    return begins, max((value for value in days.values() if value < begins), default=-1)


def seconds(text: str) -> float:
    """A point in time in seconds since 1970, however an engine writes it; raises ValueError."""
    if not math.isfinite(float(text)):
        raise ValueError
    return float(text)


def declare(parser: argparse.ArgumentParser) -> None:
    """What it takes besides."""
    choices = ("expiry", "validity", "all")
    parser.add_argument("--judge", choices=choices, default="all", help="the dates, the rest, or both (%(default)s)")
    parser.add_argument("--reminder", choices=REMINDERS,
                        help="OK except on the days of this reminder (with --judge expiry)")  # fmt: skip
    parser.add_argument("--alerting-since", metavar="SECONDS", type=seconds,
                        help="Unix time at which the certificate's own service began to alert")  # fmt: skip


def reminder(which: str, notes: str) -> Service:
    """One reminder of an expiring certificate. The attempts let harbor-certificate come first, which tells as much.

    Icinga 2 counts the very first check as the second attempt.
    """
    options = {"--judge": "expiry", "--reminder": which, "--alerting-since": ALERTING_SINCE}
    return Service("1h", notes, 3, "5min", options=options, name=f"certificate-reminder-{which}")


main = plugin.main(Probe(
    __name__,
    measure,
    [days_left, time, *refused.values(), order, weak],
    declare=declare,
    services=[
        Service(every="1min", notes="The certificate expires soon, or clients refuse it. "
                "Renew it, install it with its intermediates, restart the proxy. Container runtimes may need a restart "
                "too."),
        reminder("first", "The certificate expires within two weeks and still has not been renewed. Renew it."),
        reminder("second", "The certificate expires within three days and still has not been renewed. Renew it now."),
        reminder("third", "The certificate expires within two days, then every pull and push fails. Renew it now."),
    ],
))  # fmt: skip

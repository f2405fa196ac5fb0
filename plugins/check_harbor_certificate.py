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

import math
import time

from harborlib import certificates, deadline, judgement, milestones, options, plugin, summaries, tls, units, words
from harborlib.dial import Route, through, tunnel
from harborlib.failure import CERTIFICATE, TLS, Failure, Unusable
from harborlib.judgement import Finding, Judged, Shown, Threshold

import nagiosplugin
from nagiosplugin import Critical, Warn


class ServedChain(nagiosplugin.Resource):
    """The certificates that Harbor's TLS port sends, and the verdict of a client."""

    def __init__(self, args):
        self.origin = args.harbor
        self.judge = args.judge
        self.route = Route.of(args)
        self.proxy = args.proxy
        self.client = (args.client_cert, args.client_key)
        self.context = tls.context(args.ca_file, *self.client, verify=not args.insecure)
        self.chain = []

    def probe(self):
        from harborlib import chain

        started = time.monotonic()
        refusal = self.refusal()
        yield judgement.seconds(time.monotonic() - started)
        try:
            served = deadline.supervised(lambda: chain.served(self.dial, self.origin.host, *self.client))
        except Failure as failure:
            raise refusal or through(self.proxy, failure) from None
        self.chain, version = served
        if version <= chain.TLS_1_1:
            raise Failure(TLS, f"{self.origin.where} speaks only TLS below 1.2")
        if refusal and refusal.stage != CERTIFICATE:
            raise refusal
        now = time.time()
        if self.judge != "validity":
            for position, element in enumerate(self.chain):
                label = f"days_left_{position}" if position else "days_left"
                yield nagiosplugin.Metric(label, element.days_left(now), context="days_left")
        if self.judge != "expiry":
            yield nagiosplugin.Metric("verdict", self.verdict(refusal, now) if refusal else ("", ""))
            yield nagiosplugin.Metric("order", certificates.misplaced(self.chain))
            weak = [f"{element.subject}: {element.weakness}" for element in self.chain if element.weakness]
            yield nagiosplugin.Metric("strength", f"weak: {', '.join(weak)}" if weak else "")

    def refusal(self):
        """Why a verifying client gives up, or None."""
        try:
            deadline.supervised(lambda: tls.shake_hands(self.dial(), self.context, self.origin.host))
        except Failure as failure:
            if failure.stage not in (TLS, CERTIFICATE) or failure.hung:
                raise
            return through(self.proxy, failure) if failure.stage == TLS else failure
        return None

    def dial(self):
        """A TCP connection to the TLS port, through the proxy if there is one."""
        host, port = self.origin.host, self.origin.port
        if self.proxy:
            return tunnel(self.route, (self.proxy.host, self.proxy.port), host, port)
        return self.route.dial(host, port)

    def verdict(self, refusal, now):
        """What makes clients refuse the chain, and what to do about it."""
        return certificates.refused(self.chain, refusal.detail, self.origin.host, now)

    @property
    def fine(self):
        leaf = self.chain[0]
        return f"{leaf.good_until(time.time())} (issued by {leaf.issuer})"


class Verdict(nagiosplugin.Context):
    """Whether a verifying client accepts the chain."""

    def evaluate(self, metric, resource):
        problem, next_step = metric.value
        return Judged(Critical if problem else nagiosplugin.Ok, problem, metric, next_step)


class DaysLeft(Threshold):
    """Whole days left of a chain element; without -w or -c the limit follows from its lifetime."""

    def __init__(self, args):
        super().__init__("days_left", args.warning, args.critical, "", next_step=certificates.RENEW)
        self.given = {Warn: args.warning, Critical: args.critical}
        self.reminder = args.reminder
        self.alerting_since = args.alerting_since or 0

    def limits(self, element):
        """Warning and critical range for this element: alert on the day on which a limit is reached."""
        days = milestones.of(element.lifetime)
        return {state: given or nagiosplugin.Range(f"{days[state.text] + 1}:") for state, given in self.given.items()}

    def due(self, element, days_left):
        """Whether an alert on this day is wanted: always, unless this is a reminder."""
        alerting_with = (element.not_after - self.alerting_since) / certificates.DAY
        return not self.reminder or milestones.due(self.reminder, element.lifetime, days_left, alerting_with)

    def evaluate(self, metric, resource):
        element = self.element(metric, resource)
        limits = self.limits(element)
        for state in (Critical, Warn):
            if not limits[state].match(metric.value) and self.due(element, metric.value):
                text = element.good_until(time.time(), ends=True)
                at = f" ({state} {words.limit(limits[state], in_days)})" if self.given[state] else ""
                return Judged(state, text + at, metric, self.next_step)
        return Judged(nagiosplugin.Ok, element.good_until(time.time()), metric)

    def performance(self, metric, resource):
        limits = self.limits(self.element(metric, resource))
        return nagiosplugin.Performance(metric.name, metric.value, None, str(limits[Warn]), str(limits[Critical]))

    @staticmethod
    def element(metric, resource):
        return resource.chain[int(metric.name.rpartition("_")[2]) if metric.name != "days_left" else 0]


def in_days(count):
    """A number of days in words."""
    return words.number(int(count), "day")


def seconds(text):
    """A point in time in seconds since 1970, however an engine writes it; raises ValueError."""
    if not math.isfinite(float(text)):
        raise ValueError
    return float(text)


def declare(parser):
    options.thresholds(parser, "", "whole days left, as 30: (default: by lifetime)", None, None, units.DAYS)
    choices = ("expiry", "validity", "all")
    parser.add_argument("--judge", choices=choices, default="all", help="the dates, the rest, or both (%(default)s)")
    parser.add_argument("--reminder", choices=milestones.REMINDERS,
                        help="OK except on the days of this reminder (with --judge expiry)")  # fmt: skip
    parser.add_argument("--alerting-since", metavar="SECONDS", type=seconds,
                        help="Unix time at which the certificate's own service began to alert")  # fmt: skip


def check(args, harbor):
    if args.harbor.scheme != "https":
        raise Unusable("there is no certificate on http: give -H https://...")
    if args.reminder and args.judge != "expiry":
        raise Unusable("--reminder needs --judge expiry")
    if args.alerting_since is not None and not args.reminder:
        raise Unusable("--alerting-since needs --reminder")
    chain = ServedChain(args)
    return nagiosplugin.Check(
        chain,
        Shown("time", sentence="handshake in {value}"),
        DaysLeft(args),
        Verdict("verdict"),
        Finding("order", Warn, "put the server's certificate first, then each one's issuer, and restart the proxy"),
        Finding("strength", Warn, "have it issued anew: RSA 2048 or EC P-256, signed with SHA-256"),
        summaries.Summary(chain),
    )


main = plugin.main(__name__, declare, check)

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

import time

from harborlib import deadline, judgement, options, plugin, tls, units
from harborlib.dial import Route, tunnel
from harborlib.failure import CERTIFICATE, TLS, Failure, Unusable

import nagiosplugin
from nagiosplugin import Critical, Warn

RENEW = (
    "renew the certificate, install it with its intermediates and restart the proxy; runtimes may need a restart too"
)
COMPLETE = (
    "append the issuer's certificate to the file that the proxy serves and restart it; a CA of your own: give --ca-file"
)
TRUST = "a CA of your own: give --ca-file; else have the certificate issued by a CA that clients trust"
RENAME = "have it issued for this name too, or give -H and the clients a name that it is for"
CLOCK = "compare the clocks (timedatectl); until that day, install the certificate that was there before"

DAY = 86400
REMINDERS = ("first", "second", "third")
REMINDED_LIFETIME = 10  # days; who renews more often than that has a machine do it

#: What OpenSSL says when a chain leads to no CA that it trusts (1.1.1 spells it without the hyphen).
UNTRUSTED = ("local issuer", "self-signed", "self signed", "first certificate")


class ServedChain(nagiosplugin.Resource):
    """The certificates that Harbor's TLS port sends, and the verdict of a client."""

    def __init__(self, args):
        self.origin = args.harbor
        self.judge = args.judge
        self.route = Route.of(args)
        self.proxy = args.proxy and (args.proxy.host, args.proxy.port)
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
            raise refusal or failure from None
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
            yield nagiosplugin.Metric("order", misplaced(self.chain))
            weak = [f"{element.subject}: {element.weakness}" for element in self.chain if element.weakness]
            yield nagiosplugin.Metric("strength", f"weak: {', '.join(weak)}" if weak else "")

    def refusal(self):
        """Why a verifying client gives up, or None."""
        try:
            deadline.supervised(lambda: tls.shake_hands(self.dial(), self.context, self.origin.host))
        except Failure as failure:
            if failure.stage not in (TLS, CERTIFICATE) or failure.hung:
                raise
            return failure
        return None

    def dial(self):
        """A TCP connection to the TLS port, through the proxy if there is one."""
        host, port = self.origin.host, self.origin.port
        return tunnel(self.route, self.proxy, host, port) if self.proxy else self.route.dial(host, port)

    def verdict(self, refusal, now):
        """What makes clients refuse the chain, and what to do about it; in our words where OpenSSL's do not tell."""
        why = refusal.detail
        leaf, last = self.chain[0], last_link(self.chain)
        expired = [element for element in self.chain if now > element.not_after]
        early = [element for element in self.chain if now < element.not_before]
        if "has expired" in why and expired:
            return good_until(expired[0], now), RENEW
        if "not yet valid" in why and early:
            return f"{early[0].subject} is not valid before {day(early[0].not_before)}", CLOCK
        if why.endswith(f"not valid for {self.origin.host}"):
            return f"not valid for {self.origin.host}, only for {', '.join(leaf.names) or leaf.subject}", RENAME
        if not any(words in why for words in UNTRUSTED):
            return why, RENEW
        if last.self_signed:
            return f"{last.subject} is self-signed and not trusted here", TRUST
        return f"{last.issuer} is neither served nor trusted here; it issued {last.subject}", COMPLETE

    @property
    def fine(self):
        leaf = self.chain[0]
        return f"{good_until(leaf, time.time())} (issued by {leaf.issuer})"


class Verdict(nagiosplugin.Context):
    """Whether a verifying client accepts the chain."""

    def evaluate(self, metric, resource):
        problem, next_step = metric.value
        return judgement.Judged(Critical if problem else nagiosplugin.Ok, problem, metric, next_step)


class DaysLeft(judgement.Threshold):
    """Whole days left of a chain element; without -w or -c the limit follows from its lifetime."""

    def __init__(self, args):
        super().__init__("days_left", args.warning, args.critical, "", RENEW)
        self.given = {Warn: args.warning, Critical: args.critical}
        self.reminder = args.reminder
        self.alerting_since = args.alerting_since

    def limits(self, element):
        """Warning and critical range for this element: alert on the day on which a limit is reached."""
        days = milestones(element.lifetime)
        return {state: given or nagiosplugin.Range(f"{days[state.text] + 1}:") for state, given in self.given.items()}

    def due(self, element, days_left):
        """Whether an alert on this day is wanted: always, unless this is a reminder."""
        if not self.reminder:
            return True
        begins, ends = days_of(self.reminder, element.lifetime)
        # What began to alert within these days has told already what the reminder would say.
        return ends < days_left <= begins and self.alerting_since < element.not_after - (begins + 1) * DAY

    def evaluate(self, metric, resource):
        element = self.element(metric, resource)
        limits = self.limits(element)
        for state in (Critical, Warn):
            if not limits[state].match(metric.value) and self.due(element, metric.value):
                text = good_until(element, time.time(), ends=True)
                at = f" ({state} at {limits[state]})" if self.given[state] else ""
                return judgement.Judged(state, text + at, metric, self.next_step)
        return judgement.Judged(nagiosplugin.Ok, good_until(element, time.time()), metric)

    def performance(self, metric, resource):
        limits = self.limits(self.element(metric, resource))
        return nagiosplugin.Performance(metric.name, metric.value, None, str(limits[Warn]), str(limits[Critical]))

    @staticmethod
    def element(metric, resource):
        return resource.chain[int(metric.name.rpartition("_")[2]) if metric.name != "days_left" else 0]


def milestones(lifetime):
    """The whole days left on which people are told, in the order in which they come; `lifetime` in days."""
    return {
        "warning": int(min(30, lifetime / 4)),
        "first": int(min(14, lifetime / 7)),
        "critical": int(min(7, lifetime / 12)),
        "second": int(min(3, lifetime / 24)),
        "third": int(min(1, lifetime / 60)),
    }


def days_of(reminder, lifetime):
    """The days left with which a reminder begins, and those of the next milestone; the same twice: it is left out.

    One that falls on the day of another milestone would tell the same twice.
    """
    days = milestones(lifetime)
    begins = days[reminder]
    earlier = REMINDERS[: REMINDERS.index(reminder)]
    if lifetime < REMINDED_LIFETIME or begins in [days[name] for name in ("warning", "critical", *earlier)]:
        return begins, begins
    return begins, max((value for value in days.values() if value < begins), default=-1)


def misplaced(chain):
    """What is wrong with the order of the chain, or ""; TLS wants each certificate followed by its issuer."""
    for lower, upper in zip(chain, chain[1:]):
        if lower.issuer != upper.subject:
            known = any(lower.issuer == other.subject for other in chain)
            problem = "the chain is in the wrong order" if known else f"{upper.subject} does not belong to the chain"
            return f"{problem}: {' > '.join(element.subject for element in chain)}"
    return ""


def last_link(chain):
    """The last certificate that the server's own leads to within the chain, from issuer to issuer."""
    served = {element.subject: element for element in chain}
    last = chain[0]
    for _ in chain:
        last = served.get(last.issuer, last)
    return last


def good_until(element, now, ends=False):
    """How long a certificate is good, how soon it `ends`, or since when it is not any more."""
    left = element.days_left(now)
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(element.not_after))
    if left < -1:
        return f"{element.subject} expired {count(-left - 1)} ago, on {day(element.not_after)}"
    if left == -1:
        return f"{element.subject} expired less than a day ago, at {at}"
    if left == 0:
        return f"{element.subject} expires within a day, at {at}"
    if ends:
        return f"{element.subject} expires in {count(left)}, on {day(element.not_after)}"
    return f"{element.subject} is good for {count(left)}, until {day(element.not_after)}"


def count(days):
    """A number of days in words."""
    return f"{days} day" if days == 1 else f"{days} days"


def day(seconds):
    """A date in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def declare(parser):
    options.thresholds(parser, "", "whole days left, as 30: (default: by lifetime)", None, None, units.DAYS)
    choices = ("expiry", "validity", "all")
    parser.add_argument("--judge", choices=choices, default="all", help="the dates, the rest, or both (%(default)s)")
    parser.add_argument("--reminder", choices=REMINDERS,
                        help="OK except on the days of this reminder (with --judge expiry)")  # fmt: skip
    parser.add_argument("--alerting-since", metavar="SECONDS", type=float, default=0,
                        help="Unix time at which the certificate's own service began to alert")  # fmt: skip


def check(args, harbor):
    if args.harbor.scheme != "https":
        raise Unusable("there is no certificate on http: give -H https://...")
    chain = ServedChain(args)
    return nagiosplugin.Check(
        chain,
        judgement.Threshold("time", None, None, "handshake in {valueunit}"),
        DaysLeft(args),
        Verdict("verdict"),
        judgement.Finding(
            "order", Warn, "put the server's certificate first, then each one's issuer, and restart the proxy"
        ),
        judgement.Finding("strength", Warn, "have it issued anew: RSA 2048 or EC P-256, signed with SHA-256"),
        judgement.Summary(chain),
    )


main = plugin.main(__name__, declare, check)

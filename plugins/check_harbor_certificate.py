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
--judge expiry looks at the dates alone, --judge validity at everything else.

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


class ServedChain(nagiosplugin.Resource):
    """The certificates that Harbor's TLS port sends, and the verdict of a client."""

    def __init__(self, args):
        self.origin = args.harbor
        self.judge = args.judge
        self.route = Route(args.connect_to, args.family)
        self.proxy = args.proxy and (args.proxy.host, args.proxy.port)
        files = (args.ca_file, args.client_cert, args.client_key)
        self.context = tls.context(*files, verify=not args.insecure)
        self.chain = []

    def probe(self):
        from harborlib import chain

        started = time.monotonic()
        refusal = self.refusal()
        yield judgement.seconds(time.monotonic() - started)
        host = self.origin.host
        self.chain, version = deadline.supervised(lambda: chain.served(self.dial, host))
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
            yield nagiosplugin.Metric("verdict", self.verdict(refusal, now))
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
        """Everything that makes clients refuse the chain, in words that lead to the repair."""
        if refusal is None:
            return ""
        leaf = self.chain[0] if self.chain else None
        if leaf and now > leaf.not_after:
            return good_until(leaf, now)
        if leaf and now < leaf.not_before:
            return f"{leaf.subject} is not valid before {day(leaf.not_before)}"
        if refusal.detail.endswith(f"not valid for {self.origin.host}") and leaf:
            return f"not valid for {self.origin.host}, only for {', '.join(leaf.names) or leaf.subject}"
        if leaf and len(self.chain) == 1 and not leaf.self_signed:
            return f"{refusal.detail}; only the server's own is sent: is the intermediate {leaf.issuer} missing?"
        return refusal.detail

    @property
    def fine(self):
        leaf = self.chain[0]
        return f"{good_until(leaf, time.time())} (issued by {leaf.issuer})"


class DaysLeft(judgement.Threshold):
    """Whole days left of a chain element; without -w or -c the limit follows from its lifetime."""

    def __init__(self, warning, critical):
        super().__init__("days_left", warning, critical, "", RENEW)
        self.given = {Warn: warning, Critical: critical}

    def limits(self, element):
        """Warning and critical range for this element: alert on the day on which a limit is reached."""
        computed = {Warn: min(30, element.lifetime / 4), Critical: min(7, element.lifetime / 12)}
        return {
            state: given or nagiosplugin.Range(f"{int(computed[state]) + 1}:") for state, given in self.given.items()
        }

    def evaluate(self, metric, resource):
        element = self.element(metric, resource)
        limits = self.limits(element)
        text = good_until(element, time.time())
        for state in (Critical, Warn):
            if not limits[state].match(metric.value):
                return judgement.Judged(state, text, metric, self.next_step)
        return judgement.Judged(nagiosplugin.Ok, text, metric)

    def performance(self, metric, resource):
        limits = self.limits(self.element(metric, resource))
        return nagiosplugin.Performance(metric.name, metric.value, None, str(limits[Warn]), str(limits[Critical]))

    @staticmethod
    def element(metric, resource):
        return resource.chain[int(metric.name.rpartition("_")[2]) if metric.name != "days_left" else 0]


def misplaced(chain):
    """What is wrong with the order of the chain, or ""; TLS wants each certificate followed by its issuer."""
    for lower, upper in zip(chain, chain[1:]):
        if lower.issuer != upper.subject:
            known = any(lower.issuer == other.subject for other in chain)
            problem = "the chain is in the wrong order" if known else f"{upper.subject} does not belong to the chain"
            return f"{problem}: {' > '.join(element.subject for element in chain)}"
    return ""


def good_until(element, now):
    """How long a certificate is good, or since when it is not any more."""
    left = element.days_left(now)
    if left >= 0:
        return f"{element.subject} is good for {count(left)}, until {day(element.not_after)}"
    ago = f"{count(-left - 1)} ago" if left < -1 else "less than a day ago"
    return f"{element.subject} expired {ago}, on {day(element.not_after)}"


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


def check(args, harbor):
    if args.harbor.scheme != "https":
        raise Unusable("there is no certificate on http: give -H https://...")
    chain = ServedChain(args)
    return nagiosplugin.Check(
        chain,
        judgement.Threshold("time", None, None, "handshake in {valueunit}"),
        DaysLeft(args.warning, args.critical),
        judgement.Finding("verdict", next_step=RENEW),
        judgement.Finding(
            "order", Warn, "put the server's certificate first, then each one's issuer, and restart the proxy"
        ),
        judgement.Finding("strength", Warn, "have it issued anew: RSA 2048 or EC P-256, signed with SHA-256"),
        judgement.Summary(chain),
    )


main = plugin.main(__name__, declare, check)

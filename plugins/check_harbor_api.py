#!/usr/bin/env python3
"""Does Harbor's API take the login, how fast, and is Harbor writable?

Reads /api/v2.0/systeminfo with the login. Wrong credentials are not refused there: Harbor silently answers as to a
stranger, which this probe notices. It is the one whose service reports bad credentials of the monitoring robot, locked
tables, an exhausted database pool and a forgotten read-only mode; with --isolate the others point here.

States:
  OK        the login is taken, in time; Harbor is writable; its clock agrees with this host's
  WARNING   slow (-w): a slow database shows here first; read-only mode; the clocks differ (--skew-warning); Harbor is
            older than --minimum-version; its external_url, which clients are given, is not --external-url (by default:
            the URL of -H)
  CRITICAL  the login is refused; no answer; very slow (-c); the clocks differ much (--skew-critical): tokens are then
            refused as expired, or as not yet valid
  UNKNOWN   usage error, no login, no answer that can be judged; with --isolate: another probe reports the cause, named
            in the line (database, redis, or the whole of Harbor: check_harbor_health)

The clocks that are compared are Harbor's and this host's; which of the two is wrong the probe cannot know.

Perfdata:
  time       response time in seconds
  skew       seconds by which the clocks differ, less what the answer took
  read_only  1 in read-only mode, 0 otherwise

Rights: none; any robot account may log in. Harbor: 2.0 or newer.

Does not see: which rights the login has (each probe names what it lacks); whether clients can log in to push and pull
(check_harbor_login).
"""

import argparse
import re
import time

from harborlib import judgement, options, plugin, summaries, units, words
from harborlib.judgement import Finding, ResponseTime, Shown, Threshold
from harborlib.origin import Origin
from harborlib.rest import Rest

import nagiosplugin
from nagiosplugin import Warn

WRITABLE = (
    "if nobody is at work there, switch it off: Administration > Configuration > System Settings > Repository Read Only"
)
CLOCK = "compare both with NTP: timedatectl on the Harbor host and on this one"
UPDATE = "update Harbor, or lower --minimum-version"
ADDRESS = (
    "give --external-url if this host goes another way than clients; else set external_url in harbor.yml (externalURL "
    "in the chart) to the address that clients use"
)


class Api(nagiosplugin.Resource):
    """What Harbor says of itself to a login."""

    def __init__(self, rest, minimum_version, external_url):
        self.rest = rest
        self.minimum_version = minimum_version
        self.expected = external_url or rest.harbor.origin
        self.fine = ""

    def probe(self):
        before = time.time()
        info = self.rest.systeminfo()
        after = time.time()
        yield judgement.seconds(self.rest.elapsed)
        skew = difference(info.moment("current_time") or 0.0, before, after)
        side = "ahead" if skew > 0 else "behind"
        yield nagiosplugin.Metric("skew", round(abs(skew), 1), "s", min=0, context=side)
        read_only = info.flag("read_only")
        yield nagiosplugin.Metric("mode", "Harbor is in read-only mode: pushes are refused" if read_only else "")
        yield nagiosplugin.Metric("read_only", int(read_only), min=0, max=1, context="value")
        version = info.name("harbor_version")
        yield nagiosplugin.Metric("version", self.too_old(version))
        yield nagiosplugin.Metric("address", self.other_address(info.text("external_url")))
        writable = "read-only" if read_only else "writable"
        self.fine = f"{self.rest.harbor.origin.where} takes the login, Harbor {version.partition('-')[0]} is {writable}"

    def too_old(self, version):
        """The problem with Harbor's version, or ""."""
        if not self.minimum_version:
            return ""
        wanted = ".".join(map(str, self.minimum_version))
        match = re.match(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", version)
        if not match:
            return f"Harbor's version {version or '(none)'} cannot be compared with {wanted}"
        found = tuple(int(part or 0) for part in match.groups())
        return f"Harbor {match[0]} is older than {wanted}" if found < self.minimum_version else ""

    def other_address(self, external_url):
        """The problem with the address that Harbor gives to clients, or ""."""
        try:
            same = Origin.parse(external_url) == self.expected
        except argparse.ArgumentTypeError:
            same = False
        return "" if same else f"Harbor's external_url is {external_url or '(none)'}, not {self.expected.url}"


def difference(moment, before, after):
    """Seconds by which a clock, read at some time between these two, is ahead (negative: behind)."""
    return moment - after if moment > after else min(0.0, moment - before)


def version(text):
    """A version to compare with, as 2.10 or v2.10.3; raises ArgumentTypeError."""
    match = re.fullmatch(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", text.strip(), re.ASCII)
    if not match:
        raise argparse.ArgumentTypeError(f"not a version: {text[:40]!r}")
    return tuple(int(part or 0) for part in match.groups())


def declare(parser):
    options.thresholds(parser, "", "response time", "2", "8", units.SECONDS)
    options.thresholds(parser, "skew", "how much the clocks differ", "30s", "300s", units.SECONDS)
    parser.add_argument(
        "--minimum-version", metavar="VERSION", type=version, help="warn when Harbor is older than this"
    )
    parser.add_argument("--external-url", metavar="URL", type=Origin.parse,
                        help="what Harbor's external_url should be (default: the URL of -H)")  # fmt: skip


def check(args, harbor):
    api = Api(Rest(harbor), args.minimum_version, args.external_url)
    skew = (args.skew_warning, args.skew_critical)
    return nagiosplugin.Check(
        api,
        ResponseTime(args.warning, args.critical),
        Threshold("ahead", *skew, "Harbor's clock is {value} ahead of this host's", words.span, CLOCK, measure="skew"),
        Threshold("behind", *skew, "Harbor's clock is {value} behind this host's", words.span, CLOCK, measure="skew"),
        Finding("mode", Warn, WRITABLE),
        Finding("version", Warn, UPDATE),
        Finding("address", Warn, ADDRESS),
        Shown("value"),
        summaries.Summary(api),
    )


main = plugin.main(__name__, declare, check)

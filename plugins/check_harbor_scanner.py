#!/usr/bin/env python3
"""Does the default scanner answer, and is its vulnerability database fresh?

Reads the scanners from /api/v2.0/scanners, and lets Harbor ask the default one for its metadata
(/api/v2.0/scanners/UUID/metadata).

States:
  OK        the default scanner answers, its database is young enough; it does not tell how old that is (the line says
            so)
  WARNING   no scanner is the default, or it is disabled: nothing is scanned; its database is old (-w)
  CRITICAL  it does not answer Harbor; its database is very old (-c)
  UNKNOWN   usage error, no login, a right is missing, no answer that can be judged; with --isolate: another probe
            reports the cause, named in the line (trivy, database, the login)

Perfdata:
  age   seconds since the database was last updated where it came from, by the scanner's own word
  time  seconds that the answers took

Rights: scanner:list and scanner:read, on system level. Harbor: 2.0 or newer; robot accounts can hold these rights from
2.9 on.

Does not see: whether scans succeed (check_harbor_scan); scanners of single projects. Harbor remembers for half a minute
what a scanner answered.
"""

from harborlib import endpoints, judgement, options, plugin, summaries, units, words
from harborlib.failure import Failure
from harborlib.judgement import Finding, Shown, Threshold
from harborlib.rest import Rest

import nagiosplugin
from nagiosplugin import Critical, Warn

UPDATED = "harbor.scanner-adapter/vulnerability-database-updated-at"
CHOOSE = "choose a default scanner in the UI (Interrogation Services > Scanners)"
REACH = "docker ps -a; docker logs --tail 50 trivy-adapter (or the pod, or the scanner at that address)"
UPDATE = "can the scanner download its database? docker logs trivy-adapter; its proxy, its rate limits, its disk"


class Scanner(nagiosplugin.Resource):
    """The default scanner and what it says of itself."""

    def __init__(self, rest):
        self.rest = rest
        self.fine = ""

    def probe(self):
        scanners = self.rest.whole(endpoints.SCANNERS, noun="scanner")
        default = next((row for row in scanners if row.flag("is_default")), None)
        if default is None:
            yield nagiosplugin.Metric("missing", "no scanner is the default: nothing is scanned")
        else:
            name = default.name("name")
            disabled = f"the default scanner {name} is disabled: nothing is scanned"
            yield nagiosplugin.Metric("missing", disabled if default.flag("disabled") else "")
            yield from self.metadata(default.name("uuid"), f"{name} at {default.name('url')}")
        yield judgement.seconds(self.rest.elapsed)

    def metadata(self, uuid, name):
        """Whether it answers, and the age of its database."""
        try:
            metadata = self.rest.get(endpoints.SCANNER_METADATA, uuid)
        except Failure as failure:
            if failure.status < 500 and not failure.hung:
                raise
            why = "in time" if failure.hung else f"({failure.status})"
            yield nagiosplugin.Metric("answer", f"{name} does not answer Harbor {why}")
            return
        updated = metadata.inner("properties").moment(UPDATED)
        self.fine = f"{name} answers, but does not tell how old its vulnerability database is"
        if updated is not None:
            age = max(0.0, self.rest.now - updated)
            self.fine = f"{name} answers, its vulnerability database is {words.span(age)} old"
            yield nagiosplugin.Metric("age", round(age), "s", min=0)


def declare(parser):
    options.thresholds(parser, "", "age of the vulnerability database", "48h", "7d", units.SECONDS)


def check(args, harbor):
    scanner = Scanner(Rest(harbor))
    limits = (args.warning, args.critical)
    return nagiosplugin.Check(
        scanner,
        Finding("missing", Warn, CHOOSE),
        Finding("answer", Critical, REACH),
        Threshold("age", *limits, "the vulnerability database is {value} old", words.span, UPDATE),
        Shown("time"),
        summaries.Summary(scanner),
    )


main = plugin.main(__name__, declare, check)

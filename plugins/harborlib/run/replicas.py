"""--every-address: one probe, asked at each address of Harbor's name, in one report.

Each address is judged as if it were the only one, the questions of isolation included. Only the TCP connection goes to
the address: SNI, the Host header and the verification of the certificate keep Harbor's name.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Callable, NamedTuple

from harborlib.judge.isolation import ALL_DOWN
from harborlib.text.finding import Finding
from harborlib.text.first_line import Line, Summary
from harborlib.text.report import Measure, Report
from harborlib.text.states import CRITICAL, OK, WARNING, worst_of
from harborlib.text.units import LOW
from harborlib.wire import Failure, addresses, deadline

from .faults import fault

if TYPE_CHECKING:
    from .probe import Probe

RESERVED = 0.1  # seconds to put the reports together
#: The report of one address, or of a failure that keeps the probe from all of them.
Examine = Callable[..., Report]


class Chosen(NamedTuple):
    """The addresses to ask, and remarks on those that are not asked."""

    asked: Sequence[str]
    notes: tuple[str, ...] = ()


def examine_every(probe: Probe, args: argparse.Namespace, until: float, examine_one: Examine) -> Report:
    """Run a probe at every address at the same time, and judge it before the time `until`."""
    plain = argparse.Namespace(**{**vars(args), "every_address": None})
    try:
        chosen = deadline.supervised(partial(choose, args), (until - time.monotonic()) / 2)
    except Failure as failure:
        return examine_one(probe, plain, until, failure)
    each = [argparse.Namespace(**{**vars(plain), "replica": address}) for address in chosen.asked]
    end = until - RESERVED
    calls = [partial(examine_one, probe, own, end) for own in each]
    outcomes = deadline.side_by_side(calls, until - time.monotonic())
    for position, outcome in enumerate(outcomes):
        if isinstance(outcome, Failure):
            outcomes[position] = examine_one(probe, each[position], until, outcome)
        elif isinstance(outcome, Exception):
            return fault(probe.name, outcome)
    capped = bool(args.isolate) and probe.at_some_addresses == WARNING
    return together(dict(zip(chosen.asked, outcomes)), chosen.notes, capped)


def choose(args: argparse.Namespace) -> Chosen:
    """The given addresses, or all of Harbor's name; raises Failure (resolve)."""
    harbor = args.harbor
    found = args.every_address or addresses.addresses_of(harbor.host, harbor.port, args.family)
    asked, unrouted = addresses.routed(found)
    notes = []
    if unrouted:
        family = "IPv6" if ":" in unrouted[0] else "IPv4"
        notes.append(f"not checked, this host has no {family} route: {', '.join(unrouted[: addresses.MOST])}")
    if len(asked) > addresses.MOST:
        notes.append(f"{harbor.host} has {len(asked)} addresses, only the first {addresses.MOST} are checked")
    return Chosen(asked[: addresses.MOST], tuple(notes))


def together(reports: Mapping[str, Report], notes: tuple[str, ...], capped: bool) -> Report:
    """One report from that of each address. `capped`: CRITICAL at some addresses only is a WARNING."""
    if len(reports) == 1:
        (report,) = reports.values()
        return report._replace(notes=(*report.notes, *notes), measures=[*report.measures, *counts(reports)])
    first = next(iter(reports.values()))
    failing = [address for address, report in reports.items() if report.state != OK]
    partial_outage = any(report.state != CRITICAL for report in reports.values())
    findings = [
        finding._replace(state=WARNING) if capped and partial_outage and finding.state == CRITICAL else finding
        for finding in grouped({address: report.findings for address, report in reports.items()})
    ]
    if 0 < len(failing) < len(reports):
        notes = (*notes, f"-I {failing[0]} instead of --every-address asks that address alone")
    return Report(
        probe=first.probe,
        findings=findings,
        summary=summary(reports, len(failing)),
        measures=[*worst(reports.values()), *counts(reports)],
        notes=tuple(dict.fromkeys([note for report in reports.values() for note in report.notes] + list(notes))),
        many=True,
        error=next((report.error for report in reports.values() if report.error), None),
    )


def grouped(found: Mapping[str, Sequence[Finding]]) -> list[Finding]:
    """The findings of all addresses: what is the same everywhere once, anything else with the addresses it is about."""
    same: dict[tuple[str, str, str], tuple[Finding, list[str]]] = {}
    for address, findings in found.items():
        for finding in findings:
            same.setdefault((finding.id, finding.state, str(finding)), (finding, []))[1].append(address)
    result = []
    for finding, places in same.values():
        everywhere = len(set(places)) == len(found) or not finding.text
        subject = ", ".join(dict.fromkeys([*places, *([finding.subject] if finding.subject else [])]))
        result.append(finding if everywhere else at_some(finding)._replace(subject=subject))
    return result


def at_some(finding: Finding) -> Finding:
    """A finding whose cause is that all of Harbor is down, if only an address of it is."""
    cause = finding.cause
    if cause and cause.because == ALL_DOWN:
        return finding._replace(cause=cause._replace(because="its health report fails too"))
    return finding


def summary(reports: Mapping[str, Report], failing: int) -> Summary:
    """The words for the first line: how many addresses have a problem."""
    number_of = len(reports)
    which = f"all {number_of}" if failing == number_of else f"{failing} of {number_of}"
    state = worst_of(report.state for report in reports.values())
    leading = {address: report for address, report in reports.items() if report.state == state}
    instead: Sequence[Finding] = ()
    if any(report.summary.instead for report in leading.values()):
        lines = {address: Line.of(report.findings, report.summary).shown for address, report in leading.items()}
        instead = grouped({address: lines.get(address, ()) for address in reports})
    ids = (
        frozenset(finding.id for report in leading.values() for finding in report.findings) if instead else frozenset()
    )
    fine = next(iter(reports.values())).summary.fine
    return Summary(f"{fine}, at all {number_of} addresses", f"problem at {which} addresses", instead, ids)


def worst(reports: Iterable[Report]) -> list[Measure]:
    """Each measure as it is at its worst address: a graph shows one line, however many addresses there are."""
    found: dict[str, Measure] = {}
    for report in reports:
        for measure in report.measures:
            known = found.setdefault(measure.name, measure)
            lower = measure.value < known.value
            if measure.value != known.value and lower == (measure.bad == LOW):
                found[measure.name] = measure
    return list(found.values())


def counts(reports: Mapping[str, Report]) -> list[Measure]:
    """How many addresses were asked, and how many are OK."""
    fine = sum(report.state == OK for report in reports.values())
    return [Measure("addresses", len(reports), min=0), Measure("addresses_ok", fine, min=0, max=len(reports))]

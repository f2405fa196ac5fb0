"""/scanners, /scans/all, /system/scanAll and /security: the scanners, the last scan-all, and what it found."""

from __future__ import annotations

from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.messages import Request, Response, error, json_response
from harbor_simulator.records import ScanAll, Scanner
from harbor_simulator.world import World

from .listing import paged
from .systemjobs import TYPES

REGISTERED = 1795328230.9
TYPE = "harbor.scanner-adapter/scanner-type"
DATABASE = "harbor.scanner-adapter/vulnerability-database-updated-at"
IMAGES = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"]
TRIGGER_FROM = (2, 2)
REPORT = "application/vnd.security.vulnerability.report; version=1.1"
NO_SCANNER = "no scanner is configured, it's not possible to scan"
DANGEROUS = (("Critical", 9.8), ("High", 7.5), ("High", 7.1), ("Medium", 5), ("Low", 2))


def scanners(world: World, request: Request, login: Login) -> Response:
    """GET /scanners."""

    def row(scanner: Scanner) -> dict[str, object]:
        return {
            "access_credential": "",
            "auth": "",
            "create_time": moment(REGISTERED),
            "description": f"The {scanner.name} scanner adapter",
            "disabled": scanner.disabled,
            "is_default": scanner.default,
            "name": scanner.name,
            "skip_certVerify": False,
            "update_time": moment(REGISTERED),
            "url": scanner.url,
            "use_internal_addr": True,
            "uuid": scanner.uuid,
        }

    return paged(request, world.content.scanners, row)


def metadata(world: World, request: Request, login: Login) -> Response:
    """GET /scanners/{uuid}/metadata: Harbor asks the scanner itself, and again after half a minute."""
    uuid = request.path.rstrip("/").split("/")[-2]
    scanner = next((scanner for scanner in world.content.scanners if scanner.uuid == uuid), None)
    if scanner is None:
        return error(404, "NOT_FOUND", f"registration {uuid} not found")
    if not scanner.answers or world.state.part("trivy") == "down":
        return error(500, "UNKNOWN", "internal server error")
    properties = {TYPE: "os-package-vulnerability"}
    if scanner.database is not None:
        properties[DATABASE] = moment(scanner.database)
    return json_response(
        {
            "capabilities": [{"consumes_mime_types": IMAGES, "produces_mime_types": [REPORT]}],
            "properties": properties,
            "scanner": {"name": scanner.name, "vendor": "Aqua Security", "version": "v0.51.2"},
        }
    )


def metrics(world: World, request: Request, login: Login) -> Response:
    """GET /scans/all/metrics and GET /scans/schedule/metrics: of the last scan, and of the last scheduled one."""
    newest, scheduled = world.content.scan_all
    found = scheduled if "/schedule/" in request.path else newest
    shown = stats(found)
    if world.version < TRIGGER_FROM:
        shown["requester"] = "7" if shown.pop("trigger", "") else ""
    return _without_scanner(world) or json_response(shown)


def stats(scan: ScanAll | None) -> dict[str, object]:
    """Harbor's counts for one scan of all artifacts, or for none."""
    if scan is None:
        return {"completed": 0, "ongoing": False, "total": 0}
    completed = scan.success + scan.error + scan.stopped
    states = {"Error": scan.error, "Pending": scan.pending, "Running": scan.running}
    return {
        "completed": completed,
        "metrics": {**states, "Stopped": scan.stopped, "Success": scan.success},
        "ongoing": scan.ongoing,
        "total": completed + scan.running + scan.pending,
        "trigger": "Schedule" if scan.scheduled else "Manual",
    }


def schedule(world: World, request: Request, login: Login) -> Response:
    """GET /system/scanAll/schedule: 200 without a body if nothing is scheduled."""
    job = world.content.scan_schedule
    if not job.cron:
        return _without_scanner(world) or Response(200, {"Content-Type": "application/json"})
    return _without_scanner(world) or json_response(
        {
            "creation_time": moment(job.since),
            "id": 6,
            "schedule": {"cron": job.cron, "next_scheduled_time": moment(None), "type": TYPES.get(job.cron, "Custom")},
            "status": "Running",
            "update_time": moment(job.since),
        }
    )


def _without_scanner(world: World) -> Response | None:
    if any(scanner.default for scanner in world.content.scanners):
        return None
    return error(412, "PRECONDITION", NO_SCANNER)


def security_summary(world: World, request: Request, login: Login) -> Response:
    """GET /security/summary: counts; zeros are omitted for high and other severities."""
    security = world.content.security
    severities = {f"{name}_cnt": security.found.get(name, 0) for name in ("critical", "low", "medium")}
    more = {f"{name}_cnt": count for name, count in security.found.items() if count}
    summary: dict[str, object] = {
        **severities,
        **more,
        "fixable_cnt": security.fixable,
        "scanned_cnt": security.scanned,
        "total_artifact": security.artifacts,
        "total_vuls": sum(security.found.values()),
    }
    if security.found and request.query.get("with_dangerous_cve") == "true":
        summary["dangerous_cves"] = [
            {
                "cve_id": f"CVE-2099-000{number}",
                "cvss_score_v3": score,
                "package": "stubpkg",
                "severity": severity,
                "version": "1.0",
            }
            for number, (severity, score) in enumerate(DANGEROUS, 1)
        ]
        summary["dangerous_artifacts"] = [
            {
                "critical_cnt": 1,
                "digest": artifact.digest,
                "high_cnt": 2,
                "medium_cnt": 1,
                "project_id": 2,
                "repository_name": repository,
            }
            for (repository, _), artifact in world.content.artifacts.items()
        ]
    return json_response(summary)

"""/projects/{project}/repositories/{repository}/artifacts. Permissions are those in the project."""

from __future__ import annotations

from urllib.parse import unquote

from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.image import CONFIG, MEDIA_TYPE, digest_of
from harbor_simulator.messages import Request, Response, error, json_response
from harbor_simulator.records import Artifact, Project
from harbor_simulator.world import World

from .listing import paged
from .scans import REPORT

BASE = "/api/v2.0"
SEVERITIES = ("Critical", "High", "Medium", "Low", "Unknown", "None")  # the worst first
LINKS = ("build_history", "vulnerabilities")
STRANGER = Project(0)
EXTRA = {
    "architecture": "amd64",
    "author": "",
    "config": {"Cmd": ["/lab/file"]},
    "created": "2026-01-01T00:00:00Z",
    "os": "linux",
}


def listing(world: World, request: Request, login: Login) -> Response:
    """GET .../artifacts, newest first."""
    project, repository = _names(request)
    refusal = _refusal(world, project, login, "artifact:list")
    if refusal:
        return refusal
    tags = [tag for name, tag in world.content.artifacts if name == repository]
    tags.sort(key=lambda tag: -world.content.artifacts[repository, tag].pushed)
    return paged(request, tags, lambda tag: _row(world, request, repository, tag))


def one(world: World, request: Request, login: Login) -> Response:
    """GET .../artifacts/{tag or digest}."""
    project, repository = _names(request)
    refusal = _refusal(world, project, login, "artifact:read")
    if refusal:
        return refusal
    reference = request.path.split("/")[8]
    known = {tag: artifact.digest for (name, tag), artifact in world.content.artifacts.items() if name == repository}
    if not known:
        return error(404, "NOT_FOUND", f"repository {repository} not found")
    for tag, digest in known.items():
        if reference in (tag, digest):
            return json_response(_row(world, request, repository, tag))
    sign = "@" if ":" in reference else ":"
    return error(404, "NOT_FOUND", f"artifact {repository}{sign}{reference} not found")


def _names(request: Request) -> tuple[str, str]:
    """The project, and the repository including it; a slash in its name arrives double-encoded."""
    _, _, _, _, project, _, rest, *_ = request.path.split("/")
    return project, f"{project}/{unquote(rest)}"


def _refusal(world: World, project: str, login: Login, permission: str) -> Response | None:
    """Anyone may read what is public, except a robot of Harbor 2.9 with a permission on the system level."""
    account = login.account
    robot = account is not None and bool(account.permissions)
    public = world.content.projects.get(project, STRANGER).public
    if (account and account.may_in_projects(permission)) or (public and not robot):
        return None
    return error(403, "FORBIDDEN", "forbidden") if account else error(401, "UNAUTHORIZED", "unauthorized")


def _row(world: World, request: Request, repository: str, tag: str) -> dict[str, object]:
    artifact = world.content.artifacts[repository, tag]
    wanted = [name for name, value in request.query.items() if value == "true"]
    path = f"{BASE}/projects/{repository.replace('/', '/repositories/', 1)}/artifacts/{artifact.digest}/additions"
    pushed = moment(artifact.pushed)
    overview = {"scan_overview": {REPORT: _overview(artifact)}} if artifact.scan else {}
    return {
        "accessories": _accessories(artifact) if "with_accessory" in wanted and artifact.accessories else None,
        "addition_links": {link: {"absolute": False, "href": f"{path}/{link}"} for link in LINKS},
        "digest": artifact.digest,
        "extra_attrs": EXTRA,
        "icon": digest_of(b"icon"),
        "id": 2,
        "labels": None,
        "manifest_media_type": MEDIA_TYPE,
        "media_type": "application/vnd.oci.image.config.v1+json",
        "project_id": 3,
        "pull_time": moment(None),
        "push_time": pushed,
        "references": None,
        "repository_id": 2,
        **(overview if "with_scan_overview" in wanted else {}),
        "size": artifact.size,
        "tags": [
            {
                "artifact_id": 2,
                "id": 2,
                "immutable": False,
                "name": tag,
                "pull_time": moment(None),
                "push_time": pushed,
                "repository_id": 2,
            }
        ],
        "type": "IMAGE",
    }


def _overview(artifact: Artifact) -> dict[str, object]:
    """The summary of a scan report; a failed scan found nothing."""
    overview: dict[str, object] = {
        "duration": 3,
        "end_time": moment(artifact.pushed + 303),
        "report_id": "61cac63e-8a68-40e6-b392-d7be0ac21839",
        "scan_status": artifact.scan,
        "start_time": moment(artifact.pushed + 300),
    }
    if artifact.scan == "Success":
        found = {severity: count for severity, count in artifact.found.items() if count}
        overview.update(
            complete_percent=100,
            scanner={"name": "Trivy", "vendor": "Aqua Security", "version": "v0.51.2"},
            severity=next((severity for severity in SEVERITIES if severity in found), "None"),
            summary={"fixable": 3, "summary": found, "total": sum(found.values())},
        )
    return overview


def _accessories(artifact: Artifact) -> list[dict[str, object]]:
    return [
        {
            "artifact_id": 20 + number,
            "creation_time": moment(artifact.pushed + 10),
            "digest": digest_of(kind.encode()),
            "icon": "",
            "id": number,
            "size": len(CONFIG),
            "subject_artifact_digest": artifact.digest,
            "subject_artifact_id": 2,
            "type": kind,
        }
        for number, kind in enumerate(artifact.accessories, 1)
    ]

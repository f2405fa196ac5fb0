"""check_harbor_artifact: what an operator sees."""

from __future__ import annotations

from typing import Any

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Artifact
from support import runner
from support.planted import NOW, plant
from support.screens import screen

IMAGE = "priv/img:1.0"
DIGEST = "sha256:216e249b24b14a97cfe411c564f6369b4184b2128c88771fb8ff1398f7f52907"
PUSH = "Next: check the pipeline that pushes it, then the project's tag retention and the audit log for who deleted it"
SCAN = "Next: start its scan in the web UI (the artifact's menu), and run check_harbor_scanner"
ATTACH = "Next: check the pipeline that should attach it (copying and replication can lose it)"
REBUILD = "Next: rebuild it on a newer base image and scan it (the web UI lists its vulnerabilities)"
FOUND = {"Critical": 1, "High": 2, "Medium": 1, "Low": 1}
WORDS = "1 critical, 2 high, 1 medium, 1 low"


def perfdata(
    age: int = 3600, warning: str = "", critical: str = "", *, found: int | None = None, worst: int = 0
) -> str:
    scanned = "" if found is None else f" vulnerabilities={found};;;0 critical={worst};;;0"
    return f" | time=Ts;;;0 age={age}s;{warning};{critical};0 size=9044B;;;0{scanned}"


def artifact(ago: float = HOUR, **traits: Any) -> Artifact:
    return Artifact(DIGEST, 9044, NOW - ago, **traits)


@pytest.mark.parametrize(("answer", "age"), [("artifact-during", 2033), ("artifact-failed", 2041)])
@pytest.mark.parametrize(
    ("options", "line", "further"),
    [
        ((), "OK - priv/img:1.0: pushed {} min ago, 8.8 KiB, not scanned (status Error)", ["exit code 0"]),
        (("--require", "scan"), "CRITICAL - priv/img:1.0: not scanned (status Error)", [SCAN, "exit code 2"]),
        (("--severity", "critical"), "CRITICAL - priv/img:1.0: not scanned (status Error)", [SCAN, "exit code 2"]),
    ],
)
def test_recorded(ask, harbor: Simulator, answer: str, age: int, options: list[str], line: str, further) -> None:
    """Pushed since its tag was, which was a moment later."""
    plant(harbor, f"f-scan-failed/{answer}")
    first = f"HARBOR ARTIFACT {line.format(age // 60)}{perfdata(age)}"
    assert ask("artifact", "--artifact", IMAGE, *options) == [first, *further]


def test_recorded_absence(ask, harbor: Simulator) -> None:
    plant(harbor, "v2-datapath/artifact-404.admin")
    assert ask("artifact", "--artifact", "priv/img:nope") == [
        "HARBOR ARTIFACT CRITICAL - artifact priv/img:nope not found (404 for "
        "/api/v2.0/projects/priv/repositories/img/artifacts/nope)",
        PUSH,
        "exit code 2",
    ]


@pytest.mark.parametrize(
    ("held", "options", "expected"),
    [
        pytest.param(
            artifact(), (),
            [f"OK - {IMAGE}: pushed 1 h ago, 8.8 KiB, not scanned" + perfdata(), "exit code 0"],
            id="there",
        ),
        pytest.param(
            artifact(scan="Success", found=FOUND, accessories=("signature.cosign", "sbom.harbor")),
            ("--require", "scan,signature,sbom", "--maximum-age", "2h"),
            [f"OK - {IMAGE}: pushed 1 h ago, 8.8 KiB, scanned ({WORDS}), signed, with an SBOM"
             + perfdata(3600, "", "7200", found=5, worst=1), "exit code 0"],
            id="all that is asked for",
        ),
        pytest.param(
            artifact(scan="Success", accessories=("signature.notation", "accelerator.nydus")),
            ("--require", "signature", "--severity", "low"),
            [f"OK - {IMAGE}: pushed 1 h ago, 8.8 KiB, scanned (nothing found), signed" + perfdata(found=0),
             "exit code 0"],
            id="nothing found",
        ),
        pytest.param(
            artifact(9 * DAY), ("-w", "8d"),
            [f"WARNING - {IMAGE}: last push 9 d ago (warning at 8 d)" + perfdata(777600, "691200"), PUSH,
             "exit code 1"],
            id="old",
        ),
        pytest.param(
            artifact(9 * DAY), ("--maximum-age", "8d"),
            [f"CRITICAL - {IMAGE}: last push 9 d ago (critical at 8 d)" + perfdata(777600, "", "691200"), PUSH,
             "exit code 2"],
            id="too old",
        ),
        pytest.param(
            artifact(9 * DAY), ("-c", "8d"),
            [f"CRITICAL - {IMAGE}: last push 9 d ago (critical at 8 d)" + perfdata(777600, "", "691200"), PUSH,
             "exit code 2"],
            id="the same in other words",
        ),
        pytest.param(
            artifact(), ("--require", "scan"),
            [f"CRITICAL - {IMAGE}: not scanned" + perfdata(), SCAN, "exit code 2"],
            id="not scanned",
        ),
        pytest.param(
            artifact(scan="Running"), ("--severity", "high"),
            [f"CRITICAL - {IMAGE}: not scanned (status Running)" + perfdata(), SCAN, "exit code 2"],
            id="not scanned is not clean",
        ),
        pytest.param(
            artifact(scan="Success", found={"High": 2, "Unknown": 3}), ("--severity", "critical"),
            [f"OK - {IMAGE}: pushed 1 h ago, 8.8 KiB, scanned (2 high, 3 unknown)" + perfdata(found=5), "exit code 0"],
            id="not that severe",
        ),
        pytest.param(
            artifact(scan="Success", found={"High": 2, "Unknown": 3}), ("--severity", "high"),
            [
                f"CRITICAL - {IMAGE}: scan found 2 high, 3 unknown vulnerabilities" + perfdata(found=5),
                REBUILD,
                "exit code 2",
            ],
            id="as severe",
        ),
        pytest.param(
            artifact(scan="Success", found=FOUND), ("--severity", "medium"),
            [
                f"CRITICAL - {IMAGE}: scan found {WORDS} vulnerabilities" + perfdata(found=5, worst=1),
                REBUILD,
                "exit code 2",
            ],
            id="more severe",
        ),
        pytest.param(
            artifact(accessories=("accelerator.nydus",)), ("--require", "signature"),
            [f"CRITICAL - {IMAGE}: not signed" + perfdata(), ATTACH, "exit code 2"],
            id="not signed",
        ),
        pytest.param(
            artifact(accessories=("signature.cosign",)), ("--require", "sbom"),
            [f"CRITICAL - {IMAGE}: no SBOM" + perfdata(), ATTACH, "exit code 2"],
            id="no SBOM",
        ),
        pytest.param(
            artifact(2 * DAY), ("--require", "sbom, scan,signature", "-w", "1d"),
            [f"CRITICAL - {IMAGE}: not scanned, not signed, no SBOM" + perfdata(172800, "86400"),
             "CRITICAL: not scanned", "CRITICAL: not signed", "CRITICAL: no SBOM",
             "WARNING: last push 2 d ago (warning at 1 d)", SCAN, "exit code 2"],
            id="all at once",
        ),
    ],
)  # fmt: skip
def test_states(ask, harbor: Simulator, held: Artifact, options: tuple[str, ...], expected: list[str]) -> None:
    harbor.content.now = NOW
    harbor.content.artifacts["priv/img", "1.0"] = held
    first, *further = expected
    assert ask("artifact", "--artifact", IMAGE, *options) == [f"HARBOR ARTIFACT {first}", *further]


@pytest.mark.parametrize(
    ("name", "what", "path"),
    [
        ("priv/img:3.0", "artifact priv/img:3.0", "img/artifacts/3.0"),
        ("priv/no:1", "repository priv/no", "no/artifacts/1"),
        ("priv/a/path:1", "repository priv/a/path", "a%252Fpath/artifacts/1"),
    ],
)
def test_not_there(ask, name: str, what: str, path: str) -> None:
    line = f"{what} not found (404 for /api/v2.0/projects/priv/repositories/{path})"
    assert ask("artifact", "--artifact", name) == [f"HARBOR ARTIFACT CRITICAL - {line}", PUSH, "exit code 2"]


def test_a_name_with_slashes_by_digest(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.artifacts["priv/a/b", "1.0"] = artifact()
    assert ask("artifact", "--artifact", f"priv/a/b@{DIGEST}", "--require", "scan")[0] == (
        "HARBOR ARTIFACT CRITICAL - priv/a/b@sha256:216e249b24b1: not scanned" + perfdata()
    )
    asked = [request.target.partition("?")[0] for request in harbor.requests]
    encoded = DIGEST.replace(":", "%3A")
    assert asked == [f"/api/v2.0/projects/priv/repositories/a%252Fb/artifacts/{encoded}"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--require", "scan,blessing"), "--require: not one of scan, signature, sbom: 'blessing'"),
        (("--severity", "none"), "--severity: invalid choice: 'none'"),
        (("--maximum-age", "-1d"), "--maximum-age: "),
        (("--artifact", "img:1.0"), "--artifact: not PROJECT/REPOSITORY: 'img'"),
    ],
)
def test_usage(ask, options: tuple[str, ...], problem: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="3"):
        ask("artifact", "--artifact", IMAGE, *options)
    assert capfd.readouterr().out.startswith(f"HARBOR ARTIFACT UNKNOWN - usage: {problem}")


def test_two_names_for_one_limit(ask) -> None:
    assert ask("artifact", "--artifact", IMAGE, "-c", "8d", "--maximum-age", "9d")[0] == (
        "HARBOR ARTIFACT UNKNOWN - usage: -c and --maximum-age mean the same: use only one of them"
    )


def test_a_robot_without_the_permission(authfile: str) -> None:
    robot = Account(MONITOR_SECRET, project_permissions=frozenset({"artifact:list", "repository:pull"}))
    with Simulator(users={MONITOR: robot}) as harbor:
        common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile)
        outcome = screen(runner.here("check_harbor_artifact", *common, "--artifact", IMAGE), harbor)
    assert outcome[0].startswith("HARBOR ARTIFACT UNKNOWN - the account lacks the permission artifact:read (403 for")
    assert outcome[-2].startswith("Next: grant the robot account artifact:read in the project")


def test_jobservice_explains_a_missing_scan(ask, harbor: Simulator) -> None:
    harbor.content.artifacts["priv/img", "1.0"] = artifact()
    harbor.switch("jobservice-down")
    first, *_ = ask("artifact", "--artifact", IMAGE, "--require", "scan", "--isolate")
    assert first.startswith(
        f"HARBOR ARTIFACT UNKNOWN - {IMAGE}: not scanned, Harbor says jobservice is unhealthy (see "
    )
    assert ask("artifact", "--artifact", IMAGE, "--require", "signature", "--isolate")[-1] == "exit code 2"

"""The directories that harbor_checks fills and empties: its own, and nobody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_roles.scripts import script


def directory(path: Path, name: str = "harbor_checks_dir", private: bool = True) -> dict[str, object]:
    return {"variable": name, "path": str(path), "private": private}


def judged(*directories: dict[str, object], links: str = "/usr/lib/nagios/plugins") -> list[str]:
    return list(script("directories").mistakes(list(directories), links))


def test_directory_that_the_role_has_made_is_its_own(tmp_path: Path) -> None:
    one = directory(tmp_path / "a" / "b")
    assert judged(one) == []
    script("directories").make(one)
    (tmp_path / "a" / "b" / "bin").mkdir()
    assert judged(one) == []
    assert judged(directory(tmp_path / "a" / "b", "harbor_checks_etc")) == [
        f"harbor_checks_etc: {tmp_path}/a/b holds what this role has not put there (it has no .harbor_checks_etc)"
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("full", "{0}/full holds what this role has not put there (it has no .harbor_checks_dir)"),
        ("forged", "{0}/forged holds what this role has not put there (it has no .harbor_checks_dir)"),
        ("theirs", "others than root can change {0}/theirs"),
        ("link", "{0}/link is not a directory"),
        ("dangling", "{0}/dangling is not a directory"),
        ("file", "{0}/file is not a directory"),
        ("open/new", "others than root can change {0}/open"),
        ("swapped/new", "others than root can change {0}/swapped"),
    ],
)
def test_directory_of_another_user_is_left_alone(name: str, said: str, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to give files away")
    for folder in ("full", "forged", "theirs", "open"):
        (tmp_path / folder).mkdir()
    (tmp_path / "full" / "passwd").touch()
    (tmp_path / "forged" / ".harbor_checks_dir").symlink_to("/etc/passwd")
    (tmp_path / "theirs" / ".harbor_checks_dir").touch()
    os.chown(tmp_path / "theirs", 65534, 65534)
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "full")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "swapped").symlink_to("/etc")
    os.lchown(tmp_path / "swapped", 65534, 65534)
    (tmp_path / "file").touch()
    assert judged(directory(tmp_path / name)) == [f"harbor_checks_dir: {said.format(tmp_path)}"]


def test_directories_do_not_lie_in_each_other(tmp_path: Path) -> None:
    one, same = directory(tmp_path / "a"), directory(tmp_path / "a", "harbor_checks_etc")
    inside = directory(tmp_path / "a" / "b", "harbor_checks_etc")
    assert judged(one, inside) == [f"harbor_checks_dir: {tmp_path}/a/b must not lie in {tmp_path}/a"]
    assert judged(one, links=f"{tmp_path}/a/bin") == [
        f"harbor_checks_dir: {tmp_path}/a/bin must not lie in {tmp_path}/a"
    ]
    assert len(judged(one, same)) == 2
    assert judged(one, directory(tmp_path / "ab", "harbor_checks_etc"), links=str(tmp_path)) == []

"""Reads directories as JSON: may the role fill and empty them? Only what carries its mark, is empty or does not exist.

Prints what is wrong and which of them carry the mark, as JSON. On request it marks them first. Also prints which units
of systemd exist, and whether the role has written them.
"""

import json
import os
import stat
import sys

MINE = (0, os.geteuid())


def mark(directory):
    """The file that says that the role has made a directory: it is named after the variable that chooses it."""
    return os.path.join(directory["path"], "." + directory["variable"])


def make(directory):
    """Make the directory, if it is not there, and its mark."""
    os.makedirs(directory["path"], mode=0o755, exist_ok=True)
    os.close(os.open(mark(directory), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644))


def marked(directory):
    """Whether the role has made it; others than root may not have put the mark into a private one."""
    try:
        found = os.lstat(mark(directory))
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and (found.st_uid in MINE or not directory["private"])


def mistakes(directories, links):
    """What is wrong with them, one line each."""
    places = [directory["path"] for directory in directories] + [links]
    for directory in directories:
        for place in places[: places.index(directory["path"])] + places[places.index(directory["path"]) + 1 :]:
            if f"{place}/".startswith(f"{directory['path']}/"):
                yield f"{directory['variable']}: {place} must not lie in {directory['path']}"
        problem = mistake(directory)
        if problem:
            yield f"{directory['variable']}: {problem}"


def mistake(directory):
    """Why the role leaves it alone, or ""."""
    path, private = directory["path"], directory["private"]
    for above in parents(path):
        if others_link(above) or (private and others_write(above)):
            return f"others than root can change {above}"
    if not os.path.lexists(path):
        return ""
    if os.path.islink(path) or not os.path.isdir(path):
        return f"{path} is not a directory"
    if private and others_write(path):
        return f"others than root can change {path}"
    if os.listdir(path) and not marked(directory):
        return f"{path} holds what this role has not put there (it has no {os.path.basename(mark(directory))})"
    return ""


def parents(path):
    """The directories above it that exist, whatever they lead to."""
    while path != "/":
        path = os.path.dirname(path)
        if os.path.lexists(path):
            yield path


def others_link(path):
    """Whether it is a symbolic link that another user owns."""
    found = os.lstat(path)
    return stat.S_ISLNK(found.st_mode) and found.st_uid not in MINE


def others_write(path):
    """Whether others may replace what is in it."""
    found = os.stat(path)
    open_to_all = found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
    return bool(found.st_uid not in MINE or open_to_all)


def has_first_line(unit, line):
    """Whether the role has written this unit."""
    with open(unit, encoding="utf-8", errors="replace") as file:
        return file.readline().rstrip("\n") == line


def main():
    """Answer on stdout what is asked on stdin."""
    asked = json.load(sys.stdin)
    directories = asked["directories"]
    for directory in directories if asked["mark"] else []:
        make(directory)
    found = {"mistakes": list(mistakes(directories, asked["links"]))}
    found["marked"] = [directory["path"] for directory in directories if marked(directory)]
    units = filter(os.path.exists, asked["units"])
    found["units"] = {unit: has_first_line(unit, asked["first_line"]) for unit in units}
    print(json.dumps(found))


if __name__ == "__main__":
    main()

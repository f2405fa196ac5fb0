"""`make docs-site`: the documentation as a web site in build/site, by mkdocs-material; a dead link ends the build.

The pages are those of the checkout. The README becomes the first page; links to files that are no pages lead to the
repository.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import release

ROOT = release.ROOT
BUILD = ROOT / "build"
PAGES = BUILD / "pages"
FURTHER = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "ansible/README.md")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]*)(#[^)]*)?\)")
SETTINGS = """\
site_name: check_harbor
repo_url: {url}
docs_dir: pages
site_dir: site
theme:
  name: material
  font: false
markdown_extensions: [tables, fenced_code, md_in_html, toc, attr_list]
validation:
  links:
    not_found: warn
    anchors: warn
    unrecognized_links: warn
    absolute_links: warn
nav:
  - Start: index.md
  - Set up: docs/setup.md
  - Icinga Director: docs/director.md
  - Icinga Web: docs/icingaweb.md
  - Graphs: docs/graphs.md
  - Robot accounts: docs/robots.md
  - Runbook: docs/runbook.md
  - Design: docs/alerting.md
  - Fire drill: docs/drill.md
  - Thresholds: docs/thresholds.md
  - Options: docs/options.md
  - Preloaded: docs/preloaded.md
  - JSON: docs/json.md
  - Costs: docs/performance.md
  - Ansible: ansible/README.md
  - Security: SECURITY.md
  - Changes: CHANGELOG.md
  - Contributing: CONTRIBUTING.md
  - All pages: docs/index.md
  - Probes:
{probes}
"""


def main() -> None:
    """Copy the pages, then build."""
    shutil.rmtree(PAGES, ignore_errors=True)
    PAGES.mkdir(parents=True)
    shutil.copytree(ROOT / "docs", PAGES / "docs")
    for name in FURTHER:
        (PAGES / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, PAGES / name)
    shutil.copy(ROOT / "README.md", PAGES / "index.md")
    url = release.setup()["metadata"]["url"]
    for page in PAGES.rglob("*.md"):
        page.write_text(LINK.sub(lambda match, page=page: link(page, match, url), page.read_text("utf-8")), "utf-8")  # type: ignore[misc]
    names = sorted(path.stem for path in (ROOT / "docs").glob("check_harbor_*.md"))
    settings = SETTINGS.format(url=url, probes="\n".join(f"      - {name}: docs/{name}.md" for name in names))
    (BUILD / "mkdocs.yml").write_text(settings, "utf-8")
    sys.exit(subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict"], cwd=BUILD, check=False).returncode)


def link(page: Path, match: re.Match[str], url: str) -> str:
    """A link of this page as the site needs it."""
    target, anchor = match[1], match[2] or ""
    place = (page.parent / target).resolve()
    if place == PAGES / "README.md":
        return f"]({'../' * (len(page.relative_to(PAGES).parts) - 1)}index.md{anchor})"
    if place.exists():
        return match[0]
    path = place.relative_to(PAGES)
    if not (ROOT / path).exists():
        sys.exit(f"dead link in {page.relative_to(PAGES)}: {target}")
    return f"]({url}/{path}{anchor})"


if __name__ == "__main__":
    main()

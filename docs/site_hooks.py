"""What the site needs beyond MkDocs: pages from outside `docs/`, links that leave it, and folders in the navigation.

In the repository a link such as `../../glassformer/files.py` or `../CONTRIBUTING.md` is right, and readers of the
sources follow it. On the site, one to a file that is a page leads to that page, and one to any other file becomes its
name: the site has no copy of the sources. A link to a file that is not there is a warning, an error under `--strict`.
"""

import logging
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
# Files of the repository that are pages of the site, by the page's name.
OUTSIDE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "LICENSE": "licence.md",
    "benchmarks/README.md": "benchmarks/index.md",
}
REPOSITORY = {page: path for path, page in OUTSIDE.items()}
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
LOG = logging.getLogger("mkdocs.hooks.site")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """In `nav` let a folder (`Recipes: recipes/`) stand for its pages, `index.md` first; left out if it has none."""
    config.nav = _expanded(config.nav or [], Path(config.docs_dir))
    return config


def _expanded(nav: list[Any], docs: Path) -> list[Any]:
    result: list[Any] = []
    for entry in nav:
        if isinstance(entry, str):
            result.append(entry)
            continue
        ((title, pages),) = entry.items()
        if isinstance(pages, list):
            pages = _expanded(pages, docs)
        elif pages.endswith("/"):
            found = sorted((docs / pages).glob("*.md"), key=lambda page: (page.name != "index.md", page.name))
            pages = [f"{pages}{page.name}" for page in found]
        if pages:
            result.append({title: pages})
    return result


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside `docs/`."""
    for path, page in OUTSIDE.items():
        content = (ROOT / path).read_text(encoding="utf-8")
        if path == "LICENSE":
            content = f"# Licence\n\n```text\n{content.strip()}\n```\n"
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Rewrite the links that leave the page's folder in the repository; code blocks stay as they are."""
    source = page.file.src_uri
    parts, end = [], 0
    for fence in FENCE.finditer(markdown):
        parts += [LINK.sub(lambda link: _rewritten(link, source), markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join(parts) + LINK.sub(lambda link: _rewritten(link, source), markdown[end:])


def _rewritten(link: re.Match[str], source: str) -> str:
    """The link of the page `source` as the site wants it."""
    path, hash_sign, anchor = link["target"].partition("#")
    if not path or ":" in path:
        return link[0]
    written_in = REPOSITORY.get(source, f"docs/{source}")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(written_in), path))
    page = OUTSIDE.get(target, target.removeprefix("docs/") if target.startswith("docs/") else None)
    if page:
        return f"[{link['text']}]({posixpath.relpath(page, posixpath.dirname(source) or '.')}{hash_sign}{anchor})"
    if target.startswith("..") or not (ROOT / target).exists():
        LOG.warning("%s links to '%s', which is not in the repository", written_in, link["target"])
    return link["text"]

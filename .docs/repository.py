"""Brings pages of the repository into the site at their own paths, with what they link to, and writes the pages of the notebooks
and of the commands.

A hook of MkDocs: nothing is copied by hand, and a link that works on a code host works here.
"""

import re
import subprocess
import sys
from pathlib import Path

from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "sim/README.md", "sim/parameters.md", "sim/variables.md", "sim/view/page/README.md", "seeds/README.md",
         "experiments/README.md", "notebooks/README.md", ".github/CHANGELOG.md", ".github/CONTRIBUTING.md")
OWN = ROOT / ".docs/pages"
UP = "../../"  # from there to the repository
PLACES = {".github/": "project/", ".docs/pages/": ""}  # the rest of the repository lies where it is
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def on_files(files: Files, config) -> Files:
    """Adds the pages, and each file that one of them, or a page of the site's own, links to."""
    wanted = {ROOT / page for page in PAGES}
    for page in [*sorted(wanted), *(Path(file.abs_src_path) for file in files.documentation_pages())]:
        for link in LINK.findall(page.read_text("utf-8")):
            target = page.parent.joinpath(link).resolve()
            if target.is_relative_to(ROOT) and target.is_file() and not target.is_relative_to(OWN) and target.suffix != ".ipynb":
                wanted.add(target)
    for file in sorted(wanted):
        files.append(File.generated(config, _place(file.relative_to(ROOT).as_posix()), abs_src_path=str(file)))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text, more = MarkdownExporter().from_filename(str(notebook), {"output_files_dir": notebook.stem})
        files.append(File.generated(config, f"notebooks/{notebook.stem}.md", content=text))
        for name, picture in more["outputs"].items():
            files.append(File.generated(config, f"notebooks/{name}", content=picture))
    words = [sys.executable, "-m", "typer", "experiments.cli.app", "utils", "docs", "--name", "pokrovsk", "--title", "Commands"]
    commands = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    files.append(File.generated(config, "reference/commands.md", content=commands))
    return files


def on_page_markdown(markdown: str, page, config, files: Files) -> str:
    """Links that hold in the repository, from where a page lies there to where it lies in the site."""
    if Path(page.file.abs_src_path or "").is_relative_to(OWN):
        markdown = markdown.replace(f"]({UP}", "](")
    markdown = re.sub(r"(\]\([^)\s]+)\.ipynb\)", r"\1.md)", markdown)
    return re.sub(r"(?<=\]\()((?:\.\./)*)(\.[a-z][\w./-]*)", lambda link: link[1] + _place(link[2]), markdown)


def _place(path: str) -> str:
    """Where a file of the repository lies in the site."""
    return next((new + path.removeprefix(old) for old, new in PLACES.items() if path.startswith(old)), path)

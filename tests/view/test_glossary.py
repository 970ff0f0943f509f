"""The glossary of sim/README.md: in order, short, and every name in it is there."""

import re
from pathlib import Path

from sim.measures import MEASURES
from sim.settings import catalog
from sim.view.page.messages.glossary import glossary

TEXT = (Path(__file__).parents[2] / "sim" / "README.md").read_text("utf-8").partition("\n## Glossary\n")[2]


def test_terms_are_in_order_and_each_is_one_sentence():
    terms = glossary()
    assert len(terms) == TEXT.count("* **") > 40 and list(terms) == sorted(terms, key=str.lower)
    assert {"grey zone", "lodgement", "strain", "relief", "course", "price", "kill zone"} <= set(terms)
    for term, words in terms.items():
        assert words.endswith(".") and ". " not in words and "`" not in words and "\n" not in words, term


def test_names_are_measures_or_parameters():
    names = re.findall(r"`([^`]+)`", TEXT)
    assert len(names) > 30 and not [n for n in names if n not in MEASURES and n not in catalog()]


def test_other_files_link_to_it():
    root = Path(__file__).parents[2]
    for file in ("sim/view/page/README.md", *(f"notebooks/{n}.ipynb" for n in ("01_first_battle", "02_the_sector", "05_watch_a_battle"))):
        assert "sim/README.md#glossary" in (root / file).read_text("utf-8") or "../../README.md#glossary" in (root / file).read_text("utf-8"), file


def test_the_readme_of_the_page_names_every_file():
    home = Path(__file__).parents[2] / "sim" / "view" / "page"
    text = (home / "README.md").read_text("utf-8")
    files = {str(f.relative_to(home)) for f in home.rglob("*.py") if f.name != "__init__.py"}
    assert files == set(re.findall(r"`([\w/]+\.py)`", text))
    scripts = {f.stem for f in home.rglob("*.js")}
    assert scripts <= set(re.findall(r"`(\w+)`", text))

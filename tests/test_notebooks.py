"""The notebooks run from the first cell to the last, and are stored without output."""

import ast
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_there_are_notebooks():
    assert {"01_first_battle", "02_the_sector"} <= {n.stem for n in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs(path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the notebook's own, whatever the machine sets
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
    assert len(notebook.cells) <= 20
    resources = {"metadata": {"path": FOLDER.parent}}
    with TemporaryDirectory() as place:  # sockets in files, with short names: a free port can be given out twice
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{place}/k")
        NotebookClient(notebook, km=kernel, timeout=180, resources=resources).execute()
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert sum("image/png" in out.get("data", {}) for out in outputs) >= 2, "a picture or two"
    assert not [out for out in outputs if out.output_type == "stream" and out.name == "stderr"], "runs without warnings"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_tidy(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            ast.parse(cell.source)
        assert all(len(line) <= 130 for line in cell.source.splitlines())

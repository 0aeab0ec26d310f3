"""Every notebook runs from top to bottom, and is committed with the outputs of such a run.

In the default set the first one runs, quickly. In the slow set so do all others, in one kernel, each from an empty namespace, so that
TensorFlow loads once; those that make the same pictures share them.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from mangastyle.paper.settings import QUICK

BOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
MAX_BYTES = 2_000_000  # of a notebook with its outputs

SHORT = BOOKS[:1]  # the others take up to half a minute each, however quickly
LONG = BOOKS[1:]

every_notebook = pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)

ONE_CONTEXT = """
import functools
import mangastyle.paper.figures as figures
figures.FigureContext = functools.cache(figures.FigureContext)
"""
EMPTY_NAMESPACE = "%reset -f"


def code(book: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in book.cells if cell.cell_type == "code"]


def kinds(cell: nbformat.NotebookNode) -> set[str]:
    """Kinds of a cell's outputs: the MIME types of its results, "stdout", "stderr"."""
    return {kind for output in cell.outputs for kind in output.get("data", {output.get("name"): None})}


def execute(book: nbformat.NotebookNode, folder: Path, seconds: int) -> None:
    """Run a notebook in an empty folder; an error in any cell raises."""
    NotebookClient(book, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()


def test_there_are_notebooks():
    assert [path.name[:2] for path in BOOKS] == ["01", "02", "03", "04", "05", "06", "07"]


@pytest.mark.parametrize("books", [SHORT, pytest.param(LONG, marks=pytest.mark.slow)], ids=["short", "long"])
def test_they_run_quickly_and_show_what_the_committed_ones_show(books, tmp_path, monkeypatch):
    monkeypatch.setenv(QUICK, "1")
    committed = {path.stem: code(nbformat.read(path, as_version=4)) for path in books}
    ran = {name: [nbformat.v4.new_code_cell(cell.source) for cell in cells] for name, cells in committed.items()}
    everything = [nbformat.v4.new_code_cell(ONE_CONTEXT)]
    for cells in ran.values():
        everything += [nbformat.v4.new_code_cell(EMPTY_NAMESPACE), *cells]
    execute(nbformat.v4.new_notebook(cells=everything), tmp_path, 300)
    for name, cells in committed.items():
        assert [kinds(cell) - {"stderr"} for cell in ran[name]] == [kinds(cell) - {"stderr"} for cell in cells], name


@every_notebook
def test_is_committed_whole(path):
    book = nbformat.read(path, as_version=4)
    assert path.stat().st_size < MAX_BYTES
    assert [cell.execution_count for cell in code(book)] == list(range(1, len(code(book)) + 1))
    for cell in code(book):
        assert not kinds(cell) & {"stderr"} and all(output.output_type != "error" for output in cell.outputs)
    assert sum("image/jpeg" in kinds(cell) for cell in code(book)) >= 2
    first, last = book.cells[0].source, book.cells[-1].source
    assert "**What the paper says" in first and last.startswith("**What we found.**")


@pytest.mark.slow
@every_notebook
def test_runs_in_full(path, tmp_path, monkeypatch):
    monkeypatch.delenv(QUICK, raising=False)
    execute(nbformat.read(path, as_version=4), tmp_path, 3600)

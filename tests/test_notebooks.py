"""Every notebook runs from top to bottom, and is committed with the outputs of such a run."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from mangastyle.figures import studio

BOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
MOST = 2_000_000  # bytes of a notebook with its outputs

every_notebook = pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)


def execute(path: Path, folder: Path, seconds: int) -> nbformat.NotebookNode:
    """The notebook after a run in an empty folder; an error in any cell raises."""
    book = nbformat.read(path, as_version=4)
    return NotebookClient(book, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()


def code(book: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in book.cells if cell.cell_type == "code"]


def kinds(cell: nbformat.NotebookNode) -> set[str]:
    """Of what a cell has put out: the MIME types of its results, "stdout", "stderr"."""
    return {kind for output in cell.outputs for kind in output.get("data", {output.get("name"): None})}


def test_there_are_notebooks():
    assert [path.name[:2] for path in BOOKS] == ["01", "02", "03", "04", "05", "06"]


@every_notebook
def test_runs_fast_and_shows_what_the_committed_one_shows(path, tmp_path, monkeypatch):
    monkeypatch.setenv(studio.FAST, "1")
    ran, committed = code(execute(path, tmp_path, 300)), code(nbformat.read(path, as_version=4))
    assert [kinds(cell) - {"stderr"} for cell in ran] == [kinds(cell) - {"stderr"} for cell in committed]


@every_notebook
def test_is_committed_whole(path):
    book = nbformat.read(path, as_version=4)
    assert path.stat().st_size < MOST
    assert [cell.execution_count for cell in code(book)] == list(range(1, len(code(book)) + 1))
    for cell in code(book):
        assert not kinds(cell) & {"stderr"} and all(output.output_type != "error" for output in cell.outputs)
    assert sum("image/jpeg" in kinds(cell) for cell in code(book)) >= 2
    first, last = book.cells[0].source, book.cells[-1].source
    assert "**What the paper says" in first and last.startswith("**What we found.**")


@pytest.mark.slow
@every_notebook
def test_runs_in_full(path, tmp_path, monkeypatch):
    monkeypatch.delenv(studio.FAST, raising=False)
    execute(path, tmp_path, 3600)

"""The worked notebook does what it says: executed in a kernel of its own, from the table to answers over HTTP."""

import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Jupyter's own
def test_it_runs_from_top_to_bottom(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [data["text/html"] for output in outputs if "text/html" in (data := output.get("data", {}))]
    live = next(html for html in shown if "validation" in html or "log_loss, lower is better" in html)
    assert "<script" not in live
    own = next(html for html in shown if "<td>done</td>" in html and "mine.py:model" not in html)
    assert "cannot be chosen" not in own, "the estimator of the notebook can be shipped too"
    assert not any("traceback" in output or output.get("name") == "stderr" for output in outputs), outputs
    assert (tmp_path / "tumours.bundle" / "bundle.json").is_file()


def test_it_is_kept_without_outputs() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 8
    for cell in cells:
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        compile("".join(cell["source"]), "cell", "exec")

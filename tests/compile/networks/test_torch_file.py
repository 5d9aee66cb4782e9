"""PyTorch's exported programs are read without PyTorch, and answer as it does; pickles and what is not read are
refused by name."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.compile.networks import _torch_files as files

from smeaton.compile.networks import read_network
from smeaton.errors import ProgramError
from smeaton.task.table import Array

RNG = np.random.default_rng(6)


def read(folder: Path, nodes: list[Any], inputs: dict[str, Any], weights: dict[str, Any], **changed: Any) -> Any:
    document = files.program(nodes, inputs, weights, nodes[-1]["outputs"][0]["as_tensor"]["name"])
    return read_network(files.save(folder / "m.pt2", document, weights, **changed))


def test_a_program_is_its_formula(tmp_path: Path) -> None:
    turned = np.asfortranarray(RNG.normal(size=(4, 3)))  # of other strides
    weights = {"w": turned, "b": RNG.normal(size=4), "s": RNG.normal(size=4).astype(np.float32), "one": np.ones(4)}
    nodes = [
        files.node("cat.default", "x", tensors=["a", "c"], dim=-1),
        files.node("linear.default", "h", input="x", weight="p_w", bias="p_b"),
        files.node(
            "batch_norm.default", "n", input="h", weight="p_s", bias=None, running_mean="p_b", running_var="p_one",
            training=False, momentum=0.1, eps=0.0,
        ),
        files.node("dropout.default", "d", input="n", p=0.5, train=False),
        files.node("leaky_relu.default", "l", self="d", negative_slope=0.2),
        files.node("slice.Tensor", "part", self="l", dim=1, start=1, end=9223372036854775807),
        files.node("softmax.int", "y", self="part", dim=-1),
    ]  # fmt: skip
    tape = read(tmp_path, nodes, {"a": [None, 2], "c": [None, 1]}, weights)
    x = RNG.normal(size=(9, 3))
    found = tape.run({"a": x[:, :2], "c": x[:, 2:]})
    normed = (x @ turned.T) * weights["s"]
    bent = np.exp(np.where(normed < 0, normed * 0.2, normed)[:, 1:])
    assert tape.widths == {"a": 2, "c": 1}
    assert np.abs(found - bent / bent.sum(axis=1, keepdims=True)).max() < 1e-12


RELU = [files.node("relu.default", "y", self="x")]


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([files.node("conv1d.default", "y", input="x")], "its operator aten.conv1d.default is not read here"),
        ([{**RELU[0], "target": "torch.ops.mine.op.default"}], "its operator mine.op.default is not read here"),
        ([files.node("dropout.default", "y", input="x", p=0.5, train=True)], "its dropout is in training"),
        ([files.node("softmax.int", "y", self="x", dim=0)], "over the axis 0"),
        ([files.node("cat.default", "y", tensors=["x", "x"], dim=0)], "mixes rows"),
        ([files.node("view.default", "y", self="x", size=[-1])], "which takes rows apart"),
        ([files.node("t.default", "y", self="x")], "mixes rows"),
        ([files.node("slice.Tensor", "y", self="x", dim=0, start=1)], "a slice of the rows"),
        ([files.node("add.Tensor", "y", self="x", other="gone")], "no model as PyTorch saves it"),
        ([files.node("matmul.default", "y", self="x", other="x")], "do not fit|mixes rows"),
    ],
)
def test_what_is_not_read_is_refused_by_name(nodes: list[Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=message) as raised:
        read(tmp_path, nodes, {"x": [None, 2]}, {})
    assert raised.value.fix
    assert raised.value.where == "m.pt2"


def test_pickles_are_refused_and_never_opened(tmp_path: Path) -> None:
    nodes = [files.node("linear.default", "y", input="x", weight="p_w", bias=None)]
    with pytest.raises(ProgramError, match="its w is pickled, and pickles may run code"):
        read(tmp_path, nodes, {"x": [None, 2]}, {"w": np.ones((1, 2))}, use_pickle=True)
    cut = {**files.meta(np.ones((1, 2))), "storage_offset": {"as_int": 1}}
    with pytest.raises(ProgramError, match="its w is cut short"):
        read(tmp_path, nodes, {"x": [None, 2]}, {"w": np.ones((1, 2))}, tensor_meta=cut)


def test_a_program_for_some_rows_alone_and_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="its input 'x' takes 32 rows at a time") as raised:
        read(tmp_path, RELU, {"x": [32, 2]}, {})
    assert "dynamic_shapes" in raised.value.fix
    with pytest.raises(ProgramError, match="its input 'x' is no table"):
        read(tmp_path, RELU, {"x": [None, 2, 2]}, {})
    path = tmp_path / "m.pt2"
    for content in (b"", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(ProgramError, match="it is no file of PyTorch"):
            read_network(path)
    with zipfile.ZipFile(path, "w") as archive:  # as PyTorch wrote them before 2.8
        archive.writestr("serialized_exported_program.json", "{}")
    with pytest.raises(ProgramError, match="no exported program") as raised:
        read_network(path)
    assert "PyTorch 2.8" in raised.value.fix


def _network(torch: Any) -> Any:
    """A network of all kinds of layers."""
    nn = torch.nn

    class Net(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            bends = ("ReLU", "SELU", "GELU", "LeakyReLU", "Sigmoid", "Tanh", "SiLU", "Softplus", "Mish", "Hardswish",
                     "Hardsigmoid", "LogSigmoid", "PReLU", "ReLU6", "Hardtanh")  # fmt: skip
            made = [getattr(nn, bend)() for bend in bends]
            self.bends = nn.ModuleList([*made, nn.ELU(0.5), nn.CELU(2.0), nn.GELU("tanh")])
            self.linear = nn.ModuleList([nn.Linear(6, 6) for _ in self.bends])
            self.codes, self.batch, self.layer = nn.Embedding(5, 3), nn.BatchNorm1d(6), nn.LayerNorm(6)
            self.batch.running_mean.normal_()
            self.out = nn.Linear(6, 1)

        def forward(self, x: Any) -> Any:
            h = torch.cat([self.codes(x[:, 0].long()), x[:, 1:]], dim=-1)
            for bend, linear in zip(self.bends, self.linear, strict=True):
                h = h + bend(linear(h))
            h = self.layer(self.batch(h)) * 2 - 1 / (1 + h.abs())
            return self.out(h.view(h.shape[0], -1).unsqueeze(1).squeeze(1).clamp(-3, 3)).squeeze(-1)

    return Net()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("double", [True, False])
def test_programs_of_pytorch_itself_answer_as_they_do(double: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    model = _network(torch).eval()
    model = model.double() if double else model
    x = torch.randn(40, 4, dtype=torch.float64 if double else torch.float32)
    x[:, 0] = torch.arange(40) % 5
    exported = torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim("rows")},))
    torch.export.save(exported, tmp_path / "m.pt2")
    tape = read_network(tmp_path / "m.pt2")
    theirs: Array = torch.export.load(tmp_path / "m.pt2").module()(x).detach().numpy()
    found = tape.run({"x": x.numpy().astype(np.float64)})
    assert np.abs(found - theirs).max() <= (1e-10 if double else 1e-5)

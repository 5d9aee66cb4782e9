"""The page keeps its looks: pictures of it at three widths, in both lights, against those in `shots/`.

`SMEATON_SHOTS=write` takes them anew. Letters are drawn by what a machine has installed: where its letters are not
those that the pictures were taken with, there is nothing to compare.
"""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
SHOTS = Path(__file__).parent / "shots"
LETTERS = SHOTS / "letters.json"
WRITE = os.environ.get("SMEATON_SHOTS") == "write"
HEIGHT = 2_400
#: Of the pixels of a picture, each the mean of 4 x 4: how many may differ, and what a difference is (of 255).
SHARE, STEP = 0.004, 24

_LETTERS = """() => ["system-ui", "Arial, 'Liberation Sans'", "ui-monospace, 'Liberation Mono'"].map((name) => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `600 40px ${name}, sans-serif`;
    return Math.round(pen.measureText("Quality against latency 0.1234 \\u2713").width);
})"""
_SMALL = """async ([shot, factor]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${shot}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width / factor;
    canvas.height = image.height / factor;
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/png").split(",")[1];
}"""
_DIFFER = """async ([one, other, step]) => {
    const [a, b] = await Promise.all([one, other].map(async (shot) => {
        const image = new Image();
        image.src = `data:image/png;base64,${shot}`;
        await image.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.width, image.height];
        const pen = canvas.getContext("2d");
        pen.drawImage(image, 0, 0);
        return pen.getImageData(0, 0, image.width, image.height);
    }));
    if (a.width !== b.width || a.height !== b.height) return 1;
    let count = 0;
    for (let at = 0; at < a.data.length; at += 4)
        if ([0, 1, 2].some((part) => Math.abs(a.data[at + part] - b.data[at + part]) > step)) count += 1;
    return count / (a.data.length / 4);
}"""


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280, 2000])
def test_the_page_looks_as_it_did(visit: Callable[..., Any], browser: Any, width: int, colours: str) -> None:
    page = visit(color_scheme=colours, viewport={"width": width, "height": HEIGHT})
    shot = base64.b64encode(page.screenshot()).decode()
    desk = browser.new_page()
    letters = desk.evaluate(_LETTERS)
    small = desk.evaluate(_SMALL, [shot, 4])
    path = SHOTS / f"{width}-{colours}.png"
    if WRITE:
        SHOTS.mkdir(exist_ok=True)
        path.write_bytes(base64.b64decode(small))
        LETTERS.write_text(json.dumps(letters) + "\n")
    if letters != json.loads(LETTERS.read_text()):
        pytest.skip("other letters are installed here than those the pictures were taken with")
    kept = base64.b64encode(path.read_bytes()).decode()
    share = desk.evaluate(_DIFFER, [small, kept, STEP])
    desk.close()
    assert share <= SHARE

"""`copy_bundle`: a bundle at another place, put there whole or not at all."""

import shutil
from pathlib import Path

from smeaton.bundle.read import open_bundle
from smeaton.bundle.write import put


def copy_bundle(source: Path, target: Path) -> Path:
    """Verify a bundle, copy it to `target`, replacing an older bundle there in one step, and return that path.

    Raises:
        BundleError: the source is damaged; something that is not a bundle stands at the target; it cannot be written.
    """
    open_bundle(source)
    target = target.absolute()
    if target == source.absolute():
        return target
    return put(target, lambda new: shutil.copytree(source, new)).path

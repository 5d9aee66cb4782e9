"""`copy_bundle`: a bundle at another place, put there whole or not at all."""

import shutil
from pathlib import Path

from smeaton.bundle.read import open_bundle
from smeaton.bundle.swap import beside, mend, swap_in
from smeaton.bundle.write import check_place
from smeaton.errors import BundleError
from smeaton.runtime.files import flush, flush_tree


def copy_bundle(source: Path, target: Path) -> Path:
    """Verify a bundle, copy it to `target`, replacing an older bundle there in one step, and return that path.

    Raises:
        BundleError: the source is damaged; something that is not a bundle stands at the target; it cannot be written.
    """
    open_bundle(source)
    target = target.absolute()
    if target == source.absolute():
        return target
    new = beside(target, "new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mend(target)
        check_place(target)
        shutil.copytree(source, new)
        flush_tree(new)
        swap_in(new, target)
        flush(target.parent)
    except OSError as error:
        raise BundleError(
            f"the bundle cannot be written: {error.strerror or error}",
            where=str(target),
            fix="choose a folder you may write to, with room",
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return open_bundle(target).path

"""Certificates made on the spot: some that fit, and one of each kind that does not."""

import shutil
import subprocess
from pathlib import Path

import pytest

_CONFIG = """\
[ca]
default_ca = own
[own]
database = {folder}/index.txt
rand_serial = yes
new_certs_dir = {folder}
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[server]
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
[authority]
basicConstraints = critical, CA:true
"""


class Certificates:
    """Makes PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "index.txt").touch()
        (folder / "openssl.cnf").write_text(_CONFIG.format(folder=folder))

    def make(self, name: str, kind: str = "server", start: str = "20200101", end: str = "20990101") -> tuple[str, str]:
        """A self-signed certificate and its key; both paths."""
        cert, key, request = (str(self.folder / f"{name}.{ending}") for ending in ("pem", "key", "csr"))
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        self.openssl("req", "-new", "-config", self.config, "-key", key, "-subj", f"/CN={name}", "-out", request)
        dates = ["-startdate", f"{start}000000Z", "-enddate", f"{end}000000Z"]
        self.openssl(
            "ca", "-batch", "-selfsign", "-notext", "-config", self.config, "-extensions", kind,
            "-keyfile", key, "-in", request, "-out", cert, *dates,
        )  # fmt: skip
        return cert, key

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)

    @property
    def config(self) -> str:
        return str(self.folder / "openssl.cnf")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("certificates are made by the openssl command, which is not here")
    return Certificates(tmp_path_factory.mktemp("certificates"))

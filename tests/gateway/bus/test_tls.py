"""Redis over TLS, as a cloud has it: known by a certificate authority of its own."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.bus.checking import inspect
from tests.services import Redis, _free_port

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Guarded:
    """A Redis behind TLS, and the authority that vouches for it."""

    url: str
    authority: Path


@pytest.fixture(name="guarded")
def guarded_redis(redis_service: Redis, tmp_path: Path) -> Iterator[Guarded]:
    authority, key = certified(tmp_path)
    port = _free_port()
    said = redis_service.say(
        f"CONFIG SET tls-cert-file {authority} tls-key-file {key} tls-ca-cert-file {authority} "
        f"tls-auth-clients no tls-port {port}"
    )
    if b"Unknown option" in said:
        pytest.skip("this Redis was built without TLS")
    assert said == b"+OK\r\n"
    yield Guarded(f"rediss://127.0.0.1:{port}/0", authority)
    redis_service.say("CONFIG SET tls-port 0")


async def test_the_authority_may_be_a_file(guarded: Guarded) -> None:
    assert (await inspect(guarded.url, str(guarded.authority))).works


async def test_the_authority_may_be_the_text_of_one(guarded: Guarded) -> None:
    assert (await inspect(guarded.url, guarded.authority.read_text())).works


async def test_a_server_that_nobody_vouches_for_is_not_spoken_to(guarded: Guarded) -> None:
    report = await inspect(guarded.url)
    assert not report.works
    assert "REDIS_CA_FILE" in report.remedy


def certified(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    folder.chmod(0o755)
    written, kept = folder / "authority.pem", folder / "key.pem"
    written.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    kept.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return written, kept

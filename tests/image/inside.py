"""Run inside the image: uses each library for what we have it for, after much was taken out."""
# ruff: noqa: PLC0415 - one group of libraries after the other, to see which it is

import asyncio
import ssl
from importlib.metadata import version
from pathlib import Path


def database() -> None:
    import psycopg
    import sqlalchemy

    assert psycopg.pq.__impl__ == "binary"
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        assert connection.scalar(sqlalchemy.text("select 6 * 7")) == 42


def phone() -> None:
    import phonenumbers
    from phonenumbers.timezone import time_zones_for_number
    from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

    from channels.twilio.costly import is_costly

    paris = phonenumbers.parse("+33142685300")
    assert time_zones_for_number(paris) == ("Europe/Paris",)
    assert is_costly("+33899123456")
    assert RequestValidator("token").compute_signature("https://a.example", {})


async def sound() -> None:
    import numpy as np
    import soxr  # type: ignore[import-untyped]

    from gateway.speech import recoding
    from gateway.speech.silero import SileroActivity

    tone = (np.sin(np.arange(16000) / 5) * 8000).astype("<i2").tobytes()
    message = await recoding.voice_message(tone, 16000)
    assert 0.9 < await recoding.seconds_of(message) < 1.1
    assert len((await recoding.decoded(message)).audio) > 30_000
    assert len(soxr.resample(np.zeros(16000, np.float32), 16000, 8000)) == 8000
    await SileroActivity().warm()


def model() -> None:
    """Strands with the models we offer it, and what they speak over."""
    from strands import Agent
    from strands.models.openai import OpenAIModel

    assert Agent(model=OpenAIModel(client_args={"api_key": "k"}, model_id="m"))


def world() -> None:
    import obstore
    import redis.asyncio
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    assert obstore.store.S3Store("bucket", region="fr-par")
    assert redis.asyncio.Redis.from_url("redis://localhost")
    assert OTLPSpanExporter(endpoint="http://localhost:4318/v1/traces")
    assert ssl.create_default_context().get_ca_certs(), "nobody could be trusted"


def words() -> None:
    import dateparser
    import num2words  # type: ignore[import-untyped]

    assert dateparser.parse("in two days")
    assert num2words.num2words(42, lang="fr") == "quarante-deux"
    assert version("frontdoor")


def place() -> None:
    for path in ("/opt/frontdoor/x", "/etc/x", "/x"):
        try:
            Path(path).touch()
        except OSError:
            continue
        raise AssertionError(f"{path} could be written")
    Path("/tmp/x").touch()  # noqa: S108 - what is being asked
    Path("/data/x").touch()
    Path("/data/x").unlink()


database()
phone()
asyncio.run(sound())
model()
world()
words()
place()
print("every library works")  # noqa: T201 - heard by who runs it

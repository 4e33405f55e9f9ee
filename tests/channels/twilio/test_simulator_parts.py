"""The phone's parts: sound, wire, TwiML and signatures, each against its source."""

from __future__ import annotations

import io
import json
import wave

import numpy as np
import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels.twilio.simulator import signing, twiml, wire
from channels.twilio.simulator.recording import Recording
from channels.twilio.simulator.sound import (
    bounds,
    from_mulaw,
    is_silent,
    line_noise,
    mixed,
    read_wav,
    to_mulaw,
)


def tone(seconds: float, level: int = 8000, rate: int = 8000) -> np.ndarray:
    times = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 440 * times)).astype(np.int16)


@pytest.mark.parametrize(
    ("sample", "code"),
    [(0, 0xFF), (-8, 0x7E), (32767, 0x80), (-32768, 0x00), (8, 0xFE), (1000, 0xCE)],
)
def test_mulaw_codes_are_those_of_the_standard(sample: int, code: int) -> None:
    assert to_mulaw(np.array([sample], np.int16))[0] == code


def test_every_mulaw_code_survives_a_round_trip() -> None:
    codes = bytes(range(256))
    # 0x7F is minus nothing.
    assert to_mulaw(from_mulaw(codes)) == codes.replace(b"\x7f", b"\xff")


def test_line_noise_is_as_loud_as_it_is_said_to_be_and_no_sound() -> None:
    noise = line_noise(1.0, -60.0)
    level = 20 * np.log10(np.sqrt((noise.astype(float) ** 2).mean()) / 32768)
    assert level == pytest.approx(-60, abs=0.5)
    assert bounds(to_mulaw(noise)) == (0, 0)
    assert is_silent(b"\xff\x7f" * 80)
    assert all(is_silent(to_mulaw(noise[at : at + 160])) for at in range(0, 8000, 160))
    assert not is_silent(to_mulaw(tone(0.02)))


def test_bounds_are_those_of_the_sound_in_noise() -> None:
    clip = np.concatenate([np.zeros(2400, np.int16), tone(0.5), np.zeros(1600, np.int16)])
    assert bounds(to_mulaw(mixed(clip, line_noise(1.0)))) == pytest.approx((0.3, 0.8), abs=0.006)


def test_a_wav_of_another_rate_keeps_its_length_and_pitch() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(24000)
        writer.writeframes(np.repeat(tone(1.0, rate=24000), 2).tobytes())
    samples = from_mulaw(read_wav(io.BytesIO(file.getvalue())))
    assert len(samples) == 8000
    spectrum = np.abs(np.fft.rfft(samples.astype(float)))
    assert int(spectrum.argmax()) == 440


@pytest.mark.parametrize("file", [b"", b"RIFF", b"no wav at all, but long enough to be read"])
def test_what_is_no_wav_is_refused_in_plain_words(file: bytes) -> None:
    with pytest.raises(ValueError, match="no WAV"):
        read_wav(io.BytesIO(file))


def test_a_recording_has_the_caller_left_and_the_house_right_at_their_samples() -> None:
    recording = Recording()
    recording.caller_said(0, to_mulaw(tone(0.02)))
    recording.house_said(400, to_mulaw(tone(0.01)))
    file = io.BytesIO()
    recording.save(file)
    with wave.open(io.BytesIO(file.getvalue())) as reader:
        assert (reader.getnchannels(), reader.getframerate()) == (2, 8000)
        sides = np.frombuffer(reader.readframes(480), "<i2").reshape(-1, 2)
    assert len(sides) == 480
    assert sides[:160, 0].any()
    assert not sides[160:, 0].any()
    assert not sides[:400, 1].any()
    assert sides[400:, 1].any()


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("{", "not JSON"),
        (b"\x00", "binary"),
        ("[]", "unknown"),
        ('{"event":"hangup","streamSid":"MZ1"}', "unknown"),
        ('{"event":"clear"}', "unknown"),
        ('{"event":"clear","streamSid":"MZ2"}', "another stream"),
        ('{"event":"mark","streamSid":"MZ1"}', "incomplete"),
        ('{"event":"mark","streamSid":"MZ1","mark":{"name":""}}', "incomplete"),
        ('{"event":"media","streamSid":"MZ1","media":{}}', "incomplete"),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":"%%"}}', "base64"),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":""}}', "without sound"),
    ],
)
def test_messages_that_twilio_would_not_take_are_refused(message: str | bytes, why: str) -> None:
    with pytest.raises(wire.Malformed, match=why):
        wire.read(message, "MZ1")


def test_messages_that_twilio_takes_are_read() -> None:
    media = '{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}'
    assert wire.read(media, "MZ1") == wire.Media(b"\xff\x7f")
    mark = '{"event":"mark","streamSid":"MZ1","mark":{"name":"t"}}'
    assert wire.read(mark, "MZ1") == wire.MarkSet("t")
    assert wire.read('{"event":"clear","streamSid":"MZ1"}', "MZ1") == wire.ClearAsked()


def test_numbers_on_the_wire_are_strings_and_rise_by_one() -> None:
    stream = wire.Stream("MZ1", "CA1", "AC1", {"token": "t"})
    messages = [stream.start(), stream.media(b"\xff" * 160, 0), stream.media(b"\xff" * 160, 20)]
    stream.skip()
    messages += [stream.media(b"\xff" * 160, 60), stream.digit("1"), stream.stop()]
    read = [json.loads(message) for message in messages]
    assert [m["sequenceNumber"] for m in read] == ["1", "2", "3", "4", "5", "6"]
    assert [m["media"]["chunk"] for m in read if m["event"] == "media"] == ["1", "2", "4"]
    assert read[2]["media"]["timestamp"] == "20"
    assert read[0]["start"]["customParameters"] == {"token": "t"}
    assert all(m["streamSid"] == "MZ1" for m in read)


@pytest.mark.parametrize("document", ["", "<Response", "<Say/>", "<Response><Gather/></Response>"])
def test_documents_that_we_cannot_follow_are_errors(document: str) -> None:
    with pytest.raises(twiml.BadDocument):
        twiml.read(document)


def test_twilios_own_validator_takes_our_signatures() -> None:
    fields = {"To": "+1", "From": "+2", "CallSid": "CA1", "Odd": "a b&c"}
    url = "https://door.example.com/twilio/voice"
    validator = RequestValidator("12345")

    def valid(url: str, fields: dict[str, str], how: signing.Signature) -> bool:
        signed = signing.headers("12345", url, fields, how)
        return bool(validator.validate(url, fields, signed.get("X-Twilio-Signature", "")))

    assert valid(url, fields, "right")
    assert not valid(url, fields, "wrong")
    assert not valid(url, fields, "missing")
    socket = "wss://door.example.com/twilio/media"
    slashed = signing.headers("12345", socket, how="slash")["X-Twilio-Signature"]
    assert validator.validate(f"{socket}/", {}, slashed)

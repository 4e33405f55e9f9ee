"""The speech services, knowing what the bench's callers say: half a sentence gives half its words.

python -m tests.bench.speech_double FILE PORT STT_MS STT_TAIL_MS TTS_MS
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio

from gateway.speech.simulator import SpeechSimulator, Timing, Utterance
from tests.bench.phones import Phrase


def write(said: Sequence[Phrase], file: Path) -> None:
    """Let a double in another process know these."""
    known = [
        {
            "text": phrase.text,
            "audio": base64.b64encode(phrase.audio).decode(),
            "ends": phrase.ends,
        }
        for phrase in said
    ]
    file.write_text(json.dumps(known))


async def main(file: str, port: str, stt: str, tail: str, tts: str) -> None:
    known = [
        Utterance(each["text"], base64.b64decode(each["audio"]), ends=tuple(each["ends"]))
        for each in json.loads(await anyio.Path(file).read_text())
    ]
    timing = Timing(stt_ms=float(stt), stt_tail_ms=float(tail), tts_ms=float(tts))
    simulator = SpeechSimulator(known, text="", timing=timing)
    async with simulator.serving(int(port)):
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:], backend_options={"use_uvloop": True})  # type: ignore[arg-type]  # as many words as it takes

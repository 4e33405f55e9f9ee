# mypy: ignore-errors
# ruff: noqa: E402, ANN001, ANN002, ANN201, ANN202
"""The peer: a Pipecat pipeline behind the same wire, run by an interpreter that has Pipecat.

Its leanest form, to its advantage: telephone rate throughout, Silero with its own figures (start
and stop 200 ms), no turn model, no wait after the detector has decided, no tracking, no RTVI.
Recognition, agent and voice are instant and in the process: two seconds of a tone.
"""

import math
import struct
import sys

from loguru import logger

logger.remove()
logger.add(sys.stderr, level="ERROR")

import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)
from pipecat.workers.runner import WorkerRunner

RATE = 8000
SECONDS = 4.0 if "long" in sys.argv else 2.0
STOP = float(sys.argv[2])
TONE = b"".join(
    struct.pack("<h", int(8000 * math.sin(2 * math.pi * 330 * n / RATE)))
    for n in range(int(RATE * SECONDS))
)
CHUNK = RATE // 50 * 2


class Instant(FrameProcessor):
    """Recogniser, agent and voice at once."""

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if direction != FrameDirection.DOWNSTREAM:
            return
        if isinstance(frame, VADUserStartedSpeakingFrame):
            await self.broadcast_interruption()
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            await self.push_frame(TTSStartedFrame())
            for at in range(0, len(TONE), CHUNK):
                await self.push_frame(TTSAudioRawFrame(TONE[at : at + CHUNK], RATE, 1))
            await self.push_frame(TTSStoppedFrame())


app = FastAPI()


@app.get("/health")
async def health():
    return {}


@app.websocket("/ws")
async def media(socket: WebSocket):
    await socket.accept()
    await socket.receive_text()
    start = (await socket.receive_json())["start"]
    serializer = TwilioFrameSerializer(
        start["streamSid"],
        call_sid=start["callSid"],
        params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
    )
    transport = FastAPIWebsocketTransport(
        socket,
        FastAPIWebsocketParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            add_wav_header=False,
            serializer=serializer,
        ),
    )
    detector = SileroVADAnalyzer(sample_rate=RATE, params=VADParams(stop_secs=STOP))
    pipeline = Pipeline(
        [transport.input(), VADProcessor(vad_analyzer=detector), Instant(), transport.output()]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
    )

    @transport.event_handler("on_client_disconnected")
    async def gone(*_):
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", loop="uvloop")

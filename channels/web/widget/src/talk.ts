/**
 * The microphone and the loudspeaker of one call. Asked for on a tap only: the person's
 * gesture is what lets a browser open them.
 */

import type { CallNote } from "./state.ts";

/** Samples a second, both ways. */
const RATE = 16_000;
/** How loud speech close to a microphone is, as the mean amplitude: the top of the meter. */
const LOUD = 0.15;

/** Why the microphone cannot be had. */
export class Unheard extends Error {
  constructor(readonly why: CallNote) {
    super(why);
  }
}

export interface Listener {
  /** 20 ms of PCM16, and how loud they are: 0 to 1. */
  heard(frame: ArrayBuffer, level: number): void;
  /** The loudspeaker began or stopped to play. */
  playing(on: boolean): void;
  /** The microphone was unplugged or taken away. */
  lost(): void;
}

export class Talk {
  private constructor(
    private readonly context: AudioContext,
    private readonly stream: MediaStream,
    private readonly speaker: MessagePort,
  ) {}

  /** `worklet` is where the audio thread's script is. Raises Unheard. */
  static async open(worklet: string, listener: Listener): Promise<Talk> {
    if (!navigator.mediaDevices || !window.AudioWorklet) throw new Unheard("micInsecure");
    // Before anything is awaited, while the tap still counts.
    let context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    let stream: MediaStream | null = null;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
      let source: AudioNode;
      try {
        source = context.createMediaStreamSource(stream);
      } catch {
        // This browser does not resample a microphone; the worklet does.
        void context.close();
        context = new AudioContext({ latencyHint: "interactive" });
        source = context.createMediaStreamSource(stream);
      }
      await context.audioWorklet.addModule(worklet);
      await context.resume();
      const options = { processorOptions: { rate: RATE }, channelCount: 1 };
      const microphone = new AudioWorkletNode(context, "microphone", {
        ...options,
        channelCountMode: "explicit",
        numberOfOutputs: 0,
      });
      const speaker = new AudioWorkletNode(context, "speaker", {
        ...options,
        numberOfInputs: 0,
        outputChannelCount: [1],
      });
      microphone.port.onmessage = ({ data: { frame, level } }) =>
        listener.heard(frame, Math.min(1, Math.sqrt(level / LOUD)));
      speaker.port.onmessage = ({ data }) => listener.playing(data);
      source.connect(microphone);
      speaker.connect(context.destination);
      stream.getAudioTracks()[0]!.onended = () => listener.lost();
      return new Talk(context, stream, speaker.port);
    } catch (reason) {
      release(context, stream);
      throw new Unheard(troubleOf(reason));
    }
  }

  play(sound: ArrayBuffer): void {
    this.speaker.postMessage(sound, [sound]);
  }

  /** Drop what was not played yet. */
  hush(): void {
    this.speaker.postMessage(null);
  }

  /** The browser itself then sends silence, and shows that it does. */
  mute(on: boolean): void {
    for (const track of this.stream.getAudioTracks()) track.enabled = !on;
  }

  close(): void {
    release(this.context, this.stream);
  }
}

function release(context: AudioContext, stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) {
    track.onended = null;
    track.stop();
  }
  void context.close();
}

function troubleOf(reason: unknown): CallNote {
  switch (reason instanceof DOMException && reason.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "micDenied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "micMissing";
    default:
      return "micBroken";
  }
}

/**
 * What runs on the browser's audio thread, as a script of its own: `web/worklet.js`.
 *
 * `microphone` makes frames of 20 ms out of what is heard; `speaker` plays what it is given,
 * gaplessly. Both speak 16-bit samples at the `rate` they are made with, whatever the rate of
 * the device: some browsers do not resample a microphone.
 */

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, made: unknown): void;

interface Options {
  readonly processorOptions: { readonly rate: number };
}

const FRAME_S = 0.02;
/** Held back before playing, so that a late frame leaves no gap. */
const BUFFER_S = 0.06;
/** A cut in the middle of a word clicks; so short a fade does not. */
const FADE_S = 0.015;

class Microphone extends AudioWorkletProcessor {
  /** Samples of the device for one of ours. */
  private readonly step: number;
  private readonly size: number;
  private frame: Int16Array;
  private filled = 0;
  private energy = 0;
  private sum = 0;
  private weight = 0;

  constructor({ processorOptions: { rate } }: Options) {
    super();
    this.step = sampleRate / rate;
    this.size = Math.round(rate * FRAME_S);
    this.frame = new Int16Array(this.size);
  }

  process([input]: Float32Array[][]): boolean {
    // Each of ours is the mean of the device's samples it covers: a low-pass that costs nothing.
    for (const sample of input?.[0] ?? []) {
      let left = 1;
      while (this.weight + left >= this.step) {
        const share = this.step - this.weight;
        this.push((this.sum + sample * share) / this.step);
        left -= share;
        this.sum = this.weight = 0;
      }
      this.sum += sample * left;
      this.weight += left;
    }
    return true;
  }

  private push(sample: number): void {
    this.energy += sample * sample;
    this.frame[this.filled++] = Math.max(-1, Math.min(1, sample)) * 0x7fff;
    if (this.filled < this.size) return;
    const { buffer } = this.frame;
    const level = Math.sqrt(this.energy / this.size);
    this.port.postMessage({ frame: buffer, level }, [buffer]);
    this.frame = new Int16Array(this.size);
    this.filled = this.energy = 0;
  }
}

class Speaker extends AudioWorkletProcessor {
  /** Samples of ours for one of the device. */
  private readonly step: number;
  private readonly rate: number;
  private queue: (Int16Array | Float32Array)[] = [];
  private at = 0;
  private queued = 0;
  private playing = false;
  /** Samples of the device since something came to be played. */
  private waited = 0;
  private before = 0;
  private after = 0;
  private between = 0;

  constructor({ processorOptions: { rate } }: Options) {
    super();
    this.rate = rate;
    this.step = rate / sampleRate;
    this.port.onmessage = ({ data }: MessageEvent<ArrayBuffer | null>) =>
      data ? this.add(new Int16Array(data)) : this.clear();
  }

  process(_: Float32Array[][], [output]: Float32Array[][]): boolean {
    const out = output?.[0];
    if (!out) return true;
    if (!this.playing && this.queued) {
      this.waited += out.length;
      this.tell(this.queued >= BUFFER_S * this.rate || this.waited >= BUFFER_S * sampleRate);
    }
    if (!this.playing) return true;
    for (let i = 0; i < out.length; i++) {
      out[i] = this.before + (this.after - this.before) * this.between;
      for (this.between += this.step; this.between >= 1; this.between--) {
        this.before = this.after;
        this.after = this.take();
      }
    }
    if (!this.queued) this.tell(false);
    return true;
  }

  private tell(playing: boolean): void {
    if (playing === this.playing) return;
    this.playing = playing;
    this.waited = 0;
    this.port.postMessage(playing);
  }

  private add(samples: Int16Array | Float32Array): void {
    if (!samples.length) return;
    this.queue.push(samples);
    this.queued += samples.length;
  }

  private take(): number {
    const [first] = this.queue;
    if (!first) return 0;
    const sample = first[this.at++]!;
    this.queued--;
    if (this.at === first.length) {
      this.queue.shift();
      this.at = 0;
    }
    return first instanceof Int16Array ? sample / 0x8000 : sample;
  }

  /** Fade out and forget the rest; what comes after is played as usual. */
  private clear(): void {
    const tail = new Float32Array(this.playing ? Math.min(this.queued, FADE_S * this.rate) : 0);
    for (let i = 0; i < tail.length; i++) tail[i] = this.take() * (1 - i / tail.length);
    this.queue = [];
    this.at = this.queued = 0;
    this.add(tail);
  }
}

registerProcessor("microphone", Microphone);
registerProcessor("speaker", Speaker);

export {};

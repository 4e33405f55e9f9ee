import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

interface Port {
  posted: unknown[];
  postMessage(message: unknown): void;
  onmessage(event: { data: ArrayBuffer | null }): void;
}

interface Processor {
  port: Port;
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

type Made = new (options: object) => Processor;

/** The browser's audio thread, as far as the script needs it. */
const made: Record<string, Made> = {};
Object.assign(globalThis, {
  sampleRate: 16_000,
  AudioWorkletProcessor: class {
    port = {
      posted: [] as unknown[],
      postMessage(message: unknown): void {
        this.posted.push(message);
      },
    };
  },
  registerProcessor: (name: string, it: Made) => (made[name] = it),
});

const start = (name: string, device: number): Processor => {
  Object.assign(globalThis, { sampleRate: device });
  return new made[name]!({ processorOptions: { rate: 16_000 } });
};

const tone = (length: number, rate: number, hertz = 440): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hertz * i) / rate));

const pcm = (samples: Float32Array): ArrayBuffer =>
  Int16Array.from(samples, (it) => it * 0x7fff).buffer as ArrayBuffer;

/** What the loudspeaker plays in so many blocks of 128 samples. */
function played(speaker: Processor, blocks: number): number[] {
  const all: number[] = [];
  for (let i = 0; i < blocks; i++) {
    const block = new Float32Array(128);
    assert.equal(speaker.process([], [[block]]), true);
    all.push(...block);
  }
  return all;
}

const crossings = (samples: Iterable<number>): number => {
  let [count, last] = [0, 0];
  for (const it of samples) {
    if (last < 0 && it >= 0) count++;
    last = it;
  }
  return count;
};

beforeEach(async () => {
  await import("../src/worklet.ts");
});

for (const device of [16_000, 44_100, 48_000]) {
  test(`a microphone of ${device} Hz makes frames of 20 ms at 16 kHz`, () => {
    const microphone = start("microphone", device);
    const second = tone(device, device);
    for (let at = 0; at < device; at += 128) {
      microphone.process([[second.subarray(at, at + 128)]], []);
    }
    const frames = microphone.port.posted as { frame: ArrayBuffer; level: number }[];
    assert.ok(Math.abs(frames.length - 50) <= 1, String(frames.length));
    assert.ok(frames.every(({ frame }) => frame.byteLength === 640));
    const heard = frames.flatMap(({ frame }) => [...new Int16Array(frame)]);
    assert.ok(Math.abs(crossings(heard) - 440) < 12, String(crossings(heard)));
    assert.ok(Math.abs(frames[5]!.level - 0.5 / Math.SQRT2) < 0.02);
  });

  test(`a loudspeaker of ${device} Hz plays as long and as high as it was told`, () => {
    const speaker = start("speaker", device);
    const second = tone(16_000, 16_000);
    for (let at = 0; at < 16_000; at += 320) {
      speaker.port.onmessage({ data: pcm(second.subarray(at, at + 320)) });
    }
    const all = played(speaker, Math.ceil((device * 1.2) / 128));
    assert.ok(Math.abs(crossings(all) - 440) < 4, String(crossings(all)));
    assert.deepEqual(speaker.port.posted, [true, false]);
    const spoken = all.findLastIndex((it) => it !== 0) - all.findIndex((it) => it !== 0);
    assert.ok(Math.abs(spoken / device - 1) < 0.01);
  });
}

test("a microphone that is not there yet is waited for", () => {
  const microphone = start("microphone", 16_000);
  assert.equal(microphone.process([[]], []), true);
  assert.deepEqual(microphone.port.posted, []);
});

test("what is too loud is cut, not wrapped round", () => {
  const microphone = start("microphone", 16_000);
  microphone.process([[new Float32Array(320).fill(1.5)]], []);
  const [{ frame }] = microphone.port.posted as [{ frame: ArrayBuffer }];
  assert.deepEqual(new Set(new Int16Array(frame)), new Set([0x7fff]));
});

test("playing waits for a little to be there, but not for ever", () => {
  const speaker = start("speaker", 16_000);
  speaker.port.onmessage({ data: pcm(new Float32Array(160).fill(0.5)) });
  assert.ok(played(speaker, 6).every((it) => it === 0));
  assert.ok(played(speaker, 4).some((it) => it > 0.4));
});

test("a clear fades out, drops the rest, and spares what comes after", () => {
  const speaker = start("speaker", 16_000);
  speaker.port.onmessage({ data: pcm(new Float32Array(16_000).fill(0.5)) });
  played(speaker, 20);
  speaker.port.onmessage({ data: null });
  speaker.port.onmessage({ data: pcm(new Float32Array(640).fill(-0.5)) });
  const after = played(speaker, 10);
  const turn = after.findIndex((it) => it < -0.4);
  assert.ok(turn >= 240 && turn < 250, String(turn));
  const steps = after.slice(0, 239).map((it, i) => Math.abs(it - (after[i - 1] ?? it)));
  assert.ok(Math.max(...steps) < 0.01, "the fade is smooth");
  assert.equal(after.filter((it) => it < -0.4).length, 640);
});

test("a clear before anything was heard leaves nothing to hear", () => {
  const speaker = start("speaker", 16_000);
  speaker.port.onmessage({ data: pcm(new Float32Array(640).fill(0.5)) });
  speaker.port.onmessage({ data: null });
  assert.ok(played(speaker, 20).every((it) => it === 0));
});

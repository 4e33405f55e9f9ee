import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { backoff, Connection } from "../src/connection.ts";
import { Denied } from "../src/session.ts";
import { type Event, initial, reduce, type State } from "../src/state.ts";

/** The browser's socket, with the server's end in the test's hands. */
class Socket {
  static readonly OPEN = 1;
  static all: Socket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  binaryType = "blob";
  sounds: number[] = [];
  sent: Record<string, unknown>[] = [];
  onopen = (): void => {};
  onmessage = (_: { data: string | ArrayBuffer }): void => {};
  onclose = (_: { code: number }): void => {};

  constructor() {
    Socket.all.push(this);
  }

  send(data: string | ArrayBuffer): void {
    if (typeof data === "string") this.sent.push(JSON.parse(data) as Record<string, unknown>);
    else this.sounds.push(data.byteLength);
  }

  close(): void {
    this.readyState = 3;
  }

  hear(frame: object): void {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  async greet(seq = 0): Promise<this> {
    this.readyState = Socket.OPEN;
    this.onopen();
    this.hear({ type: "welcome", conversation: "c", seq });
    await settle();
    return this;
  }
}

let state: State;
let dropped: string[];
let heard: number[];
let session: () => Promise<{ token: string; expires: number; maxUpload: number }>;
let connection: Connection;

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};
const dispatch = (event: Event): void => {
  state = reduce(state, event);
};
const say = (id: string): void => {
  dispatch({ type: "say", id, text: id, at: "2026-11-23T08:00:00Z" });
  connection.flush();
};
const pass = async (milliseconds: number): Promise<void> => {
  mock.timers.tick(milliseconds);
  await settle();
};
const socket = (): Socket => Socket.all.at(-1)!;

beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_800_000_000_000 });
  mock.method(Math, "random", () => 1);
  Object.assign(globalThis, { WebSocket: Socket });
  Socket.all = [];
  state = initial();
  dropped = [];
  heard = [];
  session = () => Promise.resolve({ token: "t", expires: 0, maxUpload: 0 });
  connection = new Connection({
    socketUrl: "ws://x/web/socket",
    sessions: { get: () => session(), drop: (token) => void dropped.push(token) },
    start: () => 0,
    state: () => state,
    dispatch,
    sound: (data) => void heard.push(data.byteLength),
    tooBig: () => "Too long.",
  });
  connection.start();
  await settle();
});

afterEach(() => {
  connection.stop();
  mock.restoreAll();
  mock.timers.reset();
});

test("the token goes in the first frame, with the last seq held", async () => {
  await socket().greet();
  socket().hear({ type: "message", seq: 1, id: "m", role: "agent", parts: [], at: "" });
  assert.deepEqual(socket().sent, [{ type: "hello", token: "t", after: 0 }]);
  socket().onclose({ code: 1006 });
  await pass(500);
  await socket().greet(1);
  assert.deepEqual(socket().sent, [{ type: "hello", token: "t", after: 1 }]);
});

for (const code of [1012, 1001]) {
  test(`whom a server sends away with ${code} comes back at once`, async () => {
    await socket().greet();
    socket().onclose({ code });
    assert.equal(Socket.all.length, 1);
    await pass(300);
    assert.equal(Socket.all.length, 2);
  });
}

test("who is sent away again and again takes more time each time", async () => {
  const waits: number[] = [];
  for (let times = 0; times < 4; times++) {
    await socket().greet();
    const before = Socket.all.length;
    const left = Date.now();
    socket().onclose({ code: 1012 });
    while (Socket.all.length === before) await pass(100);
    waits.push(Date.now() - left);
  }
  assert.deepEqual(waits, [300, 1000, 2000, 4000]);
});

test("a server that lets nobody in is not asked at once again", async () => {
  socket().onclose({ code: 1012 });
  await pass(300);
  assert.equal(Socket.all.length, 1);
  await pass(200);
  assert.equal(Socket.all.length, 2);
});

test("messages go one at a time, each once it is acknowledged", async () => {
  await socket().greet();
  say("a");
  say("b");
  assert.deepEqual(
    socket()
      .sent.slice(1)
      .map((it) => it.id),
    ["a"],
  );
  socket().hear({ type: "ack", id: "a", seq: 1 });
  assert.equal(socket().sent.at(-1)!.id, "b");
});

test("a message nobody acknowledges is sent again under its id", async () => {
  await socket().greet();
  say("a");
  await pass(10_000);
  assert.deepEqual(
    socket()
      .sent.slice(1)
      .map((it) => it.id),
    ["a", "a"],
  );
});

test("a message the server cannot take yet waits as long as it says", async () => {
  await socket().greet();
  say("a");
  socket().hear({ type: "error", code: "busy", message: "Later.", id: "a", retry_after: 4 });
  await pass(3_900);
  assert.equal(socket().sent.length, 2);
  await pass(200);
  assert.equal(socket().sent.length, 3);
  assert.equal(state.pending[0]?.error, "");
});

test("a message too large for the server is refused, and the next one goes", async () => {
  await socket().greet();
  say("a");
  say("b");
  socket().onclose({ code: 1009 });
  assert.equal(state.pending[0]?.error, "Too long.");
  await pass(1_000);
  await socket().greet();
  assert.equal(socket().sent.at(-1)!.id, "b");
});

test("each failed attempt waits longer, up to half a minute", () => {
  assert.deepEqual(
    [0, 1, 5, 10, 99].map((it) => backoff(it, 1)),
    [500, 1000, 16_000, 30_000, 30_000],
  );
  assert.equal(backoff(3, 0.5), 2000);
});

test("a server that takes every greeting and hangs up is not hammered", async () => {
  for (let i = 0; i < 6; i++) {
    await socket().greet();
    socket().onclose({ code: 1006 });
    await pass(500 * 2 ** i);
  }
  const before = Socket.all.length;
  socket().onclose({ code: 1006 });
  await pass(20_000);
  assert.equal(Socket.all.length, before);
});

test("a connection that held earns a quick return", async () => {
  for (let i = 0; i < 4; i++) {
    socket().onclose({ code: 1006 });
    await pass(30_000);
  }
  await (await socket().greet()).hear({ type: "pong" });
  await pass(6_000);
  const before = Socket.all.length;
  socket().onclose({ code: 1006 });
  await pass(500);
  assert.equal(Socket.all.length, before + 1);
});

test("a server that never greets is left", async () => {
  await pass(10_000);
  assert.equal(state.link, "waiting");
  await pass(1_000);
  assert.equal(Socket.all.length, 2);
});

test("a bad token is dropped before the next attempt", async () => {
  socket().onclose({ code: 4401 });
  assert.deepEqual(dropped, ["t"]);
});

test("a session denied for a while is asked for again when it was said", async () => {
  let asked = 0;
  session = () => {
    asked++;
    return Promise.reject(new Denied(429, "Slow down.", 20));
  };
  socket().onclose({ code: 1006 });
  await pass(500);
  assert.deepEqual([asked, state.link], [1, "waiting"]);
  await pass(19_000);
  assert.equal(asked, 1);
  await pass(1_100);
  assert.equal(asked, 2);
});

test("a session denied for good is not asked for until somebody says so", async () => {
  session = () => Promise.reject(new Denied(403, "Not you."));
  socket().onclose({ code: 1006 });
  await pass(500);
  assert.deepEqual([state.link, state.complaint], ["refused", "Not you."]);
  await pass(3_600_000);
  assert.equal(Socket.all.length, 1);
  session = () => Promise.resolve({ token: "t", expires: 0, maxUpload: 0 });
  connection.wake();
  await settle();
  assert.equal(Socket.all.length, 2);
});

test("what an older socket still says is not heard", async () => {
  const old = await socket().greet();
  connection.reread(0);
  await settle();
  old.hear({ type: "message", seq: 9, id: "m", role: "agent", parts: [], at: "" });
  old.onclose({ code: 1006 });
  assert.equal(state.entries.length, 0);
  assert.equal(Socket.all.length, 2);
});

test("once stopped it stays quiet", async () => {
  await socket().greet();
  connection.stop();
  await pass(3_600_000);
  connection.wake();
  assert.equal(Socket.all.length, 1);
  assert.equal(state.link, "idle");
});

test("sound goes both ways in binary frames, and counts as a sign of life", async () => {
  await socket().greet();
  assert.equal(socket().binaryType, "arraybuffer");
  connection.sound(new ArrayBuffer(640));
  assert.deepEqual(socket().sounds, [640]);
  await pass(25_000);
  assert.equal(socket().sent.at(-1)!.type, "ping");
  socket().onmessage({ data: new ArrayBuffer(1280) });
  assert.deepEqual(heard, [1280]);
  await pass(10_000);
  assert.equal(Socket.all.length, 1);
});

test("sound that cannot keep up is dropped rather than sent late", async () => {
  await socket().greet();
  socket().bufferedAmount = 70_000;
  connection.sound(new ArrayBuffer(640));
  socket().bufferedAmount = 0;
  connection.sound(new ArrayBuffer(2));
  assert.deepEqual(socket().sounds, [2]);
});

test("a call is asked for on a live connection only", async () => {
  assert.equal(connection.voice(true), false);
  await socket().greet();
  assert.equal(connection.voice(true), true);
  assert.deepEqual(socket().sent.at(-1), { type: "voice", on: true });
});

test("a server that is gone is noticed sooner in a call", async () => {
  await socket().greet();
  dispatch({ type: "call" });
  connection.voice(true);
  await pass(7_500);
  assert.equal(socket().sent.at(-1)!.type, "ping");
  await pass(7_000);
  assert.equal(state.callNote, "callLost");
});

test("a hole is not filled in a call, which would end with its socket", async () => {
  await socket().greet();
  dispatch({ type: "call" });
  for (const seq of [1, 3]) {
    socket().hear({ type: "message", seq, id: `m${seq}`, role: "agent", parts: [], at: "" });
  }
  for (let i = 0; i < 4; i++) {
    await pass(7_500);
    socket().hear({ type: "pong" });
  }
  assert.equal(Socket.all.length, 1);
  dispatch({ type: "call_ended", note: null });
  await pass(25_000);
  assert.equal(Socket.all.length, 2);
});

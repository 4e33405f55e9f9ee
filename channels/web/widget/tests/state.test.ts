import assert from "node:assert/strict";
import { test } from "node:test";
import * as core from "../src/state.ts";
import { timeline } from "../src/timeline.ts";
import { type Part, readFrame, type ServerFrame } from "../src/wire.ts";

const AT = "2026-11-23T08:00:00.000Z";
const text = (it: string): Part => ({ kind: "text", text: it });

function frame(it: object): ServerFrame {
  return readFrame(JSON.stringify(it))!;
}

const message = (seq: number, role: "user" | "agent", ...parts: Part[]): ServerFrame =>
  frame({ type: "message", seq, id: `m${seq}`, role, parts, at: AT });

function after(...events: (core.Event | ServerFrame)[]): core.State {
  return events.reduce<core.State>((state, it) => {
    const event = core.reduce as (state: core.State, event: core.Event) => core.State;
    const isFrame = ![
      "say",
      "choose",
      "retry",
      "discard",
      "refused",
      "read",
      "link",
      "forget",
      "call",
      "ready",
      "call_ended",
      "muted",
      "playing",
    ].includes(it.type);
    return event(state, isFrame ? { type: "frame", frame: it as ServerFrame } : (it as core.Event));
  }, core.initial());
}

const welcome = (seq = 0, conversation = "c"): ServerFrame =>
  frame({ type: "welcome", conversation, seq });
const say = (id: string, words = "hi"): core.Event => ({ type: "say", id, text: words, at: AT });
const ack = (id: string, seq: number): ServerFrame => frame({ type: "ack", id, seq });
const delta = (turn: number, words: string): ServerFrame =>
  frame({ type: "delta", turn, text: words });
const status = (turn: number, state: string, words = ""): ServerFrame =>
  frame({ type: "status", turn, state, text: words });

test("entries stand in the order of seq, each once", () => {
  const state = after(
    message(2, "agent"),
    message(1, "user"),
    message(2, "agent"),
    message(3, "agent"),
  );
  assert.deepEqual(
    state.entries.map((it) => it.seq),
    [1, 2, 3],
  );
});

test("an acknowledged message moves from the outbox to the log", () => {
  const state = after(welcome(), say("u1"), ack("u1", 1));
  assert.equal(state.pending.length, 0);
  assert.deepEqual(
    state.entries.map((it) => [it.seq, it.id, it.role]),
    [[1, "u1", "user"]],
  );
});

test("the echo of a message and its acknowledgement make one entry, whichever comes first", () => {
  const echo = frame({
    type: "message",
    seq: 1,
    id: "m1",
    client_id: "u1",
    role: "user",
    parts: [text("hi")],
    at: AT,
  });
  for (const order of [
    [echo, ack("u1", 1)],
    [ack("u1", 1), echo],
  ]) {
    const state = after(welcome(), say("u1"), ...order);
    assert.equal(state.pending.length, 0);
    assert.deepEqual(
      state.entries.map((it) => it.key),
      ["u1"],
    );
    assert.equal(state.entries.length, 1);
  }
});

test("an acknowledgement of something unknown changes nothing", () => {
  const state = after(welcome());
  assert.equal(core.reduce(state, { type: "frame", frame: ack("x", 5) }), state);
});

test("another attempt at a turn tells its reply from the beginning", () => {
  const state = after(
    welcome(),
    status(1, "working"),
    delta(1, "Hel"),
    status(1, "retrying"),
    status(1, "working"),
    delta(1, "Hello"),
  );
  assert.equal(state.turn?.text, "Hello");
});

test("deltas grow a reply until its message takes its place", () => {
  let state = after(welcome(), status(1, "working"), delta(1, "He"), delta(1, "llo"));
  assert.equal(state.turn?.text, "Hello");
  state = core.reduce(state, { type: "frame", frame: message(1, "agent", text("Hello!")) });
  assert.equal(state.turn?.text, "");
  assert.ok(core.isBusy(state));
  state = core.reduce(state, { type: "frame", frame: status(1, "done") });
  assert.equal(state.turn, null);
});

test("when done overtakes the message, the streamed text stays until it comes", () => {
  let state = after(welcome(), delta(1, "Hello"), status(1, "done"));
  assert.equal(state.turn?.text, "Hello");
  assert.ok(!core.isBusy(state));
  state = core.reduce(state, { type: "frame", frame: message(1, "agent", text("Hello")) });
  assert.equal(state.turn, null);
});

test("a notice in the middle of a reply leaves the reply standing", () => {
  let state = after(
    welcome(),
    delta(2, "The weather"),
    message(1, "agent", text("Your report is ready.")),
  );
  assert.equal(state.turn?.text, "The weather");
  state = core.reduce(state, { type: "frame", frame: delta(2, " is fine") });
  assert.equal(state.turn?.text, "The weather is fine");
  state = core.reduce(state, {
    type: "frame",
    frame: message(2, "agent", text("The weather is fine.")),
  });
  assert.equal(state.turn?.text, "");
});

test("late frames of a turn that is over are not heard", () => {
  const state = after(
    welcome(),
    delta(1, "a"),
    message(1, "agent", text("a")),
    status(1, "done"),
    delta(1, "b"),
    status(1, "working"),
  );
  assert.equal(state.turn, null);
});

test("a reply that goes on after a break is told from its beginning", () => {
  const state = after(welcome(), delta(1, "Once upon"), welcome(), delta(1, "Once upon a time"));
  assert.equal(state.turn?.text, "Once upon a time");
});

test("a canceled turn keeps what was said until the next message", () => {
  let state = after(welcome(), delta(1, "Once upon"), status(1, "canceled"));
  assert.equal(state.turn?.text, "Once upon");
  assert.ok(!core.isBusy(state));
  state = core.reduce(state, say("u1"));
  assert.equal(state.turn, null);
});

test("what came before the first welcome was read, what comes after was not", () => {
  const state = after(
    welcome(2),
    message(1, "user"),
    message(2, "agent"),
    message(3, "agent"),
    message(4, "user"),
  );
  assert.equal(core.unread(after(welcome(2), message(1, "user"), message(2, "agent"))), 0);
  assert.equal(core.unread(after(welcome(2), message(2, "agent"), message(3, "agent"))), 1);
  assert.equal(core.unread(state), 0, "answering is reading");
});

test("an error that names a message refuses it, and a retry sends it again", () => {
  let state = after(
    welcome(),
    say("u1"),
    say("u2"),
    frame({ type: "error", code: "x", message: "No.", id: "u1" }),
  );
  assert.equal(state.pending[0]?.error, "No.");
  assert.equal(core.nextToSend(state)?.id, "u2");
  state = core.reduce(state, { type: "retry", id: "u1" });
  assert.equal(core.nextToSend(state)?.id, "u1");
  state = core.reduce(state, { type: "discard", id: "u1" });
  assert.deepEqual(
    state.pending.map((it) => it.id),
    ["u2"],
  );
});

test("another error is a complaint until the connection is well again", () => {
  const state = after(welcome(), frame({ type: "error", code: "x", message: "Too slow." }));
  assert.equal(state.complaint, "Too slow.");
  assert.equal(core.reduce(state, { type: "frame", frame: welcome() }).complaint, "");
});

const offer: Part = {
  kind: "choices",
  options: [
    { label: "Yes", value: "y" },
    { label: "No", value: "n" },
  ],
};
const choose: core.Event = {
  type: "choose",
  id: "u1",
  message: "m1",
  value: "y",
  label: "Yes",
  at: AT,
};

test("choices are open, then answered, and open again when the answer is taken back", () => {
  const open = after(welcome(), message(1, "agent", offer));
  assert.equal(core.answerTo(open, open.entries[0]!), null);
  const chosen = core.reduce(open, choose);
  assert.equal(core.answerTo(chosen, chosen.entries[0]!), "y");
  const undone = core.reduce(chosen, { type: "discard", id: "u1" });
  assert.equal(core.answerTo(undone, undone.entries[0]!), null);
});

test("a typed answer passes choices over", () => {
  const state = after(welcome(), message(1, "agent", offer), message(2, "user", text("maybe")));
  assert.equal(core.answerTo(state, state.entries[0]!), "");
});

test("a chosen answer is shown under the label it was offered by", () => {
  const echo = frame({
    type: "message",
    seq: 2,
    id: "m2",
    role: "user",
    parts: [{ kind: "chosen", value: "y", message: "m1", text: "y" }],
    at: AT,
  });
  const last = timeline(after(welcome(), message(1, "agent", offer), echo)).at(-1);
  assert.ok(last?.kind === "line");
  assert.deepEqual(last.parts, [{ kind: "chosen", value: "y", label: "Yes", message: "m1" }]);
});

test("frames sent are those of the wire", () => {
  const state = after(say("u1", " hi "), choose);
  assert.deepEqual(core.frameOf(state.pending[0]!), {
    type: "message",
    id: "u1",
    text: "hi",
    files: [],
  });
  assert.deepEqual(core.frameOf(state.pending[1]!), {
    type: "choice",
    id: "u1",
    message: "m1",
    value: "y",
  });
});

test("a message waits for its files", () => {
  const file = {
    kind: "file",
    id: "f1",
    name: "a.txt",
    media_type: "text/plain",
    size: 3,
    url: "/web/files/f1",
    error: "",
  } as const;
  let state = core.reduce(core.initial(), { type: "attach", key: "k", name: "a.txt", size: 3 });
  assert.ok(!core.isSendable(state, "hi"));
  state = core.reduce(state, { type: "uploaded", key: "k", file });
  assert.ok(core.isSendable(state, ""));
  state = core.reduce(state, say("u1", ""));
  assert.deepEqual(core.frameOf(state.pending[0]!), {
    type: "message",
    id: "u1",
    text: "",
    files: ["f1"],
  });
  assert.equal(state.drafts.length, 0);
});

test("a hole in the log is found", () => {
  assert.equal(core.holeAfter(after(message(5, "agent"), message(6, "agent"))), null);
  assert.equal(core.holeAfter(after(message(5, "agent"), message(7, "agent"))), 5);
});

test("forgetting keeps what was not sent", () => {
  const state = after(welcome(1), message(1, "agent"), say("u1"), { type: "forget" });
  assert.deepEqual([state.entries.length, state.pending.length, state.conversation], [0, 1, ""]);
});

test("messages of one speaker close together are a group, and days stand apart", () => {
  const at = (seq: number, role: string, time: string): ServerFrame =>
    frame({ type: "message", seq, id: `m${seq}`, role, parts: [text("x")], at: time });
  const items = timeline(
    after(
      at(1, "agent", "2026-11-21T12:00:00Z"),
      at(2, "agent", "2026-11-21T12:01:00Z"),
      at(3, "user", "2026-11-21T12:02:00Z"),
      at(4, "user", "2026-11-21T12:30:00Z"),
      at(5, "user", "2026-11-23T12:30:00Z"),
    ),
  );
  const shape = items.map((it) =>
    it.kind === "day" ? "day" : (it.first ? "(" : "") + it.key + (it.last ? ")" : ""),
  );
  assert.deepEqual(shape, ["day", "(m1", "m2)", "(m3)", "(m4)", "day", "(m5)"]);
});

test("frames that cannot be read are no frames", () => {
  for (const bad of [
    "",
    "{",
    "[]",
    "null",
    "7",
    '{"type":"tea"}',
    '{"type":"message"}',
    new ArrayBuffer(2),
  ]) {
    assert.equal(readFrame(bad), null);
  }
});

test("what was heard in a recording joins its message, and no other", () => {
  const note = { kind: "file", id: "f1", name: "note.ogg" };
  const told = { kind: "text", text: "buy milk", spoken: true };
  const state = after(
    welcome(),
    say("a"),
    message(1, "user"),
    message(2, "user"),
    frame({ type: "amended", id: "m1", parts: [note, told] }),
    frame({ type: "amended", id: "m9", parts: [told] }),
  );
  assert.deepEqual(
    state.entries.map((it) => it.parts.map((part) => part.kind)),
    [["file", "text"], []],
  );
  assert.deepEqual(state.entries[0]!.parts[1], told);
});

test("what was typed is not taken for what was spoken", () => {
  const parts = [{ kind: "text", text: "hi", spoken: "yes" }];
  const { entries } = after(frame({ type: "message", seq: 1, id: "m1", role: "user", parts }));
  assert.deepEqual(entries[0]!.parts, [text("hi")]);
});

test("a call waits for its microphone, then for the house", () => {
  const asked = after(welcome(), { type: "call" });
  assert.equal(asked.call?.ready, false);
  const open = core.reduce(asked, { type: "ready" });
  assert.deepEqual([open.call?.ready, open.call?.taken], [true, false]);
});

test("parts of an unknown kind fall back on their text", () => {
  const it = frame({
    type: "message",
    seq: 1,
    id: "m",
    role: "agent",
    at: AT,
    parts: [{ kind: "location", text: "Vienna" }, { kind: "hologram" }, 3],
  });
  assert.ok(it.type === "message");
  assert.deepEqual(it.parts, [text("Vienna")]);
});

const voice = (on: boolean): ServerFrame => frame({ type: "voice", on });
const caption = (role: string, words: string, final = false): ServerFrame =>
  frame({ type: "caption", role, text: words, final });

test("one can call where the server says so", () => {
  assert.equal(after(welcome()).canCall, false);
  assert.equal(after(frame({ type: "welcome", seq: 0, voice: true })).canCall, true);
});

test("a call is taken, shows what is said, and ends with the house", () => {
  const call: core.Event = { type: "call" };
  assert.equal(after(call).call!.taken, false);
  const words = [caption("user", "Hel"), caption("user", "Hello", true), caption("agent", "Hi")];
  const state = after(call, voice(true), ...words, { type: "playing", playing: true });
  assert.equal(state.call!.taken, true);
  assert.equal(state.call!.playing, true);
  assert.deepEqual(state.call!.user, { text: "Hello", final: true });
  assert.deepEqual(state.call!.agent, { text: "Hi", final: false });
  assert.equal(after(call, voice(true), voice(false)).call, null);
  assert.equal(after(call, voice(true), voice(false)).callNote, "callOver");
  // One that was turned down was never on; the error that came with it says why.
  assert.equal(after(call, voice(false)).callNote, null);
});

test("what is told of a call that is over changes nothing", () => {
  const over: core.Event = { type: "call_ended", note: null };
  const state = after({ type: "call" }, over, voice(true), caption("user", "late"));
  assert.equal(state.call, null);
});

test("a lost connection ends the call and says so until there is another", () => {
  const lost: core.Event = { type: "link", link: "waiting" };
  const state = after(welcome(), { type: "call" }, voice(true), lost, welcome());
  assert.equal(state.call, null);
  assert.equal(state.callNote, "callLost");
  assert.equal(core.reduce(state, { type: "call" }).callNote, null);
  assert.equal(after(lost).callNote, null);
});

test("a call that cannot be taken says why and leaves nothing behind", () => {
  const busy = frame({ type: "error", code: "lines_busy", message: "All lines are busy." });
  const state = after({ type: "call" }, busy, voice(false));
  assert.deepEqual([state.call, state.complaint], [null, "All lines are busy."]);
});

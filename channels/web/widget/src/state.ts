/**
 * What the widget knows, and how it changes: a reducer over wire frames and the person's
 * intents. Rule 1: no DOM, no socket, no storage and no clock in this file; the time comes
 * in with the event that needs it.
 */

import { answered, isOver, progressed, streamed, type Turn } from "./turn.ts";
import type { ClientFrame, FilePart, MessageFrame, Part, ServerFrame, TurnState } from "./wire.ts";
import { textOf } from "./wire.ts";

export interface Entry {
  readonly seq: number;
  /** Stays the same from the moment it was written, whatever ids it is given on the way. */
  readonly key: string;
  readonly id: string;
  readonly role: "user" | "agent";
  readonly parts: readonly Part[];
  readonly at: string;
}

/** A message of ours that the server has not acknowledged yet. */
export interface Pending {
  /** A UUID; the server takes a repeated one for the same message. */
  readonly id: string;
  readonly parts: readonly Part[];
  readonly at: string;
  /** Why it was refused, in plain words; empty while it is on its way. */
  readonly error: string;
}

/** A file being attached to the next message. */
export interface Draft {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  /** 0 to 1. */
  readonly progress: number;
  /** Set once the server has it. */
  readonly file: FilePart | null;
  readonly error: string;
}

/** Words being spoken. */
export interface Caption {
  readonly text: string;
  /** Whether these are all of them. */
  readonly final: boolean;
}

/** A call by microphone. */
export interface Call {
  /** Whether the microphone is open: before that the browser may be asking for it. */
  readonly ready: boolean;
  /** Whether the house has taken it. */
  readonly taken: boolean;
  readonly muted: boolean;
  /** Whether the agent is heard. */
  readonly playing: boolean;
  readonly user: Caption;
  readonly agent: Caption;
}

const SILENCE: Caption = { text: "", final: false };

/** Why a call ended or did not begin; each is the name of a string. */
export type CallNote = "micDenied" | "micMissing" | "micInsecure" | "micBroken" | "callLost" | "callOver" | "callMoved";

export type Link = "idle" | "connecting" | "online" | "waiting" | "refused";

export interface State {
  readonly conversation: string;
  /** In the order of seq, each seq once. */
  readonly entries: readonly Entry[];
  readonly pending: readonly Pending[];
  readonly drafts: readonly Draft[];
  readonly turn: Turn | null;
  /** The last turn that is over, whose late frames are ignored. */
  readonly endedTurn: number;
  readonly link: Link;
  /** The newest seq the server told of; entries up to it are history being replayed. */
  readonly newest: number;
  /** The newest seq the person has seen; -1 until known, when all that came before counts as seen. */
  readonly read: number;
  /** What the server complained about outside any message; empty when settled. */
  readonly complaint: string;
  /** Whether one can talk here. */
  readonly canCall: boolean;
  readonly call: Call | null;
  /** What went wrong with the last call; null when there is nothing to say. */
  readonly callNote: CallNote | null;
}

export type Event =
  | { readonly type: "frame"; readonly frame: ServerFrame }
  | { readonly type: "link"; readonly link: Link; readonly complaint?: string }
  | { readonly type: "say"; readonly id: string; readonly text: string; readonly at: string }
  | {
      readonly type: "choose";
      readonly id: string;
      readonly message: string;
      readonly value: string;
      readonly label: string;
      readonly at: string;
    }
  | { readonly type: "retry"; readonly id: string }
  | { readonly type: "discard"; readonly id: string }
  | { readonly type: "refused"; readonly id: string; readonly error: string }
  | { readonly type: "read" }
  | { readonly type: "attach"; readonly key: string; readonly name: string; readonly size: number }
  | { readonly type: "progress"; readonly key: string; readonly progress: number }
  | { readonly type: "uploaded"; readonly key: string; readonly file: FilePart }
  | { readonly type: "upload_failed"; readonly key: string; readonly error: string }
  | { readonly type: "detach"; readonly key: string }
  | { readonly type: "call" }
  | { readonly type: "ready" }
  | { readonly type: "call_ended"; readonly note: CallNote | null }
  | { readonly type: "muted"; readonly muted: boolean }
  | { readonly type: "playing"; readonly playing: boolean }
  | { readonly type: "forget" };

/** Where a widget begins, with what an earlier page left in storage. */
export function initial(pending: readonly Pending[] = [], read = -1): State {
  return {
    conversation: "",
    entries: [],
    pending,
    drafts: [],
    turn: null,
    endedTurn: 0,
    link: "idle",
    newest: 0,
    read,
    complaint: "",
    canCall: false,
    call: null,
    callNote: null,
  };
}

export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case "frame":
      return receive(state, event.frame);
    case "link":
      return {
        ...state,
        link: event.link,
        complaint: event.complaint ?? "",
        // A call does not outlive its socket; it can be begun again.
        call: null,
        callNote: state.call ? "callLost" : state.callNote,
      };
    case "say":
      return {
        ...state,
        complaint: "",
        callNote: null,
        turn: state.turn && isOver(state.turn.state) ? null : state.turn,
        pending: [...state.pending, pendingOf(event.id, event.at, saidParts(state, event.text))],
        drafts: [],
      };
    case "choose":
      return {
        ...state,
        pending: [
          ...state.pending,
          pendingOf(event.id, event.at, [
            { kind: "chosen", value: event.value, label: event.label, message: event.message },
          ]),
        ],
      };
    case "retry":
      return withPending(state, event.id, (it) => ({ ...it, error: "" }));
    case "refused":
      return withPending(state, event.id, (it) => ({ ...it, error: event.error }));
    case "discard":
      return { ...state, pending: state.pending.filter((it) => it.id !== event.id) };
    case "read":
      return { ...state, read: Math.max(state.read, lastSeq(state)) };
    case "attach": {
      const { key, name, size } = event;
      const draft = { key, name, size, progress: 0, file: null, error: "" };
      return { ...state, drafts: [...state.drafts.filter((it) => it.key !== key), draft] };
    }
    case "progress":
      return withDraft(state, event.key, (it) => ({ ...it, progress: event.progress }));
    case "uploaded":
      return withDraft(state, event.key, (it) => ({ ...it, progress: 1, file: event.file }));
    case "upload_failed":
      return withDraft(state, event.key, (it) => ({ ...it, error: event.error }));
    case "detach":
      return { ...state, drafts: state.drafts.filter((it) => it.key !== event.key) };
    case "call": {
      const call = { ready: false, taken: false, muted: false, playing: false };
      const words = { user: SILENCE, agent: SILENCE };
      return { ...state, call: { ...call, ...words }, callNote: null, complaint: "" };
    }
    case "ready":
      return inCall(state, { ready: true });
    case "call_ended":
      return { ...state, call: null, callNote: event.note };
    case "muted":
      return inCall(state, { muted: event.muted });
    case "playing":
      return inCall(state, { playing: event.playing });
    case "forget":
      return { ...initial(state.pending), drafts: state.drafts, link: state.link };
  }
}

function receive(state: State, frame: ServerFrame): State {
  switch (frame.type) {
    case "welcome":
      return {
        ...state,
        conversation: frame.conversation,
        newest: frame.seq,
        canCall: frame.voice,
        read: state.read < 0 ? frame.seq : Math.min(state.read, frame.seq),
        link: "online",
        complaint: "",
        // A reply still being written is told from its beginning.
        turn: null,
      };
    case "ack":
      return acknowledge(state, frame.id, frame.seq);
    case "message":
      return record(state, frame);
    case "amended":
      return {
        ...state,
        entries: state.entries.map((it) =>
          it.id === frame.id ? { ...it, parts: frame.parts } : it,
        ),
      };
    case "delta":
      if (frame.turn === state.endedTurn) return state;
      return { ...state, turn: streamed(state.turn, frame.turn, frame.text) };
    case "status":
      return progress(state, frame.turn, frame.state, frame.text);
    case "error":
      return frame.id
        ? withPending(state, frame.id, (it) => ({ ...it, error: frame.message || frame.code }))
        : { ...state, complaint: frame.message || frame.code };
    case "voice":
      return frame.on
        ? inCall(state, { taken: true })
        : { ...state, call: null, callNote: state.call?.taken ? "callOver" : state.callNote };
    case "caption":
      return inCall(state, { [frame.role]: { text: frame.text, final: frame.final } });
    case "clear":
    case "pong":
      return state;
  }
}

const inCall = (state: State, change: Partial<Call>): State =>
  state.call ? { ...state, call: { ...state.call, ...change } } : state;

function acknowledge(state: State, id: string, seq: number): State {
  const sent = state.pending.find((it) => it.id === id);
  if (!sent) return state;
  const entry: Entry = { seq, key: id, id, role: "user", parts: sent.parts, at: sent.at };
  return {
    ...state,
    pending: state.pending.filter((it) => it !== sent),
    entries: state.entries.some((it) => it.seq === seq) ? state.entries : insert(state, entry),
    read: Math.max(state.read, seq),
  };
}

function record(state: State, { seq, id, client_id, role, parts, at }: MessageFrame): State {
  const pending = state.pending.filter((it) => it.id !== client_id && it.id !== id);
  const entries = insert(state, { seq, key: client_id || id, id, role, parts, at });
  const own = role === "user";
  return {
    ...state,
    entries,
    pending,
    newest: Math.max(state.newest, seq),
    read: own ? Math.max(state.read, seq) : state.read,
    turn: own ? state.turn : answered(state.turn, textOf(parts)),
  };
}

function insert(state: State, entry: Entry): readonly Entry[] {
  const { entries } = state;
  const last = entries.at(-1);
  if (!last || last.seq < entry.seq) return [...entries, entry];
  const at = entries.findIndex((it) => it.seq >= entry.seq);
  const known = entries[at]!;
  if (known.seq !== entry.seq) return entries.toSpliced(at, 0, entry);
  return entries.with(at, { ...entry, key: known.key });
}

function progress(state: State, id: number, turnState: TurnState, note: string): State {
  const over = isOver(turnState);
  if (id === state.endedTurn && !over) return state;
  const turn = progressed(state.turn, id, turnState, note);
  return { ...state, turn, endedTurn: over ? id : state.endedTurn };
}

/** Whether the agent is at work on something that can be canceled. */
export const isBusy = (state: State): boolean => state.turn !== null && !isOver(state.turn.state);

/** Whether all history that the server promised has arrived. */
export const isCaughtUp = (state: State): boolean =>
  state.link === "online" && lastSeq(state) >= state.newest;

export const lastSeq = (state: State): number => state.entries.at(-1)?.seq ?? 0;

export const firstSeq = (state: State): number => state.entries[0]?.seq ?? 0;

/** The last seq before a hole in the log; null when there is none. */
export function holeAfter(state: State): number | null {
  const at = state.entries.findIndex((it, i) => i > 0 && it.seq !== state.entries[i - 1]!.seq + 1);
  return at > 0 ? state.entries[at - 1]!.seq : null;
}

export const unread = (state: State): number =>
  state.read < 0
    ? 0
    : state.entries.filter((it) => it.role === "agent" && it.seq > state.read).length;

/** The message to send next: one at a time, so that order survives a retry. */
export const nextToSend = (state: State): Pending | null =>
  state.pending.find((it) => !it.error) ?? null;

/** Whether the next message can go: something to say, and no file still on its way. */
export function isSendable(state: State, text: string): boolean {
  const ready = state.drafts.every((it) => it.file || it.error);
  return ready && (text.trim() !== "" || state.drafts.some((it) => it.file));
}

/** The answer given to the choices of a message; "" when they were passed over, null while open. */
export function answerTo(state: State, entry: Entry): string | null {
  const after = [
    ...state.entries.filter((it) => it.seq > entry.seq && it.role === "user"),
    ...state.pending,
  ];
  for (const { parts } of after) {
    for (const part of parts) {
      if (part.kind === "chosen" && part.message === entry.id) return part.value;
    }
  }
  return after.length ? "" : null;
}

export function frameOf({ id, parts }: Pending): ClientFrame {
  const [first] = parts;
  if (first?.kind === "chosen") {
    return { type: "choice", id, message: first.message, value: first.value };
  }
  const files = parts.flatMap((it) => (it.kind === "file" ? [it.id] : []));
  return { type: "message", id, text: textOf(parts), files };
}

function saidParts(state: State, text: string): readonly Part[] {
  const files = state.drafts.flatMap((it) => (it.file ? [it.file] : []));
  return text.trim() ? [{ kind: "text", text: text.trim() }, ...files] : files;
}

const pendingOf = (id: string, at: string, parts: readonly Part[]): Pending => ({
  id,
  at,
  parts,
  error: "",
});

const withPending = (state: State, id: string, change: (it: Pending) => Pending): State => ({
  ...state,
  pending: state.pending.map((it) => (it.id === id ? change(it) : it)),
});

const withDraft = (state: State, key: string, change: (it: Draft) => Draft): State => ({
  ...state,
  drafts: state.drafts.map((it) => (it.key === key ? change(it) : it)),
});

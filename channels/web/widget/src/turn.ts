/** The reply in the making: how it grows, and how its message takes its place. Pure. */

import type { TurnState } from "./wire.ts";

export interface Turn {
  readonly id: number;
  readonly state: TurnState;
  /** What the agent is doing, in its words. */
  readonly note: string;
  /** The reply so far, Markdown. */
  readonly text: string;
  /** Its message has arrived; what is left is to hear that it is over. */
  readonly answered: boolean;
}

/**
 * A message takes the place of what was streamed. Frames do not say which turn a message
 * ends, and a notice may arrive in the middle of one: a text that begins otherwise than
 * the stream leaves it standing until the turn is over.
 */
export function answered(turn: Turn | null, text: string): Turn | null {
  if (!turn || isOver(turn.state)) return null;
  const begun = turn.text.trim().slice(0, 40);
  const same = text.trim().startsWith(begun);
  return same ? { ...turn, text: "", note: "", answered: true } : { ...turn, answered: true };
}

/** More of its text. */
export const streamed = (turn: Turn | null, id: number, text: string): Turn => {
  const before = current(turn, id);
  return { ...before, state: "working", text: before.text + text };
};

/** How it is getting on; null once it is over and its message there. */
export function progressed(turn: Turn | null, id: number, state: TurnState, note: string): Turn | null {
  const before = current(turn, id);
  // Another attempt tells the whole reply again.
  const text = state === "retrying" ? "" : before.text;
  // "Done" may overtake the message it announces; then the streamed text stands in for it.
  const settled = state === "done" && (before.answered || !before.text);
  return settled ? null : { ...before, text, state, note: state === "done" ? "" : note };
}

function current(turn: Turn | null, id: number): Turn {
  return turn?.id === id ? turn : { id, state: "working", note: "", text: "", answered: false };
}

export const isOver = (state: TurnState): boolean =>
  state === "done" || state === "failed" || state === "canceled";

/** The log as it is laid out: days, groups of one speaker, and what of ours is still on its way. */

import { answerTo, type State } from "./state.ts";
import type { ChosenPart, Part } from "./wire.ts";

/** Messages of one speaker this close together are one group. Milliseconds. */
const GROUP_MS = 5 * 60_000;

export interface Day {
  readonly kind: "day";
  readonly key: string;
  readonly at: Date;
}

export interface Line {
  readonly kind: "line";
  readonly key: string;
  readonly id: string;
  readonly role: "user" | "agent";
  readonly parts: readonly Part[];
  readonly at: Date;
  /** First and last of its group. */
  readonly first: boolean;
  readonly last: boolean;
  readonly status: "sent" | "sending" | "failed";
  readonly error: string;
  /** The answer given to its choices; "" when passed over, null while open. */
  readonly answer: string | null;
}

export type Item = Day | Line;

export function timeline(state: State): Item[] {
  const lines = [
    ...state.entries.map((it): Line => {
      const offers = it.parts.some((part) => part.kind === "choices");
      const parts = it.parts.map((part) => (part.kind === "chosen" ? named(part, state) : part));
      return {
        ...line({ ...it, parts }),
        role: it.role,
        answer: offers ? answerTo(state, it) : null,
      };
    }),
    ...state.pending.map((it): Line => ({
      ...line({ ...it, key: it.id }),
      status: it.error ? "failed" : "sending",
      error: it.error,
    })),
  ];
  const items: Item[] = [];
  let before: Line | undefined;
  lines.forEach((it, i) => {
    if (!before || dayOf(before.at) !== dayOf(it.at)) {
      items.push({ kind: "day", key: `day:${it.key}`, at: it.at });
    }
    items.push({ ...it, first: !together(before, it), last: !together(it, lines[i + 1]) });
    before = it;
  });
  return items;
}

/** A chosen answer under the label it was offered by: the log may hold its value alone. */
function named(part: ChosenPart, { entries }: State): ChosenPart {
  const offer = entries.find((it) => it.id === part.message)?.parts ?? [];
  const options = offer.flatMap((it) => (it.kind === "choices" ? it.options : []));
  const label = options.find((it) => it.value === part.value)?.label ?? part.label;
  return { ...part, label };
}

function line(it: { key: string; id: string; parts: readonly Part[]; at: string }): Line {
  return {
    kind: "line",
    key: it.key,
    id: it.id,
    role: "user",
    parts: it.parts,
    at: new Date(it.at),
    first: true,
    last: true,
    status: "sent",
    error: "",
    answer: null,
  };
}

function together(a: Line | undefined, b: Line | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.role === b.role &&
    a.status === b.status &&
    dayOf(a.at) === dayOf(b.at) &&
    Math.abs(b.at.getTime() - a.at.getTime()) < GROUP_MS
  );
}

const dayOf = (at: Date): string => at.toDateString();

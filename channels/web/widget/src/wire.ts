/** The frames of the web socket, typed; the only place that trusts or distrusts what came in. */

export interface TextPart {
  readonly kind: "text";
  readonly text: string;
  /** Whether a machine wrote down what somebody said. */
  readonly spoken?: boolean;
}

export interface FilePart {
  readonly kind: "file";
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  /** Bytes; 0 when unknown. */
  readonly size: number;
  /** Relative to the server, or absolute; empty when there is nothing to fetch. */
  readonly url: string;
  /** Why it could not be had, in plain words; empty when it could. */
  readonly error: string;
}

export interface Option {
  readonly label: string;
  readonly value: string;
}

export interface ChoicesPart {
  readonly kind: "choices";
  readonly options: readonly Option[];
}

export interface ChosenPart {
  readonly kind: "chosen";
  readonly value: string;
  readonly label: string;
  /** The id of the message that offered the choice. */
  readonly message: string;
}

export type Part = TextPart | FilePart | ChoicesPart | ChosenPart;

export interface MessageFrame {
  readonly type: "message";
  readonly seq: number;
  readonly id: string;
  /** The id its writer gave it, when the server says. */
  readonly client_id: string;
  readonly role: "user" | "agent";
  readonly parts: readonly Part[];
  /** ISO 8601. */
  readonly at: string;
}

export type TurnState = "working" | "retrying" | "done" | "failed" | "canceled";

export type ServerFrame =
  | {
      readonly type: "welcome";
      readonly conversation: string;
      readonly seq: number;
      /** Whether one can talk there. */
      readonly voice: boolean;
    }
  | { readonly type: "ack"; readonly id: string; readonly seq: number }
  | MessageFrame
  | { readonly type: "amended"; readonly id: string; readonly parts: readonly Part[] }
  | { readonly type: "delta"; readonly turn: number; readonly text: string }
  | {
      readonly type: "status";
      readonly turn: number;
      readonly state: TurnState;
      readonly text: string;
    }
  | {
      readonly type: "error";
      readonly code: string;
      readonly message: string;
      /** The message it is about, if any. */
      readonly id: string;
      /** Seconds; 0 when the server does not say. */
      readonly retry_after: number;
    }
  | { readonly type: "voice"; readonly on: boolean }
  | { readonly type: "clear" }
  | {
      readonly type: "caption";
      readonly role: "user" | "agent";
      readonly text: string;
      /** Whether these are all the words. */
      readonly final: boolean;
    }
  | { readonly type: "pong" };

export type ClientFrame =
  | { readonly type: "hello"; readonly token: string; readonly after: number }
  | {
      readonly type: "message";
      readonly id: string;
      readonly text: string;
      readonly files: readonly string[];
    }
  | {
      readonly type: "choice";
      readonly id: string;
      readonly message: string;
      readonly value: string;
    }
  | { readonly type: "cancel" }
  | { readonly type: "voice"; readonly on: boolean }
  | { readonly type: "ping" };

type Json = Record<string, unknown>;

const string = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : 0;
const object = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(object) : []);

/** One server frame, or null for what this client does not know: newer servers may say more. */
export function readFrame(data: unknown): ServerFrame | null {
  let frame: Json;
  try {
    frame = object(JSON.parse(string(data)));
  } catch {
    return null;
  }
  switch (frame.type) {
    case "welcome":
      return {
        type: "welcome",
        conversation: string(frame.conversation),
        seq: number(frame.seq),
        voice: frame.voice === true,
      };
    case "ack":
      return { type: "ack", id: string(frame.id), seq: number(frame.seq) };
    case "message":
      return frame.seq === undefined ? null : readMessage(frame);
    case "delta":
      return { type: "delta", turn: number(frame.turn), text: string(frame.text) };
    case "status":
      return {
        type: "status",
        turn: number(frame.turn),
        state: string(frame.state) as TurnState,
        text: string(frame.text),
      };
    case "error":
      return {
        type: "error",
        code: string(frame.code),
        message: string(frame.message),
        id: string(frame.id),
        retry_after: number(frame.retry_after),
      };
    case "amended":
      return {
        type: "amended",
        id: string(frame.id),
        parts: list(frame.parts).flatMap(readPart),
      };
    case "voice":
      return { type: "voice", on: frame.on === true };
    case "caption":
      return {
        type: "caption",
        role: frame.role === "user" ? "user" : "agent",
        text: string(frame.text),
        final: frame.final === true,
      };
    case "clear":
    case "pong":
      return { type: frame.type };
    default:
      return null;
  }
}

function readMessage(frame: Json): MessageFrame {
  return {
    type: "message",
    seq: number(frame.seq),
    id: string(frame.id),
    client_id: string(frame.client_id),
    role: frame.role === "user" ? "user" : "agent",
    parts: list(frame.parts).flatMap(readPart),
    at: string(frame.at),
  };
}

function readPart(part: Json): Part[] {
  switch (part.kind) {
    case "file":
      return [readFile(part)];
    case "choices":
      return [{ kind: "choices", options: list(part.options).map(readOption) }];
    case "chosen":
      return [
        {
          kind: "chosen",
          value: string(part.value),
          label: string(part.label) || string(part.text) || string(part.value),
          message: string(part.message),
        },
      ];
    default: {
      const text = string(part.text);
      if (!text) return [];
      return [{ kind: "text", text, ...(part.spoken === true && { spoken: true }) }];
    }
  }
}

function readOption(option: Json): Option {
  const value = string(option.value);
  return { label: string(option.label) || value, value };
}

/** A stored file as the server describes it, in a message or in answer to an upload. */
export function readFile(value: unknown): FilePart {
  const file = object(value);
  const id = string(file.id);
  return {
    kind: "file",
    id,
    name: string(file.name),
    media_type: string(file.media_type),
    size: number(file.size),
    url: string(file.url) || (id && `/web/files/${encodeURIComponent(id)}`),
    error: string(file.error),
  };
}

export const textOf = (parts: readonly Part[]): string =>
  parts
    .map((part) => (part.kind === "text" ? part.text : part.kind === "chosen" ? part.label : ""))
    .filter(Boolean)
    .join("\n");

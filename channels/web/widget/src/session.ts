/** The session: opening it, keeping it fresh, and uploading files under it. */

import type { Session, Store } from "./storage.ts";
import { type FilePart, readFile } from "./wire.ts";

/** A request the server did not grant. */
export class Denied extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Seconds the server asked us to wait; 0 when it did not say. */
    readonly retryAfter = 0,
  ) {
    super(message);
  }

  /** Whether asking again as we are can only be denied again. */
  get final(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

export interface Introduction {
  /** A JWT signed by the site; empty for an anonymous visitor. */
  readonly identity: string;
  /** BCP 47. */
  readonly locale: string;
  /** IANA time zone. */
  readonly zone: string;
}

/** How long before its end a session is refreshed. */
const REFRESH_MS = 7 * 24 * 3600_000;

export class Sessions {
  private asking: Promise<Session> | null = null;

  /** `server` ends in a slash; `introduce` is asked each time a session is opened. */
  constructor(
    private readonly server: string,
    private readonly store: Store,
    private readonly introduce: () => Introduction,
  ) {}

  /** The current session, refreshed or opened as needed. Throws Denied or TypeError (no network). */
  get(now: number): Promise<Session> {
    const session = this.store.session;
    if (session && (session.expires === 0 || session.expires - now > REFRESH_MS)) {
      return Promise.resolve(session);
    }
    this.asking ??= this.open(session).finally(() => (this.asking = null));
    return this.asking;
  }

  /** Forget a token the server does not take any more, and how far its log was read. */
  drop(token: string): void {
    if (this.store.session?.token !== token) return;
    this.store.session = null;
    this.store.seq = 0;
    this.store.seen = -1;
  }

  private async open(old: Session | null): Promise<Session> {
    const response = await fetch(new URL("web/sessions", this.server), {
      method: "POST",
      credentials: "omit",
      headers: {
        "Content-Type": "application/json",
        ...(old && { Authorization: `Bearer ${old.token}` }),
      },
      body: JSON.stringify(this.introduction()),
    });
    if (response.status === 401 && old) {
      this.drop(old.token);
      return this.open(null);
    }
    if (!response.ok) throw await denied(response);
    const answer = (await response.json()) as { token: string; expires_at?: string | number };
    const session = { token: answer.token, expires: moment(answer.expires_at) };
    this.store.session = session;
    return session;
  }

  private introduction(): Partial<Introduction> {
    const { identity, locale, zone } = this.introduce();
    return { ...(identity && { identity }), locale, zone };
  }
}

/** ISO 8601 or epoch seconds, as epoch milliseconds; 0 when there is none. */
function moment(value: string | number | undefined): number {
  return typeof value === "number" ? value * 1000 : Date.parse(value ?? "") || 0;
}

async function denied(response: Response): Promise<Denied> {
  const after = Number(response.headers.get("Retry-After")) || 0;
  return new Denied(response.status, plain(await response.text().catch(() => "")), after);
}

/** What an error body says to a person: one of the usual JSON fields, or nothing. */
function plain(body: string): string {
  try {
    const { message, detail, error } = JSON.parse(body) as Record<string, unknown>;
    return [message, detail, error].find((it): it is string => typeof it === "string") ?? "";
  } catch {
    return "";
  }
}

/** Sends one file; fetch tells no upload progress, so it is an XMLHttpRequest. Throws Denied. */
export function upload(
  server: string,
  token: string,
  file: File,
  signal: AbortSignal,
  progress: (share: number) => void,
): Promise<FilePart> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", new URL("web/files", server));
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) {
        resolve(readFile(JSON.parse(request.responseText)));
      } else {
        reject(new Denied(request.status, plain(request.responseText)));
      }
    };
    request.onerror = () => reject(new Denied(0, ""));
    request.onabort = () => reject(new Denied(0, ""));
    signal.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}

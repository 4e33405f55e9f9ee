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

interface Answer {
  readonly token: string;
  /** ISO 8601. */
  readonly expires_at?: string;
  readonly max_upload_bytes?: number;
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
    this.asking ??= this.renew(session, now).finally(() => (this.asking = null));
    return this.asking;
  }

  /** Forget a token the server does not take any more, and how far its log was read. */
  drop(token: string): void {
    if (this.store.session?.token !== token) return;
    this.store.session = null;
    this.store.seq = 0;
    this.store.seen = -1;
  }

  private async renew(old: Session | null, now: number): Promise<Session> {
    try {
      return await this.open(old);
    } catch (reason) {
      if (!old) throw reason;
      // An identity is good for minutes, a session for weeks: it serves until its own end.
      if (old.expires > now) return old;
      if (!(reason instanceof Denied && reason.status === 401)) throw reason;
      this.drop(old.token);
      return this.open(null);
    }
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
    if (!response.ok) throw await denied(response);
    const answer = (await response.json()) as Answer;
    const session = {
      token: answer.token,
      expires: Date.parse(answer.expires_at ?? "") || 0,
      maxUpload: answer.max_upload_bytes ?? 0,
    };
    this.store.session = session;
    return session;
  }

  private introduction(): Partial<Introduction> {
    const { identity, locale, zone } = this.introduce();
    return { ...(identity && { identity }), locale, zone };
  }
}

async function denied(response: Response): Promise<Denied> {
  const after = Number(response.headers.get("Retry-After")) || 0;
  return new Denied(response.status, plain(await response.text().catch(() => "")), after);
}

/** What an error body says to a person, or nothing. */
function plain(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === "string" ? message : "";
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
    request.responseType = "json";
    request.onload = () => {
      const stored = readFile(request.response);
      if (request.status < 300 && stored.id) resolve(stored);
      else reject(new Denied(request.status, ""));
    };
    request.onerror = () => reject(new Denied(0, ""));
    request.onabort = () => reject(new Denied(0, ""));
    signal.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}

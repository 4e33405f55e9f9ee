/**
 * What outlives the page: the session, how far the log was read, and messages not yet sent.
 *
 * Everything works without storage (private windows, sandboxed frames, full disks): it then
 * lasts as long as the page. Nothing here throws. Each unsent message has a key of its own,
 * so that tabs do not overwrite each other's.
 */

import type { Pending } from "./state.ts";

export interface Session {
  readonly token: string;
  /** Epoch, milliseconds; 0 when unknown. */
  readonly expires: number;
  /** The largest file the server takes, bytes; 0 when unknown. */
  readonly maxUpload: number;
}

export type Backend = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

export class Store {
  private readonly kept = new Map<string, string>();

  /** `namespace` keeps servers and signed-in people apart. */
  constructor(
    private readonly backend: Backend | null,
    private readonly namespace: string,
  ) {
    this.attempt(() => {
      for (let i = 0; i < (backend?.length ?? 0); i++) {
        const key = backend!.key(i)!;
        if (key.startsWith(namespace)) this.kept.set(key, backend!.getItem(key) ?? "");
      }
    });
  }

  get session(): Session | null {
    // Another tab may have opened or refreshed it since.
    this.attempt(() => {
      const key = this.namespace + "session";
      const fresh = this.backend?.getItem(key);
      if (fresh) this.kept.set(key, fresh);
    });
    const found = this.read<Session>("session");
    return found && typeof found.token === "string" ? found : null;
  }

  set session(session: Session | null) {
    this.write("session", session);
  }

  get seq(): number {
    return Number(this.read("seq")) || 0;
  }

  set seq(seq: number) {
    this.write("seq", seq || null);
  }

  /** -1 when unknown. */
  get seen(): number {
    return Number(this.read("seen") ?? -1);
  }

  set seen(seq: number) {
    this.write("seen", seq < 0 ? null : seq);
  }

  get outbox(): Pending[] {
    return [...this.kept.keys()]
      .filter((key) => key.startsWith(this.namespace + "out:"))
      .map((key) => this.read<Pending>(key.slice(this.namespace.length)))
      .filter((it): it is Pending => typeof it?.id === "string" && Array.isArray(it.parts))
      .sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  keep(pending: Pending): void {
    this.write("out:" + pending.id, pending);
  }

  drop(id: string): void {
    this.write("out:" + id, null);
  }

  private read<T>(name: string): T | null {
    try {
      return JSON.parse(this.kept.get(this.namespace + name) ?? "null") as T | null;
    } catch {
      return null;
    }
  }

  private write(name: string, value: unknown): void {
    const key = this.namespace + name;
    if (value === null) {
      this.kept.delete(key);
      this.attempt(() => this.backend?.removeItem(key));
    } else {
      const text = JSON.stringify(value);
      if (this.kept.get(key) === text) return;
      this.kept.set(key, text);
      this.attempt(() => this.backend?.setItem(key, text));
    }
  }

  private attempt(action: () => void): void {
    try {
      action();
    } catch {
      // Storage is a comfort; without it the page's own memory serves.
    }
  }
}

/** The browser's storage, or null where the page may not have it. */
export function localStore(): Backend | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/**
 * Keys for one server and one signed-in person. The identity is read, not verified: it only
 * chooses whose session to resume, and the server verifies it when it opens one.
 */
export function namespaceOf(server: string, identity: string): string {
  let subject = "";
  try {
    const payload = identity.split(".")[1] ?? "";
    subject = String(JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/"))).sub ?? "");
  } catch {
    subject = identity;
  }
  return `frontdoor:${server}:${encodeURIComponent(subject)}:`;
}

/** The widget without its looks: the state, what keeps it in step with the server, and the intents. */

import { Connection } from "./connection.ts";
import { Denied, Sessions, upload } from "./session.ts";
import * as core from "./state.ts";
import { localStore, namespaceOf, Store } from "./storage.ts";
import { fill, type Strings } from "./strings.ts";
import { Talk, Unheard } from "./talk.ts";
import type { Option } from "./wire.ts";

/** How many entries are shown at first, and more with each look back. */
const HISTORY = 200;
/** Files of one message; the server takes no more. */
const MAX_FILES = 10;

export interface Settings {
  /** Ends in a slash. */
  readonly server: string;
  readonly identity: string;
  readonly locale: string;
}

export class App {
  private now: core.State;
  private readonly store: Store;
  private readonly sessions: Sessions;
  private readonly connection: Connection;
  private talk: Talk | null = null;
  /** Between the tabs that call; open in a call only. */
  private tabs: BroadcastChannel | null = null;
  /** Rises with every call, so that what an older one still asks for comes to nothing. */
  private calls = 0;
  private readonly uploads = new Map<string, { file: File; abort: AbortController }>();

  constructor(
    readonly settings: Settings,
    private readonly strings: () => Strings,
    private readonly changed: (after: core.State, before: core.State) => void,
    private readonly level: (level: number) => void,
  ) {
    const { server, identity, locale } = settings;
    this.store = new Store(localStore(), namespaceOf(server, identity));
    this.now = core.initial(this.store.outbox, this.store.seen);
    const { timeZone: zone } = Intl.DateTimeFormat().resolvedOptions();
    this.sessions = new Sessions(server, this.store, () => ({ identity, locale, zone }));
    this.connection = new Connection({
      socketUrl: new URL("web/socket", server.replace(/^http/, "ws")).href,
      sessions: this.sessions,
      start: () => Math.max(0, this.store.seq - HISTORY),
      state: () => this.now,
      dispatch: (event) => this.dispatch(event),
      sound: (data) => this.talk?.play(data),
      tooBig: () => this.strings().tooLong,
    });
  }

  get state(): core.State {
    return this.now;
  }

  /** Whether this browser has talked to the server before, or has something to tell it. */
  get isKnown(): boolean {
    return this.store.session !== null || this.now.pending.length > 0;
  }

  start(): void {
    this.connection.start();
  }

  stop(): void {
    this.hangUp();
    this.connection.stop();
  }

  wake(): void {
    this.connection.wake();
  }

  /** Send what was typed together with the attached files; false when there is nothing to send. */
  say(text: string): boolean {
    if (!core.isSendable(this.now, text)) return false;
    this.dispatch({ type: "say", id: uuid(), text, at: new Date().toISOString() });
    this.uploads.clear();
    this.start();
    this.connection.flush();
    return true;
  }

  choose(message: string, { value, label }: Option): void {
    this.dispatch({
      type: "choose",
      id: uuid(),
      message,
      value,
      label,
      at: new Date().toISOString(),
    });
    this.connection.flush();
  }

  retry(id: string): void {
    this.dispatch({ type: "retry", id });
    this.connection.flush();
  }

  discard(id: string): void {
    this.dispatch({ type: "discard", id });
  }

  cancel(): void {
    this.connection.cancel();
  }

  /** Talk instead of writing. Called on the person's tap, which browsers insist on. */
  async call(): Promise<void> {
    if (this.now.call) return;
    const call = ++this.calls;
    this.dispatch({ type: "call" });
    const over = (note: core.CallNote): void => {
      if (call === this.calls) this.dispatch({ type: "call_ended", note });
    };
    try {
      const talk = await Talk.open(new URL("web/worklet.js", this.settings.server).href, {
        heard: (frame, level) => {
          if (!this.now.call?.taken) return;
          this.connection.sound(frame);
          this.level(level);
        },
        playing: (playing) => this.dispatch({ type: "playing", playing }),
        lost: () => over("micMissing"),
      });
      if (call !== this.calls) talk.close();
      else {
        this.talk = talk;
        this.takeOver(over);
        this.dispatch({ type: "ready" });
        talk.mute(this.state.call?.muted ?? false);
        if (!this.connection.voice(true)) over("callLost");
      }
    } catch (reason) {
      over(reason instanceof Unheard ? reason.why : "micBroken");
    }
  }

  hangUp(): void {
    if (this.now.call) this.dispatch({ type: "call_ended", note: null });
  }

  mute(muted: boolean): void {
    this.talk?.mute(muted);
    this.dispatch({ type: "muted", muted });
  }

  read(): void {
    if (core.unread(this.now)) this.dispatch({ type: "read" });
  }

  earlier(): void {
    this.connection.reread(Math.max(0, core.firstSeq(this.now) - 1 - HISTORY));
  }

  attach(files: Iterable<File>): void {
    this.start();
    for (const file of files) {
      const key = uuid();
      this.uploads.set(key, { file, abort: new AbortController() });
      void this.upload(key);
    }
  }

  detach(key: string): void {
    this.uploads.get(key)?.abort.abort();
    this.uploads.delete(key);
    this.dispatch({ type: "detach", key });
  }

  /** Upload an attached file, again if it failed before. */
  async upload(key: string): Promise<void> {
    const { file, abort } = this.uploads.get(key)!;
    this.dispatch({ type: "attach", key, name: file.name, size: file.size });
    const { tooLarge, tooMany, uploadFailed } = this.strings();
    if (this.now.drafts.filter((it) => !it.error).length > MAX_FILES) {
      this.dispatch({ type: "upload_failed", key, error: fill(tooMany, { count: MAX_FILES }) });
      return;
    }
    const attempt = async (): Promise<void> => {
      const { token, maxUpload } = await this.sessions.get(Date.now());
      // A server that hangs up on a large file looks like a lost connection: ask beforehand.
      if (maxUpload && file.size > maxUpload) throw new Denied(413, "");
      const progress = (share: number) => this.dispatch({ type: "progress", key, progress: share });
      try {
        const stored = await upload(this.settings.server, token, file, abort.signal, progress);
        this.dispatch({ type: "uploaded", key, file: stored });
      } catch (reason) {
        if (reason instanceof Denied && reason.status === 401) this.sessions.drop(token);
        throw reason;
      }
    };
    try {
      await attempt().catch((reason: unknown) => {
        if (reason instanceof Denied && reason.status === 401) return attempt();
        throw reason;
      });
    } catch (reason) {
      if (abort.signal.aborted) return;
      const denied = reason instanceof Denied ? reason : null;
      const words = fill(denied?.status === 413 ? tooLarge : uploadFailed, { name: file.name });
      this.dispatch({ type: "upload_failed", key, error: words });
    }
  }

  /** Two microphones would hear everything twice: the tab that calls last is the one that does. */
  private takeOver(over: (note: core.CallNote) => void): void {
    const { server, identity } = this.settings;
    this.tabs = new BroadcastChannel(`${namespaceOf(server, identity)}calls`);
    this.tabs.onmessage = () => over("callMoved");
    this.tabs.postMessage(null);
  }

  private dispatch(event: core.Event): void {
    const before = this.now;
    this.now = core.reduce(before, event);
    if (event.type === "frame" && event.frame.type === "clear") this.talk?.hush();
    if (before.call && !this.now.call) this.callEnded();
    this.persist(before);
    this.changed(this.now, before);
  }

  private callEnded(): void {
    this.calls++;
    this.tabs?.close();
    this.tabs = null;
    if (!this.talk) return;
    this.talk.close();
    this.talk = null;
    // Also when the house hung up: it then knows that no more sound will come.
    this.connection.voice(false);
  }

  private persist(before: core.State): void {
    const { entries, pending, read } = this.now;
    if (entries !== before.entries) this.store.seq = core.lastSeq(this.now);
    if (read !== before.read) this.store.seen = read;
    if (pending === before.pending) return;
    const kept = new Set(pending.map((it) => it.id));
    for (const it of before.pending) if (!kept.has(it.id)) this.store.drop(it.id);
    for (const it of pending) this.store.keep(it);
  }
}

/** `crypto.randomUUID` where there is one: it is missing outside secure contexts. */
function uuid(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

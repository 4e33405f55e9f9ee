/**
 * One live connection to the log: it opens, greets, listens, and comes back by itself.
 *
 * The socket is trusted with nothing: the log is replayed from the last seq we hold, and a
 * message is sent again under its own id until the server has acknowledged it. A socket that
 * says nothing for too long is dead, whatever the browser believes.
 */

import { Denied, type Sessions } from "./session.ts";
import { type Event, frameOf, lastSeq, holeAfter, nextToSend, type State } from "./state.ts";
import { type ClientFrame, readFrame, type ServerFrame } from "./wire.ts";

const PING_MS = 25_000;
/** In a call nobody wants to talk for so long to somebody who is not there. */
const CALL_PING_MS = 7_500;
/** Shorter than that, or the next ping would put it off. */
const CALL_ANSWER_MS = 7_000;
/** How long the server may take to answer a ping, a greeting or a message. */
const ANSWER_MS = 10_000;
/** Bytes that may wait to be sent before sound is dropped: late sound is worse than none. */
const SOUND_WAITING = 64 * 1024;
/** After waking up nobody wants to wait as long for a socket that may be dead. */
const WAKE_ANSWER_MS = 3_000;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 30_000;
/** A connection that held this long earns a quick return. */
const STEADY_MS = 5_000;
/** A server that leaves sends everybody to the others at once; spread them a little. */
const MOVE_SPREAD_MS = 300;

const BAD_TOKEN = 4401;
/** RFC 6455, 7.4.1 and its registry: the server goes away, or is restarting. */
const LEAVING = [1001, 1012];
const TOO_BIG = 1009;

export interface House {
  readonly socketUrl: string;
  readonly sessions: Pick<Sessions, "get" | "drop">;
  /** The seq from which a page that holds nothing begins to read. */
  readonly start: () => number;
  readonly state: () => State;
  readonly dispatch: (event: Event) => void;
  /** Sound came. */
  readonly sound: (data: ArrayBuffer) => void;
  /** Said of a message too large for the server. */
  readonly tooBig: () => string;
}

/** Milliseconds to wait before attempt number `attempt`, the first being 0: full jitter. */
export function backoff(attempt: number, random: number): number {
  return random * Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** attempt);
}

export class Connection {
  private socket: WebSocket | null = null;
  private running = false;
  /** Rises with every socket, so that what an older one still says is not heard. */
  private generation = 0;
  private attempt = 0;
  private welcomedAt = 0;
  private inFlight = "";
  private askedAfter = 0;
  private triedHole: number | null = null;
  private retryTimer: Timer;
  private pingTimer: Timer;
  private deadTimer: Timer;
  private sendTimer: Timer;

  constructor(private readonly house: House) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.attempt = 0;
    void this.open();
  }

  stop(): void {
    this.running = false;
    this.hangUp();
    this.house.dispatch({ type: "link", link: "idle" });
  }

  /** The page was shown, or the network came back: find out at once where we stand. */
  wake(): void {
    if (!this.running) return;
    if (this.isLive) {
      this.ping(WAKE_ANSWER_MS);
    } else if (!this.socket) {
      this.attempt = 0;
      void this.open();
    }
  }

  /** Send what is due, if nothing is under way. */
  flush(): void {
    const next = nextToSend(this.house.state());
    if (!this.isLive || !next || this.inFlight) return;
    this.inFlight = next.id;
    this.sendTimer = later(ANSWER_MS, () => this.resend());
    this.send(frameOf(next));
  }

  cancel(): void {
    if (this.isLive) this.send({ type: "cancel" });
  }

  /** Ask for a call, or put it down; false while there is no connection. */
  voice(on: boolean): boolean {
    if (this.isLive) {
      this.send({ type: "voice", on });
      this.schedulePing();
    }
    return this.isLive;
  }

  sound(frame: ArrayBuffer): void {
    if (this.isLive && this.socket!.bufferedAmount < SOUND_WAITING) this.socket!.send(frame);
  }

  /** Read the log again from after `seq`: a hole to fill, or earlier history to show. */
  reread(seq: number): void {
    void this.open(seq);
  }

  private get isLive(): boolean {
    return this.welcomedAt > 0 && this.socket?.readyState === WebSocket.OPEN;
  }

  private async open(after?: number): Promise<void> {
    this.hangUp();
    const generation = this.generation;
    this.house.dispatch({ type: "link", link: "connecting" });
    let token: string;
    try {
      ({ token } = await this.house.sessions.get(Date.now()));
    } catch (reason) {
      if (generation === this.generation) this.refused(reason);
      return;
    }
    if (generation !== this.generation) return;
    const state = this.house.state();
    this.askedAfter = after ?? holeAfter(state) ?? (lastSeq(state) || this.house.start());
    const socket = this.dial();
    if (!socket) return;
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    this.expectAnswer(ANSWER_MS);
    socket.onopen = () => this.send({ type: "hello", token, after: this.askedAfter });
    socket.onmessage = ({ data }) => {
      if (generation !== this.generation) return;
      if (data instanceof ArrayBuffer) this.house.sound(data);
      else this.receive(readFrame(data), token);
    };
    socket.onclose = ({ code }) => {
      if (generation === this.generation) this.closed(code, token);
    };
  }

  /** Null where the page's policy forbids it, which no retry will change. */
  private dial(): WebSocket | null {
    try {
      return new WebSocket(this.house.socketUrl);
    } catch (reason) {
      this.house.dispatch({ type: "link", link: "refused", complaint: String(reason) });
      return null;
    }
  }

  private receive(frame: ServerFrame | null, token: string): void {
    clearTimeout(this.deadTimer);
    if (!this.welcomedAt) this.expectAnswer(ANSWER_MS);
    if (frame?.type === "welcome") {
      if (!this.welcomed(frame)) return;
    } else if (frame?.type === "error") {
      if (frame.code === "bad_token") {
        this.closed(BAD_TOKEN, token);
        return;
      }
      if (frame.id && frame.retry_after) {
        clearTimeout(this.sendTimer);
        this.sendTimer = later(frame.retry_after * 1000, () => this.resend());
        return;
      }
    }
    if (frame) this.house.dispatch({ type: "frame", frame });
    if (frame?.type === "ack" || (frame?.type === "error" && frame.id)) this.settled(frame.id);
  }

  /** False when the log turned out to be another one than we hold, and is read anew. */
  private welcomed(frame: ServerFrame & { type: "welcome" }): boolean {
    const { conversation } = this.house.state();
    const another = conversation !== "" && conversation !== frame.conversation;
    if (another || frame.seq < this.askedAfter) {
      this.house.dispatch({ type: "forget" });
      void this.open(0);
      return false;
    }
    clearTimeout(this.deadTimer);
    this.welcomedAt = Date.now();
    this.schedulePing();
    // The dispatch that follows makes the state live; sending must come after it.
    queueMicrotask(() => this.flush());
    return true;
  }

  private settled(id: string): void {
    if (id !== this.inFlight) return;
    clearTimeout(this.sendTimer);
    this.inFlight = "";
    this.flush();
  }

  private resend(): void {
    this.inFlight = "";
    this.flush();
  }

  private schedulePing(): void {
    clearTimeout(this.pingTimer);
    const { call } = this.house.state();
    this.pingTimer = later(call ? CALL_PING_MS : PING_MS, () => {
      this.fillHole();
      this.ping(call ? CALL_ANSWER_MS : ANSWER_MS);
      this.schedulePing();
    });
  }

  private ping(patience: number): void {
    this.send({ type: "ping" });
    this.expectAnswer(patience);
  }

  private expectAnswer(patience: number): void {
    clearTimeout(this.deadTimer);
    this.deadTimer = later(patience, () => this.closed(0, ""));
  }

  /** Seqs have no gaps, so one means that something was missed. Asked once for each. */
  private fillHole(): void {
    // To read again is to connect again, which would end a call.
    if (this.house.state().call) return;
    const hole = holeAfter(this.house.state());
    if (hole === null || hole === this.triedHole) return;
    this.triedHole = hole;
    this.reread(hole);
  }

  private send(frame: ClientFrame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private closed(code: number, token: string): void {
    const welcomed = this.welcomedAt > 0;
    if (welcomed && Date.now() - this.welcomedAt > STEADY_MS) this.attempt = 0;
    if (code === BAD_TOKEN) this.house.sessions.drop(token);
    if (code === TOO_BIG && this.inFlight) {
      // Sent again it would only close the next socket too.
      this.house.dispatch({ type: "refused", id: this.inFlight, error: this.house.tooBig() });
    }
    // Once: where the next one leaves too, there is only one, and it takes a while to return.
    const moves = LEAVING.includes(code) && this.attempt === 0 && welcomed;
    const wait = moves ? Math.random() * MOVE_SPREAD_MS : backoff(this.attempt, Math.random());
    this.attempt++;
    this.retry(wait);
  }

  private refused(reason: unknown): void {
    const denied = reason instanceof Denied ? reason : null;
    const wait = Math.max((denied?.retryAfter ?? 0) * 1000, backoff(this.attempt++, Math.random()));
    if (denied?.final) {
      this.hangUp();
      this.house.dispatch({ type: "link", link: "refused", complaint: denied.message });
    } else {
      this.retry(wait);
    }
  }

  private retry(wait: number): void {
    this.hangUp();
    this.house.dispatch({ type: "link", link: "waiting" });
    this.retryTimer = later(wait, () => void this.open());
  }

  private hangUp(): void {
    this.generation++;
    this.welcomedAt = 0;
    this.inFlight = "";
    for (const timer of [this.retryTimer, this.pingTimer, this.deadTimer, this.sendTimer]) {
      clearTimeout(timer);
    }
    this.socket?.close();
    this.socket = null;
  }
}

type Timer = ReturnType<typeof setTimeout> | undefined;

const later = (milliseconds: number, action: () => void): Timer => setTimeout(action, milliseconds);

/** The conversation: what was said, what is being said, and staying where the reader is. */

import { blocks } from "../markdown.ts";
import { firstSeq, isBusy, isCaughtUp, lastSeq, type State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { type Item, timeline } from "../timeline.ts";
import type { Context } from "./context.ts";
import { button, h, icon } from "./dom.ts";
import { block, Message } from "./message.ts";

/** How near the end counts as reading the end. Pixels. */
const NEAR = 64;

export class Log {
  readonly node: HTMLElement;
  private readonly scroll: HTMLElement;
  private readonly lines: HTMLElement;
  private readonly earlier: HTMLElement;
  private readonly latest: HTMLElement;
  private readonly hello: HTMLElement;
  private readonly live: Live;
  private readonly shown = new Map<string, Message | Day>();
  private readonly resized: ResizeObserver;
  private pinned = true;
  private before: State | null = null;

  constructor(private readonly context: Context) {
    const { strings, actions, greeting } = context;
    this.live = new Live(context);
    this.earlier = button("earlier", strings.earlier, actions.earlier);
    this.lines = h("div", { className: "lines", role: "log" });
    this.lines.ariaLabel = strings.log;
    this.hello = h(
      "div",
      { className: "line agent first last" },
      h("div", { className: "bubble" }, greeting),
    );
    const content = h(
      "div",
      { className: "content" },
      this.earlier,
      this.hello,
      this.lines,
      this.live.node,
    );
    this.scroll = h(
      "div",
      { className: "scroll", tabIndex: 0, onscroll: () => this.scrolled() },
      content,
    );
    this.scroll.role = "region";
    this.scroll.ariaLabel = strings.log;
    this.latest = button("latest", strings.latest, () => this.toEnd(), icon("down"));
    this.node = h("div", { className: "log" }, this.scroll, this.latest);
    // Pictures load, the keyboard opens, text wraps anew: the end stays in sight.
    this.resized = new ResizeObserver(() => this.keep());
    this.resized.observe(content);
    this.resized.observe(this.scroll);
    this.scrolled();
  }

  update(state: State): void {
    const { before } = this;
    this.before = state;
    const height = this.scroll.scrollHeight;
    const all = firstSeq(state) <= 1;
    // Reading earlier history connects anew, which would end a call.
    this.earlier.hidden = all || state.call !== null;
    this.hello.hidden = !all || !this.context.greeting;
    // History is not news: it is read out only once it is complete.
    // In a call the captions are.
    this.lines.ariaLive = isCaughtUp(state) && !state.call ? "polite" : "off";
    if (state.entries !== before?.entries || state.pending !== before.pending) {
      if (before && state.pending.length > before.pending.length) this.pinned = true;
      this.show(timeline(state));
    }
    this.live.update(state.turn, isBusy(state));
    if (this.pinned) this.keep();
    else if (before && firstSeq(state) < firstSeq(before)) {
      this.scroll.scrollTop += this.scroll.scrollHeight - height;
    }
    if (!this.pinned && lastSeq(state) > lastSeq(before ?? state))
      this.latest.classList.add("news");
  }

  /** The reader sees the end of the log. */
  get atEnd(): boolean {
    return this.pinned;
  }

  toEnd(): void {
    this.pinned = true;
    this.keep();
    this.scrolled();
  }

  close(): void {
    this.resized.disconnect();
  }

  private keep(): void {
    if (this.pinned) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  private scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    this.pinned = scrollHeight - scrollTop - clientHeight < NEAR;
    this.latest.hidden = this.pinned;
    if (!this.pinned) return;
    this.latest.classList.remove("news");
    this.context.actions.read();
  }

  /** Bring the nodes in line with the items, touching only what changed. */
  private show(items: readonly Item[]): void {
    const keys = new Set(items.map((it) => it.key));
    for (const [key, { node }] of this.shown) {
      if (!keys.has(key)) {
        node.remove();
        this.shown.delete(key);
      }
    }
    const nodes = items.map((it) => this.nodeOf(it));
    let place = this.lines.firstElementChild;
    for (const node of nodes) {
      if (node === place) place = place.nextElementSibling;
      else this.lines.insertBefore(node, place);
    }
  }

  private nodeOf(item: Item): HTMLElement {
    const known = this.shown.get(item.key);
    if (known) {
      if (item.kind === "line") (known as Message).update(item);
      return known.node;
    }
    const made =
      item.kind === "line" ? new Message(item, this.context) : new Day(item.at, this.context);
    this.shown.set(item.key, made);
    return made.node;
  }
}

/** The date above the messages of a day. */
class Day {
  readonly node: HTMLElement;

  constructor(at: Date, { strings, locale }: Context) {
    const midnight = (it: Date): number => new Date(it).setHours(0, 0, 0, 0);
    const daysAgo = Math.round((midnight(new Date()) - midnight(at)) / 86_400_000);
    const date = (): string =>
      at.toLocaleDateString(locale, { weekday: "long", day: "numeric", month: "long" });
    const words = daysAgo === 0 ? strings.today : daysAgo === 1 ? strings.yesterday : date();
    this.node = h("div", { className: "day" }, words);
  }
}

/**
 * The reply in the making. It stands outside the log's live region, so that a screen reader
 * hears the finished message once, and not every word twice.
 */
class Live {
  readonly node = h("div", { className: "line agent first live", hidden: true });
  private readonly bubble = h("div", { className: "bubble prose" });
  private readonly note = h("div", { className: "note" });
  private raws: string[] = [];

  constructor(private readonly context: Context) {
    this.node.append(this.bubble, this.note);
  }

  update(turn: Turn | null, busy: boolean): void {
    this.node.hidden = turn === null;
    this.write(turn?.text ?? "");
    if (!turn) return;
    const { strings } = this.context;
    const words = {
      waiting: "",
      working: "",
      done: "",
      retrying: strings.retrying,
      failed: strings.failed,
      canceled: strings.stopped,
    };
    const dots = h("span", { className: "dots", ariaHidden: "true" }, h("i"), h("i"), h("i"));
    const text = turn.note || words[turn.state];
    const key = `${busy} ${text}`;
    if (this.note.dataset.key !== key) {
      this.note.dataset.key = key;
      this.note.replaceChildren(...(busy ? [dots] : []), text);
    }
    this.note.classList.toggle("failed", turn.state === "failed");
    this.note.hidden = !busy && !text;
  }

  /** Only the blocks that changed are made anew: mostly the last one. */
  private write(markdown: string): void {
    const fresh = markdown ? blocks(markdown) : [];
    let same = 0;
    while (same < fresh.length && fresh[same]!.raw === this.raws[same]) same++;
    while (this.bubble.childNodes.length > same) this.bubble.lastChild!.remove();
    this.bubble.append(...fresh.slice(same).map(({ tree }) => block(tree, this.context)));
    this.raws = fresh.map((it) => it.raw);
    this.bubble.hidden = !markdown;
  }
}

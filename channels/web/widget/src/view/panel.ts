/** The chat itself: head, log, what is wrong if anything, and the composer. */

import type { State } from "../state.ts";
import type { Context } from "./context.ts";
import { Composer } from "./composer.ts";
import { CallBar, phaseOf } from "./call.ts";
import { button, h, icon } from "./dom.ts";
import { Log } from "./log.ts";

export class Panel {
  readonly node: HTMLElement;
  readonly composer: Composer;
  readonly log: Log;
  readonly call: CallBar;
  private readonly standing = h("p", { className: "standing" });
  private readonly banner = h("div", { className: "banner", role: "status", hidden: true });
  private readonly announcer = h("div", { className: "sr", role: "status" });
  private dragDepth = 0;

  constructor(private readonly context: Context) {
    const { strings, heading, inline, actions } = context;
    this.log = new Log(context);
    this.composer = new Composer(context);
    this.call = new CallBar(context);
    const title = h("h2", { id: "title" }, heading);
    const close = button("icon", strings.close, actions.close, icon("close"));
    close.hidden = inline;
    this.node = h(
      "section",
      { className: "panel", id: "panel" },
      h(
        "header",
        {},
        h("span", { className: "mark", ariaHidden: "true" }, icon("door")),
        h("div", {}, title, this.standing),
        close,
      ),
      this.log.node,
      this.banner,
      this.call.node,
      this.composer.node,
      h("div", { className: "drop", ariaHidden: "true" }, strings.dropHere),
      this.announcer,
    );
    this.node.part.add("panel");
    this.node.role = inline ? "region" : "dialog";
    this.node.setAttribute("aria-labelledby", "title");
    this.receiveDrops();
  }

  /** As tall as what the on-screen keyboard leaves, where the browser does not see to it. */
  fit(): void {
    const { visualViewport: view } = window;
    if (view) this.node.style.setProperty("--viewport", `${view.height}px`);
  }

  /** Tab goes round within the panel while it covers the page. */
  trap(event: KeyboardEvent): void {
    if (event.key !== "Tab" || !matchMedia("(max-width: 480px)").matches) return;
    const stops = [
      ...this.node.querySelectorAll<HTMLElement>("button, a, textarea, [tabindex='0']"),
    ].filter((it) => it.checkVisibility() && !it.matches(":disabled"));
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (event.target !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }

  update(state: State): void {
    this.log.update(state);
    const hadFocus = this.call.hasFocus;
    this.composer.update(state);
    this.call.update(state.call);
    if (hadFocus && !state.call) this.composer.focusTalk();
    const link = navigator.onLine ? state.link : "waiting";
    this.node.dataset.link = link;
    const { strings } = this.context;
    this.standing.textContent =
      link === "online" || link === "idle" ? strings.online : strings.connecting;
    // Without a network the banner says enough.
    this.standing.hidden = link === "idle" || link === "refused" || !navigator.onLine;
    this.warn(this.trouble(state), state.link === "refused");
    const busy = state.turn?.note ?? "";
    const failed = state.drafts.find((it) => it.error)?.error ?? "";
    const call = state.call && (state.call.taken ? strings.callOn : strings[phaseOf(state.call)]);
    const words = failed || call || busy || (state.turn && !state.turn.text ? strings.working : "");
    if (this.announcer.textContent !== words) this.announcer.textContent = words;
  }

  private trouble({ link, complaint, callNote }: State): string {
    const { strings } = this.context;
    if (link === "refused") return `${strings.refused} ${complaint}`.trim();
    if (!navigator.onLine) return strings.offline;
    if (link === "waiting") return strings.waiting;
    return complaint || (callNote ? strings[callNote] : "");
  }

  private warn(words: string, final: boolean): void {
    const { strings, actions } = this.context;
    if (this.banner.dataset.words === words) return;
    this.banner.dataset.words = words;
    this.banner.hidden = !words;
    this.banner.replaceChildren(
      words,
      ...(final ? [" ", button("link", strings.tryAgain, actions.wake)] : []),
    );
  }

  private receiveDrops(): void {
    const carriesFiles = (event: DragEvent): boolean =>
      event.dataTransfer?.types.includes("Files") ?? false;
    const shade = (change: number): void => {
      this.dragDepth = Math.max(0, this.dragDepth + change);
      this.node.classList.toggle("dropping", this.dragDepth > 0);
    };
    this.node.addEventListener("dragenter", (event) => carriesFiles(event) && shade(1));
    this.node.addEventListener("dragleave", (event) => carriesFiles(event) && shade(-1));
    this.node.addEventListener(
      "dragover",
      (event) => carriesFiles(event) && event.preventDefault(),
    );
    this.node.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      this.dragDepth = 0;
      shade(0);
      this.context.actions.attach(event.dataTransfer!.files);
    });
  }
}

/** A call: how it stands, what is being said, and how to mute and end it. */

import type { Call, Caption } from "../state.ts";
import type { Context } from "./context.ts";
import { button, h, icon } from "./dom.ts";

const BARS = 4;

export class CallBar {
  readonly node: HTMLElement;
  private readonly meter: HTMLElement;
  private readonly phase = h("p", { className: "phase" });
  private readonly mute: HTMLButtonElement;
  private readonly end: HTMLButtonElement;
  private readonly user: Words;
  private readonly agent: Words;
  private call: Call | null = null;

  constructor(private readonly context: Context) {
    const { strings, actions } = context;
    this.meter = h(
      "span",
      { className: "meter", ariaHidden: "true" },
      ...Array.from({ length: BARS }, () => h("i")),
    );
    const toggle = (): void => actions.mute(!this.call?.muted);
    this.mute = button("icon", strings.mute, toggle, icon("mic"));
    this.end = button("icon end", strings.hangUp, actions.hangUp, icon("hangUp"));
    // What one said in full stands in the log above.
    this.user = new Words(strings.you, false);
    this.agent = new Words(strings.agent, true);
    this.node = h(
      "section",
      { className: "call", hidden: true },
      h("div", { className: "state" }, this.meter, this.phase, this.mute, this.end),
      h("div", { className: "captions" }, this.agent.node, this.user.node),
    );
    this.node.ariaLabel = strings.callLabel;
  }

  get hasFocus(): boolean {
    return this.node.contains((this.node.getRootNode() as ShadowRoot).activeElement);
  }

  update(call: Call | null): void {
    const { call: before, context } = this;
    if (call === before) return;
    this.call = call;
    const began = call && !before;
    this.node.hidden = !call;
    if (!call) {
      this.hear(0);
      return;
    }
    const { strings } = context;
    this.node.classList.toggle("playing", call.playing);
    this.phase.textContent = strings[phaseOf(call)];
    if (call.muted !== before?.muted) {
      this.mute.ariaPressed = String(call.muted);
      this.mute.replaceChildren(icon(call.muted ? "muted" : "mic"));
    }
    this.user.update(call.user);
    this.agent.update(call.agent);
    // The button that was pressed is gone.
    if (began) this.end.focus();
  }

  /** How loud the person is: 0 to 1. */
  hear(level: number): void {
    this.meter.style.setProperty("--level", level.toFixed(2));
  }
}

/** How a call stands, as the name of a string. */
export function phaseOf(call: Call): "asking" | "calling" | "speaking" | "muted" | "listening" {
  if (!call.taken) return call.ready ? "calling" : "asking";
  if (call.playing) return "speaking";
  return call.muted ? "muted" : "listening";
}

/** One side's words as they come; a screen reader hears them once, when they are final. */
class Words {
  readonly node: HTMLElement;
  private readonly shown = h("p", { className: "caption", ariaHidden: "true", hidden: true });
  private readonly read = h("p", { className: "sr", ariaLive: "polite" });

  /** `lasting` words stay in sight once they are final. */
  constructor(
    private readonly who: string,
    private readonly lasting: boolean,
  ) {
    this.node = h("div", {}, this.shown, this.read);
  }

  update({ text, final }: Caption): void {
    this.shown.hidden = !text || (final && !this.lasting);
    if (this.shown.textContent !== text) this.shown.textContent = text;
    if (final) this.read.textContent = `${this.who}: ${text}`;
  }
}

/** Where one writes: text, files, send and stop. */

import { isBusy, isSendable, type Draft, type State } from "../state.ts";
import { fill } from "../strings.ts";
import type { Context } from "./context.ts";
import { button, h, icon } from "./dom.ts";
import { size } from "./message.ts";

/** Characters; the server's frame limit is far above. */
const MAX_LENGTH = 16_000;

export class Composer {
  readonly node: HTMLFormElement;
  private readonly text: HTMLTextAreaElement;
  private readonly grow: HTMLElement;
  private readonly send: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private readonly talk: HTMLButtonElement;
  private readonly drafts = h("ul", { className: "drafts", hidden: true });
  private readonly picker = h("input", { type: "file", multiple: true, hidden: true });
  private state: State | null = null;

  constructor(private readonly context: Context) {
    const { strings, actions } = context;
    this.text = h("textarea", {
      rows: 1,
      placeholder: strings.placeholder,
      maxLength: MAX_LENGTH,
      enterKeyHint: "send",
      ariaLabel: strings.message,
      oninput: () => this.typed(),
      onkeydown: (event) => this.pressed(event),
      onpaste: (event) => this.pasted(event),
    });
    // The text area is as tall as this invisible copy of its text.
    this.grow = h("div", { className: "grow" }, this.text);
    this.picker.onchange = () => {
      actions.attach(this.picker.files ?? []);
      this.picker.value = "";
      this.focus();
    };
    this.drafts.ariaLabel = strings.attach;
    const attach = button("icon", strings.attach, () => this.picker.click(), icon("attach"));
    this.talk = button("icon", strings.call, actions.call, icon("mic"));
    this.send = button("icon send", strings.send, () => {}, icon("send"));
    this.send.type = "submit";
    this.stop = button("icon send stop", strings.stop, () => this.halt(), icon("stop"));
    this.node = h(
      "form",
      { className: "composer", onsubmit: (event: Event) => this.submitted(event) },
      this.drafts,
      h("div", { className: "field" }, attach, this.picker, this.grow, this.talk, this.stop, this.send),
    );
  }

  get value(): string {
    return this.text.value;
  }

  set value(text: string) {
    this.text.value = text;
    this.typed();
  }

  /** Where the focus goes when a call is over. */
  focusTalk(): void {
    this.talk.focus();
  }

  /** Not where it would throw up a keyboard over what one came to read. */
  focus(): void {
    if (matchMedia("(hover: hover)").matches) this.text.focus();
  }

  update(state: State): void {
    if (state.drafts !== this.state?.drafts) this.showDrafts(state.drafts);
    this.state = state;
    const sendable = isSendable(state, this.text.value);
    const stoppable = isBusy(state) && !this.text.value && !state.drafts.length;
    this.send.ariaDisabled = String(!sendable);
    this.talk.hidden = !state.canCall || state.call !== null;
    this.talk.disabled = state.link !== "online";
    this.send.hidden = stoppable;
    this.stop.hidden = !stoppable;
  }

  private typed(): void {
    this.grow.dataset.text = this.text.value;
    if (this.state) this.update(this.state);
  }

  private pressed(event: KeyboardEvent): void {
    // Enter also picks a candidate while an input method is composing.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.node.requestSubmit();
  }

  private pasted(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.context.actions.attach(files);
  }

  private submitted(event: Event): void {
    event.preventDefault();
    if (this.context.actions.say(this.text.value)) this.value = "";
    this.text.focus();
  }

  private halt(): void {
    this.context.actions.cancel();
    this.focus();
  }

  private showDrafts(drafts: readonly Draft[]): void {
    this.drafts.hidden = !drafts.length;
    const nodes = new Map(
      [...this.drafts.children].map((it) => [(it as HTMLElement).dataset.key, it]),
    );
    this.drafts.replaceChildren(
      ...drafts.map((draft) => {
        const known = nodes.get(draft.key);
        const bar = known?.querySelector("progress");
        // Rewriting the whole chip at every step would take the focus from its button.
        if (!bar || draft.error || draft.file) return this.draft(draft);
        bar.value = draft.progress;
        return known!;
      }),
    );
  }

  private draft({ key, name, size: bytes, progress, file, error }: Draft): HTMLElement {
    const { strings, actions, locale } = this.context;
    const about = error || (bytes ? size(bytes, locale) : "");
    const bar = h("progress", { max: 1, value: progress });
    bar.ariaLabel = fill(strings.uploading, { name });
    const node = h(
      "li",
      { className: error ? "draft failed" : "draft" },
      h("span", { className: "name" }, name),
      h("span", { className: "size" }, about),
      !file && !error && bar,
      error && button("link", strings.retry, () => actions.upload(key)),
      button(
        "icon small",
        fill(strings.remove, { name }),
        () => actions.detach(key),
        icon("close"),
      ),
    );
    node.dataset.key = key;
    return node;
  }
}

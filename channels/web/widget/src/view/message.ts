/** One message: its words, files, choices, and how it fared. */

import { blocks, type Element } from "../markdown.ts";
import { fill } from "../strings.ts";
import type { Line } from "../timeline.ts";
import type { ChoicesPart, FilePart, Part } from "../wire.ts";
import type { Context } from "./context.ts";
import { button, h, icon, mount, spoken } from "./dom.ts";

/**
 * A message on the page. It is changed in place: a screen reader would read out again what
 * is made anew within the log.
 */
export class Message {
  readonly node = h("div");
  private readonly body = h("div", { className: "body" });
  private readonly foot = h("div", { className: "meta" });
  private parts = "";
  private fate = "";

  constructor(
    line: Line,
    private readonly context: Context,
  ) {
    const { strings } = context;
    this.node.append(
      spoken(`${line.role === "user" ? strings.you : strings.agent}: `),
      this.body,
      this.foot,
    );
    this.update(line);
  }

  update(line: Line): void {
    const { role, status, first, last, parts } = line;
    const classes = ["line", role, status, first && "first", last && "last"];
    this.node.className = classes.filter(Boolean).join(" ");
    const content = JSON.stringify(parts);
    if (content !== this.parts)
      this.body.replaceChildren(...parts.map((it) => this.part(it, line)));
    this.parts = content;
    for (const it of this.body.querySelectorAll<HTMLButtonElement>(".choice"))
      answer(it, line, this.context);
    const fate = JSON.stringify([status, last, line.error, isSpoken(line)]);
    if (fate !== this.fate) this.foot.replaceChildren(...meta(line, this.context));
    this.fate = fate;
    this.foot.hidden = !this.foot.hasChildNodes();
  }

  private part(part: Part, { id, role }: Line): HTMLElement {
    const { context } = this;
    switch (part.kind) {
      case "text":
        return role === "agent"
          ? h(
              "div",
              { className: "bubble prose" },
              ...blocks(part.text).map(({ tree }) => block(tree, context)),
            )
          : h("div", { className: "bubble plain" }, part.spoken && icon("mic"), part.text);
      case "chosen":
        return h("div", { className: "bubble plain" }, part.label);
      case "file":
        return file(part, context);
      case "choices":
        return choices(part, id, context);
    }
  }
}

/** One block; code comes with a button to copy it. */
export function block(tree: Element, { strings }: Context): Node {
  const [node] = mount([tree]);
  if (!(node instanceof HTMLPreElement) || !navigator.clipboard) return node!;
  const copy = button("copy", strings.copy, () => {
    void navigator.clipboard.writeText(node.textContent).then(() => {
      copy.textContent = strings.copied;
      setTimeout(() => (copy.textContent = strings.copy), 2000);
    });
  });
  return h("div", { className: "code" }, node, copy);
}

function file(part: FilePart, context: Context): HTMLElement {
  const about = part.error || (part.size > 0 && size(part.size, context.locale));
  const words = h(
    "span",
    {},
    h("span", { className: "name" }, part.name),
    about && h("span", { className: "size" }, about),
  );
  if (!part.url || part.error) return h("div", { className: "file" }, icon("file"), words);
  const href = context.resolve(part.url);
  const card = h(
    "a",
    { className: "file", href, download: part.name, target: "_blank", rel: "noopener" },
    icon("file"),
    words,
    icon("download"),
  );
  card.ariaLabel = fill(context.strings.download, { name: part.name });
  if (!/^image\/(png|jpe?g|gif|webp|avif)$/.test(part.media_type)) return card;
  const image = h("img", { src: href, alt: part.name, loading: "lazy" });
  const shown = h("a", { className: "image", href, target: "_blank", rel: "noopener" }, image);
  // A page's policy may refuse pictures from the server; the file can still be had.
  image.onerror = () => shown.replaceWith(card);
  return shown;
}

function choices({ options }: ChoicesPart, id: string, { strings, actions }: Context): HTMLElement {
  const group = h("div", { className: "choices", role: "group" });
  group.ariaLabel = strings.choices;
  for (const option of options) {
    const choice = button("choice", option.label, () => actions.choose(id, option));
    choice.value = option.value;
    group.append(choice);
  }
  return group;
}

/** Choices are open until one is taken, or passed over. */
function answer(choice: HTMLButtonElement, line: Line, { strings }: Context): void {
  const taken = line.answer === choice.value;
  choice.disabled = line.answer !== null;
  if (taken === choice.classList.contains("taken")) return;
  choice.classList.toggle("taken", taken);
  choice.querySelector("svg")?.remove();
  choice.ariaLabel = taken ? fill(strings.chosen, { label: choice.textContent }) : null;
  if (taken) choice.prepend(icon("check"));
}

function meta(line: Line, { strings, locale, actions }: Context): (Node | string)[] {
  if (line.status === "failed") {
    return [
      `${strings.notSent} ${line.error} `,
      button("link", strings.retry, () => actions.retry(line.id)),
      " ",
      button("link", strings.discard, () => actions.discard(line.id)),
    ];
  }
  // Nobody should be held to what a machine wrote down.
  const origin = isSpoken(line) ? [strings.transcribed] : [];
  if (!line.last || Number.isNaN(line.at.getTime())) return origin;
  if (line.status === "sending") return [strings.sending];
  const clock = line.at.toLocaleTimeString(locale, { hour: "numeric", minute: "2-digit" });
  const time = h("time", { dateTime: line.at.toISOString() }, clock);
  return origin.length ? [...origin, " · ", time] : [time];
}

const isSpoken = ({ parts }: Line): boolean =>
  parts.some((it) => it.kind === "text" && it.spoken);

/** Bytes for people: "1.2 MB", in the words of the locale. */
export function size(bytes: number, locale: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: units[power]!,
    unitDisplay: power ? "short" : "long",
    maximumFractionDigits: 1,
  }).format(bytes / 1000 ** power);
}

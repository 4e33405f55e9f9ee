/** One message: its words, files, choices, and how it fared. */

import { blocks, type Element } from "../markdown.ts";
import { fill } from "../strings.ts";
import type { Line } from "../timeline.ts";
import type { ChoicesPart, FilePart, Part } from "../wire.ts";
import type { Context } from "./context.ts";
import { button, type Child, h, icon, mount, spoken } from "./dom.ts";

export function message(line: Line, context: Context): HTMLElement {
  const { strings } = context;
  const classes = ["line", line.role, line.status, line.first && "first", line.last && "last"];
  return h(
    "div",
    { className: classes.filter(Boolean).join(" ") },
    spoken(`${line.role === "user" ? strings.you : strings.agent}: `),
    ...line.parts.map((part) => partOf(part, line, context)),
    meta(line, context),
  );
}

function partOf(part: Part, line: Line, context: Context): Child {
  switch (part.kind) {
    case "text":
      return line.role === "agent"
        ? h("div", { className: "bubble prose" }, ...prose(part.text, context))
        : h("div", { className: "bubble plain" }, part.text);
    case "chosen":
      return h("div", { className: "bubble plain" }, part.label);
    case "file":
      return file(part, context);
    case "choices":
      return choices(part, line, context);
  }
}

/** Markdown as nodes. */
function prose(markdown: string, context: Context): Node[] {
  return blocks(markdown).map(({ tree }) => block(tree, context));
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

function choices({ options }: ChoicesPart, line: Line, { strings, actions }: Context): HTMLElement {
  const group = h("div", { className: "choices", role: "group" });
  group.ariaLabel = strings.choices;
  for (const option of options) {
    const taken = line.answer === option.value;
    const choice = button("choice", option.label, () => actions.choose(line.id, option));
    choice.disabled = line.answer !== null;
    if (taken) {
      choice.classList.add("taken");
      choice.ariaLabel = fill(strings.chosen, { label: option.label });
      choice.prepend(icon("check"));
    }
    group.append(choice);
  }
  return group;
}

function meta(line: Line, { strings, locale, actions }: Context): Child {
  if (line.status === "failed") {
    return h(
      "div",
      { className: "meta failed" },
      `${strings.notSent} ${line.error} `,
      button("link", strings.retry, () => actions.retry(line.id)),
      " ",
      button("link", strings.discard, () => actions.discard(line.id)),
    );
  }
  if (line.status === "sending") return line.last && h("div", { className: "meta" }, strings.sending);
  if (!line.last || Number.isNaN(line.at.getTime())) return null;
  const clock = line.at.toLocaleTimeString(locale, { hour: "numeric", minute: "2-digit" });
  return h("div", { className: "meta" }, h("time", { dateTime: line.at.toISOString() }, clock));
}

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

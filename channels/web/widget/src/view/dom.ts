/** The few helpers that make DOM nodes. Nothing here parses HTML or writes a style attribute. */

import type { Tree } from "../markdown.ts";

type Props<K extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[K], "children" | "style">
>;
export type Child = Node | string | false | null | undefined;

/** An element with properties (not attributes) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props<K> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter((it): it is Node | string => !!it));
  return node;
}

export function button(
  className: string,
  label: string,
  onclick: () => void,
  glyph?: Node,
): HTMLButtonElement {
  const node = h("button", { type: "button", className, onclick }, glyph ?? label);
  if (glyph) node.title = node.ariaLabel = label;
  return node;
}

/** Text for screen readers only. */
export const spoken = (text: string): HTMLElement => h("span", { className: "sr" }, text);

export function mount(trees: readonly Tree[]): Node[] {
  return trees.map((it) => {
    if (typeof it === "string") return document.createTextNode(it);
    const node = document.createElement(it.tag);
    for (const [name, value] of Object.entries(it.attributes)) node.setAttribute(name, value);
    node.append(...mount(it.children));
    return node;
  });
}

const GLYPHS = {
  chat: "M5 4.5h14a2.5 2.5 0 0 1 2.5 2.5v8a2.5 2.5 0 0 1-2.5 2.5h-6.5L7.5 21v-3.5H5A2.5 2.5 0 0 1 2.5 15V7A2.5 2.5 0 0 1 5 4.5Z",
  door: "M4 20.5h16M6.5 20.5v-15a2 2 0 0 1 2-2h7a2 2 0 0 1 2 2v15M14 11.8v1",
  close: "M6 6l12 12M18 6L6 18",
  down: "M5 9l7 7 7-7",
  send: "M12 19.5v-15M5.5 11L12 4.5l6.5 6.5",
  stop: "M8 8h8v8H8z",
  attach:
    "M20 11.5l-8.2 8.2a5.2 5.2 0 0 1-7.4-7.4l8.6-8.6a3.5 3.5 0 0 1 5 5l-8.5 8.4a1.7 1.7 0 0 1-2.4-2.4l7.7-7.7",
  file: "M13.5 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8.5zM13.5 3v5.5H19",
  download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  check: "M5 12.5l4.5 4.5L19 7.5",
  mic: "M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  muted: "M9 9.5v2a3 3 0 0 0 4.6 2.5M15 11V6.5a3 3 0 0 0-5.8-1M5.5 11.5a6.5 6.5 0 0 0 10 5.4M18.5 11.5a6.4 6.4 0 0 1-.5 2.5M12 18v3M4 4l16 16",
  hangUp: "M3.5 13.5c4.7-4.6 12.300-4.6 17 0v2.700l-4.200 0.800-1-3c-2.200-.700-4.400-.700-6.600 0l-1 3-4.200-.800Z",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 3.5v4h-4",
};

/** A line drawing in the colour of the text around it. */
export function icon(name: keyof typeof GLYPHS): SVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", GLYPHS[name]);
  svg.append(path);
  return svg;
}

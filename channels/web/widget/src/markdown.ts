/**
 * Markdown to a plain tree of allowed elements: sanitised by construction, since what has
 * no branch here cannot come out. Raw HTML stays text, an image is a link to itself (a
 * picture of the agent's choosing would tell its server who is reading), and only web and
 * mail links are links.
 */

import { Lexer, type Token, type Tokens } from "marked";

export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Tree[];
}

export type Tree = string | Element;

/** A top-level block: `raw` tells whether it changed since it was last shown. */
export interface Block {
  readonly raw: string;
  readonly tree: readonly Tree[];
}

export function blocks(markdown: string): Block[] {
  // A single line break is one: people and models write chat that way.
  const tokens = Lexer.lex(markdown, { gfm: true, breaks: true });
  return tokens
    .filter((token) => token.type !== "space")
    .map((token) => ({ raw: token.raw, tree: tree(token) }));
}

const h = (
  tag: string,
  children: readonly Tree[] = [],
  attributes: Record<string, string> = {},
): Element[] => [{ tag, attributes, children }];

const all = (tokens: readonly Token[] | undefined): Tree[] => (tokens ?? []).flatMap(tree);

function tree(token: Token): Tree[] {
  const it = token as Tokens.Generic;
  switch (it.type) {
    case "paragraph":
      return h("p", all(it.tokens));
    case "heading":
      // Below the panel's own heading, and never larger than speech.
      return h("h3", all(it.tokens));
    case "strong":
    case "em":
    case "del":
    case "blockquote":
      return h(it.type, all(it.tokens));
    case "code":
      return h("pre", h("code", [it.text]), { tabindex: "0" });
    case "codespan":
      return h("code", [it.text]);
    case "br":
    case "hr":
      return h(it.type);
    case "list":
      return list(it as Tokens.List);
    case "table":
      return table(it as Tokens.Table);
    case "link":
      return link(it.href, all(it.tokens));
    case "image":
      return link(it.href, [it.text || it.href]);
    case "text":
    case "escape":
      return it.tokens ? all(it.tokens) : [decode(it.text)];
    case "checkbox":
      return [];
    default:
      return it.raw ? [it.raw] : [];
  }
}

function list({ ordered, start, items }: Tokens.List): Element[] {
  const children = items.flatMap((item) => {
    const box = item.task ? [item.checked ? "☑ " : "☐ "] : [];
    return h("li", [...box, ...all(item.tokens)]);
  });
  const numbered = ordered && typeof start === "number" && start !== 1;
  return h(ordered ? "ol" : "ul", children, numbered ? { start: String(start) } : {});
}

function table({ header, rows }: Tokens.Table): Element[] {
  const row = (cells: readonly Tokens.TableCell[], tag: string): Element[] =>
    h("tr", cells.flatMap((cell) => h(tag, all(cell.tokens))));
  const body = h("tbody", rows.flatMap((cells) => row(cells, "td")));
  // It scrolls within itself, so the keyboard must be able to reach it.
  return h("div", h("table", [...h("thead", row(header, "th")), ...body]), {
    class: "table",
    tabindex: "0",
  });
}

function link(href: string, children: readonly Tree[]): Tree[] {
  const url = safeUrl(href);
  return url ? h("a", children, { href: url, target: "_blank", rel: "noopener noreferrer" }) : [...children];
}

/** The address, if it is an absolute one to the web or to a mailbox; else "". */
export function safeUrl(href: string): string {
  try {
    const url = new URL(decode(href));
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" };

/** The character references that models write; the text goes to text nodes, never to a parser. */
function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (all, decimal, hex, name) => {
    if (name) return ENTITIES[name] ?? all;
    const code = decimal ? Number(decimal) : parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

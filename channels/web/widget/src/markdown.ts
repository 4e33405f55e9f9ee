/**
 * The Markdown of conversation, to a plain tree of allowed elements: sanitised by
 * construction, since what has no branch here cannot come out. Raw HTML stays text, an
 * image is a link to itself (a picture of the agent's choosing would tell its server who is
 * reading), and only web and mail links are links.
 *
 * A tokenizer of its own because every maintained one is half the widget's byte budget. It
 * reads GFM as models write it, less what they do not write: no indented code, setext
 * headings or link references. A line break is a line break.
 */

export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Tree[];
}

export type Tree = string | Element;

/** A top-level block: `raw` tells whether it changed since it was last shown. */
export interface Block {
  readonly raw: string;
  readonly tree: Element;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})[^`]*$/;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)[\s#]*$/;
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+]|(\d{1,9})[.)])(\s+|$)(.*)$/;
const TABLE = /^ *\|? *:?-+:? *(\| *:?-+:? *)*\|? *$/;
/** Deeper nesting is nobody's writing, and the stack is finite. */
const MAX_DEPTH = 12;

/** The blocks of a text, complete or still being written. */
export function blocks(markdown: string): Block[] {
  return parse(markdown.replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0);
}

function parse(lines: readonly string[], depth: number): Block[] {
  const found: Block[] = [];
  for (let at = 0; at < lines.length;) {
    if (!lines[at]!.trim()) {
      at++;
      continue;
    }
    const [end, tree] = block(lines, at, depth);
    found.push({ raw: lines.slice(at, end).join("\n"), tree });
    at = end;
  }
  return found;
}

/** The block that begins at a line, and the line after it. */
function block(lines: readonly string[], at: number, depth: number): [number, Element] {
  const line = lines[at]!;
  const fence = FENCE.exec(line)?.[1];
  if (fence) {
    const end = until(
      lines,
      at + 1,
      (it) => it.trim().startsWith(fence) && !it.trim().replaceAll(fence[0]!, ""),
    );
    const code = h("code", [lines.slice(at + 1, end).join("\n")]);
    // It scrolls within itself, so the keyboard must be able to reach it.
    return [end + 1, h("pre", [code], { tabindex: "0" })];
  }
  const heading = HEADING.exec(line);
  // Below the panel's own heading, and never larger than speech.
  if (heading) return [at + 1, h("h3", inline(heading[1]!))];
  if (RULE.test(line)) return [at + 1, h("hr")];
  if (depth < MAX_DEPTH && QUOTE.test(line)) {
    const end = until(lines, at, (it) => !QUOTE.test(it));
    const inner = lines.slice(at, end).map((it) => it.replace(QUOTE, ""));
    return [end, h("blockquote", trees(inner, depth + 1))];
  }
  if (depth < MAX_DEPTH && ITEM.test(line)) return list(lines, at, depth);
  if (line.includes("|") && lines[at + 1]?.includes("-") && TABLE.test(lines[at + 1]!)) {
    return table(lines, at);
  }
  const end = until(lines, at + 1, (it) => !it.trim() || interrupts(it));
  return [
    end,
    h(
      "p",
      inline(
        lines
          .slice(at, end)
          .map((it) => it.trim())
          .join("\n"),
      ),
    ),
  ];
}

/** Whether a line ends the paragraph above it; a number does only when a list may start with it. */
function interrupts(line: string): boolean {
  const item = ITEM.exec(line);
  const opens = item !== null && item[5] !== "" && (item[3] === undefined || item[3] === "1");
  return opens || [FENCE, HEADING, RULE, QUOTE].some((it) => it.test(line));
}

function list(lines: readonly string[], at: number, depth: number): [number, Element] {
  const [, indent, , number] = ITEM.exec(lines[at]!)!;
  const ordered = number !== undefined;
  const items: Element[] = [];
  let next = at;
  for (;;) {
    const item = ITEM.exec(lines[next] ?? "");
    const same =
      item && (item[3] !== undefined) === ordered && Math.abs(item[1]!.length - indent!.length) < 2;
    if (!same || RULE.test(lines[next]!)) break;
    // What is indented beyond the marker belongs to the item, and so does text right below it.
    const margin = item[1]!.length + 2;
    const end = until(lines, next + 1, (it, i) => {
      if (!it.trim()) return indentOf(lines[i + 1] ?? "") < margin;
      return indentOf(it) < margin && (!lines[i - 1]!.trim() || ITEM.test(it) || interrupts(it));
    });
    const rest = lines.slice(next + 1, end);
    const inset = Math.min(
      item[0].length - item[5]!.length,
      ...rest.filter((it) => it.trim()).map(indentOf),
    );
    items.push(
      listItem([item[5]!, ...rest.map((it) => it.slice(Math.min(inset, indentOf(it))))], depth),
    );
    next = end;
    // Items may stand apart; what follows decides whether the list goes on.
    const after = until(lines, next, (it) => it.trim() !== "");
    if (ITEM.test(lines[after] ?? "")) next = after;
  }
  const start: Record<string, string> =
    ordered && number !== "1" ? { start: String(Number(number)) } : {};
  return [next, h(ordered ? "ol" : "ul", items, start)];
}

function listItem([first = "", ...rest]: readonly string[], depth: number): Element {
  const box = /^\[([ xX])\] /.exec(first);
  const text = box ? first.slice(4) : first;
  const [opening, ...others] = trees([text, ...rest], depth + 1);
  // The words of an item stand beside its marker, not in a paragraph below it.
  const words =
    typeof opening === "object" && opening.tag === "p"
      ? opening.children
      : opening
        ? [opening]
        : [];
  return h("li", [...(box ? [box[1] === " " ? "☐ " : "☑ "] : []), ...words, ...others]);
}

function table(lines: readonly string[], at: number): [number, Element] {
  const end = until(lines, at + 2, (it) => !it.includes("|"));
  const row = (line: string, tag: string): Element => {
    const cells = line
      .trim()
      .replace(/^\||\|$/g, "")
      .split(/(?<!\\)\|/);
    return h(
      "tr",
      cells.map((it) => h(tag, inline(it.trim().replaceAll("\\|", "|")))),
    );
  };
  const head = h("thead", [row(lines[at]!, "th")]);
  const body = h(
    "tbody",
    lines.slice(at + 2, end).map((it) => row(it, "td")),
  );
  return [end, h("div", [h("table", [head, body])], { class: "table", tabindex: "0" })];
}

const INLINE = new RegExp(
  [
    /\\(?<escaped>[!-/:-@[-`{-~])/,
    /(?<ticks>`+)(?<code>[^`]|[^`][^]*?[^`])\k<ticks>(?!`)/,
    /!?\[(?<label>(?:[^[\]\\]|\\.|\[[^[\]]*\])*)\]\(\s*<?(?<href>(?:[^\s()<>]|\([^\s()]*\))+)>?(?:\s+["'(][^"\n]*?["')])?\s*\)/,
    /<(?<angled>(?:https?:\/\/|mailto:)[^\s<>]+)>/,
    /(?<bare>\bhttps?:\/\/[^\s<>`]+)/,
    /(?<mail>\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+)/,
    /\*\*(?=\S)(?<strong>(?:[^`]|`[^`]*`)+?)(?<!\s)\*\*(?!\*)/,
    /(?<!\w)__(?=\S)(?<strongU>(?:[^`]|`[^`]*`)+?)(?<!\s)__(?!\w)/,
    /\*(?=[^\s*])(?<em>(?:[^`]|`[^`]*`)+?)(?<![\s*])\*(?!\*)/,
    /(?<!\w)_(?=[^\s_])(?<emU>(?:[^`]|`[^`]*`)+?)(?<![\s_])_(?!\w)/,
    /~~(?=\S)(?<del>(?:[^`]|`[^`]*`)+?)(?<!\s)~~/,
    /(?<br>(?: +|\\)?\n)/,
  ]
    .map((it) => it.source)
    .join("|"),
  "g",
);

function inline(text: string, depth = 0): Tree[] {
  if (depth > MAX_DEPTH) return [text];
  const out: Tree[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) out.push(decode(text.slice(from, match.index)));
    const it = match.groups!;
    from = match.index + match[0].length;
    const inner = (tag: string, content: string): Element => h(tag, inline(content, depth + 1));
    if (it.escaped) out.push(it.escaped);
    else if (it.code) out.push(h("code", [it.code.replace(/^ (.*\S.*) $/s, "$1")]));
    else if (it.href) out.push(...link(decode(it.href), inline(it.label || it.href, depth + 1)));
    else if (it.angled) out.push(...link(it.angled, [it.angled]));
    else if (it.bare) {
      const url = trimUrl(it.bare);
      out.push(...link(url, [url]), it.bare.slice(url.length));
    } else if (it.mail) out.push(...link("mailto:" + it.mail, [it.mail]));
    else if (it.br) out.push(h("br"));
    else if (it.del) out.push(inner("del", it.del));
    else if (it.em || it.emU) out.push(inner("em", (it.em || it.emU)!));
    else out.push(inner("strong", (it.strong || it.strongU)!));
  }
  if (from < text.length) out.push(decode(text.slice(from)));
  return out.filter((it) => it !== "");
}

/** A bare address ends before the punctuation of the sentence it stands in. */
function trimUrl(url: string): string {
  const trimmed = url.replace(/[.,;:!?'"*_~\]}]+$/, "");
  const open = trimmed.endsWith(")") && trimmed.split("(").length < trimmed.split(")").length;
  return open ? trimUrl(trimmed.slice(0, -1)) : trimmed;
}

function link(href: string, children: readonly Tree[]): Tree[] {
  const url = safeUrl(href);
  // Links do not nest; the outer one wins.
  const words = children.flatMap((it) =>
    typeof it === "object" && it.tag === "a" ? it.children : [it],
  );
  return url
    ? [h("a", words, { href: url, target: "_blank", rel: "noopener noreferrer" })]
    : [...words];
}

/** The address, if it is an absolute one to the web or to a mailbox; else "". */
export function safeUrl(href: string): string {
  try {
    const url = new URL(href);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" };

/** The character references that models write; the text goes to text nodes, never to a parser. */
function decode(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|(amp|lt|gt|quot|nbsp));/g,
    (all, code: string, name: string) => {
      if (name) return ENTITIES[name]!;
      return Number(code) > 0 && Number(code) <= 0x10ffff
        ? String.fromCodePoint(Number(code))
        : all;
    },
  );
}

function h(
  tag: string,
  children: readonly Tree[] = [],
  attributes: Record<string, string> = {},
): Element {
  return { tag, attributes, children };
}

const trees = (lines: readonly string[], depth: number): Tree[] =>
  parse(lines, depth).map((it) => it.tree);

const indentOf = (line: string): number => line.length - line.trimStart().length;

/** The first line from `at` on that meets the test, else the end. */
function until(
  lines: readonly string[],
  at: number,
  test: (line: string, index: number) => boolean,
): number {
  while (at < lines.length && !test(lines[at]!, at)) at++;
  return at;
}

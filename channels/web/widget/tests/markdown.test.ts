import assert from "node:assert/strict";
import { test } from "node:test";
import { blocks, safeUrl, type Tree } from "../src/markdown.ts";

const show = (it: Tree): string => {
  if (typeof it === "string") return it.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const { href, start } = it.attributes;
  const attributes = (href ? ` href="${href}"` : "") + (start ? ` start="${start}"` : "");
  return `<${it.tag}${attributes}>${it.children.map(show).join("")}</${it.tag}>`;
};
const html = (markdown: string): string =>
  blocks(markdown)
    .map((it) => show(it.tree))
    .join("");

const CASES: Record<string, [string, string]> = {
  "emphasis nests": [
    "a **b *c* d** _e_ ~~f~~",
    "<p>a <strong>b <em>c</em> d</strong> <em>e</em> <del>f</del></p>",
  ],
  "both at once": ["***b***", "<p><strong><em>b</em></strong></p>"],
  "strong within emphasis": ["*a **b** c*", "<p><em>a <strong>b</strong> c</em></p>"],
  "underscores within words are letters": [
    "my_file_name.py and __init__.py",
    "<p>my_file_name.py and <strong>init</strong>.py</p>",
  ],
  "stars between numbers are stars": ["5 * 3 and 2 * 4", "<p>5 * 3 and 2 * 4</p>"],
  "an unfinished delimiter is text": ["so **bol", "<p>so **bol</p>"],
  "code keeps what it holds": [
    "`a *b* <c>` ``x`y``",
    "<p><code>a *b* &lt;c></code> <code>x`y</code></p>",
  ],
  "a star in code closes nothing": ["**a `**` b**", "<p><strong>a <code>**</code> b</strong></p>"],
  escapes: ["\\*a\\* C:\\dir", "<p>*a* C:\\dir</p>"],
  "line breaks are kept": ["a\nb  \nc\\\nd", "<p>a<br></br>b<br></br>c<br></br>d</p>"],
  paragraphs: ["a\n\nb", "<p>a</p><p>b</p>"],
  "headings are one size": ["# a #\n### b", "<h3>a</h3><h3>b</h3>"],
  "a rule is no setext heading": ["a\n---\nb", "<p>a</p><hr></hr><p>b</p>"],
  "a quote": ["> a\n> - b", "<blockquote><p>a</p><ul><li>b</li></ul></blockquote>"],
  "a tight list": ["- a\n- b", "<ul><li>a</li><li>b</li></ul>"],
  "a list right below a paragraph": ["a\n- b", "<p>a</p><ul><li>b</li></ul>"],
  "a loose list is one list": ["- a\n\n- b\n\nc", "<ul><li>a</li><li>b</li></ul><p>c</p>"],
  "lists nest": [
    "1. a\n   - b\n     - c\n2. d",
    "<ol><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ol>",
  ],
  "two spaces nest too": ["- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"],
  "a list goes on from its number": ["3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'],
  "parentheses number too": ["1) a\n2) b", "<ol><li>a</li><li>b</li></ol>"],
  "a year at the start of a line is no list": [
    "It was\n1984. Then",
    "<p>It was<br></br>1984. Then</p>",
  ],
  "items hold several blocks": ["- a\n\n  b\n- c", "<ul><li>a<p>b</p></li><li>c</li></ul>"],
  "lazy lines belong to the item": ["- a\nb\n- c", "<ul><li>a<br></br>b</li><li>c</li></ul>"],
  "another kind of list is another list": ["- a\n1. b", "<ul><li>a</li></ul><ol><li>b</li></ol>"],
  "task lists": ["- [ ] a\n- [x] b", "<ul><li>☐ a</li><li>☑ b</li></ul>"],
  "code in a list": [
    "- a\n  ```\n  b\n    c\n  ```\n- d",
    "<ul><li>a<pre><code>b\n  c</code></pre></li><li>d</li></ul>",
  ],
  "fenced code": ["```js\na < b\n\n*c*\n```\nd", "<pre><code>a &lt; b\n\n*c*</code></pre><p>d</p>"],
  "a fence still open": ["```\na\nb", "<pre><code>a\nb</code></pre>"],
  "a longer fence holds a shorter one": ["````\n```\n````", "<pre><code>```</code></pre>"],
  "a table": [
    "| a | b |\n|:--|--:|\n| 1 | `x\\|y` |\n\nc",
    "<div><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><code>x|y</code></td></tr></tbody></table></div><p>c</p>",
  ],
  "a pipe alone makes no table": ["a | b\nc", "<p>a | b<br></br>c</p>"],
  "a link": [
    '[a *b*](https://x.org/y_z "t")',
    '<p><a href="https://x.org/y_z">a <em>b</em></a></p>',
  ],
  "a link with parentheses": [
    "[a](https://x.org/b_(c))",
    '<p><a href="https://x.org/b_(c)">a</a></p>',
  ],
  "brackets without an address are text": ["[1] and [a]", "<p>[1] and [a]</p>"],
  "bare addresses end before punctuation": [
    "(see https://x.org/a_b?c=1&d.)",
    '<p>(see <a href="https://x.org/a_b?c=1&d">https://x.org/a_b?c=1&amp;d</a>.)</p>',
  ],
  "angled addresses": ["<https://x.org>", '<p><a href="https://x.org/">https://x.org</a></p>'],
  "mail addresses": ["to a.b@x.org.", '<p>to <a href="mailto:a.b@x.org">a.b@x.org</a>.</p>'],
  "links do not nest": [
    "[see https://a.org](https://b.org)",
    '<p><a href="https://b.org/">see https://a.org</a></p>',
  ],
  "an image is a link": [
    "![cat](https://x.org/c.png)",
    '<p><a href="https://x.org/c.png">cat</a></p>',
  ],
  "references are decoded": [
    "a &amp; &lt;b&gt; &#233; &nope;",
    "<p>a &amp; &lt;b> é &amp;nope;</p>",
  ],
  "HTML is text": ["<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)></p>"],
  "a script address is no link": ["[a](javascript:alert(1)) [b](&#106;avascript:x)", "<p>a b</p>"],
};

for (const [name, [markdown, expected]] of Object.entries(CASES)) {
  test(name, () => assert.equal(html(markdown), expected));
}

test("only web and mail addresses are links", () => {
  for (const bad of [
    "javascript:alert(1)",
    " JavaScript:x",
    "data:text/html,x",
    "/a",
    "#a",
    "vbscript:x",
    "//x.org",
  ]) {
    assert.equal(safeUrl(bad), "", bad);
  }
  assert.equal(safeUrl("mailto:a@x.org"), "mailto:a@x.org");
});

const ALLOWED = new Set(
  "p h3 strong em del blockquote pre code ul ol li br hr a div table thead tbody tr th td".split(
    " ",
  ),
);
const ATTRIBUTES = new Set(["href", "target", "rel", "start", "tabindex", "class"]);

function check(it: Tree): void {
  if (typeof it === "string") return;
  assert.ok(ALLOWED.has(it.tag), it.tag);
  for (const name of Object.keys(it.attributes)) assert.ok(ATTRIBUTES.has(name), name);
  if (it.tag === "a") assert.match(it.attributes.href!, /^(https?|mailto):/);
  it.children.forEach(check);
}

test("whatever comes in, only allowed elements come out", () => {
  const pieces = [
    "*",
    "**",
    "_",
    "`",
    "```\n",
    "[a](",
    "javascript:x)",
    "https://x.org",
    "<script>",
    "> ",
    "- ",
    "1. ",
    "|",
    "|-|\n",
    "\n",
    "\n\n",
    " ",
    "a",
    "\\",
    "![",
    "]",
    "~~",
    "# ",
    "&lt;",
    "<a href=x>",
    "(",
    ")",
    "\t",
  ];
  let seed = 7;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 3000; i++) {
    let text = "";
    for (let n = 0; n < 30; n++) text += pieces[Math.floor(random() * pieces.length)];
    blocks(text).forEach(({ tree }) => check(tree));
  }
});

test("hostile text takes no more than a moment", () => {
  const began = performance.now();
  for (const piece of [
    "*",
    "**a ",
    "_",
    "`",
    "[",
    "![",
    "> ",
    "- ",
    "(",
    "~~",
    "https://",
    "a@",
    "| ",
    "<",
    "\\",
    "[a](",
    "1. ",
  ]) {
    blocks(piece.repeat(4000));
    blocks((piece + "\n").repeat(2000));
  }
  assert.ok(performance.now() - began < 4000, `${performance.now() - began} ms`);
});

test("a block that did not change says so", () => {
  const before = blocks("a\n\nb *c");
  const after = blocks("a\n\nb *c*\n\nd");
  assert.equal(before[0]!.raw, after[0]!.raw);
  assert.notEqual(before[1]!.raw, after[1]!.raw);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pending } from "../src/state.ts";
import { type Backend, namespaceOf, Store } from "../src/storage.ts";

class Memory implements Backend {
  readonly items = new Map<string, string>();
  get length(): number {
    return this.items.size;
  }
  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}

class Broken extends Memory {
  override get length(): number {
    throw new Error("SecurityError");
  }
  override getItem(): string {
    throw new Error("SecurityError");
  }
  override setItem(): void {
    throw new Error("QuotaExceededError");
  }
}

const pending = (id: string, at: string): Pending => ({
  id,
  at,
  parts: [{ kind: "text", text: id }],
  error: "",
});
const session = { token: "t", expires: 5, maxUpload: 0 };

for (const [name, backend] of [
  ["none", null],
  ["broken", new Broken()],
  ["working", new Memory()],
] as const) {
  test(`with ${name} storage a page remembers while it lives`, () => {
    const store = new Store(backend, "a:");
    assert.deepEqual([store.session, store.seq, store.seen, store.outbox], [null, 0, -1, []]);
    store.session = session;
    store.seq = 7;
    store.seen = 6;
    store.keep(pending("p2", "2"));
    store.keep(pending("p1", "1"));
    assert.deepEqual(store.session, session);
    assert.deepEqual([store.seq, store.seen], [7, 6]);
    assert.deepEqual(
      store.outbox.map((it) => it.id),
      ["p1", "p2"],
    );
    store.drop("p1");
    store.session = null;
    assert.deepEqual(
      store.outbox.map((it) => it.id),
      ["p2"],
    );
    assert.equal(store.session, null);
  });
}

test("the next page finds what the last one left, and nothing of its neighbours", () => {
  const backend = new Memory();
  const first = new Store(backend, "a:");
  first.session = session;
  first.keep(pending("p", "1"));
  const next = new Store(backend, "a:");
  assert.deepEqual([next.session, next.outbox.length], [session, 1]);
  const other = new Store(backend, "b:");
  assert.deepEqual([other.session, other.outbox.length], [null, 0]);
});

test("a session refreshed in another tab is taken up", () => {
  const backend = new Memory();
  const [one, two] = [new Store(backend, "a:"), new Store(backend, "a:")];
  one.session = session;
  assert.deepEqual(two.session, session);
});

test("what others scribbled into storage is passed over", () => {
  const backend = new Memory();
  backend.setItem("a:session", "{");
  backend.setItem("a:out:1", '"x"');
  backend.setItem("a:seq", "null");
  const store = new Store(backend, "a:");
  assert.deepEqual([store.session, store.outbox, store.seq], [null, [], 0]);
});

test("people and servers have drawers of their own", () => {
  const jwt = (sub: string): string => `x.${btoa(JSON.stringify({ sub })).replaceAll("=", "")}.y`;
  const names = [
    namespaceOf("https://a/", ""),
    namespaceOf("https://b/", ""),
    namespaceOf("https://a/", jwt("1")),
    namespaceOf("https://a/", jwt("2")),
    namespaceOf("https://a/", "garbage"),
  ];
  assert.equal(new Set(names).size, 5);
  assert.equal(namespaceOf("https://a/", jwt("1")), namespaceOf("https://a/", jwt("1")));
});

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Denied, Sessions } from "../src/session.ts";
import { Store } from "../src/storage.ts";

const NOW = Date.parse("2026-11-23T08:00:00Z");
const DAY = 24 * 3600_000;

interface Request {
  readonly bearer: string;
  readonly body: unknown;
}

let asked: Request[];
let store: Store;
let answers: (() => Response)[];

const granted = (token: string) => (): Response =>
  Response.json({ token, conversation: "c", expires_at: "2026-12-23T08:00:00Z" });
const denied = (status: number, headers?: HeadersInit) => (): Response =>
  Response.json({ code: "x", message: "No." }, { status, ...(headers && { headers }) });
const sessions = (identity = ""): Sessions =>
  new Sessions("https://x.org/a/", store, () => ({ identity, locale: "de", zone: "UTC" }));

beforeEach(() => {
  asked = [];
  answers = [];
  store = new Store(null, "a:");
  mock.method(globalThis, "fetch", (url: URL, init: RequestInit) => {
    assert.equal(url.href, "https://x.org/a/web/sessions");
    const headers = init.headers as Record<string, string>;
    asked.push({ bearer: headers.Authorization ?? "", body: JSON.parse(init.body as string) });
    return Promise.resolve(answers.shift()!());
  });
});

test("a session is opened once and kept", async () => {
  answers = [granted("t1")];
  const mine = sessions("jwt");
  const [one, two] = await Promise.all([mine.get(NOW), mine.get(NOW)]);
  assert.deepEqual([one.token, two.token, store.session?.token], ["t1", "t1", "t1"]);
  assert.deepEqual(asked, [{ bearer: "", body: { identity: "jwt", locale: "de", zone: "UTC" } }]);
  assert.equal((await sessions().get(NOW)).token, "t1");
});

test("a session near its end is prolonged under its old token", async () => {
  store.session = { token: "t1", expires: NOW + DAY, maxUpload: 0 };
  answers = [granted("t2")];
  assert.equal((await sessions().get(NOW)).token, "t2");
  assert.equal(asked[0]?.bearer, "Bearer t1");
});

test("a session that cannot be prolonged serves until its end", async () => {
  store.session = { token: "t1", expires: NOW + DAY, maxUpload: 0 };
  answers = [denied(401)];
  assert.equal((await sessions("stale").get(NOW)).token, "t1");
});

test("a session that ended gives way to a new one", async () => {
  store.session = { token: "t1", expires: NOW - 1, maxUpload: 0 };
  store.seq = 40;
  answers = [denied(401), granted("t2")];
  assert.equal((await sessions().get(NOW)).token, "t2");
  assert.equal(asked[1]?.bearer, "");
  assert.equal(store.seq, 0);
});

test("a denial says for how long, in the server's words", async () => {
  answers = [denied(429, { "Retry-After": "7" }), denied(403)];
  const mine = sessions();
  await assert.rejects(mine.get(NOW), (it: Denied) => !it.final && it.retryAfter === 7);
  await assert.rejects(mine.get(NOW), (it: Denied) => it.final && it.message === "No.");
});

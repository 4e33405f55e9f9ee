import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, languageOf, type Strings, stringsFor } from "../src/strings.ts";

const holes = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

test("every language says everything, with the same to be filled in", () => {
  const english = stringsFor("en");
  for (const language of ["de", "es", "fr"]) {
    const words = stringsFor(language);
    for (const key of Object.keys(english) as (keyof Strings)[]) {
      assert.ok(words[key], `${language}.${key}`);
      assert.deepEqual(holes(words[key]), holes(english[key]), `${language}.${key}`);
    }
  }
});

test("a locale finds its language, English stands in, and the site has the last word", () => {
  assert.equal(stringsFor("de-AT").send, "Senden");
  assert.equal(stringsFor("xx").send, "Send");
  assert.equal(stringsFor("fr", { send: "Hop" }).send, "Hop");
  assert.deepEqual([languageOf("de-AT"), languageOf("xx-YY")], ["de-AT", "en"]);
  assert.equal(fill("a {b} {c}", { b: 1 }), "a 1 {c}");
});

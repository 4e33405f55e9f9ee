/** What the script tag runs: define the element once, and add one if the page has none. */

import { FrontDoorElement } from "./element.ts";

const NAME = "front-door";

const script = document.currentScript as HTMLScriptElement | null;

function embed(): void {
  if (document.querySelector(NAME)) return;
  const element = document.createElement(NAME);
  // `data-heading="Hello"` on the script tag is `heading="Hello"` on the element.
  for (const [name, value] of Object.entries(script?.dataset ?? {})) {
    element.setAttribute(name, value ?? "");
  }
  document.body.append(element);
}

if (!customElements.get(NAME)) customElements.define(NAME, FrontDoorElement);

if (!script?.hasAttribute("data-manual")) {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", embed);
  else embed();
}

/** The one style sheet, shared by every element of the page; no policy on styles applies to it. */

import css from "./style.css";

let made: CSSStyleSheet | null = null;

export function sheet(): CSSStyleSheet {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(css);
  }
  return made;
}

/** The one style sheet, shared by every element of the page; no policy on styles applies to it. */

import base from "./styles/base.css";
import call from "./styles/call.css";
import composer from "./styles/composer.css";
import launcher from "./styles/launcher.css";
import live from "./styles/live.css";
import log from "./styles/log.css";
import panel from "./styles/panel.css";
import parts from "./styles/parts.css";
import prose from "./styles/prose.css";
import screens from "./styles/screens.css";

/** Later ones refine earlier ones. */
const STYLES = [base, launcher, panel, log, prose, parts, live, call, composer, screens];

let made: CSSStyleSheet | null = null;

export function sheet(): CSSStyleSheet {
  if (!made) {
    made = new CSSStyleSheet();
    made.replaceSync(STYLES.join(""));
  }
  return made;
}

/** Every word the widget says of its own accord. `{…}` is filled in. */

import de from "./strings/de.ts";
import en from "./strings/en.ts";
import es from "./strings/es.ts";
import fr from "./strings/fr.ts";

export type Strings = Record<keyof typeof en, string>;

const LANGUAGES: Record<string, Strings> = { de, en, es, fr };

/** The strings for a BCP 47 locale, English where we lack it, with the site's own on top. */
export function stringsFor(locale: string, own: Partial<Strings> = {}): Strings {
  return { ...(LANGUAGES[locale.slice(0, 2).toLowerCase()] ?? en), ...own };
}

/** The language actually spoken for a locale. */
export const languageOf = (locale: string): string =>
  LANGUAGES[locale.slice(0, 2).toLowerCase()] ? locale : "en";

export const fill = (text: string, values: Record<string, string | number>): string =>
  text.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));

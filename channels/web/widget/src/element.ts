/** `<front-door>`: attributes, focus and events around the app and its view. */

import { App } from "./app.ts";
import { type State, unread } from "./state.ts";
import { languageOf, type Strings, stringsFor } from "./strings.ts";
import type { Context } from "./view/context.ts";
import { Launcher } from "./view/launcher.ts";
import { Panel } from "./view/panel.ts";
import { sheet } from "./view/sheet.ts";
import { textOf } from "./wire.ts";

/** Where the script came from, less `web/widget.js`; the page's own origin when unknown. */
const HOME = ((): string => {
  const script = document.currentScript as HTMLScriptElement | null;
  return new URL("../", script?.src || new URL("web/", location.origin)).href;
})();

const ATTRIBUTES = [
  "server",
  "identity",
  "locale",
  "heading",
  "greeting",
  "inline",
  "open",
] as const;

export class FrontDoorElement extends HTMLElement {
  static readonly observedAttributes = ATTRIBUTES;

  private readonly root = this.attachShadow({ mode: "open" });
  private readonly launcher = new Launcher(() => (this.isOpen ? this.close() : this.open()));
  private panel: Panel | null = null;
  private app: App | null = null;
  private own: Partial<Strings> = {};
  private frame = 0;
  /** Entries up to here were announced to the page, or were there before it. */
  private told = -1;
  private listening: AbortController | null = null;

  constructor() {
    super();
    this.root.adoptedStyleSheets = [sheet()];
  }

  /** The site's own words, over those of the locale. */
  get strings(): Strings {
    return stringsFor(this.locale, this.own);
  }

  set strings(own: Partial<Strings>) {
    this.own = own;
    this.build();
  }

  get isOpen(): boolean {
    return this.hasAttribute("open") || this.hasAttribute("inline");
  }

  open(): void {
    this.setAttribute("open", "");
  }

  close(): void {
    this.removeAttribute("open");
  }

  /** Say something in the person's name; false while that cannot be, as with files under way. */
  send(text: string): boolean {
    return this.app?.say(text) ?? false;
  }

  connectedCallback(): void {
    // A property set before the script arrived hides the accessor of the class.
    if (Object.hasOwn(this, "strings")) {
      const { strings } = this;
      delete (this as { strings?: unknown }).strings;
      this.strings = strings;
    }
    if (this.app) {
      this.panel?.log.toEnd();
      return;
    }
    this.begin();
    this.listen();
  }

  disconnectedCallback(): void {
    // Being moved in the page is leaving and coming back at once.
    queueMicrotask(() => {
      if (!this.isConnected) this.end();
    });
  }

  attributeChangedCallback(
    name: (typeof ATTRIBUTES)[number],
    old: string | null,
    value: string | null,
  ): void {
    if (!this.app || old === value) return;
    if (name === "open") this.toggled();
    else if (name === "server" || name === "identity") this.restart();
    else this.build();
  }

  private get locale(): string {
    const near = this.closest("[lang]")?.getAttribute("lang");
    const wanted = this.getAttribute("locale") || near || navigator.language;
    // A page in "en" is read by people who tell the time in their own way.
    const own = navigator.languages.find((it) => it.split("-")[0] === wanted);
    try {
      return Intl.getCanonicalLocales(own ?? wanted)[0] ?? "en";
    } catch {
      return "en";
    }
  }

  private get server(): string {
    const server = new URL(this.getAttribute("server") || HOME, document.baseURI).href;
    return server.endsWith("/") ? server : server + "/";
  }

  private begin(): void {
    this.told = -1;
    this.app = new App(
      { server: this.server, identity: this.getAttribute("identity") ?? "", locale: this.locale },
      () => this.strings,
      (after, before) => this.changed(after, before),
      (level) => this.panel?.call.hear(level),
    );
    this.build();
    // A visitor who never opens the chat costs the server nothing.
    if (this.isOpen || this.app.isKnown) this.app.start();
  }

  private end(): void {
    this.listening?.abort();
    this.app?.stop();
    this.app = null;
    this.panel?.log.close();
  }

  private restart(): void {
    this.app?.stop();
    this.begin();
  }

  /** Make the view anew, keeping what was being typed. */
  private build(): void {
    if (!this.app) return;
    const typed = this.panel?.composer.value ?? "";
    this.panel?.log.close();
    this.panel = new Panel(this.context(this.app));
    this.panel.composer.value = typed;
    this.panel.node.lang = languageOf(this.locale);
    this.panel.node.onkeydown = (event) => this.pressed(event);
    this.root.replaceChildren(this.panel.node, this.launcher.node);
    this.launcher.node.hidden = this.hasAttribute("inline");
    this.panel.node.hidden = !this.isOpen;
    this.render();
  }

  private context(app: App): Context {
    const strings = this.strings;
    return {
      strings,
      locale: languageOf(this.locale),
      heading: this.getAttribute("heading") ?? strings.heading,
      greeting: this.getAttribute("greeting") ?? strings.greeting,
      inline: this.hasAttribute("inline"),
      resolve: (path) => new URL(path.replace(/^\//, ""), app.settings.server).href,
      actions: {
        say: (text) => app.say(text),
        choose: (message, option) => {
          app.choose(message, option);
          this.panel?.composer.focus();
        },
        retry: (id) => app.retry(id),
        discard: (id) => app.discard(id),
        cancel: () => app.cancel(),
        attach: (files) => app.attach(files),
        upload: (key) => void app.upload(key),
        detach: (key) => app.detach(key),
        call: () => void app.call(),
        hangUp: () => app.hangUp(),
        mute: (muted) => app.mute(muted),
        earlier: () => app.earlier(),
        wake: () => app.wake(),
        read: () => this.markRead(),
        open: () => this.open(),
        close: () => this.close(),
      },
    };
  }

  private toggled(): void {
    const { panel, app } = this;
    if (!panel || !app || this.hasAttribute("inline")) return;
    const open = this.isOpen;
    const hadFocus =
      this.root.activeElement !== null && this.root.activeElement !== this.launcher.node;
    panel.node.hidden = !open;
    this.emit(open ? "open" : "close");
    if (open) {
      app.start();
      panel.log.toEnd();
      panel.composer.focus();
    } else {
      // Nobody should be listened to by what they do not see.
      app.hangUp();
      if (hadFocus) this.launcher.node.focus();
    }
    this.render();
  }

  private pressed(event: KeyboardEvent): void {
    if (this.hasAttribute("inline")) return;
    this.panel?.trap(event);
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      this.close();
      this.launcher.node.focus();
    }
  }

  private changed(after: State, before: State): void {
    // What was there before this page is history, not news.
    if (!after.conversation) this.told = -1;
    else if (this.told < 0) this.told = after.newest;
    else if (after.entries !== before.entries) this.tellNews(after);
    if (unread(after) !== unread(before)) this.emit("unread", { count: unread(after) });
    // One look at the state a frame, however fast the words come.
    this.frame ||= requestAnimationFrame(() => this.render());
  }

  private tellNews(state: State): void {
    for (const { seq, id, role, parts } of state.entries) {
      if (seq <= this.told) continue;
      this.told = seq;
      this.emit("message", { seq, id, role, text: textOf(parts) });
    }
  }

  private render(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.app || !this.panel) return;
    const { state } = this.app;
    this.panel.update(state);
    this.launcher.update(this.strings, this.isOpen, unread(state));
    if (this.panel.log.atEnd) this.markRead();
  }

  private markRead(): void {
    if (this.isOpen && document.visibilityState === "visible") this.app?.read();
  }

  private listen(): void {
    this.listening = new AbortController();
    const { signal } = this.listening;
    const wake = (): void => this.app?.wake();
    window.addEventListener("online", wake, { signal });
    const offline = (): void => {
      // Whether the server is really out of reach, as one on this machine is not.
      wake();
      this.render();
    };
    window.addEventListener("offline", offline, { signal });
    window.addEventListener("pageshow", ({ persisted }) => persisted && wake(), { signal });
    const shown = (): void => {
      if (document.visibilityState !== "visible") return;
      wake();
      this.render();
    };
    document.addEventListener("visibilitychange", shown, { signal });
    window.visualViewport?.addEventListener("resize", () => this.panel?.fit(), { signal });
  }

  private emit(name: "open" | "close" | "message" | "unread", detail?: object): void {
    this.dispatchEvent(
      new CustomEvent(`frontdoor:${name}`, { detail, bubbles: true, composed: true }),
    );
  }
}

/** The button in the corner, with the number of unread messages. */

import { fill, type Strings } from "../strings.ts";
import { h, icon } from "./dom.ts";

export class Launcher {
  readonly node: HTMLButtonElement;
  private readonly badge = h("span", { className: "badge", ariaHidden: "true", hidden: true });

  constructor(onclick: () => void) {
    const faces = [
      h("span", { className: "face shut" }, icon("chat")),
      h("span", { className: "face" }, icon("down")),
    ];
    this.node = h(
      "button",
      { type: "button", className: "launcher", onclick },
      ...faces,
      this.badge,
    );
    this.node.part.add("launcher");
    this.node.ariaHasPopup = "dialog";
    this.node.setAttribute("aria-controls", "panel");
  }

  update(strings: Strings, open: boolean, unread: number): void {
    this.node.ariaExpanded = String(open);
    this.node.ariaLabel = open
      ? strings.close
      : unread
        ? fill(strings.openUnread, { count: unread })
        : strings.open;
    this.badge.hidden = open || !unread;
    this.badge.textContent = unread > 99 ? "99+" : String(unread);
  }
}

/** What every part of the view is handed. */

import type { Strings } from "../strings.ts";
import type { Option } from "../wire.ts";

export interface Actions {
  say(text: string): boolean;
  choose(message: string, option: Option): void;
  retry(id: string): void;
  discard(id: string): void;
  cancel(): void;
  attach(files: Iterable<File>): void;
  upload(key: string): void;
  detach(key: string): void;
  call(): void;
  hangUp(): void;
  mute(muted: boolean): void;
  earlier(): void;
  wake(): void;
  read(): void;
  open(): void;
  close(): void;
}

export interface Context {
  readonly strings: Strings;
  /** BCP 47, for dates and numbers. */
  readonly locale: string;
  readonly heading: string;
  readonly greeting: string;
  readonly inline: boolean;
  /** A path of the server as an address. */
  readonly resolve: (path: string) => string;
  readonly actions: Actions;
}

/** The package has no types of its own. https://github.com/laurent22/joplin/tree/dev/packages/turndown-plugin-gfm */
declare module "@joplin/turndown-plugin-gfm" {
  import type { Plugin } from "turndown";

  /** Tables, strikethrough, task lists and highlighted code blocks. */
  export const gfm: Plugin;
}

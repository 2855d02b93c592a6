import type { Call } from "./call.ts";
import type { docAccess } from "./doc-access.ts";
import type { pageExports } from "./exports.ts";
import type { Change, Doc } from "./model.ts";
import type { CodaStore } from "./store.ts";

/** A person of the workspace. */
export interface Member {
  loginId: string;
  name: string;
}

/** What the stand-in's endpoints work with. */
export interface Parts extends ReturnType<typeof docAccess> {
  store: CodaStore;
  exports: ReturnType<typeof pageExports>;
  /** Everybody who has a token; the first one is the workspace's first admin. */
  members: Member[];
  /** Milliseconds since 1970. */
  now(): number;
  /** Accepts an edit by the person who asks; an absent change is done already. @returns the request id */
  mutate(c: Call, doc: Doc, change?: Change): string;
}

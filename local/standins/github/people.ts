import { createHash } from "node:crypto";
import type { Person } from "./model.ts";
import { SEEDED_PEOPLE } from "./seed.ts";
import { isSame } from "./store.ts";

/** The seeded person with this login, else somebody of whom only the login is known; always the same for a login. */
export function personOf(login: string): Person {
  return (
    SEEDED_PEOPLE.find((each) => isSame(each.login, login)) ?? {
      // Above the seeded ids, below the largest that JSON numbers hold exactly.
      id: 100_000 + createHash("sha256").update(login.toLowerCase()).digest().readUInt32BE(),
      login,
      name: null,
      email: null,
      company: null,
      location: null,
      bio: null,
      createdAt: "2020-01-01T00:00:00Z",
    }
  );
}

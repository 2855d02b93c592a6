import { z } from "zod";

const githubAccount = z.strictObject({
  login: z.string().min(1),
  /** Never changes and is never given again, unlike the login. */
  id: z.number().int().positive(),
  /** As `GET /user/emails` lists them; one of them is primary. */
  emails: z
    .array(z.strictObject({ email: z.email(), verified: z.boolean(), primary: z.boolean() }))
    .refine((emails) => emails.filter((each) => each.primary).length === 1, "exactly one address must be primary"),
  /** The address on the public profile, if there is one. */
  publicEmail: z.email().nullish(),
  /** Logins of organisations that the person is a member of. */
  orgs: z.array(z.string().min(1)),
  /** `<organisation>/<team's slug>`; who leaves an organisation is in none of its teams. */
  teams: z.array(z.string().regex(/^[^/]+\/[^/]+$/, "must be <organisation>/<team>")),
});

const googleAccount = z.strictObject({
  /** Never changes and is never given again, unlike the address. */
  sub: z.string().min(1),
  email: z.email(),
  emailVerified: z.boolean(),
  /** Domain of the Workspace organisation; none for a private account. */
  hd: z.string().min(1).nullish(),
});

/** What can be changed of a person; a list replaces the old list. The ids of accounts stay as they are. */
export const personChange = z.strictObject({
  github: githubAccount.omit({ id: true }).partial().optional(),
  google: googleAccount.omit({ sub: true }).partial().optional(),
});

export type GitHubAccount = z.infer<typeof githubAccount>;
export type GoogleAccount = z.infer<typeof googleAccount>;
export type PersonChange = z.infer<typeof personChange>;

/** Whose dialect a request is spoken in. */
export type Provider = "github" | "google";

/** Somebody who can sign in, with an account at one provider or at both. */
export const person = z.strictObject({
  /** Names the person in the stand-in only: the value of the button on the sign-in page. */
  id: z.string().regex(/^[\w-]+$/, "must be of letters, digits, - and _"),
  /** Full name. */
  name: z.string().min(1),
  github: githubAccount.optional(),
  google: googleAccount.optional(),
});

export type Person = z.infer<typeof person>;

/**
 * @returns the person with the change in it
 * @throws {z.ZodError} when that gives no valid account
 * @throws {Error} when the person has no account at a provider that the change names
 */
export function changedPerson(before: Person, change: PersonChange): Person {
  const parsed = personChange.parse(change);
  const result = { ...before };
  if (parsed.github) {
    if (!before.github) throw new Error(`${before.name} has no GitHub account.`);
    result.github = githubAccount.parse({ ...before.github, ...parsed.github });
  }
  if (parsed.google) {
    if (!before.google) throw new Error(`${before.name} has no Google account.`);
    result.google = googleAccount.parse({ ...before.google, ...parsed.google });
  }
  return result;
}

const primary = (email: string) => ({ email, verified: true, primary: true });

/**
 * Who can sign in unless the options name others:
 *
 * | person | GitHub | Google | what for |
 * | --- | --- | --- | --- |
 * | Ada | `ada`, team `analytical/engines` | same verified address | one person with two accounts that may be linked |
 * | Grace | `grace`, organisation `navy`, public address | Workspace domain example.com | matched by organisation or domain |
 * | Linus | `linus`, no organisation | – | one provider only |
 * | Margaret | – | private account | one provider only |
 * | Mallory | claims Ada's address, unverified | address of her own | must never be taken for Ada |
 * | Nobody | `nobody` | address that no policy names | may do nothing |
 */
export const SEEDED_PEOPLE: readonly Person[] = [
  {
    id: "ada",
    name: "Ada Lovelace",
    github: {
      login: "ada",
      id: 1815,
      emails: [primary("ada@example.com")],
      orgs: ["analytical"],
      teams: ["analytical/engines"],
    },
    google: { sub: "101815121000000000001", email: "ada@example.com", emailVerified: true, hd: "example.com" },
  },
  {
    id: "grace",
    name: "Grace Hopper",
    github: {
      login: "grace",
      id: 1906,
      emails: [
        { email: "grace@navy.example", verified: true, primary: false },
        { email: "grace@example.com", verified: true, primary: true },
      ],
      publicEmail: "grace@example.com",
      orgs: ["navy"],
      teams: [],
    },
    google: { sub: "101906120900000000002", email: "grace@example.com", emailVerified: true, hd: "example.com" },
  },
  {
    id: "linus",
    name: "Linus Torvalds",
    github: { login: "linus", id: 1969, emails: [primary("linus@example.org")], orgs: [], teams: [] },
  },
  {
    id: "margaret",
    name: "Margaret Hamilton",
    google: { sub: "101936081700000000004", email: "margaret@example.net", emailVerified: true },
  },
  {
    id: "mallory",
    name: "Mallory Mischief",
    github: {
      login: "mallory",
      id: 6666,
      // First in the list, so that whoever takes the first address or does not look at `verified` takes her for Ada.
      emails: [{ email: "ada@example.com", verified: false, primary: false }, primary("mallory@evil.example")],
      orgs: [],
      teams: [],
    },
    google: { sub: "106666666600000000005", email: "mallory@evil.example", emailVerified: true, hd: "evil.example" },
  },
  {
    id: "nobody",
    name: "Nobody Inparticular",
    github: { login: "nobody", id: 4040, emails: [primary("nobody@nowhere.example")], orgs: [], teams: [] },
    google: { sub: "104040404000000000006", email: "nobody@nowhere.example", emailVerified: true },
  },
];

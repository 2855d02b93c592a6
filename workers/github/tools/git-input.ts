import { z } from "zod";

/**
 * A branch, tag or other name for a commit, of those that Git allows (https://git-scm.com/docs/git-check-ref-format). It
 * goes into paths, so one that would lead elsewhere is refused.
 */
export const refName = z
  .string()
  .min(1)
  .max(250)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Git refuses these
  .regex(/^[^\u0000-\u0020\u007f~^:?*[\\]+$/, "must be a name that Git allows, without spaces and ~^:?*[\\")
  .refine((name) => !/\.\.|@\{|\/\/|\/\.|^[./]|[./]$|\.lock(?:\/|$)/.test(name) && name.isWellFormed(), {
    error: "must be a name that Git allows",
  });

/** A branch, or with `login:` before it a branch of somebody's fork. */
export const branchOfFork = z
  .string()
  .max(350)
  .regex(/^(?:[A-Za-z0-9][A-Za-z0-9_-]*:)?[^\s:]+$/, "must be branch, or login:branch")
  .refine((name) => refName.safeParse(name.slice(name.indexOf(":") + 1)).success, "must name a branch that Git allows");

/** A commit's or object's id in full. */
export const sha = z.string().regex(/^[0-9a-f]{40}$/, "must be an id of 40 hexadecimal digits");

export const branch = refName.optional().describe("The branch; the default branch when left out");

/** A path in a repository; slashes around it are taken off. */
export const repositoryPath = z
  .string()
  .max(4096)
  .transform((path) => path.replace(/^\/+|\/+$/g, ""))
  .refine(
    (path) => path === "" || (path.isWellFormed() && path.split("/").every((part) => !["", ".", ".."].includes(part))),
    'must be a path from the root of the repository, without "." and ".."',
  );

/** A path that is not the root. */
export const filePath = repositoryPath.refine((path) => path !== "", "must name a file");

/** A text that goes into a query or a path. */
export const plainText = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text.trim() !== "" && text.isWellFormed(), "must be text");

import type { Endpoints } from "@octokit/types";

/** Whose project it is. */
export interface ProjectOwner {
  owner_type: "org" | "user";
  owner: string;
}

type OrgRoute = Extract<keyof Endpoints, `${string} /orgs/{org}/projectsV2${string}`>;

/**
 * The endpoint for projects of this owner: organisations and people have the same ones
 * (https://docs.github.com/en/rest/projects), of which the organisations' stand for both in types.
 */
export function projectRoute<Route extends OrgRoute>(route: Route, { owner_type }: ProjectOwner): Route {
  return (owner_type === "org" ? route : route.replace("/orgs/{org}/", "/users/{username}/")) as Route;
}

/** The parameters of the path that go with it. */
export function projectParameters<Name extends ProjectOwner & { project?: number }>({
  owner_type,
  owner,
  project,
}: Name): { org: string; project_number: Name["project"] extends number ? number : never } {
  const named = owner_type === "org" ? { org: owner } : { username: owner };
  return { ...named, ...(project !== undefined && { project_number: project }) } as never;
}

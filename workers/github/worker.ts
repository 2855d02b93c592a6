import { catalogue } from "@hybrid-mcp/catalogue";
import { createService, type ServiceEnv } from "@hybrid-mcp/service-kit";
import { GithubApi } from "./api.ts";
import { tools } from "./tools.ts";

interface Env extends ServiceEnv {
  GITHUB_API_URL: string;
}

export default createService<Env, GithubApi>({
  name: "github",
  title: catalogue.github.title,
  instructions:
    "GitHub repositories: their files and issues. Repositories are named by owner and repo (octocat/hello: owner octocat, repo hello); get_me tells the person's own login. Before you create an issue, look with list_issues whether it is there already.",
  scopes: catalogue.github.scopes,
  tools,
  upstream: (env, call) => new GithubApi(env.GITHUB_API_URL, call),
});

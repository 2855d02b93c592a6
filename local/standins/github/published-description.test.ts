import { describe, expect, it } from "vitest";
import { publishedDescription } from "./published-description.ts";

const description = publishedDescription();
const LABELS = "get /repos/{owner}/{repo}/labels";
const label = {
  id: 1,
  node_id: "x",
  url: "http://localhost/labels/bug",
  name: "bug",
  color: "ff0000",
  default: true,
  description: null,
};
const labels = (changed: object) => description.problems(LABELS, 200, [{ ...label, ...changed }]);

describe("the published description", () => {
  it("finds the operation of a path", () => {
    expect(description.operation("GET", "/user/repos")).toBe("get /user/repos");
    expect(description.operation("PATCH", "/repos/a/b/issues/7")).toBe(
      "patch /repos/{owner}/{repo}/issues/{issue_number}",
    );
    expect(description.operation("GET", "/repos/a/b/contents/src/x.ts")).toBe(
      "get /repos/{owner}/{repo}/contents/{path}",
    );
    expect(description.operation("GET", "/nothing/of/the/kind")).toBeUndefined();
  });

  it("accepts an answer that is as described", () => {
    expect(labels({})).toEqual([]);
    expect(labels({ description: "Broken" })).toEqual([]);
  });

  it("finds a field that is missing, not described or of another type", () => {
    expect(labels({ name: undefined })).toEqual(["/0 must have required property 'name'"]);
    expect(labels({ colour: "red" })).toEqual(["/0 must NOT have unevaluated properties"]);
    expect(labels({ name: null })).toEqual(["/0/name must be string"]);
    expect(labels({ url: "labels/bug" })).toEqual(['/0/url must match format "uri"']);
  });

  it("finds a wrong field in every form of a path's contents", () => {
    const operation = "get /repos/{owner}/{repo}/contents/{path}";
    const url = "http://localhost/x";
    const file = {
      ...{ type: "file", size: 1, name: "x", path: "x", sha: "1", url, git_url: url, html_url: url, download_url: url },
      _links: { git: url, html: url, self: url },
    };
    const full = { ...file, content: "eA==", encoding: "base64" };
    expect(description.problems(operation, 200, full)).toEqual([]);
    expect(description.problems(operation, 200, [file])).toEqual([]);
    expect(description.problems(operation, 200, file)).not.toEqual([]);
    expect(description.problems(operation, 200, { ...full, lines: 1 })).not.toEqual([]);
    expect(description.problems(operation, 200, [{ ...file, type: "folder" }])).not.toEqual([]);
    const object = { ...file, type: "dir", entries: [file] };
    expect(description.problems(operation, 200, object, "application/vnd.github.object")).toEqual([]);
  });

  it("knows the form of errors, also of those that an operation does not list", () => {
    const documentation_url = "https://docs.github.com/rest";
    expect(description.problems(LABELS, 401, { message: "Bad credentials", documentation_url, status: "401" })).toEqual(
      [],
    );
    expect(description.problems(LABELS, 404, { error: "gone" })).not.toEqual([]);
    const create = "post /repos/{owner}/{repo}/issues";
    const errors = [{ resource: "Issue", field: "title", code: "missing_field" }];
    expect(description.problems(create, 422, { message: "Validation Failed", documentation_url, errors })).toEqual([]);
    expect(description.problems(create, 422, { message: "Validation Failed", errors })).not.toEqual([]);
    expect(description.problems(LABELS, 201, [])).toEqual([`${LABELS} has no 201`]);
  });

  it("finds what is wrong with a request: path, query and body", () => {
    const issues = "/repos/a/b/issues";
    expect(description.requestProblems("GET", `${issues}?state=all&per_page=7&labels=a,b`, undefined)).toEqual([]);
    expect(description.requestProblems("POST", issues, { title: "x", labels: ["bug"] })).toEqual([]);
    const list = "get /repos/{owner}/{repo}/issues";
    expect(description.requestProblems("GET", `${issues}?state=any`, undefined)).toEqual([
      `${list}: state: / must be equal to one of the allowed values`,
    ]);
    expect(description.requestProblems("GET", `${issues}?per_page=many`, undefined)).toEqual([
      `${list}: per_page: / must be integer`,
    ]);
    expect(description.requestProblems("GET", `${issues}?colour=red`, undefined)).toEqual([
      `${list}: there is no parameter colour`,
    ]);
    expect(description.requestProblems("GET", `${issues}/x`, undefined)).not.toEqual([]);
    expect(description.requestProblems("POST", issues, { body: "x" })).not.toEqual([]);
    expect(description.requestProblems("POST", issues, { title: "x", colour: "red" })).not.toEqual([]);
    expect(description.requestProblems("POST", issues, undefined)).not.toEqual([]);
    expect(description.requestProblems("GET", "/nothing", undefined)).toEqual(["there is no GET /nothing"]);
  });
});

import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import { describe, expect, test } from "vitest";
import { explained } from "./github-error.ts";

/** As Octokit throws it. */
function graphqlError(errors: { type?: string; message: string }[], headers: Record<string, string> = {}) {
  return Object.assign(new Error("Request failed"), { name: "GraphqlResponseError", errors, headers });
}

function explanation(error: Error): UpstreamError {
  const told = explained(error, "Look before you try again.");
  expect(told).toBeInstanceOf(UpstreamError);
  return told as UpstreamError;
}

describe("an error of GraphQL, which comes with 200, is explained as one of REST", () => {
  test.each([
    ["NOT_FOUND", 404, "It does not exist, or the connected account may not see it"],
    ["FORBIDDEN", 403, "The connected account may not do this"],
    ["INSUFFICIENT_SCOPES", 403, "ask the person"],
    ["UNPROCESSABLE", 422, "Correct what is named and try again"],
  ])("%s", (type, status, next) => {
    const error = explanation(graphqlError([{ type, message: "Said why." }]));
    expect(error.status).toBe(status);
    expect(error.message).toMatch(/^GitHub answered with an error: Said why\. /);
    expect(error.message.toLowerCase()).toContain(next.toLowerCase());
  });

  test("a rate limit tells how long to wait", () => {
    const limited = graphqlError([{ type: "RATE_LIMITED", message: "API rate limit exceeded" }], {
      "retry-after": "30",
    });
    const { message, retryAfter } = explanation(limited);
    expect(retryAfter).toBe(30);
    expect(message).toContain("try again in 30 s");
  });

  test("one without a type leaves open how far it came", () => {
    const { message } = explanation(graphqlError([{ message: "Something went wrong" }, { message: "and more." }]));
    expect(message).toBe("GitHub answered with an error: Something went wrong; and more. Look before you try again.");
  });
});

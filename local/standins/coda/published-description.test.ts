import { describe, expect, it } from "vitest";
import { publishedDescription } from "./published-description.ts";

const description = publishedDescription();
const text = { type: "text", isArray: false };
const column = { id: "c-1", type: "column", href: "http://localhost/c-1", name: "A", format: text };
const columns = (changed: object) =>
  description.problems("get /docs/{docId}/tables/{tableIdOrName}/columns", 200, { items: [{ ...column, ...changed }] });

describe("the published description", () => {
  it("finds the operation of a path", () => {
    expect(description.operation("GET", "/docs/abc/tables/My%20Table/rows")).toBe(
      "get /docs/{docId}/tables/{tableIdOrName}/rows",
    );
    expect(description.operation("GET", "/nothing")).toBeUndefined();
  });

  it("accepts an answer that is as described", () => {
    expect(columns({})).toEqual([]);
    expect(columns({ format: { ...text, type: "number", precision: 2 } })).toEqual([]);
  });

  it("finds a field that is missing, not described or of another type", () => {
    expect(columns({ name: undefined })).toEqual(["/items/0 must have required property 'name'"]);
    expect(columns({ colour: "red" })).toEqual(["/items/0 must NOT have additional properties"]);
    expect(columns({ name: 7 })).toEqual(["/items/0/name must be string"]);
    expect(columns({ href: "c-1" })).toEqual(['/items/0/href must match format "url"']);
  });

  it("finds a field of another kind of column", () => {
    expect(columns({ format: { ...text, precision: 2 } })).not.toEqual([]);
    expect(columns({ format: { type: "lookup", isArray: false } })).not.toEqual([]);
    expect(columns({ format: { type: "unheard of", isArray: false } })).not.toEqual([]);
  });

  it("finds an undescribed field in a schema that is put together from several", () => {
    const operation = "put /docs/{docId}/tables/{tableIdOrName}/rows/{rowIdOrName}";
    expect(description.problems(operation, 202, { requestId: "r", id: "i-1" })).toEqual([]);
    expect(description.problems(operation, 202, { requestId: "r" })).not.toEqual([]);
    expect(description.problems(operation, 202, { requestId: "r", id: "i-1", row: {} })).not.toEqual([]);
  });

  it("finds a cell that is no value, and a status that the operation does not have", () => {
    const row = {
      id: "i-1",
      type: "row",
      href: "http://localhost/i-1",
      name: "",
      index: 0,
      browserLink: "http://localhost/i-1",
      createdAt: "2026-01-01T00:00:00Z",
      updatedAt: "2026-01-01T00:00:00Z",
    };
    const rows = "get /docs/{docId}/tables/{tableIdOrName}/rows";
    expect(description.problems(rows, 200, { items: [{ ...row, values: { "c-1": ["a", 1, true] } }] })).toEqual([]);
    expect(description.problems(rows, 200, { items: [{ ...row, values: { "c-1": null } }] })).not.toEqual([]);
    expect(description.problems(rows, 200, { items: [{ ...row, values: { "c-1": { a: 1 } } }] })).not.toEqual([]);
    expect(description.problems(rows, 201, { items: [] })).toEqual([`${rows} has no 201`]);
    expect(description.problems(rows, 404, { error: "gone" })).not.toEqual([]);
  });

  it("accepts a request that is as described", () => {
    const rows = "get /docs/{docId}/tables/{tableIdOrName}/rows";
    const asked = (query: string) => description.requestProblems(rows, new URLSearchParams(query), undefined);
    expect(asked("")).toEqual([]);
    expect(asked("limit=10&visibleOnly=true&sortBy=natural&query=1")).toEqual([]);
    const tables = "get /docs/{docId}/tables";
    expect(description.requestProblems(tables, new URLSearchParams("tableTypes=table,view"), undefined)).toEqual([]);
  });

  it("finds a parameter that is missing, not described, given twice or of another type", () => {
    const rows = "get /docs/{docId}/tables/{tableIdOrName}/rows";
    const asked = (query: string, operation = rows) =>
      description.requestProblems(operation, new URLSearchParams(query), undefined);
    expect(asked("colour=red")).toEqual(["?colour is not described"]);
    expect(asked("limit=0")).toEqual(["?limit: / must be >= 1"]);
    expect(asked("limit=many")).toEqual(["?limit: / must be integer"]);
    expect(asked("limit=1&limit=2")).toEqual(["?limit is given more than once"]);
    expect(asked("visibleOnly=yes")).toEqual(["?visibleOnly: / must be boolean"]);
    expect(asked("sortBy=colour")).not.toEqual([]);
    expect(asked("", "get /resolveBrowserLink")).toEqual(["?url is missing"]);
    expect(asked("tableTypes=table,chart", "get /docs/{docId}/tables")).not.toEqual([]);
    expect(asked("", "get /nothing")).toEqual(["get /nothing is not described"]);
  });

  it("finds a body that is missing, not described or of another form", () => {
    const asked = (operation: string, body?: unknown) =>
      description.requestProblems(operation, new URLSearchParams(), body);
    const update = "put /docs/{docId}/pages/{pageIdOrName}";
    const canvasContent = { format: "markdown", content: "x" };
    expect(asked(update, { contentUpdate: { insertionMode: "append", canvasContent } })).toEqual([]);
    expect(asked(update, { contentUpdate: { insertionMode: "prepend", canvasContent } })).not.toEqual([]);
    expect(asked(update, { contentUpdate: { insertionMode: "append", canvasContent, at: 1 } })).not.toEqual([]);
    expect(asked(update)).toEqual(["body: / must be object"]);
    expect(asked("delete /docs/{docId}", {})).toEqual(["a body is not described"]);
    const share = "post /docs/{docId}/acl/permissions";
    expect(asked(share, { access: "write", principal: { type: "email", email: "a@example.com" } })).toEqual([]);
    expect(asked(share, { access: "none", principal: { type: "anyone" } })).not.toEqual([]);
    expect(asked(share, { access: "write", principal: { type: "domain" } })).not.toEqual([]);
  });
});

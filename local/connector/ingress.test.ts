import { expect, test } from "vitest";
import { matchIngress } from "./ingress.ts";

const rules = [
  { hostname: "coda-mcp.example.com", path: "^/admin", service: "http_status:403" },
  { hostname: "coda-mcp.example.com", service: "http://coda-mcp:8085" },
  { hostname: "*.example.com", path: "\\.png$", service: "http://pictures:80" },
  { hostname: "*.example.com", path: "(", service: "http://never:80" },
  { service: "http_status:404" },
];

test.each([
  ["coda-mcp.example.com", "/mcp", "http://coda-mcp:8085"],
  ["coda-mcp.example.com", "/admin/x", "http_status:403"],
  ["www.example.com", "/a/b.png", "http://pictures:80"],
  ["deep.www.example.com", "/b.png", "http://pictures:80"],
  ["www.example.com", "/a", "http_status:404"],
  ["example.com", "/b.png", "http_status:404"],
  ["elsewhere.test", "/", "http_status:404"],
])("%s%s goes to the first rule that matches, as in cloudflared", (hostname, path, service) => {
  expect(matchIngress(rules, hostname, path)?.service).toBe(service);
});

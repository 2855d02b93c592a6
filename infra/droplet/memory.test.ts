import { describe, expect, test } from "vitest";
import { dropletMemoryMb, ENGINE_MB, HOST_MB, tooSmallForEngine } from "./memory.ts";

describe("a droplet's memory is read from its size's slug", () => {
  test.each([
    ["s-1vcpu-512mb-10gb", 512],
    ["s-1vcpu-2gb", 2],
    ["s-2vcpu-4gb", 4],
    ["s-2vcpu-4gb-amd", 4],
    ["s-4vcpu-8gb-240gb-intel", 8],
    ["c-2", 4],
    ["c-4-intel", 8],
    ["c2-4vcpu-8gb", 8],
    ["g-2vcpu-8gb", 8],
    ["gd-2vcpu-8gb-intel", 8],
    ["m-2vcpu-16gb", 16],
    ["m3-2vcpu-16gb", 16],
    ["so-2vcpu-16gb", 16],
    ["so1_5-2vcpu-16gb", 16],
  ])("%s", (slug, memory) => {
    expect(dropletMemoryMb(slug)).toBe(slug.includes("mb") ? memory : memory * 1024);
  });

  test.each(["gpu-h100x1-80gb", "s-large", "", "db-s-1vcpu-1gb", "c-two"])("of %j nothing is known", (slug) => {
    expect(dropletMemoryMb(slug)).toBeUndefined();
  });
});

describe("a droplet for a Firecrawl engine", () => {
  test("needs 4 GB for the engine, and what else runs there comes on top", () => {
    expect(ENGINE_MB).toBe(4096);
    expect(tooSmallForEngine("s-4vcpu-8gb", [])).toBeUndefined();
    const rest = 8192 - ENGINE_MB - HOST_MB;
    expect(tooSmallForEngine("s-4vcpu-8gb", [{ name: "n8n", mb: rest }])).toBeUndefined();
    expect(tooSmallForEngine("s-4vcpu-8gb", [{ name: "n8n", mb: rest + 1 }])).toBe(
      "has 8192 MB, and a Firecrawl engine of one's own needs 8193 MB here (the engine 4096, the system 512, n8n 3585); take a size with more memory, e.g. s-4vcpu-8gb, or services.firecrawl.engine: cloud",
    );
  });

  test("is not refused for a size that is not known", () => {
    expect(tooSmallForEngine("gpu-h100x1-80gb", [{ name: "n8n", mb: 1_000_000 }])).toBeUndefined();
  });
});

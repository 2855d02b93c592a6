import { describe, expect, test } from "vitest";
import { chosenHost, chosenName } from "./chosen-name.tsx";

describe("a name that a client has chosen", () => {
  test.each([
    ["an ordinary one", "Claude Code", "Claude Code"],
    ["one in another script", "مرحبا عالم", "مرحبا عالم"],
    ["one with accents that are written apart", "Re\u0301sume\u0301", "Re\u0301sume\u0301"],
    ["one that turns the text around", "Good\u202Elive", "Goodlive"],
    ["one that isolates what follows", "Good\u2067evil\u2069", "Goodevil"],
    ["one with lines and control characters", " Good\n\n\u0007\u0000 client\t", "Good client"],
    ["one with invisible characters", "Go\u200Bod\uFEFF\u00AD", "Good"],
    ["one of marks that pile up", `Z${"\u0301".repeat(50)}algo`, `Z${"\u0301".repeat(3)}algo`],
    ["one that is nothing but such", "\u202E\u200B", "(no name)"],
    ["one as long as may be", "A".repeat(60), "A".repeat(60)],
    ["a longer one", "A".repeat(300), `${"A".repeat(59)}…`],
    ["a long one of characters outside the basic plane", "🦊".repeat(61), `${"🦊".repeat(59)}…`],
  ])("is shown as it is or made harmless: %s", (_, name, shown) => {
    expect(chosenName(name)).toBe(shown);
  });
});

describe("the host of a client", () => {
  test("is shown whole", () => {
    const host = `${"a.".repeat(40)}example.com`;
    expect(chosenHost(host)).toBe(host);
  });

  test("keeps its end when it is too long: that says whose it is", () => {
    const shown = chosenHost(`login.example.com.${"a".repeat(300)}.evil.example`);
    expect([...shown]).toHaveLength(100);
    expect(shown).toMatch(/^login\.example\.com\.a+…a+\.evil\.example$/);
  });

  test("cannot turn the text around", () => {
    expect(chosenHost("app:\u202Emoc.elpmaxe")).toBe("app:moc.elpmaxe");
  });
});

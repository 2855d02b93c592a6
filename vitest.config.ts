import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", ".local/**", "e2e/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Each file brings whole stacks up on this machine and mostly waits for them: two at a time, with ports of their own.
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // `npm run test:long`: the first run on a machine makes images of several versions of n8n.
        test: {
          name: "long",
          include: ["e2e/long/*.long.ts"],
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 3_600_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});

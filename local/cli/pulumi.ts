import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { ensureEngine } from "../engine/ensure-engine.ts";
import { stackEnvironment } from "./run-pulumi.ts";
import { LocalStack, repositoryRoot } from "./stack.ts";
import { runCommand } from "./user-error.ts";

/**
 * `npm run pulumi -- …`: the Pulumi CLI with the bundled Node. With `--stack local` it works on the local stack, with that
 * stack's backend, plugins and passphrase; with any other stack in the person's own environment.
 */
await runCommand(async () => {
  const args = process.argv.slice(2);
  const engine = await ensureEngine({ log: (line) => process.stderr.write(`${line}\n`) });
  const stack = new LocalStack();
  const local = stack.exists() && namesLocalStack(args);
  const { status } = spawnSync(engine.command, local ? ["--cwd", stack.path("project"), ...args] : args, {
    stdio: "inherit",
    cwd: repositoryRoot,
    env: local
      ? stackEnvironment(stack, engine)
      : {
          ...process.env,
          PATH: [join(repositoryRoot, "node_modules", ".bin"), ...engine.binDirs, process.env.PATH].join(delimiter),
        },
  });
  process.exitCode = status ?? 1;
});

function namesLocalStack(args: string[]): boolean {
  return args.some(
    (arg, i) => /^(--stack|-s)=local$/.test(arg) || (/^(--stack|-s)$/.test(arg) && args[i + 1] === "local"),
  );
}

import { ensureEngine } from "../engine/ensure-engine.ts";
import { pulumi, searchPath, withTerminal } from "./run-pulumi.ts";
import { exclusively } from "./session.ts";
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
  process.exitCode =
    stack.exists() && namesLocalStack(args)
      ? await exclusively(stack, () => pulumi(stack, engine, args))
      : await withTerminal(engine, args, {
          cwd: repositoryRoot,
          env: { ...process.env, PATH: searchPath(engine) },
        });
});

function namesLocalStack(args: string[]): boolean {
  return args.some(
    (arg, i) => /^(--stack|-s)=local$/.test(arg) || (/^(--stack|-s)$/.test(arg) && args[i + 1] === "local"),
  );
}

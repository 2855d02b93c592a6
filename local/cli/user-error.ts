/** Something that the person at the command line can put right. */
export class UserError extends Error {}

/**
 * Runs a command to its end and sets the exit code: 0, or 1 after an error. Errors go to stderr as their message; with
 * `DEBUG=1` unexpected ones come with their stack.
 *
 * @param command what to do; its own return value is ignored
 */
export async function runCommand(command: () => Promise<unknown>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    // A stack trace helps nobody but us, and not for what a person can put right.
    const text = process.env.DEBUG && !(error instanceof UserError) ? stack : message;
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}

/** Prints a line for the person. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

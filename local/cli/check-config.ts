import { flatConfig, parseConfig } from "../../infra/config.ts";
import type { LocalStack } from "./stack.ts";
import { plainConfig } from "./stack-config.ts";
import { UserError } from "./user-error.ts";

/**
 * Checks the stack config as the program will, before anything is changed for it.
 *
 * @throws {UserError} the program's own message: every bad value with its key and what is allowed
 */
export function checkConfig(stack: LocalStack): void {
  const { errors } = parseConfig(flatConfig(plainConfig(stack)));
  if (errors) throw new UserError(`The stack config has errors; nothing was changed.\n${errors.join("\n")}`);
}

import * as pulumi from "@pulumi/pulumi";

/**
 * An error for people from inside an `apply`. By then the program itself has ended, and Pulumi prints an error's stack, with
 * the property's name in its message: so the stack is what is to be said.
 */
export function lateError(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}

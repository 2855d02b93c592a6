/**
 * What a model is told when it is open whether something was done.
 * @param tool with which it can be seen
 */
export function lookFirst(tool: string): string {
  return `It may have been done all the same: look with ${tool} before you try again.`;
}

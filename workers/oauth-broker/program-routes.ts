/** Whether a path is for programs, which are answered with JSON, and not for people, who are shown pages. */
export function isForPrograms(path: string): boolean {
  return /^\/(oauth|token)\/|^\/(introspect|audit)$/.test(path);
}

/** The SDK has labels as a list, the engine as a map. */
export interface Label {
  label: string;
  value: string;
}

export function labelMap(labels: unknown): Record<string, string> {
  return Object.fromEntries(((labels ?? []) as Label[]).map(({ label, value }) => [label, value]));
}

export function labelList(labels: Record<string, string> | null | undefined): Label[] {
  return Object.entries(labels ?? {}).map(([label, value]) => ({ label, value }));
}

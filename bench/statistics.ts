/** The middle of a list of numbers; of an even count, the upper of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** The same values in another order, each order as likely as any. */
export function shuffled<Value>(values: readonly Value[]): Value[] {
  const left = [...values];
  return values.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]!);
}

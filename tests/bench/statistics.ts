export interface Ratio {
  median: number;
  least: number;
  most: number;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of the ratios of each round: a slow moment of the machine is in both numbers. */
export function ratio(values: number[], bases: number[]): Ratio {
  const ratios = values.map((value, round) => value / (bases[round] ?? Number.NaN));
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}

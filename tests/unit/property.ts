import fc from "fast-check";
import { test } from "vitest";

const { RUNS, SEED } = process.env;

/**
 * Tests what holds for all there is of something. It prints how often it was tried, and with which
 * seed: `SEED=… RUNS=… npx vitest run …` tries the same again.
 */
export function property<T>(
  name: string,
  anything: fc.Arbitrary<T>,
  holds: (value: T) => void,
): void {
  test(name, { timeout: 600_000 }, () => {
    const details = fc.check(fc.property(anything, holds), {
      numRuns: Number(RUNS ?? 2000),
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    });
    console.log(`property "${name}": ${details.numRuns} runs, seed ${details.seed}`);
    if (details.failed) throw new Error(fc.defaultReportMessage(details));
  });
}

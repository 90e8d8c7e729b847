import { DemoError } from "./server.js";

/** Which changes the feed has brought. */
export class Arrivals {
  readonly #generations = new Map<string, number>();
  #ended = false;
  #wake = () => {};

  note(id: string, rev: string): void {
    this.#generations.set(id, generationOf(rev));
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Resolves when this revision, or a later one, has arrived. A feed may leave out the former. */
  async of(id: string, rev = ""): Promise<void> {
    while ((this.#generations.get(id) ?? 0) < generationOf(rev)) {
      if (this.#ended) throw new DemoError(`The feed did not bring the change of ${id}.`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** How many revisions of its document a revision is the latest of. */
export function generationOf(rev: string): number {
  return Number.parseInt(rev, 10) || 0;
}

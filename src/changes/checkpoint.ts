import type { Sequence } from "../shared/types.js";

/**
 * Where a feed's place is kept from one process to the next: in a file, in a table, in CouchDB itself
 * (`localCheckpoint`).
 */
export interface Checkpoint {
  /** Where to go on; nothing, the first time. What it rejects with ends the feed, unless that may pass. */
  load(): Sequence | null | undefined | Promise<Sequence | null | undefined>;
  /**
   * Keeps the sequence of an event that the consumer has finished with. Called for the latest one, at most
   * once a second, never while an earlier call is under way, and once more at the end.
   */
  save(sequence: Sequence): unknown;
}

/** Keeps a checkpoint up to date. */
export interface CheckpointWriter {
  load(): Promise<Sequence | undefined>;
  note(sequence: Sequence): void;
  /** What was noted is of no use any more. */
  forget(): void;
  /** Resolves when what was noted last is saved, or cannot be. */
  end(): Promise<void>;
}

const interval = 1_000;
const longestInterval = 30_000;

/** @param report - called with what a save has failed with, and with undefined for one that has not */
export function checkpointWriter(
  checkpoint: Checkpoint,
  report: (error: unknown) => void,
): CheckpointWriter {
  let noted: Sequence | undefined;
  let saved: Sequence | undefined;
  /** What was to be saved at the end: that is tried once. */
  let last: Sequence | undefined;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  let saving = Promise.resolve();

  const save = async () => {
    clearTimeout(timer);
    timer = undefined;
    if (noted === undefined || noted === saved) return;
    const sequence = noted;
    try {
      await checkpoint.save(sequence);
      saved = sequence;
      failures = 0;
      report(undefined);
    } catch (error) {
      failures += 1;
      report(error);
      wait();
    }
  };
  const saveInTurn = () => {
    saving = saving.then(save);
  };
  const wait = () => {
    if (ended) return;
    timer ??= setTimeout(saveInTurn, Math.min(interval * 2 ** failures, longestInterval));
  };

  return {
    async load() {
      saved = (await checkpoint.load()) ?? undefined;
      return saved;
    },
    note(sequence) {
      noted = sequence;
      wait();
    },
    forget() {
      noted = undefined;
    },
    end() {
      ended = true;
      if (noted !== last) saveInTurn();
      last = noted;
      clearTimeout(timer);
      return saving;
    },
  };
}

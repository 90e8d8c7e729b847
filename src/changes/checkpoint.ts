import type { Sequence } from "../shared/types.js";

/**
 * Stores the position of a feed, so that another process can resume it: in a file, in a table, or in CouchDB
 * itself (`localCheckpoint`).
 */
export interface Checkpoint {
  /**
   * Return the sequence to resume from; nothing, the first time. A rejection ends the feed, unless the error
   * is temporary.
   */
  load(): Sequence | null | undefined | Promise<Sequence | null | undefined>;
  /**
   * Store the sequence of an event that the consumer has finished with. It is called for the latest one, at
   * most once a second, never while another call is pending, and once more at the end.
   */
  save(sequence: Sequence): unknown;
}

/** Keeps a checkpoint up to date. */
export interface CheckpointWriter {
  load(): Promise<Sequence | undefined>;
  note(sequence: Sequence): void;
  /** Drop a noted sequence that is no longer valid. */
  forget(): void;
  /** Save the last noted sequence. Resolves when that has succeeded or failed. */
  end(): Promise<void>;
}

const interval = 1_000;
const longestInterval = 30_000;

/** @param report - called after each save, with its error or undefined */
export function checkpointWriter(
  checkpoint: Checkpoint,
  report: (error: unknown) => void,
): CheckpointWriter {
  let noted: Sequence | undefined;
  let saved: Sequence | undefined;
  /** The sequence of the save at the end, which is not repeated. */
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

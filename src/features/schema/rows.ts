import { type Batch, pullFrom, type Source } from "../../shared/batch.js";
import type { RowKind } from "../../shared/codec.js";
import { otherTasks } from "../../shared/long-task.js";
import type { BulkGetRow, DocumentData } from "../../shared/types.js";

// Milliseconds that a row waits for the following ones.
const longestWait = 20;

/** Validates a document. Returns undefined to skip it. */
type Validate = (data: DocumentData) => Promise<DocumentData | undefined>;

/** Validates the documents of a row. Returns undefined to skip it. */
type ValidateRow = (row: unknown, validate: Validate) => Promise<unknown>;

const validators: Record<RowKind, ValidateRow> = {
  document: (row, validate) => validate(row as DocumentData),

  async row(row, validate) {
    const { doc } = Object(row) as { doc?: DocumentData };
    if (!doc) return row;
    const valid = await validate(doc);
    return valid && Object.assign(row as object, { doc: valid });
  },

  async leaves(row, validate) {
    const { docs } = Object(row) as BulkGetRow;
    if (!Array.isArray(docs)) return row;
    const left: BulkGetRow["docs"] = [];
    for (const leaf of docs) {
      const valid = leaf?.ok && (await validate(leaf.ok));
      if (valid) left.push({ ok: valid });
      else if (!leaf?.ok) left.push(leaf);
    }
    return Object.assign(row as object, { docs: left });
  },
};

/**
 * Validate the documents of rows.
 *
 * @param skipped - makes the row that replaces a skipped one, or returns undefined
 * @param abort - aborts the operation with the schema's error
 */
export function validatedRows(
  source: Source<Batch>,
  kind: RowKind,
  validate: Validate,
  skipped: (row: unknown) => unknown,
  abort: (error: unknown) => void,
): Source<Batch> {
  const validateRow = async (row: unknown) =>
    (await validators[kind](row, validate)) ?? skipped(row);
  return {
    next: pullFrom(validatedBatches(source, validateRow, abort)),
    get summary() {
      return source.summary;
    },
  };
}

async function* validatedBatches(
  source: Source<Batch>,
  validateRow: (row: unknown) => Promise<unknown>,
  abort: (error: unknown) => void,
): AsyncGenerator<Batch, void, void> {
  let ready: Batch = { rows: [], texts: [] };
  for (let batch = await source.next(); batch; batch = await source.next()) {
    let late = isLate();
    try {
      for (const [index, row] of batch.rows.entries()) {
        await otherTasks();
        const validated = validateRow(row);
        if (await Promise.race([validated.then(never, never), late])) {
          // Deliver the rows before without waiting for a slow schema.
          if (ready.rows.length > 0) yield ready;
          ready = { rows: [], texts: [] };
          late = isLate();
        }
        const valid = await validated;
        if (valid === undefined) continue;
        ready.chunk = batch.chunk;
        ready.rows.push(valid);
        ready.texts.push(batch.texts[index] as string);
      }
    } catch (error) {
      // Deliver the rows before it first.
      if (ready.rows.length > 0) yield ready;
      // Otherwise the error would be retried as one of the connection.
      abort(error);
      throw error;
    }
    if (ready.rows.length > 0) yield ready;
    ready = { rows: [], texts: [] };
  }
}

const never = () => false;

function isLate(): Promise<boolean> {
  return new Promise((resolve) => setTimeout(resolve, longestWait, true));
}

import type { DatabaseContext } from "../documents/database-context.js";
import { type Batch, mapped, type Source } from "../shared/batch.js";
import type { RowKind } from "../shared/codec.js";
import type { OperationOptions } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { Rows } from "../streams/rows.js";

/** Stream the rows of a database. Nothing is sent before the first row is read. */
export function databaseRows<R>(
  { client, codec }: DatabaseContext,
  how: {
    limits: OperationOptions;
    /** The place of the rows' documents; undefined if a schema cannot validate them. */
    kind: RowKind | undefined;
    open(operation: Operation): Source<Batch>;
    map(batch: Batch, rows: R[]): void;
  },
): Rows<R> {
  return new Rows({
    begin: () => client.begin(how.limits),
    open: (operation) => {
      const rows = how.open(operation);
      const valid = how.kind && codec?.validateRows(rows, how.kind, operation);
      return mapped(valid ?? rows, how.map);
    },
  });
}

import type { Database } from "couchfetch";
import type { Chore } from "./chore-list.js";
import { useDocuments } from "./use-documents.js";

const texts = {
  connecting: "Connecting …",
  catchingUp: "Catching up …",
  live: "Live",
  waiting: "Offline, reconnecting …",
};

/** Uses the documents that the list uses, and so its feed. */
export function Status({ db }: { db: Database<Chore> }) {
  const { documents, connection } = useDocuments(db);
  const done = documents.filter((chore) => chore.done).length;
  return (
    <p className="row">
      <span>{documents.length > 0 ? `${done} of ${documents.length} done` : "Nothing to do"}</span>
      <span role="status" data-connection={connection}>
        {texts[connection]}
      </span>
    </p>
  );
}

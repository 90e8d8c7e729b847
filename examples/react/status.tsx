import type { Database } from "couchfetch";
import type { Chore } from "./chore-list.js";
import { useDocuments } from "./use-documents.js";

const texts = {
  connecting: "Connecting …",
  catchingUp: "Catching up …",
  live: "Live",
  waiting: "Offline, reconnecting …",
  closed: "",
};

/** Uses the documents that the list uses, and so its feed. */
export function Status({ db }: { db: Database<Chore> }) {
  const { documents, feed, retryNow } = useDocuments(db);
  const { state, pending, attempt } = feed;
  const done = documents.filter((chore) => chore.done).length;
  return (
    <div className="row">
      <span>{documents.length > 0 ? `${done} of ${documents.length} done` : "Nothing to do"}</span>
      <span className="feed" data-state={state}>
        {/* Read aloud once, not at each attempt. */}
        <span role="status">{texts[state]}</span>
        {pending !== undefined && <span>{pending.toLocaleString("en")} left</span>}
        {attempt !== undefined && (
          <>
            <span>attempt {attempt}</span>
            <button type="button" onClick={retryNow}>
              Retry now
            </button>
          </>
        )}
      </span>
    </div>
  );
}

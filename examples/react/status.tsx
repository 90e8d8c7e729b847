import type { Snapshot } from "couchfetch/live";
import type { Chores } from "./session.js";
import { useLive } from "./use-live.js";

const texts: Record<Snapshot["status"], string> = {
  loading: "Reading …",
  live: "Live",
  reconnecting: "Offline, reconnecting …",
  closed: "",
};

/** Uses the query that the list uses, and so its connection. */
export function Status({ chores }: { chores: Chores }) {
  const { docs, status } = useLive(chores);
  const done = docs.filter(({ data }) => data.done).length;
  return (
    <div className="row">
      <span>{docs.length > 0 ? `${done} of ${docs.length} done` : "Nothing to do"}</span>
      <span role="status" data-state={status}>
        {texts[status]}
      </span>
    </div>
  );
}

import { type Collection, useLiveQuery } from "@tanstack/react-db";
import type { DocumentData } from "couchfetch";
import type { CouchCollectionConfig } from "couchfetch/tanstack-db";
import { type FormEvent, useState, useSyncExternalStore } from "react";
import { type Chore, newId } from "../chores.js";

type Chores = Collection<DocumentData<Chore>, string, CouchCollectionConfig<Chore>["utils"]>;

export function ChoreList({ chores }: { chores: Chores }) {
  const { query } = chores.utils;
  const { status, error } = useSyncExternalStore(query.subscribe, () => query.current);
  const { data: list } = useLiveQuery((q) =>
    q.from({ chore: chores }).orderBy(({ chore }) => chore._id),
  );
  const [title, setTitle] = useState("");
  const [problem, setProblem] = useState("");

  /** A change is shown at once. If CouchDB refuses it, TanStack DB takes it back. */
  const attempt = ({ isPersisted }: { isPersisted: { promise: Promise<unknown> } }) =>
    isPersisted.promise.then(
      () => setProblem(""),
      (error) => setProblem(`Not saved: ${error.message}`),
    );

  function submit(event: FormEvent) {
    event.preventDefault();
    attempt(chores.insert({ _id: newId(), title, done: false }));
    setTitle("");
  }

  const toggle = (id: string) =>
    attempt(
      chores.update(id, (draft) => {
        draft.done = !draft.done;
      }),
    );

  return (
    <>
      <p role="status">{status}</p>
      <form onSubmit={submit}>
        <label>
          New chore{" "}
          <input value={title} onChange={(event) => setTitle(event.target.value)} required />
        </label>
        <button type="submit">Add</button>
      </form>
      <p role="alert">{problem || (status === "closed" ? String(error) : "")}</p>
      <ul>
        {list.map(({ _id, title, done }) => (
          <li key={_id}>
            <label>
              <input type="checkbox" checked={done} onChange={() => toggle(_id)} />
              <span>{title}</span>
            </label>
            <button
              type="button"
              aria-label={`Delete ${title}`}
              onClick={() => attempt(chores.delete(_id))}
            >
              Delete
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

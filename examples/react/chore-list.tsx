import type { Database, DocumentData } from "couchfetch";
import { type FormEvent, startTransition, useOptimistic, useState } from "react";
import { explain } from "./explain.js";
import { useDocuments } from "./use-documents.js";

export interface Chore {
  title: string;
  done: boolean;
}

export function ChoreList({ db }: { db: Database<Chore> }) {
  const { documents, whenReplaced } = useDocuments(db);
  // The list shows a click at once, until the feed brings the saved document.
  const [chores, expect] = useOptimistic(documents, (list, { _id, done }: DocumentData<Chore>) =>
    list.map((chore) => (chore._id === _id ? { ...chore, done } : chore)),
  );
  const [title, setTitle] = useState("");
  const [problem, setProblem] = useState("");

  const attempt = (write: Promise<unknown>) =>
    write.then(
      () => setProblem(""),
      (error) => setProblem(`Not saved: ${explain(error)}`),
    );

  function add(event: FormEvent) {
    event.preventDefault();
    setTitle(""); // a second Enter must not add it twice
    const id = `${new Date().toISOString()} ${crypto.randomUUID()}`; // sorts by time
    const saved = db.document(id, { title, done: false }).save();
    saved.catch(() => setTitle((typed) => typed || title));
    attempt(saved);
  }

  function check(chore: DocumentData<Chore>, done: boolean) {
    startTransition(() => {
      expect({ ...chore, done });
      return attempt(save(chore, done));
    });
  }

  async function save(chore: DocumentData<Chore>, done: boolean) {
    // What others have changed meanwhile stays. What they have deleted is not created again, as by upsert.
    const latest = await db.get(chore._id);
    await latest.update((data) => ({ ...data, done }));
    await whenReplaced(chore);
  }

  function remove(chore: DocumentData<Chore>) {
    // The revision that is seen: a newer one is a conflict.
    attempt(db.document(chore._id, chore).delete({ discardChanges: true }));
  }

  return (
    <>
      <form onSubmit={add}>
        <label>
          New chore
          <input value={title} onChange={(event) => setTitle(event.target.value)} required />
        </label>
        <button type="submit">Add</button>
      </form>
      <p role="alert">{problem}</p>
      <ul>
        {chores.map((chore) => (
          <li key={chore._id} className="row">
            <label>
              <input
                type="checkbox"
                checked={chore.done}
                onChange={(event) => check(chore, event.target.checked)}
              />
              <span>{chore.title}</span>
            </label>
            <button
              type="button"
              onClick={() => remove(chore)}
              aria-label={`Delete ${chore.title}`}
            >
              Delete
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

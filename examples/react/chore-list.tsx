import type { Database, DocumentData } from "couchfetch";
import type { LiveDocument } from "couchfetch/live";
import { type FormEvent, startTransition, useOptimistic, useState } from "react";
import { explain } from "./explain.js";
import type { Chore, Chores } from "./session.js";
import { useLive } from "./use-live.js";

type Shown = LiveDocument<DocumentData<Chore>>;

const generation = ({ rev = "0" }: { rev?: string | undefined }) => Number.parseInt(rev, 10);

export function ChoreList({ db, chores }: { db: Database<Chore>; chores: Chores }) {
  const { docs } = useLive(chores);
  // The list shows a click at once, until the feed brings the saved document.
  const [list, expect] = useOptimistic(
    docs,
    (before, { id, done }: { id: string; done: boolean }) =>
      before.map((chore) =>
        chore.id === id ? { ...chore, data: { ...chore.data, done } } : chore,
      ),
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

  function check({ id }: Shown, done: boolean) {
    startTransition(() => {
      expect({ id, done });
      return attempt(save(id, done));
    });
  }

  async function save(id: string, done: boolean) {
    // What others have changed meanwhile stays. What they have deleted is not created again, as by upsert.
    const latest = await db.get(id);
    await latest.update((data) => ({ ...data, done }));
    for await (const { docs } of chores) {
      const shown = docs.find((chore) => chore.id === id);
      if (!shown || generation(shown) >= generation(latest)) break;
    }
  }

  function remove({ id, data }: Shown) {
    // With the revision that is seen: a newer one is a conflict.
    attempt(db.document(id, { ...data }).delete({ discardChanges: true }));
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
        {list.map((chore) => (
          <li key={chore.id} className="row">
            <label>
              <input
                type="checkbox"
                checked={chore.data.done}
                onChange={(event) => check(chore, event.target.checked)}
              />
              <span>{chore.data.title}</span>
            </label>
            <button
              type="button"
              onClick={() => remove(chore)}
              aria-label={`Delete ${chore.data.title}`}
            >
              Delete
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

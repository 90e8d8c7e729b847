import type { ChangesFeed, Database, DocumentData, FeedState, Sequence } from "couchfetch";

/** What is known at one moment. Never changed: if something has, there is a new one. */
export interface Snapshot<T extends object> {
  /** By id, without design documents. Those that have not changed are the objects that they were. */
  readonly documents: readonly Readonly<DocumentData<T>>[];
  readonly feed: FeedState;
  /** What ended the feed for good. */
  readonly error?: unknown;
}

export type DocumentsStore<T extends object> = ReturnType<typeof documentsStore<T>>;

// Milliseconds that what is new waits for more: a frame, which nobody sees.
const frame = 16;

/** The documents of a database, read once, and followed by one feed while anybody listens. */
export function documentsStore<T extends object>(db: Database<T>) {
  const byId = new Map<string, DocumentData<T>>();
  const listeners = new Set<() => void>();
  let snapshot: Snapshot<T> = { documents: [], feed: { state: "connecting" } };
  let since: Sequence | undefined;
  let feed: ChangesFeed<T> | undefined;
  let isDue = false;

  function show(news: Partial<Snapshot<T>>) {
    snapshot = { ...snapshot, ...news };
    for (const listener of listeners) listener();
  }

  function showDocuments() {
    show({ documents: [...byId.values()].sort((a, b) => (a._id < b._id ? -1 : 1)) });
  }

  /** In a burst, CouchDB sends a few changes at a time: there is a snapshot a frame, not one for each. */
  function showSoon() {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      showDocuments();
    }, frame);
  }

  async function read() {
    const all = await db.allDocs.get({ include_docs: true, update_seq: true });
    since = all.update_seq; // what came after these rows, the feed brings
    for (const { data } of all.docs()) byId.set(data._id, data);
    showDocuments();
  }

  function onState(state: FeedState) {
    if (state.state !== "closed") show({ feed: state });
  }

  async function follow() {
    try {
      feed = db.changes({ feed: "continuous", since, include_docs: true, onState });
      for await (const { id, deleted, json } of feed) {
        if (take(id, deleted ? null : json.doc)) showSoon();
      }
    } catch (error) {
      show({ error });
    }
  }

  /** Whether it is new: after a lost connection, a change may come again. */
  function take(id: string, doc: DocumentData<T> | null | undefined): boolean {
    if (!doc) return byId.delete(id);
    if (id.startsWith("_design/") || byId.get(id)?._rev === doc._rev) return false;
    byId.set(id, doc);
    return true;
  }

  function subscribe(listener: () => void) {
    listeners.add(listener);
    if (!feed) void follow();
    return () => {
      listeners.delete(listener);
      // Not at once: StrictMode, or a view in the place of another, subscribes again in this turn.
      queueMicrotask(rest);
    };
  }

  /** Ends the feed if nobody listens any more. Who comes later goes on from there. */
  function rest() {
    if (listeners.size > 0 || !feed) return;
    void feed.close();
    since = feed.sequence;
    feed = undefined;
    show({ feed: { state: "connecting" } });
  }

  /** Resolves when the feed has brought another revision of a document of the snapshot, or failed. */
  function whenReplaced(document: object): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        const isShown = (snapshot.documents as object[]).includes(document);
        if (isShown && snapshot.error === undefined) return;
        stop();
        resolve();
      };
      const stop = subscribe(look);
      look();
    });
  }

  const retryNow = () => feed?.retryNow();
  return { ready: read(), subscribe, snapshot: () => snapshot, whenReplaced, retryNow };
}

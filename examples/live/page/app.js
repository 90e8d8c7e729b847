// A CouchDB database, shown and edited live by couchfetch. What is on the screen is list.js's.
import {
  basic,
  ConflictError,
  CouchDB,
  ForbiddenError,
  NetworkError,
  NotFoundError,
  TimeoutError,
  UnauthorizedError,
} from "/couchfetch.js";
import { AnimalList, describe, fieldsOf, nameOf, note } from "/list.js";

const $ = (id) => document.getElementById(id);
const { url, database, user, password } = await (await fetch("/config.json")).json();

const couch = new CouchDB(url, user ? { auth: basic(user, password) } : {});
const animals = couch.database(database);
let lookAgain = () => {};
const list = new AnimalList($("animals"), $("row"), { edit, save, remove, onCount: showCount });

// Following: read everything, then every change from there on.

async function follow() {
  showState("connecting", "connecting …");
  for (let failures = 0; ; failures += 1) {
    try {
      // The documents and, in the same answer, the point in the feed that they belong to: what is
      // changed after it comes as a change, so that nothing falls in between.
      const all = await animals.allDocs.get({ include_docs: true, update_seq: true });
      list.replace(all.docs());
      failures = 0;
      const since = all.update_seq;
      const feed = animals.changes({ feed: "continuous", since, include_docs: true, onState });
      lookAgain = () => feed.retryNow(); // it may be in a long wait between two tries
      for await (const change of feed) await apply(change);
    } catch (error) {
      if (error instanceof NotFoundError) {
        // Rows of a database that does not exist would be a lie. It may come back: keep looking.
        list.replace([]);
        showState("gone", "database gone");
      } else if (error instanceof UnauthorizedError || error instanceof ForbiddenError) {
        showState("lost", "not let in");
      } else {
        showLost(error);
      }
    }
    await pause(Math.min(10_000, 500 * 2 ** failures));
  }
}

/** The feed comes back by itself, and misses nothing: there is only to be seen how it does. */
function onState({ state, reason }) {
  if (state === "live") {
    list.quiet();
    showState("live", "live");
  } else if (state === "waiting") {
    showLost(reason);
  }
}

/** The list stays: it is the last that is known, and marked as such. */
function showLost(reason) {
  console.debug(reason);
  showState("lost", "lost – reconnecting …");
}

async function apply(change) {
  if (change.id.startsWith("_design/")) return;
  const known = list.nameOf(change.id);
  if (change.deleted) {
    if (list.remove(change.id)) tell(`${known} was deleted.`);
  } else {
    const doc = await change.doc();
    if (list.show(doc)) tell(`${nameOf(doc)} was ${known === undefined ? "added" : "changed"}.`);
  }
}

// Writing: own changes are shown at once, unless the feed was faster and has something newer.

async function add(fields) {
  const id = idFor(fields.name);
  try {
    const doc = await animals.create(id, fields);
    await doc.save();
    list.wrote(doc, undefined);
    tell(`${nameOf(doc)} was added.`);
    return true;
  } catch (error) {
    const taken = `“${list.nameOf(id) ?? id}” is in the book already: edit it instead.`;
    note($("add"), error instanceof ConflictError ? taken : explain(error, "added"));
    return false;
  }
}

/** An edit begins with the document as the server has it now; it is the edit's own copy. */
async function edit(row) {
  try {
    row.open(await animals.get(row.id));
  } catch (error) {
    row.tell(explain(error, "opened"));
  }
}

async function save(row, fields) {
  const { draft } = row;
  const before = draft.rev;
  Object.assign(draft.data, fields); // members that the form does not have stay as they are
  try {
    const saved = await draft.save(); // undefined if nothing was changed: then nothing is sent
    row.close();
    if (!saved) return;
    list.wrote(draft, before);
    tell(`${nameOf(draft)} was saved.`);
  } catch (error) {
    row.tell(error instanceof ConflictError ? await conflict(row) : explain(error, "saved"));
  }
}

/** Somebody was faster. The user is told, and decides: the next save is on top of theirs. */
async function conflict(row) {
  try {
    const theirs = await animals.get(row.id, { default: row.draft.json });
    row.draft = theirs;
    return theirs.exists
      ? `Not saved: meanwhile this became ${describe(theirs)}. Save again to replace that, or cancel to keep it.`
      : "Not saved: meanwhile this was deleted. Save again to write it anew, or cancel to let it go.";
  } catch (error) {
    return explain(error, "saved");
  }
}

async function remove(row) {
  const { doc, name } = row;
  const { rev: before, json: content } = doc;
  try {
    await doc.delete(); // of the revision on the screen: a newer one is not deleted unseen
    list.wrote(doc, before);
    tell(`${name} was deleted.`);
    offerUndo(doc, name, content);
  } catch (error) {
    const newer = "Not deleted: meanwhile it was changed. Look again, then decide.";
    row.tell(error instanceof ConflictError ? newer : explain(error, "deleted"));
  }
}

function offerUndo(doc, name, content) {
  const undo = $("undo");
  undo.textContent = `Bring back ${name}`;
  undo.hidden = false;
  undo.onclick = async () => {
    undo.hidden = true;
    Object.assign(doc.data, content); // a deleted document can be filled and saved again
    try {
      await doc.save();
      list.wrote(doc, undefined);
      tell(`${name} is back.`);
    } catch (error) {
      const taken = "Not brought back: there is a new one in its place.";
      tell(error instanceof ConflictError ? taken : explain(error, "brought back"));
    }
    list.focus(doc.id, $("add").elements.name);
  };
}

function explain(error, done) {
  if (error instanceof NetworkError || error instanceof TimeoutError) {
    return error.mayHaveHappened
      ? `The connection broke. Whether this was ${done} will show when it is back.`
      : `Not ${done}: the server cannot be reached.`;
  }
  if (error instanceof NotFoundError) {
    const { state } = $("state").dataset;
    return `Not ${done}: ${state === "gone" ? "the database is gone" : "it is not there any more"}.`;
  }
  return `Not ${done}: ${error.reason ?? error.message}`;
}

/** Ids made of names: who writes the same animal down twice is told so. */
function idFor(name) {
  const words = name.toLowerCase().match(/[\p{L}\p{N}]+/gu);
  return words?.join("-") ?? crypto.randomUUID();
}

// The rest of the page.

function showState(state, text) {
  if ($("state").textContent !== text) $("state").textContent = text; // said once, not at each try
  $("state").dataset.state = state;
  $("animals").dataset.state = state;
  $("animals").ariaBusy = String(state === "connecting");
  $("gone").hidden = state !== "gone";
  showCount();
}

function showCount() {
  const { state } = $("state").dataset;
  const isKnown = list.size > 0 || state === "live" || state === "gone";
  const count = list.size === 1 ? "1 animal" : `${list.size || "No"} animals`;
  $("count").textContent = isKnown ? count : "Animals";
  $("empty").hidden = list.size > 0 || state !== "live";
}

function tell(text) {
  $("news").textContent = text;
}

/** Waits, unless there is a reason to look at once. */
function pause(milliseconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    lookAgain = resolve;
  });
}

$("database").textContent = database;
$("server").textContent = url;
$("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  form.inert = true; // a second Enter must not add it twice
  note(form, "");
  if (await add(fieldsOf(form))) form.reset();
  form.inert = false;
  form.elements.name.focus();
});
$("create").addEventListener("click", async () => {
  try {
    await couch.create(database, { existsOk: true });
    $("add").elements.name.focus();
    lookAgain();
  } catch (error) {
    tell(explain(error, "created"));
  }
});
// The browser has noticed that the network is back. A feed that waits notices that, too.
addEventListener("online", () => lookAgain());

await follow();

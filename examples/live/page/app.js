// A CouchDB database, shown and edited live by couchfetch. What is on the screen is list.js's.
import {
  basic,
  ConflictError,
  CouchDB,
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
const list = new AnimalList($("animals"), $("row"), { edit, save, remove, onCount: showCount });
let feed;
let isCaughtUp = false;
let lookAgain = () => {};

// Following: every change so far, then each further one. The feed reconnects by itself, and misses nothing.

async function follow() {
  for (;;) {
    isCaughtUp = false;
    try {
      feed = animals.changes({ feed: "continuous", include_docs: true, onState });
      for await (const change of feed) await apply(change);
    } catch (error) {
      if (error instanceof NotFoundError) {
        // Rows of a database that does not exist would be a lie. It may come back: keep looking.
        list.clear();
        showState("gone", "database gone");
      } else {
        console.debug(error);
        showState("refused", error instanceof UnauthorizedError ? "not let in" : error.message);
      }
    }
    await pause(2_000);
  }
}

function onState({ state, pending, caughtUp, attempt, reason }) {
  if (caughtUp) isCaughtUp = true;
  if (state === "catchingUp") {
    showState(state, "catching up …", pending === undefined ? "" : `${pending} left`);
  } else if (state === "live") {
    list.quiet();
    showState(state, "live");
  } else if (state === "waiting") {
    console.debug(reason);
    // The list stays: it is the last that is known, and marked as such.
    showState(state, "reconnecting …", `attempt ${attempt}`);
  }
}

async function apply(change) {
  if (change.id.startsWith("_design/")) return;
  const known = list.nameOf(change.id);
  if (change.deleted) {
    if (list.remove(change.id)) tell(`${known} was deleted.`);
  } else {
    const doc = await change.doc();
    const isNew = list.show(doc, { flash: isCaughtUp }) && isCaughtUp;
    if (isNew) tell(`${nameOf(doc)} was ${known === undefined ? "added" : "changed"}.`);
  }
}

// Writing: own changes are shown at once, unless the feed was faster and has something newer.

async function add(fields) {
  const id = idFor(fields.name);
  try {
    // Asks whether the id is taken: a browser does not say whether a lost write has left, so a read goes first.
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

/** @param detail - what changes while the state does not: it is not read aloud */
function showState(state, text, detail = "") {
  if ($("state").textContent !== text) $("state").textContent = text;
  $("detail").textContent = detail;
  $("state").dataset.state = state;
  $("animals").dataset.state = state;
  $("animals").ariaBusy = String(state === "catchingUp");
  $("gone").hidden = state !== "gone";
  const hadFocus = document.activeElement === $("retry");
  $("retry").hidden = state !== "waiting";
  if (hadFocus && $("retry").hidden) $("add").elements.name.focus();
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
$("retry").addEventListener("click", () => feed.retryNow());

await follow();

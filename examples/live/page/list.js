// The rows on the screen. Nothing here knows of CouchDB; text of documents is only ever text.

export const nameOf = ({ id, data }) => String(data.name || id);
export const describe = (doc) => [`“${nameOf(doc)}”`, legsOf(doc)].filter(Boolean).join(", ");

/** What the user wrote into a form. */
export function fieldsOf({ elements }) {
  return { name: elements.name.value.trim(), legs: elements.legs.valueAsNumber };
}

/** Says something within an element, or nothing. */
export function note(element, text) {
  const paragraph = element.querySelector(".note");
  paragraph.textContent = text;
  paragraph.hidden = text === "";
}

function legsOf({ data: { legs } }) {
  if (!Number.isFinite(legs)) return "";
  return legs === 1 ? "1 leg" : `${legs || "no"} legs`;
}

export class AnimalList {
  #rows = new Map();
  #element;
  #template;
  #actions;

  /** @param actions - what happens on a row's `edit`, `save` and `remove`, and when the count changes */
  constructor(element, template, actions) {
    this.#element = element;
    this.#template = template;
    this.#actions = actions;
  }

  get size() {
    return this.#rows.size;
  }

  nameOf(id) {
    return this.#rows.get(id)?.name;
  }

  clear() {
    for (const id of this.#rows.keys()) this.remove(id);
  }

  /** What was said of failures is over, save to those who are editing. */
  quiet() {
    for (const row of this.#rows.values()) if (!row.draft) row.tell("");
  }

  /** Shows a document in its place; true if that is news. */
  show(doc, { flash = true } = {}) {
    let row = this.#rows.get(doc.id);
    if (row && !row.gone && row.rev === doc.rev) return false;
    if (!row) {
      row = new Row(this.#template, this.#actions, () => this.#drop(row));
      // By id, which no edit changes: lines do not jump while they are read.
      const next = [...this.#rows.values()].filter(({ id }) => id > doc.id);
      next.sort((a, b) => (a.id < b.id ? -1 : 1));
      this.#element.insertBefore(row.element, next[0]?.element ?? null);
      this.#rows.set(doc.id, row);
    }
    row.show(doc, flash);
    this.#actions.onCount();
    return true;
  }

  /** Removes a row; true if there was one. One that is being edited stays until that ends. */
  remove(id) {
    const row = this.#rows.get(id);
    if (!row || row.gone) return false;
    if (!row.draft) this.#drop(row);
    else row.markGone();
    return true;
  }

  /** Shows what became of an own write, if the list still shows the revision `before` it. */
  wrote(doc, before) {
    const row = this.#rows.get(doc.id);
    const shown = row?.gone ? undefined : row?.rev;
    if (shown !== before) return;
    if (doc.exists) this.show(doc);
    else this.remove(doc.id);
  }

  focus(id, otherwise) {
    const row = this.#rows.get(id);
    if (row) row.focus();
    else otherwise.focus();
  }

  #drop({ id, element }) {
    const next = element.nextElementSibling ?? element.previousElementSibling;
    const hadFocus = element.contains(document.activeElement);
    element.remove();
    this.#rows.delete(id);
    // Whoever works with the keyboard goes on from here, not from the top of the page.
    if (hadFocus) this.focus(next?.dataset.id, document.querySelector("#add input"));
    this.#actions.onCount();
  }
}

class Row {
  /** The document, and what the screen shows of it: whoever deletes the document empties it. */
  doc;
  name;
  rev;
  /** What is being edited, as it was when that began. */
  draft;
  /** Whether the document was deleted while it is edited. */
  gone = false;
  #form;
  #busy = false;
  #drop;

  constructor(template, actions, drop) {
    this.#drop = drop;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.#form = this.#find("form");
    this.#find(".edit").addEventListener("click", () => this.#run(() => actions.edit(this)));
    this.#find(".delete").addEventListener("click", () => this.#run(() => actions.remove(this)));
    this.#find(".cancel").addEventListener("click", () => this.#cancel());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run(() => actions.save(this, fieldsOf(this.#form)));
    });
    this.#form.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) this.#cancel();
    });
  }

  get id() {
    return this.doc.id;
  }

  show(doc, flash) {
    this.doc = doc;
    this.name = nameOf(doc);
    this.rev = doc.rev;
    this.gone = false;
    this.element.dataset.id = doc.id;
    const { legs } = doc.data;
    this.element.style.setProperty("--legs", Number.isFinite(legs) ? legs : 0);
    this.#find(".tally").classList.toggle("many", legs > 8);
    this.#find(".name").textContent = this.name;
    this.#find(".legs").textContent = legsOf(doc);
    this.#find(".id").textContent = doc.id;
    this.#find(".rev").textContent = doc.rev.slice(0, doc.rev.indexOf("-") + 5);
    this.#find(".rev").title = `revision ${doc.rev}`;
    this.#find(".edit").ariaLabel = `Edit ${this.name}`;
    this.#find(".delete").ariaLabel = `Delete ${this.name}`;
    // A save under way finds out by itself; its own change may come back before its answer does.
    if (this.draft && !this.#busy) this.tell(`Meanwhile this became ${describe(doc)}.`);
    this.element.classList.remove("flash");
    if (flash) requestAnimationFrame(() => this.element.classList.add("flash"));
  }

  markGone() {
    this.gone = true;
    if (!this.#busy) this.tell("Meanwhile this was deleted.");
  }

  open(draft) {
    const { name, legs } = this.#form.elements;
    this.draft = draft;
    name.value = nameOf(draft);
    legs.value = draft.data.legs ?? "";
    this.#edits(true);
    name.select();
  }

  close() {
    this.draft = undefined;
    const hadFocus = this.#form.contains(document.activeElement);
    this.#edits(false);
    if (hadFocus) this.focus();
    if (this.gone) this.#drop();
  }

  focus() {
    if (this.draft) this.#form.elements.name.focus();
    else this.#find(".edit").focus();
  }

  tell(text) {
    note(this.element, text);
  }

  #cancel() {
    if (!this.#busy) this.close(); // what is being sent cannot be called back
  }

  #edits(editing) {
    this.#form.hidden = !editing;
    this.#find(".view").hidden = editing;
    this.tell("");
  }

  /** One thing at a time: a second Enter must not save against the first. */
  async #run(action) {
    if (this.#busy) return;
    this.#busy = true;
    this.tell("");
    try {
      await action();
    } finally {
      this.#busy = false;
    }
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}

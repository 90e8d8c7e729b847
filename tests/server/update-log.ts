import { formatSequence, parseSequence } from "./sequences.js";

type Type = "created" | "updated" | "deleted";

/** CouchDB's own list of databases, which changes with each that comes or goes. */
const DATABASES = "_dbs";

/** What has happened to the databases of a server: of each kind, and to each database, the latest. */
export class UpdateLog {
  readonly #incarnation: string;
  /** The sequence of each kind of update, by `type:name`, oldest first. */
  readonly #latest = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #sequence = 0;

  constructor(incarnation: string) {
    this.#incarnation = incarnation;
  }

  get sequence(): number {
    return this.#sequence;
  }

  note(type: Type, name: string): void {
    const key = `${type}:${name}`;
    this.#sequence++;
    this.#latest.delete(key);
    this.#latest.set(key, this.#sequence);
    if (type !== "updated") this.note("updated", DATABASES);
    else for (const listener of this.#listeners) listener();
  }

  after(since: number): { seq: number; type: string; name: string }[] {
    const rows = [...this.#latest].filter(([, seq]) => seq > since);
    return rows.map(([key, seq]) => {
      const [, type = "", name = ""] = /^(\w+):(.*)$/s.exec(key) ?? [];
      return { seq, type, name };
    });
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  format(seq: number): string {
    return formatSequence(this.#incarnation, seq);
  }

  parse(text: string): number {
    return text === "now" ? this.#sequence : parseSequence(this.#incarnation, text);
  }
}

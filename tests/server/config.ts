/** A configuration: values as text, by section and key. */
export type ConfigData = Record<string, Record<string, string>>;

/**
 * The node's configuration. CouchDB keeps any value; these have an effect here: `chttpd/enable_cors`, those of
 * `cors`,, `cors:host`, and `chttpd_auth/same_site`.
 */
export class Config {
  readonly #sections = new Map<string, Map<string, string>>();

  constructor(initial: ConfigData) {
    for (const [section, values] of Object.entries(initial)) {
      this.#sections.set(section, new Map(Object.entries(values)));
    }
  }

  get(section: string, key: string): string | undefined {
    return this.#sections.get(section)?.get(key);
  }

  section(name: string): Record<string, string> {
    return Object.fromEntries(this.#sections.get(name) ?? []);
  }

  all(): ConfigData {
    const names = [...this.#sections.keys()].filter((name) => this.#sections.get(name)?.size);
    return Object.fromEntries(names.map((name) => [name, this.section(name)]));
  }

  /** Sets a value, or deletes it; the result is the value before. */
  set(section: string, key: string, value: string | undefined): string | undefined {
    const values = this.#sections.get(section) ?? new Map<string, string>();
    const before = values.get(key);
    if (value === undefined) values.delete(key);
    else this.#sections.set(section, values.set(key, value));
    return before;
  }
}

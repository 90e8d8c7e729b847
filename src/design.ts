import { Document } from "./document.js";
import { Documents } from "./documents.js";
import { pathIn } from "./transport/paths.js";
import type { Scope } from "./transport/transport.js";
import type {
  DesignData,
  DocumentData,
  JsonObject,
  OperationOptions,
  ViewDefinition,
} from "./types.js";
import type { View } from "./view.js";

const members =
  /^(_.*|language|options|views|filters|updates|validate_doc_update|autoupdate|indexes|nouveau|lib|lists|shows|rewrites)$/;

/**
 * A design document: the views, filters and rules of a database.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html
 */
export class DesignDocument<T extends object = JsonObject> extends Document<DesignData> {
  readonly #scope: Scope;

  /** @internal */
  constructor(scope: Scope, name: string) {
    super(scope, `_design/${name.replace(/^_design\//, "")}`, {});
    this.#scope = scope;
  }

  /** A view of this design document. No request. */
  view<K = unknown, V = unknown>(name: string): View<K, V, T> {
    return new Documents<T>(this.#scope).view(this.id.slice("_design/".length), name);
  }

  /**
   * Defines a view, and saves the design document.
   *
   * @param options - `map`, `reduce`: the text of JavaScript functions, or a built-in reduce's name;
   * `existsOk`: replace a view of this name
   * @throws ConflictError if there is a view of this name, unless `existsOk`; and if the server has
   * another revision. The view is not part of this object then
   * @see https://docs.couchdb.org/en/stable/ddocs/views/intro.html
   */
  async createView<K = unknown, V = unknown>(
    name: string,
    {
      existsOk = false,
      signal,
      ...definition
    }: ViewDefinition & OperationOptions & { existsOk?: boolean | undefined },
  ): Promise<View<K, V, T>> {
    if (typeof definition.map !== "string")
      throw new TypeError("A view's map is a function's text");
    const view = this.view<K, V>(name);
    const { views = {}, language } = this.data;
    const before = { views: this.data.views, language };
    if (Object.hasOwn(views, name) && !existsOk) {
      const reason = `the view ${JSON.stringify(name)} exists already`;
      throw this.#scope.transport.conflict("PUT", pathIn(this.#scope, this.id), reason);
    }
    // In this way, even a view named __proto__ is a member like others.
    Object.assign(this.data, {
      views: { ...views, [name]: definition },
      language: language ?? "javascript",
    });
    try {
      await this.save({ signal });
    } catch (error) {
      // Undefined is left out where JSON is made of it.
      Object.assign(this.data, before);
      throw error;
    }
    return view;
  }

  /** @throws TypeError for a member that a design document does not have */
  protected override check(data: DocumentData<DesignData>, original: () => object): void {
    const stranger = Object.keys(data).find(
      (name) => !members.test(name) && !Object.hasOwn(original(), name),
    );
    if (stranger)
      throw new TypeError(`A design document has no member ${JSON.stringify(stranger)}`);
  }
}

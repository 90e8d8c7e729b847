import type { CollectionConfig } from "@tanstack/db";
import type { DocumentData } from "../../shared/types.js";
import type { LiveOptions, LiveQuery } from "../live/types.js";

type Config<T extends object> = CollectionConfig<DocumentData<T>, string>;

/** Which documents are in a collection, and TanStack DB's own options. */
export interface CollectionChoice<T extends object, S extends object>
  extends Pick<LiveOptions<S>, "prefix" | "ids" | "selector" | "tabs">,
    Pick<
      Config<T>,
      | "id"
      | "gcTime"
      | "startSync"
      | "autoIndex"
      | "defaultIndexType"
      | "compare"
      | "defaultStringCollation"
    > {}

/** What `createCollection` of TanStack DB takes. */
export interface CouchCollectionConfig<T extends object>
  extends Omit<Config<T>, "utils" | "schema" | "singleResult"> {
  schema?: never;
  utils: {
    /** The live query that the collection shows. The status of its `current` is that of the connection. */
    query: LiveQuery<DocumentData<T>>;
  };
}

/**
 * Recordings that the embedded server does not answer as CouchDB did, and why. The test sends
 * them all the same: one that comes to match has to leave this table.
 */
const PARTITIONS = "partition queries are not served";
const NUMBERS = "numbers are kept as doubles";

export const NOT_REPLAYED: Record<string, string> = {
  "doc-big-number-get": NUMBERS,
  "design-info": "the sizes and signatures of CouchDB's index files are not imitated",
  "design-update-handler": "update functions are deprecated, and not served",
  explain: "CouchDB's query planner is not imitated in its every detail",
  "partition-info": PARTITIONS,
  "partition-all-docs": PARTITIONS,
  "partition-find": PARTITIONS,
  "replicate-one-shot": "_replicate is not served",
  "server-not-json-404": "the web interface is not served",
};

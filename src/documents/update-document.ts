import { argumentError, checkLeast, checkOptions, limitsOf } from "../shared/arguments.js";
import { ConflictError } from "../shared/errors.js";
import { atRevision, isLike, replacement } from "../shared/json-equal.js";
import type { DocumentData } from "../shared/types.js";
import { enqueueReplacing } from "./call-queue.js";
import type { UpdateOptions } from "./document-options.js";
import type { DocumentState, Original } from "./document-state.js";
import { unlessMissing } from "./missing.js";
import { type JsonDocument, readDocument, validateRead, validateWrite } from "./read-document.js";
import { putDocument } from "./save-document.js";

/** A function that changes a document's data, or returns a replacement. */
export type Mutate<T extends object> = (
  data: DocumentData<T>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is the usual one
) => T | void | Promise<T | void>;

/** Read, change and save a document, and start again if another save comes first. */
export async function updateDocument<T extends object>(
  state: DocumentState<T>,
  mutate: Mutate<T>,
  options: UpdateOptions,
): Promise<void> {
  checkOptions(options, "attempts idempotent token");
  const { attempts = 10, token } = options;
  checkLeast("attempts", attempts, 1);
  if (token !== undefined && (typeof token !== "string" || token.startsWith("_")))
    throw argumentError("token", "the name of a member of your own", token);
  // The data of a copy that was never saved is the document's, if that does not exist.
  const replacing = { ...limitsOf(options), discardChanges: state.isNew };
  return enqueueReplacing(state, "PUT", replacing, async (isChanged) => {
    for (let attempt = 1; ; attempt += 1) {
      const conflict = await tryToUpdate(state, mutate, options, isChanged);
      if (!conflict) return;
      if (attempt >= attempts) throw conflict;
      // Callers that lost the same race must not retry at the same time.
      await state.context.client.during(options, (operation) =>
        operation.sleep(Math.random() * 20 * attempt),
      );
    }
  });
}

/**
 * Update a document once. Returns the conflict with another save, if any. After a lost response, the revision
 * that follows the one that was read decides:
 *
 * | it has | plain | `idempotent` | `token` |
 * |---|---|---|---|
 * | the same content | unknown: another client may have computed it | done | done: no other has the token |
 * | other content | conflict; in a cluster unknown | the same | the same |
 * | not been found, or cannot be read | unknown | unknown | unknown |
 *
 * After a conflict, nothing of ours is in the document, and `mutate` can be called again.
 */
async function tryToUpdate<T extends object>(
  state: DocumentState<T>,
  mutate: Mutate<T>,
  limits: UpdateOptions,
  isChanged: () => boolean,
): Promise<ConflictError | undefined> {
  const { idempotent, token } = limits;
  const { client, codec } = state.context;
  const { json } = client;
  const reading = readDocument(state, limits, {}) as Promise<JsonDocument<T>>;
  const read = await (state.isNew ? unlessMissing(reading) : reading);
  const draft = read ? await validateRead(state.context, read.value, limits) : state.snapshot()();
  state.isInCallback = true;
  const calling = client.during(limits, () => mutate(draft));
  const mutated = await calling.finally(() => {
    state.isInCallback = false;
  });
  const data = replacement<T>(draft, mutated);
  let original: Original | undefined = read && (() => json.parse(read.text));
  let was = read && (codec?.madeOf(draft) ?? original);
  const isMade = was !== original;
  if (!was || !isLike(json, data, was())) {
    if (token !== undefined)
      Reflect.set(data, token, crypto.getRandomValues(new Uint32Array(4)).join("-"));
    const { body, known } = state.written(data, original, was);
    await validateWrite(state.context, body, limits);
    try {
      const isSure = idempotent || token !== undefined;
      const { rev } = await putDocument(state, body, limits, () => isSure || undefined);
      [original, was] = known(rev);
      atRevision(data, rev);
    } catch (error) {
      if (error instanceof ConflictError) return error;
      throw error;
    }
  }
  // Changes that were made meanwhile are kept; saving them will conflict.
  if (isChanged()) return undefined;
  // The output of a schema may not be JSON.
  state.replace(isMade ? data : (original?.() as object), original, was);
  return undefined;
}

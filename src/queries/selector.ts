import type { JsonObject } from "../shared/types.js";

/** Whether the members of a type are unknown: those of JsonObject are `any`. */
type IsFree<T> = string extends keyof T ? true : false;

/** JSON values that are not objects, or that Mango compares as a whole. */
type Whole = string | number | bigint | boolean | null | undefined | readonly unknown[];

/** The names of the members of all types of a union. */
type KeysOf<T> = T extends unknown ? Extract<keyof T, string> : never;

/** The type of a member, in all types of a union that have it. */
type MemberOf<T, K extends string> = T extends unknown
  ? K extends keyof T
    ? Exclude<T[K], undefined>
    : never
  : never;

// The depth of paths with dots: document types may be recursive.
type Shallower = [never, 0, 1, 2, 3];

/** The fields of documents: members, and members of members with dots. Any text if the type is unknown. */
export type Field<T, Depth extends number = 4> =
  IsFree<T> extends true
    ? string
    : {
        [K in KeysOf<T>]:
          | K
          | (Depth extends 0
              ? never
              : Extract<MemberOf<T, K>, object> extends infer Inner
                ? [Inner] extends [never]
                  ? never
                  : Inner extends Whole
                    ? never
                    : `${K}.${Field<Inner, Shallower[Depth]>}`
                : never);
      }[KeysOf<T>];

/** The type of a field. */
type FieldValue<T, F extends string> =
  IsFree<T> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: nothing is known of it
      any
    : F extends KeysOf<T>
      ? MemberOf<T, F>
      : F extends `${infer K}.${infer Rest}`
        ? FieldValue<Extract<MemberOf<T, K>, object>, Rest>
        : never;

type TypeName = "null" | "boolean" | "number" | "string" | "array" | "object";

/** Operators for any value. Mango sorts null before all others. */
interface AnyOperators<V> {
  $eq?: V | null;
  $ne?: V | null;
  $lt?: V | null;
  $lte?: V | null;
  $gt?: V | null;
  $gte?: V | null;
  $in?: readonly (V | null)[];
  $nin?: readonly (V | null)[];
  $exists?: boolean;
  $type?: TypeName;
  $not?: Condition<V>;
  $and?: readonly Condition<V>[];
  $or?: readonly Condition<V>[];
  $nor?: readonly Condition<V>[];
}

interface TextOperators {
  $regex?: string;
  $beginsWith?: string;
}

interface NumberOperators {
  /** Divisor and remainder. */
  $mod?: readonly [number, number];
}

interface ArrayOperators<E> {
  $size?: number;
  $all?: readonly E[];
  $elemMatch?: Condition<E>;
  $allMatch?: Condition<E>;
}

interface ObjectOperators {
  $keyMapMatch?: Condition<string>;
}

/** The operators for a type. */
type OperatorsOf<V> = AnyOperators<V> &
  (Extract<V, string> extends never ? unknown : TextOperators) &
  (Extract<V, number | bigint> extends never ? unknown : NumberOperators) &
  (Extract<V, readonly unknown[]> extends never
    ? unknown
    : ArrayOperators<Extract<V, readonly unknown[]>[number]>) &
  (Exclude<Extract<V, object>, readonly unknown[]> extends never ? unknown : ObjectOperators);

/** A value to equal, operators or, for an object, conditions of its members. */
export type Condition<V> =
  | Extract<V, Whole>
  | null
  | OperatorsOf<V>
  | (Exclude<Extract<V, object>, Whole> extends infer Inner
      ? [Inner] extends [never]
        ? never
        : FieldConditions<Inner>
      : never);

type FieldConditions<T> = { [F in Field<T>]?: Condition<FieldValue<T, F>> };

/** Combinations of conditions. */
interface Combinations<T extends object> {
  $and?: readonly Selector<T>[];
  $or?: readonly Selector<T>[];
  $nor?: readonly Selector<T>[];
  $not?: Selector<T>;
  /** For partial indexes and text searches. */
  $text?: string;
}

/** Members of CouchDB that a selector can use. */
interface Known {
  _id: string;
  _rev: string;
  _attachments: JsonObject;
}

/** Not the `{ selector }` that other libraries take. To select by a field of this name, put it into `$and`. */
interface Unwrapped {
  selector?: Whole;
}

/**
 * A Mango selector. It is typed by the fields of the documents and the operators for each; if their type is
 * unknown, it can be any object.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#selector-syntax
 */
export type Selector<T extends object = JsonObject> =
  IsFree<T> extends true ? JsonObject & Unwrapped : Combinations<T> & FieldConditions<T & Known>;

/** The fields that a query can return. */
export type QueryField<T extends object> = Field<T & Known>;

/** A document reduced to some fields. Optional members may be missing. */
export type Picked<T extends object, F extends string> =
  IsFree<T> extends true
    ? JsonObject
    : T extends unknown
      ? Flat<UnionToIntersection<PickOne<T & Known, F>>>
      : never;

type PickOne<T, F extends string> = F extends keyof T
  ? Pick<T, F>
  : F extends `${infer K}.${infer Rest}`
    ? K extends keyof T
      ? undefined extends T[K]
        ? { [P in K]?: PickOne<Extract<T[K], object>, Rest> }
        : { [P in K]: PickOne<Extract<T[K], object>, Rest> }
      : unknown
    : unknown;

type UnionToIntersection<U> = (U extends unknown ? (each: U) => void : never) extends (
  all: infer I,
) => void
  ? I
  : never;

type Flat<T> = { [K in keyof T]: T[K] };

export { standardSchema } from "./features/schema/standard-schema.js";
export type {
  SchemaInput,
  SchemaOptions,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from "./features/schema/types.js";
export { type SchemaIssue, ValidationError } from "./features/schema/validation-error.js";

import { z } from "zod";
import { routerConfigSchema } from "./router-config.ts";

/** A value that reads the environment; what it holds is checked when the router starts. */
const VARIABLE = { type: "string", pattern: "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\\}" };
const SIMPLE_TYPES = new Set(["integer", "number", "boolean"]);

/** The JSON Schema of router.yaml as it is written, before variables are expanded: for editors and other tools. */
export function routerConfigJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(routerConfigSchema, {
    io: "input",
    override({ zodSchema, jsonSchema }) {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.format === "starts_with") delete jsonSchema.format; // no format that JSON Schema knows
      if (jsonSchema.default !== undefined && Object.keys(Object(jsonSchema.default)).length === 0) {
        if (typeof jsonSchema.default === "object") delete jsonSchema.default; // says nothing: each field has its own
      }
      const isSimple = SIMPLE_TYPES.has(String(jsonSchema.type)) || jsonSchema.enum !== undefined;
      const isList = jsonSchema.type === "array" && zodSchema._zod.def.type === "pipe";
      if (!isSimple && !isList) return;
      const { description, default: fallback, ...own } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      Object.assign(jsonSchema, {
        ...(description !== undefined && { description }),
        ...(fallback !== undefined && { default: fallback }),
        anyOf: [own, isList ? { type: "string" } : VARIABLE],
      });
    },
  });
}

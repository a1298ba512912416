import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";

/** What a value is: what it holds, or why it does not fit its topic's schema. */
export type Validation = { ok: true; value: unknown } | { ok: false; reason: string };

const validators = new Map<string, ValidateFunction>();

/** Parses a value and checks it against the schema of its topic. */
export function validateValue(topic: string, text: string): Validation {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: "the value is not JSON" };
  }
  const validate = validatorOf(topic);
  if (validate(value)) return { ok: true, value };
  const error = validate.errors?.[0];
  return { ok: false, reason: `${error?.instancePath || "the value"} ${error?.message ?? "does not fit the schema"}` };
}

function validatorOf(topic: string): ValidateFunction {
  let validate = validators.get(topic);
  if (validate === undefined) {
    const schema = JSON.parse(readFileSync(new URL(`../schemas/${topic}.json`, import.meta.url), "utf8")) as object;
    validate = new Ajv({ strict: true, strictTypes: false }).compile(schema);
    validators.set(topic, validate);
  }
  return validate;
}

import { CodedError } from "@mib/service/coded-error";

/** A whole number within its bounds, both included, else BAD_USER_INPUT. */
export function within(name: string, value: number | null | undefined, least: number, most: number): number {
  if (value == null || value < least || value > most)
    throw new CodedError("BAD_USER_INPUT", `\`${name}\` must be between ${least} and ${most}.`, { argument: name });
  return value;
}

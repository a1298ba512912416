import { CodedError } from "@mib/service/coded-error";

/** Checks an argument `first`: from 1 to `max`, else BAD_USER_INPUT. */
export function pageSize(first: number | null | undefined, max = 200): number {
  if (first == null || first < 1 || first > max)
    throw new CodedError("BAD_USER_INPUT", `\`first\` must be between 1 and ${max}.`);
  return first;
}

import type { CallerIdentity } from "@mib/identity/caller-identity";
import { requireScope } from "@mib/identity/require-scope";
import { CodedError } from "@mib/service/coded-error";
import type { StreamedField } from "../operation/federation.ts";
import { parseChannelTemplate, type ChannelPart } from "../supergraph/channel-template.ts";
import { parseStreamFilter } from "../supergraph/stream-filter.ts";
import type { ResolvedFilter } from "./filter-index.ts";

/** Where a subscription's events come from, for given arguments and a given caller. */
export interface StreamAddress {
  channels: readonly string[];
  filters: readonly ResolvedFilter[];
}

/**
 * Fills in the templates of a streamed field. Throws UNAUTHENTICATED when one needs to know the caller and nobody is
 * known, FORBIDDEN for an API key without the field's scope, BAD_USER_INPUT when an argument that names the channel is null, and SUBSCRIPTION_LIMIT_EXCEEDED.
 */
export function addressStream(
  streamed: Pick<StreamedField, "channel" | "filter" | "scope">,
  {
    args,
    identity,
    channelsMax,
  }: { args: Readonly<Record<string, unknown>>; identity: CallerIdentity; channelsMax: number },
): StreamAddress {
  if (streamed.scope !== null) requireScope(identity, streamed.scope);
  const channels = fillTemplate(parseChannelTemplate(streamed.channel), args, claimsOf(identity));
  if (channels.length > channelsMax) {
    throw new CodedError(
      "SUBSCRIPTION_LIMIT_EXCEEDED",
      `A subscription may have ${channelsMax} channels; this one asks for ${channels.length}.`,
    );
  }
  const filters = streamed.filter.map((text) => {
    const { path, argument } = parseStreamFilter(text);
    const value = args[argument] ?? null;
    return { path, values: value === null ? null : new Set((Array.isArray(value) ? value : [value]).map(String)) };
  });
  return { channels, filters };
}

/** A list makes one channel per element; a channel that is named twice is one. */
function fillTemplate(
  parts: readonly ChannelPart[],
  args: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, string | null>>,
): string[] {
  let names = [""];
  for (const part of parts) {
    if ("text" in part) {
      names = names.map((name) => name + part.text);
      continue;
    }
    const value = part.from === "claims" ? (claims[part.name] ?? null) : (args[part.name] ?? null);
    if (value === null && part.from === "claims") throw new CodedError("UNAUTHENTICATED");
    if (value === null)
      throw new CodedError(
        "BAD_USER_INPUT",
        `The argument "${part.name}" must not be null: it names the stream's channel.`,
      );
    const values = Array.isArray(value) ? value.filter((each) => each !== null) : [value];
    names = names.flatMap((name) => values.map((each) => name + String(each)));
  }
  return [...new Set(names)];
}

function claimsOf({ subject, sessionId }: CallerIdentity): Record<string, string | null> {
  return { sub: subject, sid: sessionId };
}

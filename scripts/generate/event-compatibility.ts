interface Definition {
  type?: string;
  enum?: string[];
  required?: string[];
  properties?: Record<string, object>;
}

interface EventSchema {
  $ref: string;
  definitions: Record<string, Definition>;
}

/**
 * What of a changed event schema would break somebody, a sentence each; empty when nothing would. Events written by either
 * version must validate against the other: consumers are updated one by one, and Kafka keeps old events. So a field may be
 * added when it is nullable, or removed when it was; everything else needs a new version of the topic.
 */
export function eventSchemaBreaks(before: EventSchema, after: EventSchema): string[] {
  if (before.$ref !== after.$ref) return [`the value was ${nameOf(before.$ref)} and is ${nameOf(after.$ref)}`];
  return Object.entries(before.definitions).flatMap(([name, old]) => {
    const now = after.definitions[name];
    // A type that nothing refers to any more: the field that referred to it is judged where it stands.
    return now === undefined ? [] : definitionBreaks(name, old, now);
  });
}

function definitionBreaks(name: string, old: Definition, now: Definition): string[] {
  if (old.enum !== undefined || now.enum !== undefined) {
    const [was, is] = [new Set(old.enum), new Set(now.enum)];
    return [
      ...[...is]
        .filter((value) => !was.has(value))
        .map((value) => `${name}.${value} is new: older consumers refuse it`),
      ...[...was].filter((value) => !is.has(value)).map((value) => `${name}.${value} is gone: older events have it`),
    ];
  }
  const [required, nowRequired] = [new Set(old.required), new Set(now.required)];
  const [properties, nowProperties] = [old.properties ?? {}, now.properties ?? {}];
  const breaks: string[] = [];
  for (const field of new Set([...Object.keys(properties), ...Object.keys(nowProperties)])) {
    const place = `${name}.${field}`;
    const [was, is] = [properties[field], nowProperties[field]];
    if (was === undefined) {
      if (nowRequired.has(field)) breaks.push(`${place} is new and not nullable: older events lack it`);
    } else if (is === undefined) {
      if (required.has(field)) breaks.push(`${place} is gone: older consumers need it`);
    } else if (required.has(field) !== nowRequired.has(field)) {
      breaks.push(
        required.has(field)
          ? `${place} has become nullable: older consumers refuse null`
          : `${place} is not nullable any more: older events have null`,
      );
    } else if (JSON.stringify(was) !== JSON.stringify(is)) breaks.push(`${place} has another type`);
  }
  return breaks;
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

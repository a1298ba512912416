import { isEnumType, type GraphQLLeafType } from "graphql";

/**
 * Code of an expression that turns the value in `value` into JSON text, or undefined when it is none of the type. Strings of an
 * execution `c` whose data is clean need no escaping. `bind` makes a constant known to the code and returns its name.
 */
export function leafExpression(type: GraphQLLeafType, value: string, bind: (constant: unknown) => string): string {
  const text = `(c.clean?'"'+${value}+'"':quoteText(${value}))`;
  const isString = `typeof ${value}==="string"`;
  if (isEnumType(type)) {
    const texts = bind(new Map(type.getValues().map(({ name }) => [name, `"${name}"`])));
    return `${texts}.get(${value})`;
  }
  switch (type.name) {
    case "String":
      return `${isString}?${text}:undefined`;
    case "ID":
      return `${isString}?${text}:Number.isInteger(${value})?'"'+${value}+'"':undefined`;
    case "Int":
      return `typeof ${value}==="number"&&(${value}|0)===${value}?""+${value}:undefined`;
    case "Float":
      return `typeof ${value}==="number"&&Number.isFinite(${value})?""+${value}:undefined`;
    case "Boolean":
      return `${value}===true?"true":${value}===false?"false":undefined`;
    default: // a scalar of the schema's own: whatever the subgraph says
      return `${isString}?${text}:${value}===null||${value}===undefined?undefined:JSON.stringify(${value})`;
  }
}

// oxlint-disable-next-line no-control-regex -- they are what JSON does not allow in a string
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A string as JSON. */
export function quoteText(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

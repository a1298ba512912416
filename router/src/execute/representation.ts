import type { GraphQLSchema } from "graphql";
import type { RequiredSelection, Rewrite } from "../plan/fetch-plan.ts";
import { evaluateOnce, propertyOf, quote } from "./compile-function.ts";
import { isDataObject, type DataObject } from "./execution.ts";
import { matchesTypeCondition, typeOfStep } from "./type-condition.ts";

type SetRewrite = Extract<Rewrite, { kind: "set" }>;
type Quote = (text: string) => string;

/** Adds an entity's representation to a list, once per distinct one. The index, or -1 when the entity lacks an input. */
export type AddEntity = (entity: DataObject) => number;
/** Makes the adder for one request: `texts` is the list, `quoteText` writes a string as JSON. */
export type EntityAdder = (texts: string[], quoteText: Quote) => AddEntity;

/** Compiles the adders of one list of representations, one per `__typename` that turns up. */
export class Representations {
  readonly #schema: GraphQLSchema;
  readonly #requires: readonly RequiredSelection[];
  readonly #rewrites: readonly SetRewrite[];
  readonly #adders = new Map<string, EntityAdder | null>();

  constructor(schema: GraphQLSchema, requires: readonly RequiredSelection[], rewrites: readonly Rewrite[]) {
    this.#schema = schema;
    this.#requires = requires;
    this.#rewrites = rewrites.filter((rewrite) => rewrite.kind === "set");
  }

  /** Null when entities of this type are none of the fetch's business. */
  adderFor(typename: string): EntityAdder | null {
    let adder = this.#adders.get(typename);
    if (adder === undefined) {
      adder = this.#schema.getType(typename) ? this.#compile(typename) : null;
      if (this.#schema.getType(typename)) this.#adders.set(typename, adder);
    }
    return adder;
  }

  #compile(typename: string): EntityAdder | null {
    const fields = fieldsFor(this.#schema, this.#requires, typename);
    if (!fields.has("__typename")) return null;
    const rewrites = rewritesFor(this.#schema, this.#rewrites, typename);
    const isFlat = [...fields.values()].every((field) => field.selections === null);
    return isFlat ? compileFlat(fields, rewrites, typename) : compileNested(this.#schema, fields, rewrites, typename);
  }
}

interface RequiredField {
  read: string;
  selections: RequiredSelection[] | null;
}

/** The fields to send for a type, by the name that they are sent under. */
function fieldsFor(
  schema: GraphQLSchema,
  selections: readonly RequiredSelection[],
  typename: string | null,
): Map<string, RequiredField> {
  const fields = new Map<string, RequiredField>();
  const collect = (level: readonly RequiredSelection[]) => {
    for (const selection of level) {
      if (selection.kind === "fragment") {
        if (typename !== null && matchesTypeCondition(schema, typename, selection.on)) collect(selection.selections);
        continue;
      }
      const known = fields.get(selection.write);
      if (known?.selections && selection.selections) known.selections.push(...selection.selections);
      else if (!known)
        fields.set(selection.write, {
          read: selection.read,
          selections: selection.selections && [...selection.selections],
        });
    }
  };
  collect(selections);
  return fields;
}

/** The rewrites that apply to an object of a type, with the conditions on that type taken off their paths. */
function rewritesFor(schema: GraphQLSchema, rewrites: readonly SetRewrite[], typename: string | null): SetRewrite[] {
  return rewrites.flatMap((rewrite): SetRewrite[] => {
    const condition = rewrite.path[0] === undefined ? null : typeOfStep(rewrite.path[0]);
    if (condition === null) return [rewrite];
    if (typename !== null && !matchesTypeCondition(schema, typename, condition)) return [];
    return rewritesFor(schema, [{ ...rewrite, path: rewrite.path.slice(1) }], typename);
  });
}

function setValue(rewrites: readonly SetRewrite[], field: string): string | undefined {
  const rewrite = rewrites.find((each) => each.path.length === 0 && each.field === field);
  return rewrite && JSON.stringify(rewrite.value);
}

const CHAIN_MAX = 16;

/**
 * Only scalars: entities are told apart by their values, and text is written for each distinct one. Values that share
 * the first field are chained; a chain that gets long gives way to a comparison of texts.
 */
function compileFlat(
  fields: Map<string, RequiredField>,
  rewrites: readonly SetRewrite[],
  typename: string,
): EntityAdder {
  const reads: string[] = [];
  let read = "";
  let text = "";
  let separator = "{";
  for (const [write, field] of fields) {
    text += `${text && "+"}${quote(`${separator}${JSON.stringify(write)}:`)}+`;
    separator = ",";
    const constant = setValue(rewrites, write) ?? (write === "__typename" ? JSON.stringify(typename) : undefined);
    if (constant !== undefined) {
      text += quote(constant);
      continue;
    }
    const value = `v${reads.length}`;
    reads.push(value);
    read += `const ${value}=${propertyOf("entity", field.read)};if(${value}===undefined)return -1;`;
    text += `(typeof ${value}==="string"?quoteText(${value}):JSON.stringify(${value}))`;
  }
  const first = reads[0] ?? "0";
  const others = reads.slice(1);
  const same = others.map((value) => `link.${value}===${value}`).join("&&") || "true";
  return evaluateOnce<EntityAdder>(
    `return function(texts,quoteText){
      const chains=new Map();let byText=null;
      return function(entity){
        ${read}
        const chain=chains.get(${first});
        let length=0;
        for(let link=chain;link!==undefined;link=link.next){if(${same})return link.index;length++;}
        const text=${text}+"}";
        if(length>=${CHAIN_MAX}){
          byText??=new Map();
          const known=byText.get(text);
          if(known!==undefined)return known;
          byText.set(text,texts.length);
        }else chains.set(${first},{${[...others, "index:texts.length", "next:chain"].join(",")}});
        return texts.push(text)-1;
      };
    }`,
  );
}

function compileNested(
  schema: GraphQLSchema,
  fields: Map<string, RequiredField>,
  rewrites: readonly SetRewrite[],
  typename: string,
): EntityAdder {
  return (texts, quoteText) => {
    const byText = new Map<string, number>();
    return (entity) => {
      const text = writeFields(schema, fields, rewrites, entity, typename, quoteText);
      if (text === undefined) return -1;
      const known = byText.get(text);
      if (known !== undefined) return known;
      byText.set(text, texts.length);
      return texts.push(text) - 1;
    };
  };
}

/** Undefined when something is missing; a null is sent as it is. */
function writeFields(
  schema: GraphQLSchema,
  fields: Map<string, RequiredField>,
  rewrites: readonly SetRewrite[],
  object: DataObject,
  typename: string | null,
  quoteText: Quote,
): string | undefined {
  let text = "";
  for (const [write, { read, selections }] of fields) {
    let value =
      setValue(rewrites, write) ?? (write === "__typename" && typename !== null ? JSON.stringify(typename) : undefined);
    value ??= writeValue(schema, selections, innerRewrites(rewrites, write), object[read], quoteText);
    if (value === undefined) return undefined;
    text += `${text === "" ? "{" : ","}${JSON.stringify(write)}:${value}`;
  }
  return text === "" ? "{}" : `${text}}`;
}

function writeValue(
  schema: GraphQLSchema,
  selections: readonly RequiredSelection[] | null,
  rewrites: readonly SetRewrite[],
  value: unknown,
  quoteText: Quote,
): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string") return quoteText(value);
  if (value === null || selections === null) return JSON.stringify(value);
  if (Array.isArray(value)) {
    const elements: string[] = [];
    for (const element of value) {
      const text = writeValue(schema, selections, rewrites, element, quoteText);
      if (text === undefined) return undefined;
      elements.push(text);
    }
    return `[${elements.join(",")}]`;
  }
  if (!isDataObject(value)) return JSON.stringify(value);
  const typename = typeof value["__typename"] === "string" ? value["__typename"] : null;
  return writeFields(
    schema,
    fieldsFor(schema, selections, typename),
    rewritesFor(schema, rewrites, typename),
    value,
    typename,
    quoteText,
  );
}

function innerRewrites(rewrites: readonly SetRewrite[], field: string): SetRewrite[] {
  return rewrites.flatMap((rewrite) =>
    rewrite.path[0] === field ? [{ ...rewrite, path: rewrite.path.slice(1) }] : [],
  );
}

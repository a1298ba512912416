import {
  getNullableType,
  GraphQLString,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import { evaluateOnce, propertyOf, quote } from "../execute/compile-function.ts";
import type { Execution } from "../execute/execution.ts";
import {
  collectFields,
  isUnconditional,
  type CollectedField,
  type Guard,
  type GuardedSelection,
} from "./collect-fields.ts";
import { reportIncomplete, type Coordinate, type PathTemplate, type Place } from "./completion-errors.ts";
import { DeferredPart, type ShapeObject } from "./deferred-part.ts";
import { leafExpression, quoteText } from "./leaf-code.ts";
import { dependentOnType, partsDependentOnType } from "./type-dependence.ts";

/** What the code of a shaper is made from. */
export interface ShaperSource {
  schema: GraphQLSchema;
  operation: OperationDefinitionNode;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  clientNames: ReadonlyMap<string, string>;
  clientVariables: ReadonlyMap<string, string>;
  /** The JSON text of a root field of the introspection. */
  introspect(responseName: string, execution: Execution): string;
  /** Whether what stands under `@defer` is left out, and told to the execution (a DeferredExecution) instead. */
  defers?: boolean;
}

/** What the code of every function may use. */
const CODE_SCOPE = { quoteText, bad: reportIncomplete };

/** Writes the data of an answer as JSON text; undefined when a null went all the way up. */
export type Shape = (execution: Execution) => string | undefined;

/** Compiles what an operation selects into code that writes it. */
export function compileShaper(source: ShaperSource): Shape {
  const type = source.schema.getRootType(source.operation.operation);
  if (!type) throw new Error(`the schema has no type for a ${source.operation.operation}`);
  const selections = [{ selectionSet: source.operation.selectionSet, guard: [] }];
  const shape = new ObjectCode(source).compile(type, { selections, path: null, lists: 0 });
  return (execution) => shape(execution.root, execution);
}

/** A place where objects occur: what is selected there, and how to tell where it is. */
interface Position {
  selections: readonly GuardedSelection[];
  path: PathTemplate | null;
  /** Number of lists around it. */
  lists: number;
}

/** The JSON text of a list's items; undefined when it must become null. */
type ShapeList = (items: readonly unknown[], execution: Execution) => string | undefined;

/**
 * Compiles one object type at one position, with the objects inside it; abstract ones are compiled when they turn up. Each
 * object and each list has a function of its own, and what is special about its position comes in as constants: so its code
 * is the same wherever the same is selected, and is compiled once for all operations.
 */
class ObjectCode {
  readonly #source: ShaperSource;
  /** Constants of the functions whose code is being written, those of the innermost last. */
  readonly #constants: unknown[][] = [];

  constructor(source: ShaperSource) {
    this.#source = source;
  }

  /** `type` is an interface for objects that only say the interface's name. */
  compile(type: GraphQLCompositeType, position: Position): ShapeObject {
    return this.#function("o,c", () => this.#objectBody(type, position));
  }

  /** The name of a constant in the code of the function that is being written. */
  #bind(constant: unknown): string {
    const constants = this.#constants.at(-1)!;
    constants.push(constant);
    return `k${constants.length - 1}`;
  }

  #function<T>(parameters: string, writeBody: () => string): T {
    const constants: unknown[] = [];
    this.#constants.push(constants);
    const body = writeBody();
    this.#constants.pop();
    const names = constants.map((_, index) => `k${index}`).join(",");
    const make = evaluateOnce<(...constants: unknown[]) => T>(
      `return function(${names}){return function(${parameters}){${body}}}`,
      CODE_SCOPE,
    );
    return make(...constants);
  }

  #objectBody(type: GraphQLCompositeType, position: Position): string {
    const { schema, fragments } = this.#source;
    const deferred: { label: string; selection: GuardedSelection }[] = [];
    const onDefer = this.#source.defers
      ? (label: string, selection: GuardedSelection) => void deferred.push({ label, selection })
      : undefined;
    const fields = collectFields(schema, fragments, type, position.selections, onDefer);
    let code = isAbstractType(type) ? this.#typeNeededCode(type, position) : "";
    code += 'let s="{",v,r;';
    let isFirst = true;
    let isCommaKnown = true; // false once only fields under guards came before: then the code has to look
    for (const field of fields) {
      const comma = isFirst ? "" : ",";
      const name = this.#source.clientNames.get(field.responseName) ?? field.responseName;
      const key = `${JSON.stringify(name)}:`;
      const always = isUnconditional(field.guards);
      const prefix = isFirst || isCommaKnown ? quote(comma + key) : `(s.length>1?",":"")+${quote(key)}`;
      const written = this.#fieldCode(type, field, prefix, name, position);
      code += always ? written : `if(${this.#guardsCode(field.guards)}){${written}}`;
      if (always) isCommaKnown = true;
      else if (isFirst) isCommaKnown = false;
      isFirst = false;
    }
    for (const { label, selection } of deferred) code += this.#deferCode(type, label, selection, position);
    return `${code}return s+"}";`;
  }

  /** Code that tells the execution of an object about a part of it that comes later. */
  #deferCode(type: GraphQLCompositeType, label: string, selection: GuardedSelection, position: Position): string {
    const inner = { ...position, selections: [{ ...selection, guard: [] }] };
    const part = this.#bind(
      new DeferredPart(label, inner, () => {
        if (!isAbstractType(type)) return new ObjectCode(this.#source).compile(type, inner);
        // An object that only says its interface now may say its type when the part comes.
        const shapers = new AbstractShapers(this.#source, type, inner);
        return (object, execution) => shapers.of(object["__typename"])?.(object, execution);
      }),
    );
    const tell = `c.defer(${part},o);`;
    return selection.guard.length === 0 ? tell : `if(${this.#guardsCode([selection.guard])}){${tell}}`;
  }

  #fieldCode(
    type: GraphQLCompositeType,
    field: CollectedField,
    prefix: string,
    name: string,
    position: Position,
  ): string {
    if (field.fieldName === "__typename") {
      if (isAbstractType(type)) return this.#untoldTypeCode(type, { above: position.path, step: name });
      return `s+=${prefix}+${quote(JSON.stringify(type.name))};`;
    }
    if (field.fieldName === "__schema" || field.fieldName === "__type") {
      const introspect = this.#bind(this.#source.introspect);
      return `s+=${prefix}+${introspect}(${quote(field.responseName)},c);`;
    }
    const definition = "getFields" in type ? type.getFields()[field.fieldName] : undefined;
    if (!definition) throw new Error(`${type.name} has no field ${field.fieldName}`);
    const path = { above: position.path, step: name };
    const inner = { selections: field.selections, path, lists: position.lists };
    const owner = { object: "o", key: quote(field.responseName) };
    const value = this.#valueCode(definition.type, inner, { parent: type, field: field.fieldName }, owner);
    const taken = isAbstractType(type) ? this.#takenObjectCode(type, field.fieldName, owner) : "";
    return `v=${propertyOf("o", field.responseName)};${taken}${value}s+=${prefix}+r;`;
  }

  /**
   * Code for a field of an object that only says its interface, where a type behind it requires what the interface leaves
   * nullable: a subgraph that told of an error and sent no object, nor its type, had none for that error.
   */
  #takenObjectCode(type: GraphQLAbstractType, fieldName: string, owner: { object: string; key: string }): string {
    const isRequired = this.#source.schema
      .getPossibleTypes(type)
      .some((possible) => isNonNullType(possible.getFields()[fieldName]!.type));
    return isRequired ? `if(v===undefined&&c.failureOf(${owner.object},${owner.key})?.reported)return undefined;` : "";
  }

  /**
   * Code for an object that only says its interface, where something is selected that depends on its type: when the fetch
   * that tells the type failed, nobody knows what belongs there.
   */
  #typeNeededCode(type: GraphQLAbstractType, position: Position): string {
    const { schema, fragments } = this.#source;
    const onDefer = this.#source.defers ? () => {} : undefined;
    const guards = schema
      .getPossibleTypes(type)
      .flatMap((possible) => [
        ...dependentOnType(schema, fragments, type, possible, position.selections, onDefer),
        ...(onDefer ? partsDependentOnType(schema, fragments, type, possible, position.selections) : []),
      ]);
    if (guards.length === 0) return "";
    const isNeeded = isUnconditional(guards) ? "" : `&&(${this.#guardsCode(guards)})`;
    return `if(c.anyFailureOf(o)!==undefined${isNeeded}){${this.#untoldTypeCode(type, position.path)}}`;
  }

  /** Code for an object that only says its interface: it has no type to tell, and the client learns why. */
  #untoldTypeCode(type: GraphQLAbstractType, path: PathTemplate | null): string {
    const coordinate = { parent: type, field: "__typename" };
    const place = this.#bind({ path, coordinate, type: GraphQLString } satisfies Place);
    return `bad(c,${place},undefined,o,"__typename",true);return undefined;`;
  }

  /** Code that turns `v` into JSON text in `r`, or returns undefined where the null has to go further up. */
  #valueCode(
    type: GraphQLOutputType,
    position: Position,
    coordinate: Coordinate,
    owner: { object: string; key: string },
  ): string {
    const isRequired = isNonNullType(type);
    const nullable = getNullableType(type);
    const place = this.#bind({ path: position.path, coordinate, type } satisfies Place);
    const bad = `bad(c,${place},v,${owner.object},${owner.key},${isRequired})`;
    const convert = this.#convertCode(nullable, position, coordinate, bad);
    if (isRequired)
      return `if(v===null||v===undefined){${bad};return undefined;}${convert}if(r===undefined)return undefined;`;
    // Nothing comes later for an object that a null took out of the answer.
    const [mark, forget] = this.#source.defers ? ["const d=c.deferred.length;", "c.deferred.length=d;"] : ["", ""];
    return `if(v===null)r="null";else if(v===undefined){${bad};r="null";}else{${mark}${convert}if(r===undefined){r="null";${forget}}}`;
  }

  /** Code for a value that is there: `r` is its text, or undefined after the reason was reported. */
  #convertCode(type: GraphQLOutputType, position: Position, coordinate: Coordinate, bad: string): string {
    if (isLeafType(type)) {
      const expression = leafExpression(type, "v", (constant) => this.#bind(constant));
      return `r=${expression};if(r===undefined)${bad};`;
    }
    if (isListType(type)) {
      const list = this.#bind(this.#compileList(type.ofType, position, coordinate));
      return `if(Array.isArray(v))r=${list}(v,c);else{${bad};r=undefined;}`;
    }
    if (!isCompositeType(type)) throw new Error(`${coordinate.parent.name}.${coordinate.field} has no output type`);
    const shape = isAbstractType(type)
      ? this.#dispatchCode(type, position, bad)
      : `r=${this.#bind(this.compile(type, position))}(v,c);`;
    return `if(typeof v==="object"&&!Array.isArray(v)){${shape}}else{${bad};r=undefined;}`;
  }

  #compileList(itemType: GraphQLOutputType, position: Position, coordinate: Coordinate): ShapeList {
    const { lists } = position;
    const path = { above: position.path, step: { list: lists } };
    return this.#function("a,c", () => {
      const item = this.#valueCode(itemType, { ...position, path, lists: lists + 1 }, coordinate, {
        object: "null",
        key: '""',
      });
      return `let s="[",v,r;for(let i=0;i<a.length;i++){c.indexes[${lists}]=i;v=a[i];${item}s+=i===0?r:","+r;}return s+"]";`;
    });
  }

  /** Code that finds the shaper by the object's `__typename`. */
  #dispatchCode(type: GraphQLAbstractType, position: Position, bad: string): string {
    const shapers = this.#bind(new AbstractShapers(this.#source, type, position));
    return `r=${shapers}.of(v.__typename);if(r===null){${bad};r=undefined;}else r=r(v,c);`;
  }

  #guardsCode(guards: readonly Guard[]): string {
    const one = (guard: Guard) =>
      guard
        .map(({ variable, expected }) => {
          const name = quote(this.#source.clientVariables.get(variable) ?? variable);
          return `(c.variables[${name}]===true)===${expected}`;
        })
        .join("&&");
    return guards.map((guard) => `(${one(guard)})`).join("||");
  }
}

/** The shapers of an interface or union at one position, each compiled when its type turns up first. */
class AbstractShapers {
  readonly #source: ShaperSource;
  readonly #type: GraphQLAbstractType;
  readonly #position: Position;
  readonly #possible: ReadonlyMap<string, GraphQLObjectType>;
  readonly #shapers = new Map<unknown, ShapeObject>();

  constructor(source: ShaperSource, type: GraphQLAbstractType, position: Position) {
    this.#source = source;
    this.#type = type;
    this.#position = position;
    this.#possible = new Map(source.schema.getPossibleTypes(type).map((each) => [each.name, each]));
  }

  /** Null for a type that clients do not know here. */
  of(typename: unknown): ShapeObject | null {
    const known = this.#shapers.get(typename);
    if (known) return known;
    const type = this.#typeOf(typename);
    if (!type) return null;
    const shaper = new ObjectCode(this.#source).compile(type, this.#position);
    this.#shapers.set(typename, shaper);
    return shaper;
  }

  #typeOf(typename: unknown): GraphQLCompositeType | undefined {
    const named = typeof typename === "string" ? this.#possible.get(typename) : undefined;
    if (named) return named;
    const isUnspecific = typename === undefined || typename === null || typename === this.#type.name;
    return isUnspecific && isInterfaceType(this.#type) ? this.#type : undefined;
  }
}

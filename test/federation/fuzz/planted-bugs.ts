/** A change of the router's source that makes some answers wrong. `find` occurs in the file once. */
interface PlantedBug {
  name: string;
  /** Below router/src. */
  file: string;
  find: string;
  replace: string;
}

/** Bugs that the random federations must find; each is planted alone, as the source is loaded. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "keys stay in the order of the supergraph",
    file: "supergraph/router-supergraph.ts",
    find: "addSyntheticFields(putResolvableKeysFirst(document))",
    replace: "addSyntheticFields(document)",
  },
  {
    name: "a @requires with arguments shares its name with the client's field",
    file: "plan/normalize-operation.ts",
    find: "if (field.arguments?.length && requiredNames.has(field.name.value)) return true;",
    replace: "",
  },
  {
    name: "an alias may take the name of a field",
    file: "plan/normalize-operation.ts",
    find: "return fieldNames.has(responseName) || RESERVED_NAME.test(responseName);",
    replace: "return RESERVED_NAME.test(responseName);",
  },
  {
    name: "an object whose content is skipped is not fetched",
    file: "plan/plan-operation.ts",
    find: "print(keepObjects(document))",
    replace: "print(document)",
  },
  {
    name: "nothing verifies plans",
    file: "plan/plan-operation.ts",
    find: "    verifyPlan(supergraph, normalized, plan);",
    replace: "",
  },
  {
    name: "requests do not wait",
    file: "execute/run-requests.ts",
    find: "else if (request.after.length > 1) await",
    replace: "else if (request.after.length > 1) void",
  },
  {
    name: "an inclusion is read as a skip",
    file: "shape/collect-fields.ts",
    find: 'const expected = name === "include";',
    replace: 'const expected = name !== "include";',
  },
  {
    name: "a null is passed over where the type forbids it",
    file: "shape/response-shaper.ts",
    find: "${convert}if(r===undefined)return undefined;`;",
    replace: '${convert}if(r===undefined)r="null";`;',
  },
  {
    name: "a guarded field is always written",
    file: "shape/response-shaper.ts",
    find: "code += always ? written :",
    replace: "code += true ? written :",
  },
  {
    name: "lists merge although their lengths differ",
    file: "execute/merge.ts",
    find: "if (!Array.isArray(received) || received.length !== known.length) return known;",
    replace: "return received;",
  },
  {
    name: "what arrives takes the place of what is known",
    file: "execute/merge.ts",
    find: "  if (!isDataObject(known) || !isDataObject(received)) return known;",
    replace:
      "  if (isDataObject(received)) return received;\n  if (!isDataObject(known) || !isDataObject(received)) return known;",
  },
  {
    name: "entities are told apart by their first field",
    file: "execute/representation.ts",
    find: '.join("&&") || "true";',
    replace: '.slice(1).join("&&") || "true";',
  },
  {
    name: "strings are never escaped",
    file: "subgraph-client/read-answer.ts",
    find: '!body.includes("\\\\")',
    replace: "true",
  },
  {
    name: "a representation keeps the type's own name",
    file: "execute/representation.ts",
    find: "return rewrite && JSON.stringify(rewrite.value);",
    replace: "return undefined;",
  },
  {
    name: "error paths keep the router's names",
    file: "execute/fetch-errors.ts",
    find: "return clientNames.get(name) ?? name;",
    replace: "return name;",
  },
  {
    name: "errors of entities go to the first one",
    file: "execute/entity-part.ts",
    find: "if (each !== index) return;",
    replace: "if (each !== 0) return;",
  },
  {
    name: "a lost request leaves no reason",
    file: "execute/compiled-request.ts",
    find: "errorCode: code });\n      for (const run of runs) run?.fail(failure);",
    replace: "errorCode: code });",
  },
  {
    name: "objects at several paths share what they refer to",
    file: "execute/entity-part.ts",
    find: "place > 0 && this.#bringsObjects ?",
    replace: "false ?",
  },
  {
    name: "the keys that the planner renamed stay renamed",
    file: "execute/rename-keys.ts",
    find: "value[rename.to] = moved;",
    replace: "",
  },
  {
    name: "the name of an interface takes the place of a type",
    file: "execute/merge.ts",
    find: "? known : received;",
    replace: "? received : received;",
  },
  {
    name: "a fetch under a condition is always made",
    file: "execute/request-part.ts",
    find: "return conditions.every(",
    replace: "return conditions.every(() => true) || conditions.every(",
  },
  {
    name: "an enum's value is written as it comes",
    file: "shape/leaf-code.ts",
    find: "return `${texts}.get(${value})`;",
    replace: "return `(${texts},undefined)`;",
  },
  {
    name: "a plan that does not hold is not repaired",
    file: "plan/plan-operation.ts",
    find: "repairPlan(supergraph, rootType, planned)",
    replace: "(void repairPlan, planned)",
  },
  {
    name: "what a repair moves does not wait for its inputs",
    file: "plan/repair/repair-plan.ts",
    find: "this.#add(added, [...after, ...before]);",
    replace: "this.#add(added, after);",
  },
  {
    name: "a field waits for what only others require",
    file: "plan/repair/split-requirements.ts",
    find: "if (texts.size < 2) return [fetch];",
    replace: "if (texts.size >= 0) return [fetch];",
  },
  {
    name: "plans are judged as if no override held",
    file: "plan/plan-operation.ts",
    find: "settleOverrides(joinedSchemas, overrides)",
    replace: "settleOverrides(joinedSchemas, [])",
  },
  {
    name: "all entities are told the first context",
    file: "execute/entity-part.ts",
    find: "const key = told.join();",
    replace: 'const key = "";',
  },
  {
    name: "equal entities in several contexts share what they refer to",
    file: "execute/entity-part.ts",
    find: "used?.has(index) ? cloneData(own[index]) : own[index]",
    replace: "own[index]",
  },
  {
    name: "a fetch does not wait for its contexts",
    file: "plan/repair/wait-for-contexts.ts",
    find: "return inOrder(waiting) ?? fetches;",
    replace: "return fetches;",
  },
  {
    name: "a deferred part does not wait for its requests",
    file: "execute/incremental-delivery.ts",
    find: "if (part?.isOver === false) continue;",
    replace: "",
  },
  {
    name: "a deferred part inside another is forgotten",
    file: "execute/incremental-delivery.ts",
    find: "addWaiting(waiting, written.deferred, told);",
    replace: "",
  },
  {
    name: "errors of a deferred part go to its first object",
    file: "execute/incremental-delivery.ts",
    find: "positions.get(JSON.stringify(error.path?.slice(0, length) ?? null)) ?? 0;",
    replace: "0 * positions.size;",
  },
  {
    name: "an object that a null took has deferred parts all the same",
    file: "shape/response-shaper.ts",
    find: '["const d=c.deferred.length;", "c.deferred.length=d;"]',
    replace: '["", ""]',
  },
  {
    name: "the variable of a @defer is not asked",
    file: "operation/defer-directives.ts",
    find: "return (variables[condition.name.value] ?? true) === true;",
    replace: "return true;",
  },
  {
    name: "a deferred fetch does not wait for those that it needs",
    file: "plan/lower-plan.ts",
    find: "const awaited = depends.flatMap(({ id }) => this.#awaited.get(id) ?? []);",
    replace: "const awaited = depends.flatMap(() => []);",
  },
  {
    name: "a deferred part comes once for each spread of its fragment",
    file: "execute/told-parts.ts",
    find: "if (told.has(path)) return false;",
    replace: "",
  },
];

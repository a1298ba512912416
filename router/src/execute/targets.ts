import { evaluateOnce, propertyOf } from "./compile-function.ts";
import { isDataObject, type DataObject, type ResponsePath } from "./execution.ts";

/** Finds the objects at a plan's path: response names, `@` for each element of a list. Nulls and gaps are passed over. */
export type TargetCollector = (root: DataObject) => DataObject[];

/** With `up`, the objects so many above those at the path: one for each of them, in the same order. */
export function compileTargets(path: readonly string[], up = 0): TargetCollector {
  if (path.length === 0) return (root) => [root];
  const objects = ["root"]; // on the way from the root, each in its own variable
  let at = "root";
  let open = "";
  let close = "";
  path.forEach((step, index) => {
    const next = `v${index}`;
    if (step === "@") {
      open += `if(Array.isArray(${at}))for(let i${index}=0;i${index}<${at}.length;i${index}++){const ${next}=${at}[i${index}];`;
      close = `}${close}`;
      objects[objects.length - 1] = next;
    } else {
      objects.push(next);
      open += `if(isObject(${at})){const ${next}=${propertyOf(at, step)};`;
      close = `}${close}`;
    }
    at = next;
  });
  const found = objects[objects.length - 1 - up]!;
  const body = `const found=[];${open}if(isObject(${at}))found.push(${found});${close}return found;`;
  return evaluateOnce(`return function(root){${body}}`, { isObject: isDataObject });
}

/** The path in the response of each object that `compileTargets` finds, in the same order. */
export function pathsOfTargets(root: DataObject, path: readonly string[]): ResponsePath[] {
  const found: ResponsePath[] = [];
  const walk = (value: unknown, depth: number, way: ResponsePath): void => {
    const step = path[depth];
    if (step === undefined) {
      if (isDataObject(value)) found.push(way);
    } else if (step === "@") {
      if (Array.isArray(value)) value.forEach((element, index) => walk(element, depth + 1, [...way, index]));
    } else if (isDataObject(value)) walk(value[step], depth + 1, [...way, step]);
  };
  walk(root, 0, []);
  return found;
}

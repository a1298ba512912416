import type { DataObject, Execution, ResponsePath } from "../execute/execution.ts";
import { pathAt, type PathTemplate } from "./completion-errors.ts";

/** An object as JSON text; undefined when it must become null. */
export type ShapeObject = (object: DataObject, execution: Execution) => string | undefined;

/** What one `@defer` selects on one type at one position; compiled when the first object of it is due. */
export class DeferredPart {
  readonly label: string;
  /** Number of lists around the objects. */
  readonly lists: number;
  readonly #path: PathTemplate | null;
  readonly #compile: () => ShapeObject;
  #shape: ShapeObject | null = null;

  constructor(
    label: string,
    { path, lists }: { path: PathTemplate | null; lists: number },
    compile: () => ShapeObject,
  ) {
    this.label = label;
    this.lists = lists;
    this.#path = path;
    this.#compile = compile;
  }

  /** The JSON text of the part of an object; undefined when a null took all of it. */
  shape(object: DataObject, execution: Execution): string | undefined {
    return (this.#shape ??= this.#compile())(object, execution);
  }

  /** Where in the response the object is, by its indexes in the lists around it. */
  pathOf(indexes: readonly number[]): ResponsePath {
    return pathAt(this.#path, indexes);
  }
}

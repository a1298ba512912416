import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { RouterPlugin } from "./plugin.ts";

const hook = z.custom((value) => typeof value === "function", "must be a function").optional();
const pluginSchema = z.looseObject({ name: z.string().min(1), onRequest: hook, onEvent: hook, close: hook });

/** The plugins that modules export by default, in order. Rejects where one is none. */
export async function loadPlugins(files: readonly string[]): Promise<RouterPlugin[]> {
  return Promise.all(files.map(loadPlugin));
}

async function loadPlugin(file: string): Promise<RouterPlugin> {
  const { default: exported } = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown };
  const result = pluginSchema.safeParse(exported);
  if (result.success) return exported as RouterPlugin;
  const [issue] = result.error.issues;
  throw new Error(`${file} exports no plugin by default: ${[...issue!.path, issue!.message].map(String).join(" ")}`);
}

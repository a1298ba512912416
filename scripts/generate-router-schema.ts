/**
 * Writes `router/router.schema.json`, the JSON Schema of router.yaml, from the router's own definition of its settings.
 * `--check` writes nothing and fails when the file is not up to date.
 */
import { routerConfigJsonSchema } from "../router/src/config/router-config-json-schema.ts";
import { writeOrCheck } from "./generate/write-or-check.ts";

writeOrCheck(
  "router/router.schema.json",
  `${JSON.stringify({ title: "router.yaml", ...routerConfigJsonSchema() }, null, 2)}\n`,
);

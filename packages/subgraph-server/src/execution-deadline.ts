import { CodedError } from "@mib/service/coded-error";
import type { Plugin } from "graphql-yoga";
import type { ServerContext } from "./call.ts";

/** Answers TIMEOUT when an operation takes longer than this, and aborts the signal that its resolvers got. */
export function useExecutionDeadline(timeoutMs: number): Plugin<ServerContext> {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn(async (args) => {
        const { abort } = (args.contextValue as ServerContext).call;
        let timer: NodeJS.Timeout | undefined;
        const deadline = new Promise<never>((_, reject) => {
          timer = setTimeout(() => {
            const error = new CodedError("TIMEOUT", `The answer took longer than ${timeoutMs} ms.`);
            abort(error);
            reject(error);
          }, timeoutMs);
        });
        try {
          return await Promise.race([executeFn(args), deadline]);
        } finally {
          clearTimeout(timer);
        }
      });
    },
  };
}

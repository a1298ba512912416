// @ts-nocheck: the browser runs it as it stands
// The playground's panel for plans, a plugin of GraphiQL: the plan of the last run as a tree, and in it what each request took.
// While it is open, operations are sent with the header x-query-plan.
(() => {
  const { createElement: h, useEffect, useSyncExternalStore } = globalThis.React;

  const STYLE = `
    .plan-panel ul { list-style: none; margin: 0; padding: 0 0 0 14px; border-left: 1px solid #8884; }
    .plan-panel > ul { padding: 0; border: 0; }
    .plan-panel li { margin: 10px 0; }
    .plan-panel .figures, .plan-panel .after { opacity: 0.75; font-size: 90%; }
    .plan-panel .track { height: 4px; margin: 4px 0; background: #8883; position: relative; }
    .plan-panel .bar { height: 4px; min-width: 2px; background: #d60590; position: absolute; }
    .plan-panel summary { cursor: pointer; }
    .plan-panel pre { overflow: auto; font-size: 90%; margin: 4px 0; }`;
  document.head.append(Object.assign(document.createElement("style"), { textContent: STYLE }));

  let isOpen = false;
  let plan = null;
  const listeners = new Set();
  const show = (next) => {
    plan = next;
    for (const listener of listeners) listener();
  };

  // GraphiQL asks by this function. The plan is taken out of the answer again, unless the editor's own headers ask for it.
  const ask = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    const isOperation = typeof init?.body === "string" && !init.body.includes("__schema");
    if (!isOpen || !isOperation || headers.has("x-query-plan")) return ask(input, init);
    headers.set("x-query-plan", "1");
    const response = await ask(input, { ...init, headers });
    if (!/^application\/(graphql-response\+)?json/.test(response.headers.get("content-type") ?? "")) return response;
    const answer = await response.json();
    const { queryPlan = null, ...extensions } = answer.extensions ?? {};
    show(queryPlan);
    answer.extensions = Object.keys(extensions).length > 0 ? extensions : undefined;
    return Response.json(answer, { status: response.status, headers: { "content-type": "application/json" } });
  };

  const sizeOf = (bytes) => (bytes < 1_000 ? `${bytes} B` : `${(bytes / 1_000).toFixed(1)} kB`);

  function figuresOf({ run }) {
    if (run === null) return "not made";
    const { ms, bytes, entities } = run;
    const parts = [`${ms.toFixed(1)} ms`, bytes === null ? "no answer" : sizeOf(bytes)];
    if (entities !== null) parts.push(entities === 1 ? "1 entity" : `${entities} entities`);
    return parts.join(" · ");
  }

  /** A request, and below it those that wait for it last. */
  function RequestNode({ request, requests, totalMs }) {
    const { id, subgraph, kind, after, run, parts } = request;
    const paths = parts.flatMap((part) => part.for.map((each) => each.path + (each.if ?? ""))).filter(Boolean);
    const below = requests.filter((each) => each.after.length > 0 && Math.max(...each.after) === id);
    const others = after.filter((before) => before !== Math.max(...after));
    const width = (ms) => `${(100 * ms) / totalMs}%`;
    const bar = run && { left: width(run.startMs), width: width(run.ms) };
    return h(
      "li",
      { "data-request": id },
      h("strong", null, `${id} ${subgraph}`),
      kind === "query" ? null : ` ${kind}`,
      h("span", { className: "figures" }, ` ${figuresOf(request)}`),
      others.length > 0 ? h("span", { className: "after" }, ` also after ${others.join(", ")}`) : null,
      h("div", { className: "track" }, bar ? h("div", { className: "bar", style: bar }) : null),
      h(
        "details",
        null,
        h("summary", null, paths.length > 0 ? paths.join(", ") : "the root"),
        ...parts.map((part, index) =>
          h("pre", { key: index }, (part.with ? `with { ${part.with} }\n` : "") + part.selection),
        ),
      ),
      below.length > 0 ? h(Requests, { of: below, requests, totalMs }) : null,
    );
  }

  function Requests({ of, requests, totalMs }) {
    return h("ul", null, ...of.map((request) => h(RequestNode, { key: request.id, request, requests, totalMs })));
  }

  function PlanPanel() {
    const shown = useSyncExternalStore(
      (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      () => plan,
    );
    useEffect(() => {
      isOpen = true;
      return () => void (isOpen = false);
    }, []);
    const requests = shown?.requests ?? [];
    const totalMs = Math.max(0.1, ...requests.map(({ run }) => (run ? run.startMs + run.ms : 0)));
    return h(
      "div",
      { className: "plan-panel" },
      h("div", { className: "graphiql-doc-explorer-title" }, "Plan"),
      shown === null ? h("p", null, "Run an operation to see its plan.") : null,
      shown !== null && requests.length === 0 ? h("p", null, "No request: the router answers by itself.") : null,
      h(Requests, { of: requests.filter(({ after }) => after.length === 0), requests, totalMs }),
    );
  }

  const PlanIcon = () =>
    h(
      "svg",
      { height: "1em", viewBox: "0 0 16 16", fill: "none", stroke: "currentColor", strokeWidth: 1.5 },
      h("path", { d: "M3 2v9a2 2 0 0 0 2 2h4M3 6h6" }),
      h("circle", { cx: 11.5, cy: 6, r: 2 }),
      h("circle", { cx: 11.5, cy: 13, r: 2 }),
    );

  globalThis.graphiqlPlugins = [{ title: "Plan", icon: PlanIcon, content: PlanPanel }];
})();

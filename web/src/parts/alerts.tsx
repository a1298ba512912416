import { useState } from "react";
import { request } from "../api.ts";
import { dayAndTime, price } from "../format.ts";
import { useQuery } from "../query.ts";
import { quoteOf } from "../quotes.ts";
import { session } from "../session.ts";
import { createStore, useStore } from "../store.ts";
import type { AlertRule } from "../types.ts";
import { ApiError } from "../transport.ts";

const RULES = "{ me { alerts { id instrument { symbol } metric comparison threshold armed lastFiredAt } } }";
const CREATE = "mutation ($input: AlertRuleInput!) { createAlertRule(input: $input) { id } }";
const DELETE = "mutation ($id: ID!) { deleteAlertRule(id: $id) }";
const METRICS = { PRICE: "Price", CHANGE_PERCENT: "Change %", VOLUME: "Volume", RSI: "RSI", SENTIMENT: "Sentiment" };
const COMPARISONS = {
  CROSSES_ABOVE: "crosses above",
  CROSSES_BELOW: "crosses below",
  ABOVE: "is above",
  BELOW: "is below",
};

const nobody = createStore(null);

export function Alerts({ symbol, onLogIn }: { symbol: string | null; onLogIn(): void }) {
  const user = useStore(session)?.user;
  const { data, error, reload } = useQuery<{ me: { alerts: AlertRule[] } | null }>(
    user ? RULES : null,
    { user: user?.id },
    5_000,
  );
  if (!user)
    return (
      <p className="hint">
        Alerts belong to you:{" "}
        <button className="link" onClick={onLogIn}>
          log in
        </button>{" "}
        to make one.
      </p>
    );
  const rules = data?.me?.alerts ?? [];
  return (
    <>
      {symbol !== null && <NewAlert key={symbol} symbol={symbol} onCreated={reload} />}
      {error && <p className="hint">{error}</p>}
      <ul className="rules">
        {rules.map((rule) => (
          <li key={rule.id}>
            <span>
              <b>{rule.instrument.symbol}</b> {METRICS[rule.metric as keyof typeof METRICS]}{" "}
              {COMPARISONS[rule.comparison as keyof typeof COMPARISONS]} <b>{price(rule.threshold)}</b>
            </span>
            <small>
              {rule.armed ? "armed" : "fired, waits for the condition to end"}
              {rule.lastFiredAt && ` · last ${dayAndTime(rule.lastFiredAt)}`}
            </small>
            <button
              aria-label={`Delete the alert on ${rule.instrument.symbol}`}
              onClick={() => void request(DELETE, { id: rule.id }).then(reload, reload)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      {data && rules.length === 0 && <p className="hint">No alerts yet.</p>}
    </>
  );
}

function NewAlert({ symbol, onCreated }: { symbol: string; onCreated(): void }) {
  const quote = useStore(symbol ? quoteOf(symbol) : nobody);
  const [metric, setMetric] = useState<keyof typeof METRICS>("PRICE");
  const [comparison, setComparison] = useState<keyof typeof COMPARISONS>("CROSSES_ABOVE");
  const [threshold, setThreshold] = useState("");
  const [problem, setProblem] = useState<string | null>(null);

  const create = async () => {
    try {
      await request(CREATE, { input: { symbol, metric, comparison, threshold: threshold.trim() } });
      setThreshold("");
      setProblem(null);
      onCreated();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : "The alert could not be made.");
    }
  };
  return (
    <form
      className="new-alert"
      aria-label={`New alert on ${symbol}`}
      onSubmit={(event) => (event.preventDefault(), void create())}
    >
      <b>{symbol}</b>
      <select
        aria-label="Metric"
        value={metric}
        onChange={(event) => setMetric(event.target.value as keyof typeof METRICS)}
      >
        {Object.entries(METRICS).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <select
        aria-label="Comparison"
        value={comparison}
        onChange={(event) => setComparison(event.target.value as keyof typeof COMPARISONS)}
      >
        {Object.entries(COMPARISONS).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <input
        aria-label="Threshold"
        inputMode="decimal"
        required
        pattern="-?[0-9]+(\.[0-9]+)?"
        placeholder={metric === "PRICE" && quote ? quote.askPrice : "threshold"}
        value={threshold}
        onChange={(event) => setThreshold(event.target.value)}
      />
      <button>Create alert</button>
      {problem && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
    </form>
  );
}

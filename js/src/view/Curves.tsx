// The charts of training runs: two of them, the others one click away.
import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import type { XAxis } from "../curves/line";
import { metric as metricText } from "../text/format";
import type { Language } from "../text/language";
import { CurveChart } from "./CurveChart";
import { rangeText } from "./CurveNote";
import type { Chart } from "./charts";
import { type CurveView, MAX_CHARTS } from "./curveView";
import { useLanguage } from "./languageContext";
import { stopNotebookKeys } from "./notebookKeys";
import { ChartGroupContext } from "./Sparkline";

export function Curves({ view }: { view: CurveView }): JSX.Element | null {
  const trans = useLanguage();
  const all = view.charts.value;
  const numbers = view.numbers.value;
  if (all.length === 0) return null;
  const more = view.more.value;
  const filter = view.filter.value.toLowerCase();
  const found = more ? all.filter(({ title }) => title.toLowerCase().includes(filter)) : all;
  const charts = found.slice(0, more ? MAX_CHARTS : view.mainCount);
  return (
    // The notebook has commands for the keys of the switches.
    <section
      class="v-curves"
      data-vital="training.metrics"
      aria-label={trans.__("Curves")}
      onKeyDown={stopNotebookKeys}
    >
      <div class="v-tools">
        <p>
          <b>{trans.__("Curves")}</b> {trans._n("%1 metric", "%1 metrics", metricCount(all))}
        </p>
        <ZoomState view={view} />
        <AxisChoice view={view} />
        <Switch of={view.log} label={trans.__("log")} title={trans.__("Logarithmic y axis")} />
        <Switch
          of={view.smooth}
          label={trans.__("smooth")}
          title={trans.__("The mean of what is near; the true values stay behind it")}
        />
        {all.length > view.mainCount ? (
          <button
            type="button"
            class="v-switch"
            aria-expanded={more}
            onClick={() => {
              view.more.value = !more;
              view.filter.value = "";
            }}
          >
            {more ? trans.__("fewer") : trans.__("%1 more", all.length - view.mainCount)}
          </button>
        ) : null}
        {more && all.length > MAX_CHARTS ? (
          <input
            type="search"
            placeholder={trans.__("metric")}
            aria-label={trans.__("Charts to show")}
            value={view.filter.value}
            onInput={({ currentTarget }) => {
              view.filter.value = currentTarget.value;
            }}
          />
        ) : null}
      </div>
      <div class="v-charts">
        {charts.map((chart) => (
          <CurveChart key={chart.name} chart={chart} view={view} />
        ))}
      </div>
      {numbers.length === 0 ? null : (
        <p class="v-detail-row">
          {numbers.map(([name, value]) => (
            <span key={name}>
              {name} <b>{metricText(value)}</b>
            </span>
          ))}
        </p>
      )}
    </section>
  );
}

const metricCount = (charts: readonly Chart[]): number =>
  new Set(charts.flatMap(({ lines }) => lines.map(({ metric }) => metric))).size;

const axisLabel = (axis: XAxis, trans: Language): string =>
  axis === "step" ? trans.__("step") : axis === "epoch" ? trans.__("epoch") : trans.__("time");

function AxisChoice({ view }: { view: CurveView }): JSX.Element {
  const trans = useLanguage();
  const { name: group } = useContext(ChartGroupContext);
  const axes: readonly XAxis[] = view.epochs.value ? ["step", "epoch", "time"] : ["step", "time"];
  return (
    <div class="v-axis" role="radiogroup" aria-label={trans.__("x axis")}>
      {axes.map((axis) => (
        <label key={axis}>
          <input
            type="radio"
            name={`${group}-x`}
            value={axis}
            checked={view.shownAxis === axis}
            onChange={() => {
              view.showAxis(axis);
            }}
          />
          {axisLabel(axis, trans)}
        </label>
      ))}
    </div>
  );
}

/** Renders the range of the zoom as a button that ends it. */
function ZoomState({ view }: { view: CurveView }): JSX.Element | null {
  const trans = useLanguage();
  const place = view.zoomed;
  const range = place?.zoom.value;
  if (!place || !range) return null;
  const { detail } = view;
  return (
    <span class="v-zoom" role="status">
      {detail === "all" ? null : (
        <small>
          {detail === "loading"
            ? trans.__("loading…")
            : trans.__("as detailed as this page has it")}
        </small>
      )}
      <button
        type="button"
        class="v-switch"
        aria-pressed="true"
        title={trans.__("Show everything (Escape)")}
        onClick={() => view.zoomTo(place, null)}
      >
        {rangeText(range, view.shownAxis, trans)} <span aria-hidden="true">✕</span>
      </button>
    </span>
  );
}

function Switch(props: { of: { value: boolean }; label: string; title: string }): JSX.Element {
  const { of, label, title } = props;
  return (
    <button
      type="button"
      class="v-switch"
      aria-pressed={of.value}
      title={title}
      onClick={() => {
        of.value = !of.value;
      }}
    >
      {label}
    </button>
  );
}

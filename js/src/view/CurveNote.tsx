// The texts of a chart: its place on the x axis, its best value, and its description.
import type { JSX } from "preact";
import { type Range, stepText } from "../curves/axes";
import { difference, type XAxis } from "../curves/line";
import type { RunInfo } from "../schema/contract.gen";
import { count, duration } from "../text/format";
import type { Language } from "../text/language";
import type { Chart } from "./charts";
import type { CurveView, ShownRuns } from "./curveView";
import { chartFigure, type Drawing, type DrawnLine, notFiniteText } from "./drawing";
import { runTitle } from "./runLabels";

/** Writes a place on the x axis: `step 312`, `epoch 2.6`, `1m 20s`. */
export function placeText(x: number, axis: XAxis, trans: Language): string {
  if (axis === "time") return duration(x);
  return axis === "step"
    ? trans.__("step %1", stepText(Math.round(x)))
    : trans.__("epoch %1", stepText(Number(x.toFixed(2))));
}

/** Writes a range of the x axis: `step 120–240`. */
export function rangeText([first, last]: Range, axis: XAxis, trans: Language): string {
  if (axis === "time") return `${duration(first)}–${duration(last)}`;
  const ends = [Math.floor(first), Math.ceil(last)];
  const [from = "", to = ""] = (axis === "step" ? ends : [first, last]).map((x) =>
    stepText(Number(x.toFixed(2))),
  );
  return axis === "step" ? trans.__("step %1–%2", from, to) : trans.__("epoch %1–%2", from, to);
}

/** Returns the best value, how it compares with the run behind, and what is left out. */
export function noteOf(
  chart: Chart,
  view: CurveView,
  drawing: Drawing,
  lead: DrawnLine | undefined,
  trans: Language,
): JSX.Element {
  const { above, below, refused, notPositive } = drawing;
  const texts: string[] = [];
  const bad = notFiniteFrom(drawing, trans);
  if (lead?.best) {
    const { value, step } = lead.best;
    texts.push(trans.__("best %1 at step %2", chartFigure(value, drawing), stepText(step)));
  }
  const compared =
    lead && comparisonOf(drawing, lead, view.place(chart).cursor.value, view.shown.value, trans);
  if (compared) texts.push(compared);
  const { parallel, best } = view.shown.value;
  const isFirst = view.charts.value[0]?.name === chart.name;
  if (isFirst && texts.length === 0 && drawing.back.length > 0 && parallel.length > 1 && best) {
    texts.push(
      view.chosen.value === null
        ? trans.__("the best one in front; a row below brings another forward")
        : trans.__("the chosen one in front"),
    );
  }
  if (refused === "negative") texts.push(trans.__("linear: values below 0"));
  const { count: lost, more } = notPositive;
  if (lost > 0) {
    texts.push(
      more
        ? trans._n(
            "log: at least %2 value of 0 or less is not drawn",
            "log: at least %2 values of 0 or less are not drawn",
            lost,
            count(lost),
          )
        : trans._n(
            "log: %2 value of 0 or less is not drawn",
            "log: %2 values of 0 or less are not drawn",
            lost,
            count(lost),
          ),
    );
  }
  if (refused === "share") texts.push(trans.__("linear: a share"));
  const hidden = [
    above.count > 0 &&
      trans.__(
        "%1 above, up to %2",
        count(above.count),
        chartFigure(above.extreme, { ...drawing, size: Math.abs(above.extreme) }),
      ),
    below.count > 0 &&
      trans.__("%1 below, down to %2", count(below.count), chartFigure(below.extreme, drawing)),
  ].filter(Boolean);
  const whole = view.whole.value.has(chart.name);
  const toggle = (): void => {
    const next = new Set(view.whole.peek());
    if (!next.delete(chart.name)) next.add(chart.name);
    view.whole.value = next;
  };
  return (
    <>
      {bad === null ? null : <span data-tone="bad">{bad}</span>}
      {texts.length > 0 ? <span>{texts.join(" · ")}</span> : null}
      {hidden.length > 0 || whole ? (
        <button type="button" class="v-link" aria-pressed={whole} onClick={toggle}>
          {whole ? trans.__("leave outliers out") : hidden.join(", ")}
        </button>
      ) : null}
    </>
  );
}

/** Writes from which step on a line is not finite: `NaN from 1,204`; null if all are. */
function notFiniteFrom({ front }: Drawing, trans: Language): string | null {
  const line = front.find(({ badStep }) => badStep !== null);
  if (line === undefined) return null;
  const { curve } = line.source;
  const step = stepText(line.badStep ?? 0);
  return curve.badSign[line.firstBad] == null
    ? trans.__("not finite from %1", step)
    : trans.__("%1 from %2", notFiniteText(curve.badSign[line.firstBad], trans), step);
}

/** Compares with the only run behind at the same place: `12 % below run 2 here`. */
function comparisonOf(
  { back, front }: Drawing,
  lead: DrawnLine,
  at: number | null,
  { all, parallel }: ShownRuns,
  trans: Language,
): string {
  const own = lead.source.root.run_id;
  const others = [...back, ...front].filter(
    ({ source }) => source.root.run_id !== own && source.part === lead.source.part,
  );
  const [other] = others;
  if (other === undefined || others.length > 1) return "";
  const x = at ?? lead.line.x.at(-1) ?? 0;
  const i = lead.line.nearest(x);
  const percents = difference(lead.source.curve.mean[i] ?? null, other.line.at(x));
  if (percents === null) return "";
  const { root } = other.source;
  const name = runTitle(root, all, trans, !parallel.includes(root));
  const size = Math.round(Math.abs(percents));
  if (size === 0) return trans.__("as %1 here", name);
  return percents < 0
    ? trans.__("%1 % below %2 here", size, name)
    : trans.__("%1 % above %2 here", size, name);
}

/** Returns the sentence that screen readers read of a chart. */
export function description(
  chart: Chart,
  drawing: Drawing,
  lead: DrawnLine | undefined,
  trans: Language,
): string {
  const root: RunInfo | undefined = lead?.source.root;
  const parts = [...new Set(drawing.front.map(({ source }) => source.part ?? ""))];
  const names = parts.map((part) =>
    part === "val" ? trans.__("val") : parts.length > 1 || part ? trans.__("train") : "",
  );
  const step = lead?.source.curve.step.at(-1);
  const texts = [[chart.title, ...names.filter(Boolean)].join(", ")];
  if (step !== undefined) {
    texts.push(
      root?.total
        ? trans.__("step %1 of %2", stepText(step), count(root.total))
        : trans.__("step %1", stepText(step)),
    );
  }
  if (lead?.best) {
    const { value, step: of } = lead.best;
    texts.push(trans.__("best %1 at step %2", chartFigure(value, drawing), stepText(of)));
  }
  const bad = notFiniteFrom(drawing, trans);
  if (bad !== null) texts.push(bad);
  return texts.join("; ");
}

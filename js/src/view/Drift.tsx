import type { JSX } from "preact";
import {
  DEFAULTS,
  type DriftSection,
  type ErrorDrift,
  type FeatureDrift,
} from "../schema/contract.gen";
import { count, psi, ratio, UNKNOWN } from "../text/format";
import type { Language } from "../text/language";
import { comparison } from "./labels";
import { useLanguage } from "./languageContext";
import type { ModelSelection } from "./modelSelection";
import { LevelBar, VisuallyHidden, Vital } from "./vital";

/** Renders the drift of the active model: one line that expands to its features. */
export function Drift({ selection }: { selection: ModelSelection }): JSX.Element | null {
  const trans = useLanguage();
  const drift = selection.store.drift.value;
  if (drift.state === "off") return null;
  // The kernel sends drift for the active model only.
  const { features, watched, unwatched, errors, state } = selection.other.value
    ? NO_DRIFT_DATA
    : drift;
  return (
    <details class="v-fold">
      <summary>
        <Vital of="drift.state" tone={state === "drifted" ? "warn" : undefined}>
          {selection.other.value ? trans.__("Drift: %1", UNKNOWN) : driftSummary(drift, trans)}
        </Vital>
      </summary>
      <ul class="v-list v-drift">
        {features.map((feature) => (
          <FeatureRow key={feature.name} feature={feature} />
        ))}
        {features.length > 0 && watched > features.length ? (
          <li>
            <span class="v-name">{trans.__("and %1 more", count(watched - features.length))}</span>
          </li>
        ) : null}
        {unwatched.length > 0 ? (
          <li title={trans.__("Their values cannot be compared")}>
            <span class="v-name">
              <Vital of="drift.unwatched">
                {trans.__(
                  "Not watched: %1",
                  unwatched.map((name) => name || trans.__("predictions")).join(", "),
                )}
              </Vital>
            </span>
          </li>
        ) : null}
        {errors === null ? null : <ErrorDriftRow errors={errors} />}
      </ul>
    </details>
  );
}

function driftSummary(drift: DriftSection, trans: Language): string {
  const { state, reference_rows: rows, reference_size: size, errors } = drift;
  const worst = drift.features.find((one) => one.drifted);
  if (state === "drifted") {
    return worst
      ? trans.__("Drift of %1: %2", featureName(worst, trans), featureEvidence(worst, trans))
      : trans.__("Drift: errors rose to %1 %", ratio(errors?.error_rate ?? null));
  }
  if (state === "collecting") {
    return trans.__("Drift: collecting reference %1 of %2", count(rows), count(size));
  }
  // Nothing is compared before the first window is full.
  const looked = drift.features.some((one) => one.psi !== null);
  const found = looked ? trans.__("No drift") : trans.__("Drift: %1", UNKNOWN);
  return trans.__("%1 (%2 watched)", found, count(drift.watched));
}

const NO_DRIFT_DATA = DEFAULTS.DriftSection;

const featureName = ({ name }: FeatureDrift, trans: Language): string =>
  name || trans.__("predictions");

const featureEvidence = ({ psi: value, threshold }: FeatureDrift, trans: Language): string =>
  comparison("drift", value, threshold, trans);

/** Renders one feature; its bar is full at twice the threshold. */
function FeatureRow({ feature }: { feature: FeatureDrift }): JSX.Element {
  const trans = useLanguage();
  const { name, psi: value, threshold, drifted } = feature;
  const proof = featureEvidence(feature, trans);
  return (
    <li data-tone={drifted ? "warn" : undefined} title={proof}>
      <span class="v-name">{featureName(feature, trans)}</span>
      {proof ? <VisuallyHidden>{proof}</VisuallyHidden> : null}
      <LevelBar share={value && threshold ? value / threshold / 2 : 0}>
        <u style={{ left: "50%" }} />
      </LevelBar>
      <Vital of={`drift.features.${name}.psi`}>{psi(value)}</Vital>
      <small class="v-wide">
        <Vital of={`drift.features.${name}.threshold`}>
          {trans.__("against %1", psi(threshold))}
        </Vital>
      </small>
    </li>
  );
}

function ErrorDriftRow({ errors }: { errors: ErrorDrift }): JSX.Element {
  const trans = useLanguage();
  const { error_rate, window_labelled: n, changes, rising } = errors;
  return (
    <li>
      <span class="v-name">{trans.__("Errors")}</span>
      <small class="v-told">
        <Vital of="drift.errors.error_rate" unit="%">
          {ratio(error_rate)}
        </Vital>{" "}
        <Vital of="drift.errors.window_labelled">
          {trans._n("over %2 label", "over %2 labels", n, count(n))}
        </Vital>
        {", "}
        <Vital of="drift.errors.changes">{trans._n("%1 change", "%1 changes", changes)}</Vital>
        {rising ? (
          <Vital of="drift.errors.rising">{trans.__(", the last for the worse")}</Vital>
        ) : null}
      </small>
    </li>
  );
}

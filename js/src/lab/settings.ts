// What the user chose in JupyterLab's settings, narrowed.
import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import { type ReadonlySignal, signal } from "@preact/signals";
import { isNumber } from "../schema/decode";

export interface Settings {
  /** The side of the page that the sidebar stands on. */
  readonly side: "left" | "right";
  /** Its place among the other sidebars: the highest comes last. */
  readonly rank: number;
  /** Seconds between two drawings of the sidebar; 0 draws whatever comes at once. */
  readonly refresh: number;
  /** Whether notifications tell of models that fail and of runs that end unseen. */
  readonly alerts: boolean;
}

export const DEFAULT_SETTINGS: Settings = { side: "right", rank: 650, refresh: 0.2, alerts: true };
const MAX_REFRESH_SECONDS = 60;

export function readSettings(values: Readonly<Record<string, unknown>>): Settings {
  const { side, rank, refresh, alerts } = values;
  return {
    side: side === "left" || side === "right" ? side : DEFAULT_SETTINGS.side,
    rank: isNumber(rank) ? rank : DEFAULT_SETTINGS.rank,
    refresh: isNumber(refresh)
      ? Math.min(MAX_REFRESH_SECONDS, Math.max(0, refresh))
      : DEFAULT_SETTINGS.refresh,
    alerts: typeof alerts === "boolean" ? alerts : DEFAULT_SETTINGS.alerts,
  };
}

/** The settings, kept up to date; the defaults where there is no registry or it fails. */
export async function followSettings(
  registry: ISettingRegistry | null,
  id: string,
): Promise<ReadonlySignal<Settings>> {
  const settings = signal(DEFAULT_SETTINGS);
  if (registry === null) return settings;
  try {
    const loaded = await registry.load(id);
    const update = (): void => {
      settings.value = readSettings(loaded.composite);
    };
    loaded.changed.connect(update);
    update();
  } catch (error) {
    console.warn("ipyvitals: the settings could not be read; the defaults apply", error);
  }
  return settings;
}

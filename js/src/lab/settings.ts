// Reads and validates the user's settings in JupyterLab.
import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import { type ReadonlySignal, signal } from "@preact/signals";
import { isNumber } from "../schema/decode";

export interface Settings {
  /** The side area of the page that the sidebar is in. */
  readonly side: "left" | "right";
  /** The position among the other sidebars: the highest rank comes last. */
  readonly rank: number;
  /** Minimum seconds between two updates of the sidebar; 0 means no minimum. */
  readonly refresh: number;
  /** Whether failing models, and runs that end while the page is hidden, cause notifications. */
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

/** Returns a signal of the current settings; the defaults if there is no registry or it fails. */
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

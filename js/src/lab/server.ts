// Requests to the Jupyter server, with JupyterLab's base URL, token and cookies.
import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";
import { isObject } from "../schema/decode";
import type { ProbeResult, Socket, StreamEnvironment } from "./eventStream";

const API = "ipyvitals/api";

export type ActionName = "stop_training" | "acknowledge" | "reset";

/** Asks the server to act on a monitor; returns how many runs or models were changed. */
export type PerformAction = (
  kernelId: string,
  action: ActionName,
  monitor: string,
  /** With `stop_training`: which run; all of them by default. */
  runId?: string,
) => Promise<number>;

export function actionClient(settings: ServerConnection.ISettings): PerformAction {
  return async (kernelId, action, monitor, runId) => {
    const path = [API, "kernels", encodeURIComponent(kernelId), action];
    const url = URLExt.join(settings.baseUrl, ...path);
    const body = JSON.stringify({ monitor, run_id: runId });
    const response = await ServerConnection.makeRequest(url, { method: "POST", body }, settings);
    const answer = await read(response);
    if (!response.ok) throw new Error(messageOf(answer) ?? `${response.status}`);
    const done = isObject(answer) ? answer["done"] : undefined;
    return typeof done === "number" ? done : 0;
  };
}

/** Returns the whole curves of a monitor's runs, as the kernel has them. */
export type LoadCurves = (
  kernelId: string,
  monitor: string,
  /** Only of one curve, and only buckets with a step in a range. */
  part?: { run_id: string; metric: string; first_step: number; last_step: number },
) => Promise<unknown>;

export function curvesClient(settings: ServerConnection.ISettings): LoadCurves {
  return async (kernelId, monitor, part = undefined) => {
    const path = [API, "kernels", encodeURIComponent(kernelId), "curves"];
    const query = new URLSearchParams({ monitor });
    for (const [name, value] of Object.entries(part ?? {})) query.set(name, `${value}`);
    const url = `${URLExt.join(settings.baseUrl, ...path)}?${query}`;
    const response = await ServerConnection.makeRequest(url, {}, settings);
    const answer = response.ok ? await read(response) : null;
    return isObject(answer) ? answer["curves"] : [];
  };
}

async function read(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function messageOf(answer: unknown): string | null {
  const message = isObject(answer) ? answer["message"] : undefined;
  return typeof message === "string" && message !== "" ? message : null;
}

/** The stream's environment in a browser. */
export function browserEnvironment(settings: ServerConnection.ISettings): StreamEnvironment {
  return {
    open(query: URLSearchParams): Socket {
      if (settings.appendToken && settings.token) query.set("token", settings.token);
      return new settings.WebSocket(
        `${URLExt.join(settings.wsUrl, API, "events")}?${query.toString()}`,
      ) as Socket;
    },
    probe: () => probe(settings),
    hidden: () => document.visibilityState === "hidden",
    watch(changed) {
      const ending = new AbortController();
      document.addEventListener("visibilitychange", changed, { signal: ending.signal });
      window.addEventListener("online", changed, { signal: ending.signal });
      return () => ending.abort();
    },
    random: Math.random,
  };
}

async function probe(settings: ServerConnection.ISettings): Promise<ProbeResult> {
  const url = URLExt.join(settings.baseUrl, API, "models");
  try {
    const { status } = await ServerConnection.makeRequest(url, {}, settings);
    if (status === 404) return "missing";
    return status === 401 || status === 403 ? "forbidden" : "ok";
  } catch {
    return "ok";
  }
}

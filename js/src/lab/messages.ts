// Validates the messages of the Jupyter server's stream.
import { type Event, STRUCT_SECTIONS } from "../schema/contract.gen";
import {
  decodeModels,
  decodeNotices,
  decodeSection,
  decodeWorkers,
  hasKinds,
  isKind,
  isNumber,
  isObject,
} from "../schema/decode";
import { decodeEvent } from "../schema/decodeStream";
import {
  type KernelMessage,
  type KernelState,
  type MissedMessage,
  type StateMessage,
  type Update,
  type UpdateMessage,
  WIRE_KINDS,
} from "../schema/wire.gen";

/** An event with its kernel and its position in the stream. */
export type EventMessage = Event & { readonly id: number; readonly kernel_id: string };

export type StreamMessage =
  | StateMessage
  | UpdateMessage
  | KernelMessage
  | MissedMessage
  | EventMessage;

const SECTIONS = Object.entries(STRUCT_SECTIONS);
/** The fields that the sidebar needs of an update besides its sections. */
const ENVELOPE = ["monitor", "n", "at", "seq", "full", "closed", "interval"] as const;

/** Returns an update with complete sections, or null if the update's own fields are not valid. */
export function decodeUpdate(value: unknown): Update | null {
  if (!isObject(value)) return null;
  const update: Record<string, unknown> = { v: value["v"], events: [] };
  for (const field of ENVELOPE) {
    if (!isKind(WIRE_KINDS.Update[field], value[field])) return null;
    update[field] = value[field];
  }
  for (const [field, name] of SECTIONS) {
    if (value[field] !== undefined) update[field] = decodeSection(name, value[field]);
  }
  if (value["notices"] !== undefined) update["notices"] = decodeNotices(value["notices"]);
  if (value["models"] !== undefined) update["models"] = decodeModels(value["models"]);
  if (value["workers"] !== undefined) update["workers"] = decodeWorkers(value["workers"]);
  if (isObject(value["history"])) update["history"] = value["history"];
  // The store decodes these, because their rows may be partial.
  for (const list of ["runs", "curves"]) if (Array.isArray(value[list])) update[list] = value[list];
  return update as unknown as Update;
}

/** Returns a kernel with its valid monitors, or null if the kernel has no id. */
export function decodeKernel(value: unknown): KernelState | null {
  if (!isObject(value) || typeof value["kernel_id"] !== "string") return null;
  const { monitors, ended, ...rest } = WIRE_KINDS.KernelState;
  const kernel: Record<string, unknown> = {};
  for (const [field, kind] of Object.entries(rest)) {
    kernel[field] = isKind(kind, value[field]) ? value[field] : UNKNOWN[field];
  }
  kernel["ended"] = hasKinds(WIRE_KINDS.KernelEnd, value["ended"]) ? value["ended"] : null;
  const items: unknown[] = Array.isArray(value["monitors"]) ? value["monitors"] : [];
  kernel["monitors"] = items.map(decodeUpdate).filter((update) => update !== null);
  return kernel as unknown as KernelState;
}

const UNKNOWN: Readonly<Record<string, unknown>> = {
  kernel_name: null,
  path: null,
  session_name: null,
  execution_state: null,
  connections: 0,
  connected: true,
  unavailable: null,
  last_seen: null,
};

/** Returns a message of the stream, or null if its type is not known or fields are missing. */
export function decodeMessage(value: unknown): StreamMessage | null {
  if (!isObject(value) || !isNumber(value["id"])) return null;
  const { type, id, kernel_id } = value;
  if (type === "missed") {
    return hasKinds(WIRE_KINDS.MissedMessage, value) ? (value as unknown as MissedMessage) : null;
  }
  if (type === "state") {
    const items: unknown[] = Array.isArray(value["kernels"]) ? value["kernels"] : [];
    const kernels = items.map(decodeKernel).filter((kernel) => kernel !== null);
    return { type, id, stream: String(value["stream"] ?? ""), kernels };
  }
  if (typeof kernel_id !== "string") return null;
  if (type === "update") {
    const update = decodeUpdate(value["update"]);
    return update && { type, id, kernel_id, update };
  }
  if (type === "kernel") {
    const { change } = value;
    if (!isKind(WIRE_KINDS.KernelMessage.change, change)) return null;
    const kernel = decodeKernel(value["kernel"]);
    return { type, id, kernel_id, change: change as KernelMessage["change"], kernel };
  }
  return decodeEvent(value) === null ? null : (value as unknown as EventMessage);
}
